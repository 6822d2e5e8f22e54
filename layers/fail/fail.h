/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_FAIL_H
#define ZM_FAIL_H

/* The layer that makes requests for memory fail by rules, docs/failing.md. */

#include <stdint.h>

#include "base.h"
#include "layer.h"

/* What P = 1 is. */
#define ZM_FAIL_RATE_ONE (UINT32_C(1) << 31)
#define ZM_FAIL_DEFAULT_SEED 1

/* Requests are counted from 1 on; 0: there is no such rule. */
struct zm_fail_rules {
    size_t nth;
    size_t from;
    size_t every;
    uint32_t rate; /* of ZM_FAIL_RATE_ONE */
    uint32_t seed;
    size_t least_size; /* in bytes: smaller requests are not counted */
};

/*
 * Reads rules; an empty text has no rules. Returns 0; or EINVAL and what is wrong in why, which has
 * ZM_WHY_SIZE bytes, and then the rules are undefined. Needs neither memory nor the rest of the
 * library.
 */
int zm_fail_parse(const char *text, struct zm_fail_rules *rules, char *why);

extern const struct zm_layer zm_layer_fail;

/* Puts the rules into force and starts counting again. Other threads may be allocating. */
void zm_fail_obey(const struct zm_fail_rules *rules);

/* Since then: requests that a rule could concern, and those of them that failed. Atomic. */
extern size_t zm_fail_requests;
extern size_t zm_fail_failures;

/* Whether the request of that number fails. The same rules always give the same answer. */
bool zm_fail_judge(const struct zm_fail_rules *rules, size_t number);

#endif
