/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_BUDGET_H
#define ZM_BUDGET_H

/*
 * What happens every so many bytes. A LIVE thread has a budget: the bytes it may allocate before
 * something has to be looked at. The usual path of the core compares a size with it and subtracts
 * what was allocated. An allocation that does not fit takes the unusual path, which asks here
 * before and after.
 */

#include "accounting.h"

/* The largest budget, and so the most by which a thread may exceed a limit. */
#define ZM_BUDGET_MAX ((size_t)64 << 10)

/* A thread looks at the sum at least once for so many bytes. */
#define ZM_LOOK_EVERY ((size_t)1 << 20)

/* What a request on the unusual path was granted. */
struct zm_grant {
    size_t pending; /* bytes announced to others, or 0 if there is no limit */
    size_t budget;  /* for the requests after it */
    bool is_sampled;
};

/* Whether there is a hard limit, and zm_budget_ask() has to be told how many bytes it is. */
ZM_PRIVATE bool zm_budget_is_limited(void);

/* Before a block of so many bytes is allocated, prefix included; size is what was asked for. False if it
 * would exceed the limit; then errno is still to be set. */
ZM_PRIVATE bool zm_budget_ask(size_t size, size_t bytes, struct zm_grant *grant);

/* After it: bytes were counted, or 0 if the allocator had none. */
ZM_PRIVATE void zm_budget_settle(size_t bytes, const struct zm_grant *grant);

/*
 * On the usual path, for a block that was counted with so many bytes. They may be a little more than
 * the budget, since the comparison was made with the size that was asked for.
 */
ZM_INLINE void zm_budget_spend(size_t bytes)
{
    bool is_more;

#if defined(__x86_64__) && defined(__LP64__)
    /* gcc does not make one instruction of it. */
    __asm__("subq %2, %0" : "+m"(zm_thread.budget), "=@ccb"(is_more) : "re"(bytes));
#else
    is_more = __builtin_sub_overflow(zm_thread.budget, bytes, &zm_thread.budget);
#endif
    if (ZM_UNLIKELY(is_more)) {
        zm_thread.budget = 0;
        zm_thread.to_sample = 0;
    }
}

#endif
