/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SYSTEM_H
#define SYSTEM_H

/*
 * What the private copy of jemalloc calls in place of functions of the system. It is read after the
 * headers of the system, so the names only change what comes after. A few headers come later still,
 * so a function that those declare gets another name for the linker.
 */

#include <pthread.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unwind.h>

void *my_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
int my_munmap(void *address, size_t size);
int my_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

#define mmap my_mmap
#define munmap my_munmap
#define pthread_atfork my_pthread_atfork

extern __typeof__(_Unwind_Backtrace) _Unwind_Backtrace __asm__("my_unwind_backtrace");
extern __typeof__(_Unwind_GetIP) _Unwind_GetIP __asm__("my_unwind_get_ip");

#endif
