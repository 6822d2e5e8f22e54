/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The environment as the private jemalloc sees it. jemalloc reads its variable when it starts,
 * perhaps with the first block while another thread changes the environment. So it gets the value
 * from when the library was loaded.
 */

#include <string.h>

#include "base.h"
#include "environment.h"
#include "jemalloc_calls.h"

static struct zm_setting options = {.variable = "MALLOC_CONF"};

/* jemalloc only reads it. */
char *zm_je_secure_getenv(const char *name)
{
    const char *value = strcmp(name, options.variable) == 0 ? zm_setting_value(&options) : NULL;

    return (char *)(uintptr_t)value;
}

__attribute__((constructor(102))) static void read_when_loaded(void)
{
    zm_setting_value(&options);
}
