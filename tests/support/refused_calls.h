/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REFUSED_CALLS_H
#define REFUSED_CALLS_H

/*
 * Functions of the C library as the library under test finds them: the program's come first. Each
 * works as usual until the test says here how it is to fail.
 */

#include <dlfcn.h>
#include <stdbool.h>
#include <sys/types.h>

struct refused_calls {
    const char *proc;         /* open: the folder that replaces /proc/self */
    long pages;               /* sysconf: pages of the machine; 0: the real number */
    long page_size;           /* sysconf: size of a page; 0: the real size */
    bool no_key;              /* pthread_key_create */
    bool no_value;            /* pthread_setspecific */
    bool no_reservation;      /* mmap with PROT_NONE */
    bool no_locale;           /* newlocale */
    int no_dlinfo;            /* dlinfo: 1: the first of two calls fails; 2: the second */
    bool no_map;              /* dladdr1 */
    size_t search_path_size;  /* dlinfo: size of the path that it reports; 0: the real one */
    bool silent;              /* dlerror returns NULL */
    const char *complaint;    /* dlerror: its text; NULL: its own */
    const void *unknown;      /* dladdr and its kin: the function that is in no file */
    const void *renamed;      /* dladdr: the function that it reports as being in... */
    const char *renamed_file; /* ...this one */
    ssize_t (*write)(int fd, const void *bytes, size_t size);
};

extern struct refused_calls refused;

/* How many times mprotect was called. */
extern size_t protections;

/* The system's write. */
ssize_t real_write(int fd, const void *bytes, size_t size);

#endif
