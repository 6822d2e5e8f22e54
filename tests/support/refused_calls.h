/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REFUSED_CALLS_H
#define REFUSED_CALLS_H

/*
 * Functions of the C library as the library under test finds them: those of the program come first.
 * Each is as ever until the test says here how it is to fail.
 */

#include <dlfcn.h>
#include <stdbool.h>
#include <sys/types.h>

struct refused_calls {
    const char *proc;         /* open: the folder that stands for /proc/self */
    long pages;               /* sysconf: the pages of the machine; 0: as many as it has */
    long page_size;           /* sysconf: how large each is; 0: as large as it is */
    bool no_key;              /* pthread_key_create */
    bool no_value;            /* pthread_setspecific */
    bool no_reservation;      /* mmap of what may not be touched */
    bool no_locale;           /* newlocale */
    int no_dlinfo;            /* dlinfo: 1, the first call of two fails; 2, the second */
    bool no_map;              /* dladdr1 */
    size_t search_path_size;  /* dlinfo: what it says of the path; 0: the truth */
    bool silent;              /* dlerror has nothing to say */
    const char *complaint;    /* dlerror; NULL: its own */
    const void *unknown;      /* to dladdr and its like: the function that is in no file */
    const void *renamed;      /* dladdr: the function of which it says that it is in... */
    const char *renamed_file; /* ...this one */
    ssize_t (*write)(int fd, const void *bytes, size_t size);
};

extern struct refused_calls refused;

/* How often mprotect was called. */
extern size_t protections;

/* The write of the system. */
ssize_t real_write(int fd, const void *bytes, size_t size);

#endif
