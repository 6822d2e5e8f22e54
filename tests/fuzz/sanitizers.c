/* SPDX-License-Identifier: BSD-3-Clause */

/* Options of the sanitizers, however the program is started: requests for too much memory fail as
 * with a plain allocator, and the first finding ends the process. */

const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:detect_stack_use_after_return=0:quarantine_size_mb=16";
}

/* For fork, jemalloc takes more locks than the deadlock detector can track, and initializes them
 * again in the child while they are locked. */
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1:halt_on_error=1:detect_deadlocks=0:report_mutex_bugs=0";
}

const char *__ubsan_default_options(void)
{
    return "halt_on_error=1:print_stacktrace=1";
}
