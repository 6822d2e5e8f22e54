/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Heap profiling in the shared library: libm and libgcc_s are opened when a profile is asked for.
 * Were they needed by the library, the dynamic linker would load both into every program.
 *
 * The first call of any of these functions opens both, and no later one calls dlopen. With
 * MALLOC_CONF=prof:true that call comes while jemalloc starts (prof_boot2, at the latest in
 * prof_unwind_init), without it none comes. The thread then holds jemalloc's init_lock, which no
 * other thread takes before jemalloc is the backend, and no handler of fork; and the choice lock,
 * as one that opens a module does. dlopen allocates with the malloc of the process, which this
 * jemalloc is not.
 */

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "jemalloc_profiling.h"

#if defined(__GLIBC__)
#include <gnu/lib-names.h>
#else
/* musl's linker takes each libm.* for the C library, where these functions are. */
#define LIBM_SO "libm.so"
#define LIBGCC_S_SO "libgcc_s.so.1"
#endif

static double (*real_exp)(double x);
static double (*real_log)(double x);
static double (*real_round)(double x);
static _Unwind_Reason_Code (*real_backtrace)(_Unwind_Trace_Fn trace, void *argument);
static uintptr_t (*real_get_ip)(struct _Unwind_Context *context);

struct function {
    const char *name;
    void *pointer; /* to the pointer that it is put into */
};

static const struct function of_libm[] = {
    {"exp", &real_exp},
    {"log", &real_log},
    {"round", &real_round},
    {NULL, NULL},
};

static const struct function of_libgcc_s[] = {
    {"_Unwind_Backtrace", &real_backtrace},
    {"_Unwind_GetIP", &real_get_ip},
    {NULL, NULL},
};

/* Not from the program, which may have a log() of its own. */
static bool take(const char *file, const struct function *function)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    for (; library != NULL && function->name != NULL; function++) {
        void *symbol = dlsym(library, function->name);

        if (symbol == NULL)
            return false;
        memcpy(function->pointer, &symbol, sizeof symbol);
    }
    return library != NULL;
}

static void complain(const char *what)
{
    struct zm_message message = {0};
    const char *why = dlerror();

    zm_message_text(&message, what);
    zm_message_text(&message, why != NULL ? why : "the dynamic linker does not say why");
    zm_message_send(&message);
}

/* Every stack is empty. */
static _Unwind_Reason_Code no_backtrace(_Unwind_Trace_Fn trace, void *argument)
{
    (void)trace;
    (void)argument;
    return _URC_END_OF_STACK;
}

static void open_libraries(void)
{
    if (!take(LIBM_SO, of_libm)) {
        complain("jemalloc cannot profile the heap: ");
        abort();
    }
    if (!take(LIBGCC_S_SO, of_libgcc_s)) {
        complain("jemalloc profiles the heap without call stacks: ");
        real_backtrace = no_backtrace;
    }
}

static void be_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, open_libraries);
}

double zm_je_exp(double x)
{
    be_ready();
    return real_exp(x);
}

double zm_je_log(double x)
{
    be_ready();
    return real_log(x);
}

double zm_je_round(double x)
{
    be_ready();
    return real_round(x);
}

_Unwind_Reason_Code zm_je_unwind_backtrace(_Unwind_Trace_Fn trace, void *argument)
{
    be_ready();
    return real_backtrace(trace, argument);
}

uintptr_t zm_je_unwind_get_ip(struct _Unwind_Context *context)
{
    return real_get_ip(context);
}
