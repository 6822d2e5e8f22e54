/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PRELOAD_SUPPORT_H
#define PRELOAD_SUPPORT_H

/* cmocka, and what the tests ask of the library that was preloaded. They are not linked with it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* With its layers. Ends the process if nothing was preloaded. */
const char *active_backend(void);
size_t used_memory(void);
/* Whether the backend is the C library's own malloc. */
bool is_on_c_library(void);

/* Runs it in a child and fails unless that ends with 0 within a minute. */
void assert_child_ends(void (*function)(void));

#endif
