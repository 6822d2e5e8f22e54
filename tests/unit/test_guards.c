/* SPDX-License-Identifier: BSD-3-Clause */

/* jemalloc protects pages around large blocks if MALLOC_CONF asks for it, through the private
 * copy's own mprotect: a write past such a block ends the program, one within it does not. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define SIZE ((size_t)6 << 20) /* large also if jemalloc's pages are */

/* This program again: "within" or "behind". */
static struct outcome write_to(const char *where)
{
    const char *const arguments[] = {path_beside("test-guards"), where, NULL};
    const char *const environment[] = {"MALLOC_CONF=san_guard_large:1,abort_conf:true", NULL};

    return run_program(arguments, environment);
}

/* jemalloc's, which may be larger than the system's. */
static size_t page_size(void)
{
    size_t page = 0;
    size_t length = sizeof page;

    zmalloc_backend_ctl("arenas.page", &page, &length, NULL, 0);
    return page;
}

static int write_as_told(const char *where)
{
    volatile char *block = zmalloc(SIZE);
    size_t usable = zmalloc_usable_size((const void *)(uintptr_t)block);

    errno = EDOM;
    block[usable - 1] = 1;
    if (strcmp(where, "behind") == 0)
        block[usable + page_size()] = 1;
    zfree((void *)(uintptr_t)block);
    return errno == EDOM && zmalloc_used_memory() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void what_is_behind_a_guarded_block_is_protected(void **state)
{
    struct outcome outcome = write_to("within");

    (void)state;
    if (strstr(outcome.err, "Invalid conf") != NULL)
        skip();
    assert_exited_with(&outcome, EXIT_SUCCESS);
    outcome = write_to("behind");
    assert_killed_by(&outcome, SIGSEGV);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        zm_test(what_is_behind_a_guarded_block_is_protected),
    };

    if (argc > 1)
        return write_as_told(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
