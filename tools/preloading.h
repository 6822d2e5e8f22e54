/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_PRELOADING_H
#define TOOLS_PRELOADING_H

/* libzmalloc-preload.so: whether a program needs it, and whether it can be had there. */

#include "verb.h"

enum preload_wish {
    PRELOAD_AUTO,   /* where the program does not use zmalloc by itself */
    PRELOAD_ALWAYS, /* also where it does */
    PRELOAD_NEVER
};

/* Reads the argument of --preload. STATUS_FINE, or what to end with, after a message. */
int read_preload_wish(const struct verb *verb, struct typed typed, enum preload_wish *wish);

struct preloading {
    char *library; /* to be preloaded; NULL if none is. free_preloading() frees it */
    /* Why zmalloc cannot serve the program though it was asked to: "it is static: ...". The same. */
    char *why_not;
};

/* What becomes of a program, whose path may be NULL if it is not found. It is not run. */
struct preloading preload_decide(const char *path, enum preload_wish wish);
void free_preloading(struct preloading *preloading);

/* The value of LD_PRELOAD with the library first, before what the environment has there. The caller
 * frees it. */
char *preload_variable(const char *library);

#endif
