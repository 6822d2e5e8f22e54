/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The environment as the private jemalloc sees it. jemalloc reads its variable when it starts,
 * perhaps with the first block while another thread changes the environment. So it gets the value
 * from when the library was loaded.
 */

#include <string.h>

#include "base.h"
#include "environment.h"

#define PRIVATE_COPY __attribute__((visibility("hidden")))

const char *zm_je_secure_getenv(const char *name) PRIVATE_COPY;
const char *zm_je_getenv(const char *name) PRIVATE_COPY;

static struct zm_setting options = {.variable = "MALLOC_CONF"};

const char *zm_je_secure_getenv(const char *name)
{
    return strcmp(name, options.variable) == 0 ? zm_setting_value(&options) : NULL;
}

/* GCOVR_EXCL_START: for an archive that was built where there is no secure_getenv() */
const char *zm_je_getenv(const char *name)
{
    return zm_je_secure_getenv(name);
}
/* GCOVR_EXCL_STOP */

__attribute__((constructor(102))) static void read_when_loaded(void)
{
    zm_setting_value(&options);
}
