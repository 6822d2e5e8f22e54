/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Heap profiling in the shared library: libm and libgcc_s are opened when a profile is asked for.
 * If the library were linked with them, the dynamic linker would load both into every program.
 *
 * The first call of any of these functions opens both; later calls do not call dlopen. With
 * MALLOC_CONF=prof:true the first call comes while jemalloc starts (prof_boot2, at the latest in
 * prof_unwind_init); without it there is no call. The thread then holds jemalloc's init_lock, which
 * no other thread and no fork handler takes before jemalloc is the backend; and the choice lock,
 * like a thread that opens a module. dlopen allocates with the malloc of the process, which is not
 * this jemalloc.
 */

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "base.h"
#include "jemalloc_calls.h"
#include "message.h"
#include "os/late_library.h"

static double (*real_exp)(double x);
static double (*real_log)(double x);
static double (*real_round)(double x);
static _Unwind_Reason_Code (*real_backtrace)(_Unwind_Trace_Fn trace, void *argument);
static uintptr_t (*real_get_ip)(struct _Unwind_Context *context);

static const struct zm_late_function of_libm[] = {
    {"exp", &real_exp},
    {"log", &real_log},
    {"round", &real_round},
    {NULL, NULL},
};

static const struct zm_late_function of_libgcc_s[] = {
    {"_Unwind_Backtrace", &real_backtrace},
    {"_Unwind_GetIP", &real_get_ip},
    {NULL, NULL},
};

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
    if (!zm_late_library_open(LIBM_SO, of_libm)) {
        complain("jemalloc cannot profile the heap: ");
        abort();
    }
    if (!zm_late_library_open(LIBGCC_S_SO, of_libgcc_s)) {
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
