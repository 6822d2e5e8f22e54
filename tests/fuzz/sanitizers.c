/* SPDX-License-Identifier: BSD-3-Clause */

/* What a sanitizer has to be told, whichever way the program is started: requests for too much
 * memory fail as those of a plain allocator do, and nothing goes on after a finding. */

const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:detect_stack_use_after_return=0:quarantine_size_mb=16";
}

/* jemalloc takes more locks for fork than the detector of deadlocks can follow, and makes them anew
 * in the child while they are locked. */
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1:halt_on_error=1:detect_deadlocks=0:report_mutex_bugs=0";
}

const char *__ubsan_default_options(void)
{
    return "halt_on_error=1:print_stacktrace=1";
}
