/* SPDX-License-Identifier: BSD-3-Clause */

/* Looks like one of our modules, but is from another release or has another name. */

#include "instance.h"
#include "base.h"
#include "build.h"

#ifndef BUILD
#define BUILD ZM_BUILD
#endif

static const struct zmalloc_backend backend = {.abi_version = ZMALLOC_BACKEND_ABI, .name = "other"};

extern ZM_PRIVATE const struct zm_instance zm_module_instance;
const struct zm_instance zm_module_instance = {.build = BUILD, .backend = &backend};
