/* SPDX-License-Identifier: BSD-3-Clause */

/* A plug-in that calls the program when it is loaded. */

void plugin_is_loaded(void);

__attribute__((constructor)) static void load(void)
{
    plugin_is_loaded();
}
