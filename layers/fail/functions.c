/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_fail.h: the layer as a program's tests use it. */

#include "choice.h"
#include "fail.h"
#include "zmalloc_fail.h"

int zmalloc_fail(const char *text)
{
    char why[ZM_WHY_SIZE];
    struct zm_fail_rules rules;
    int error = zm_fail_parse(text != NULL ? text : "", &rules, why);

    if (!zm_has_layer(&zm_layer_fail))
        error = ENOTSUP;
    if (error == 0)
        zm_fail_obey(&rules);
    return zm_result(error);
}

size_t zmalloc_fail_requests(void)
{
    return __atomic_load_n(&zm_fail_requests, __ATOMIC_RELAXED);
}

size_t zmalloc_fail_failures(void)
{
    return __atomic_load_n(&zm_fail_failures, __ATOMIC_RELAXED);
}
