/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Every thread may call the library, even one with the smallest stack that the system allows. There
 * is a row for each function that does more than a few lines of work; each runs in its own process.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choice_support.h"
#include "zmalloc_backend.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* ---- The choice ---- */

static void choose_default(void)
{
    child_check(zmalloc_init(NULL) == 0);
}

static void choose_first_of_several(void)
{
    child_check(zmalloc_init("foo,jmalloc,no+libc,libc") == 0);
}

static void choose_by_a_block(void)
{
    zfree(zmalloc(100));
}

static void look_for_a_module(void)
{
    child_check(zmalloc_init("libc") == 0);
    child_check(zmalloc_init("nothere") == -1);
}

static void look_for_a_module_first(void)
{
    child_check(zmalloc_init("nothere") == -1 && errno == ENOENT);
}

static void list(void)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        child_check(info.name != NULL);
}

static void register_one(void)
{
    struct zmalloc_backend mine;

    zmalloc_backend_copy(&mine, zmalloc_backend_table("libc"));
    mine.name = "mine";
    child_check(zmalloc_register_backend(&mine) == 0 && zmalloc_init("mine") == 0);
}

static void ask_for_names(void)
{
    child_check(strchr(ZMALLOC_LIB, '-') != NULL);
    child_check(zmalloc_backend_origin() != NULL);
}

static const struct row {
    const char *name;
    void (*function)(void);
} rows[] = {
    {"zmalloc_init, by default", choose_default},
    {"zmalloc_init, of a list", choose_first_of_several},
    {"the first block", choose_by_a_block},
    {"zmalloc_init, later", look_for_a_module},
    {"zmalloc_init, of a module", look_for_a_module_first},
    {"zmalloc_get_backend_info", list},
    {"zmalloc_register_backend", register_one},
    {"zmalloc_lib", ask_for_names},
};

/* ---- A thread with little room ---- */

static void *call(void *row)
{
    ((const struct row *)row)->function();
    return NULL;
}

static void call_in_small_thread(void *row)
{
    pthread_attr_t attributes;
    pthread_t thread;

    child_check(pthread_attr_init(&attributes) == 0);
    child_check(pthread_attr_setstacksize(&attributes, smallest_stack()) == 0);
    child_check(pthread_create(&thread, &attributes, call, row) == 0);
    child_check(pthread_join(thread, NULL) == 0);
    printf("%s", ((const struct row *)row)->name);
}

static void the_smallest_stack_is_enough(void **state)
{
    (void)state;
    if (UNDER_SANITIZER)
        skip(); /* its functions have larger frames */
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct row row = rows[i];
        struct outcome outcome = run_child(call_in_small_thread, &row);

        assert_prints(&outcome, row.name);
    }
}

/* ---- What ends the process ---- */

static void refuse(void)
{
    zfree(zmalloc(100));
}

static void refuse_in_small_thread(void *argument)
{
    struct row row = {"", refuse};

    (void)argument;
    setenv("ZMALLOC_BACKEND", "jmalloc,no+libc", 1);
    child_check(zmalloc_init(NULL) == -1);
    call_in_small_thread(&row);
}

static void it_is_enough_to_say_why_not(void **state)
{
    struct outcome outcome;

    (void)state;
    if (UNDER_SANITIZER)
        skip();
    outcome = run_child(refuse_in_small_thread, NULL);
    assert_refused(&outcome,
                   REFUSED("jmalloc,no+libc", "jmalloc", "unknown backend (did you mean jemalloc?)")
                       REFUSED("jmalloc,no+libc", "no+libc",
                               "unknown layer \"no\" (known: fail debug sample)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(the_smallest_stack_is_enough),
        zm_test(it_is_enough_to_say_why_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
