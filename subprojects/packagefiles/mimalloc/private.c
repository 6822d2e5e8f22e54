/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * mimalloc for a library that has it inside, see "The private copy" in meson.build: what its
 * constructor does, mi_private_start() does.
 */

#ifdef MI_PRIM_HAS_PROCESS_ATTACH

/* Versions that leave it to others to start them. */
#include "static.c"

#define mi_private_attach _mi_auto_process_init

#else

/* Earlier ones have the attribute in front of this function. */
#include <stdlib.h>
#define constructor unused
#include "static.c"
#undef constructor

#define mi_private_attach _mi_process_init

#endif

/* Once, before anything else is called. */
void mi_private_start(void);

void mi_private_start(void)
{
    mi_private_attach();
}
