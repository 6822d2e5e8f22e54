/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SECRET_H
#define ZM_SECRET_H

/* Numbers that cannot be predicted. */

#include <stdint.h>

/* Draws two. Needs no memory, and keeps errno. */
void zm_draw_secret(uint64_t secret[2]);

#endif
