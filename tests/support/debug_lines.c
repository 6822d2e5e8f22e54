/* SPDX-License-Identifier: BSD-3-Clause */

#include "debug_lines.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGINNING "zmalloc: debug: "
/* No function that is looked for is longer. */
#define CODE_SIZE 1000

void assert_told(const struct outcome *outcome, const char *format, ...)
{
    char line[512] = BEGINNING;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line + strlen(line), sizeof line - strlen(line), format, arguments);
    va_end(arguments);
    assert_killed_by(outcome, SIGABRT);
    assert_err_is_line_with(outcome, line);
    assert_ptr_equal(strstr(outcome->err, line), outcome->err);
    assert_string_equal(outcome->out, "");
}

#define NO_STACKS BEGINNING "there will be no call stacks: "

#ifdef __GLIBC__

bool has_call_stacks(void)
{
    return true;
}

#else

bool has_call_stacks(void)
{
    const char *const arguments[] = {path_beside("debug-program"), "alloc", "free", NULL};
    struct outcome outcome = run_program(arguments, (const char *const[]){"ZMALLOC_DEBUG", NULL});

    assert_exited_with(&outcome, 0);
    return strstr(outcome.err, NO_STACKS) == NULL;
}

#endif

void pass_over_no_stacks(struct outcome *outcome)
{
    char *after = strchr(outcome->err, '\n');

    if (strncmp(outcome->err, NO_STACKS, strlen(NO_STACKS)) == 0 && after != NULL &&
        !has_call_stacks())
        memmove(outcome->err, after + 1, strlen(after));
}

void skip_without_call_stacks(void)
{
    if (has_call_stacks())
        return;
    print_message("skipped: there is no unwinder for this C library\n");
    skip();
}

/* Skips to the next address after blanks. Returns its length, 0 after the last. */
static size_t next_address(const char **at)
{
    size_t length;

    if (**at != ' ')
        return 0;
    length = strcspn(++*at, " ,;\n");
    return memchr(*at, '+', length) != NULL || strncmp(*at, "0x", 2) == 0 ? length : 0;
}

static const char *find_trace(const char *text, const char *after)
{
    const char *found = strstr(text, after);

    return found != NULL ? found + strlen(after) : "";
}

size_t count_trace(const char *text, const char *after)
{
    const char *at = find_trace(text, after);
    size_t count = 0;

    for (size_t length; (length = next_address(&at)) > 0; at += length)
        count++;
    return count;
}

bool trace_leads_to(const char *text, const char *after, void (*function)(void))
{
    const char *at = find_trace(text, after);
    bool found = false;
    uintptr_t start;
    Dl_info object;

    assert_int_not_equal(dladdr((void *)(uintptr_t)function, &object), 0);
    start = (uintptr_t)function - (uintptr_t)object.dli_fbase;
    for (size_t length; (length = next_address(&at)) > 0; at += length) {
        uintptr_t offset = (uintptr_t)strtoull(strchr(at, '+') + 1, NULL, 16);

        found = found || (strncmp(at, "libzmalloc", 10) != 0 && offset - start < CODE_SIZE);
        if (strncmp(at, "libzmalloc.so", 13) == 0)
            return false;
    }
    return found;
}
