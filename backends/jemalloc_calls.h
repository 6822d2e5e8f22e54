/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_JEMALLOC_CALLS_H
#define ZM_JEMALLOC_CALLS_H

/*
 * What the private jemalloc calls instead of the system. If it is built from source, each of its files
 * includes this header (option system_header in subprojects/packagefiles/jemalloc). In an archive of the
 * system jemalloc.symbols gives these functions their names.
 */

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unwind.h>

#define INSIDE_THE_LIBRARY __attribute__((visibility("hidden")))

/* ---- jemalloc_system.c ---- */

/* The offset is an off_t of the platform, whatever _FILE_OFFSET_BITS says. jemalloc maps no files. */
void *zm_je_mmap(void *address, size_t size, int protection, int flags, int fd,
                 long offset) INSIDE_THE_LIBRARY;
int zm_je_munmap(void *address, size_t size) INSIDE_THE_LIBRARY;
int zm_je_madvise(void *address, size_t size, int advice) INSIDE_THE_LIBRARY;
int zm_je_mprotect(void *address, size_t size, int protection) INSIDE_THE_LIBRARY;
int zm_je_open(const char *path, int flags, ...) INSIDE_THE_LIBRARY;
int zm_je_creat(const char *path, mode_t mode) INSIDE_THE_LIBRARY;
int zm_je_close(int fd) INSIDE_THE_LIBRARY;
int zm_je_pthread_key_create(pthread_key_t *key,
                             void (*destructor)(void *value)) INSIDE_THE_LIBRARY;
int zm_je_pthread_atfork(void (*prepare)(void), void (*parent)(void),
                         void (*child)(void)) INSIDE_THE_LIBRARY;

/* ---- jemalloc_environment.c ---- */

char *zm_je_secure_getenv(const char *name) INSIDE_THE_LIBRARY;

/* ---- jemalloc_profiling_*.c: libm and libgcc_s, for heap profiling alone ---- */

double zm_je_exp(double x) INSIDE_THE_LIBRARY;
double zm_je_log(double x) INSIDE_THE_LIBRARY;
double zm_je_round(double x) INSIDE_THE_LIBRARY;
_Unwind_Reason_Code zm_je_unwind_backtrace(_Unwind_Trace_Fn trace,
                                           void *argument) INSIDE_THE_LIBRARY;
uintptr_t zm_je_unwind_get_ip(struct _Unwind_Context *context) INSIDE_THE_LIBRARY;

#undef INSIDE_THE_LIBRARY

/* ---- In the files of jemalloc ---- */

#ifdef JEMALLOC_PREAMBLE_H
#define mmap zm_je_mmap
#define munmap zm_je_munmap
#define madvise zm_je_madvise
#define mprotect zm_je_mprotect
#define open zm_je_open
#define creat zm_je_creat
#define close zm_je_close
#define pthread_key_create zm_je_pthread_key_create
#define pthread_atfork zm_je_pthread_atfork
#define secure_getenv zm_je_secure_getenv
#define getenv zm_je_secure_getenv
#define exp zm_je_exp
#define log zm_je_log
#define round zm_je_round
#define _Unwind_GetIP zm_je_unwind_get_ip
/* Not a macro: prof_sys.c undefines that. */
_Unwind_Reason_Code _Unwind_Backtrace(_Unwind_Trace_Fn trace,
                                      void *argument) __asm__("zm_je_unwind_backtrace");
#endif

#endif
