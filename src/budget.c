/* SPDX-License-Identifier: BSD-3-Clause */

/* The budget of each thread is filled here, and whatever happens every so many bytes begins here:
 * the peak, the limit and the pressure, and sampling. */

#include "budget.h"
#include "limit.h"
#include "peak.h"
#include "sampling.h"

size_t zmalloc_used_memory(void)
{
    return zm_look();
}

bool zm_budget_is_limited(void)
{
    return zm_limit_is_set();
}

bool zm_budget_ask(size_t size, size_t bytes, struct zm_grant *grant)
{
    bool is_limited = zm_limit_is_set();

    *grant = (struct zm_grant){.budget = is_limited ? 0 : ZM_BUDGET_MAX};
    if (is_limited && bytes != 0 && !zm_limit_ask(bytes, grant))
        return false;
    grant->is_sampled = zm_sampling_takes(size);
    return true;
}

void zm_budget_settle(size_t bytes, const struct zm_grant *grant)
{
    struct zm_thread *thread = &zm_thread;

    thread->unseen += bytes + (thread->granted - thread->budget);
    thread->granted = zm_thread_is_live(thread) ? zm_sampling_cap(grant->budget) : 0;
    thread->budget = thread->granted;
    if (grant->pending != 0)
        zm_limit_settle(grant->pending);
    zm_peak_look_at_own();
    if (thread->unseen >= ZM_LOOK_EVERY - ZM_BUDGET_MAX || zm_limit_wants_looks()) {
        thread->unseen = 0;
        zm_look();
    }
}
