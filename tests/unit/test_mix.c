/* SPDX-License-Identifier: BSD-3-Clause */

/* Every function at least once on every backend, with exact accounting, also in threads. */

#include "exercise.h"
#include "support.h"

static void call_all(void *argument)
{
    (void)argument;
    exercise_functions();
    exercise_threads();
    exercise_functions();
    check(zmalloc_used_memory() == 0);
}

static void every_function_keeps_its_contract(void **state)
{
    struct outcome outcome = run_child(call_all, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_err_is(&outcome, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(every_function_keeps_its_contract),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
