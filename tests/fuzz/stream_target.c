/* SPDX-License-Identifier: BSD-3-Clause */

/* The target for operations: an input is a stream of operations, which must have the same results
 * on every backend. All workers are compared with the first. */

#include <stdio.h>
#include <string.h>

#include "actor.h"
#include "operations.h"
#include "workers.h"

#define OPERATIONS_MAX 256

static bool reached[OPERATIONS_MAX];

void fuzz_start(void)
{
    coverage_share();
    workers_start(run_input);
}

static void print_step(const struct worker *worker, size_t at)
{
    const struct step *step = &worker->lane->steps[at];

    fprintf(stderr, "%-9s %4zu  thread %u  %s(size %zu, number %zu)", worker->backend, at,
            step->thread, operations[step->operation].name, (size_t)step->size,
            (size_t)step->number);
    fprintf(stderr, ": %s, errno %d, handler called %u times with %zu\n",
            step->came ? "a block" : "none", step->error, step->handler_calls,
            (size_t)step->handler_size);
}

static bool is_same(const struct worker *first, const struct worker *other)
{
    const struct lane *one = first->lane;
    const struct lane *two = other->lane;

    for (size_t i = 0; i < one->step_count && i < two->step_count; i++)
        if (memcmp(&one->steps[i], &two->steps[i], sizeof one->steps[i]) != 0) {
            fprintf(stderr, "fuzz: %s and %s differ:\n", first->backend, other->backend);
            print_step(first, i);
            print_step(other, i);
            return false;
        }
    if (one->step_count == two->step_count)
        return true;
    fprintf(stderr, "fuzz: %u steps on %s, %u on %s\n", one->step_count, first->backend,
            two->step_count, other->backend);
    return false;
}

static void remember_reached(const struct lane *account)
{
    for (size_t i = 0; i < account->step_count; i++)
        reached[account->steps[i].operation] = true;
}

bool fuzz_try(const uint8_t *data, size_t size)
{
    bool same = workers_run(data, size < INPUT_MAX ? size : INPUT_MAX);

    if (!same)
        return false;
    for (size_t i = 1; i < worker_count; i++)
        same &= is_same(&workers[0], &workers[i]);
    remember_reached(workers[0].lane);
    return same;
}

void fuzz_show(void)
{
    for (size_t i = 0; i < workers[0].lane->step_count; i++)
        print_step(&workers[0], i);
}

bool fuzz_has_reached_all(void)
{
    bool all = true;

    for (size_t i = 0; i < operation_count; i++)
        if (!reached[i]) {
            fprintf(stderr, "fuzz: no input reaches %s\n", operations[i].name);
            all = false;
        }
    return all;
}
