/* SPDX-License-Identifier: BSD-3-Clause */

#include "adapters_support.h"

#include <stdio.h>

static void handler_was_called(size_t size)
{
    fail_msg("the out-of-memory handler was called for %zu bytes", size);
}

int forbid_oom_handler(void **state)
{
    (void)state;
    zmalloc_set_oom_handler(handler_was_called);
    return 0;
}

void need_fail_layer(void)
{
    if (zmalloc_fail(NULL) != 0)
        skip();
}

/* Later requests are tried in larger steps: the work may make thousands. */
static size_t after(size_t nth)
{
    return nth + 1 + nth / 16;
}

void fails_cleanly_with(const char *rule, library_work work)
{
    size_t used = zmalloc_used_memory();
    size_t failures = 1;

    for (size_t nth = 1; failures > 0; nth = after(nth)) {
        char rules[64];
        bool came_to_its_end;

        snprintf(rules, sizeof rules, "%s:%zu", rule, nth);
        assert_int_equal(zmalloc_fail(rules), 0);
        came_to_its_end = work();
        failures = zmalloc_fail_failures();
        zmalloc_fail(NULL);
        if (zmalloc_used_memory() != used)
            fail_msg("%s: %zu bytes are in use, not %zu", rules, zmalloc_used_memory(), used);
        if (failures == 0)
            assert_true(came_to_its_end);
    }
}

void fails_cleanly(library_work work)
{
    fails_cleanly_with("from", work);
}
