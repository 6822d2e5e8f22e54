/* SPDX-License-Identifier: BSD-3-Clause */

/* Rules by which requests fail: reading them, and judging a request by its number. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "option_list.h"

/* More digits after the point than the generator could tell apart. */
#define RATE_DIGITS_MAX 9

/* ---- Reading each kind ---- */

static bool read_count(struct zm_element rest, size_t *count)
{
    uint64_t number;

    if (!zm_element_take_number(&rest, &number))
        return false;
    /* A number too large for the machine never comes. */
    *count = number < SIZE_MAX ? (size_t)number : SIZE_MAX;
    return *count > 0 && rest.length == 0;
}

static bool read_nth(struct zm_element rest, struct zm_fail_rules *rules)
{
    return read_count(rest, &rules->nth);
}

static bool read_from(struct zm_element rest, struct zm_fail_rules *rules)
{
    return read_count(rest, &rules->from);
}

static bool read_every(struct zm_element rest, struct zm_fail_rules *rules)
{
    return read_count(rest, &rules->every);
}

/* 0 to 1 in decimal, as a part of ZM_FAIL_RATE_ONE. */
static bool take_rate(struct zm_element *rest, uint32_t *rate)
{
    uint64_t numerator;
    uint64_t denominator = 1;
    unsigned digit;

    if (!zm_element_take_digit(rest, &digit))
        return false;
    numerator = digit;
    if (zm_element_take(rest, "."))
        for (unsigned digits = 0; zm_element_take_digit(rest, &digit); denominator *= 10) {
            if (digits++ == RATE_DIGITS_MAX)
                return false;
            numerator = numerator * 10 + digit;
        }
    if (numerator > denominator)
        return false;
    *rate = (uint32_t)(numerator * ZM_FAIL_RATE_ONE / denominator);
    return true;
}

static bool read_rate(struct zm_element rest, struct zm_fail_rules *rules)
{
    uint64_t seed = ZM_FAIL_DEFAULT_SEED;

    if (!take_rate(&rest, &rules->rate))
        return false;
    if (zm_element_take(&rest, ":") && !zm_element_take_number(&rest, &seed))
        return false;
    rules->seed = (uint32_t)seed;
    return rest.length == 0 && seed <= UINT32_MAX;
}

static bool read_size(struct zm_element rest, struct zm_fail_rules *rules)
{
    return zm_element_take_size(&rest, &rules->least_size) && rest.length == 0;
}

/* ---- The kinds of rules ---- */

static const struct kind {
    const char *begins;
    bool (*read)(struct zm_element rest, struct zm_fail_rules *rules);
    const char *form;
} kinds[] = {
    {"nth:", read_nth, "nth:N with N from 1 on"},
    {"from:", read_from, "from:N with N from 1 on"},
    {"every:", read_every, "every:N with N from 1 on"},
    {"rate:", read_rate,
     "rate:P or rate:P:SEED with P from 0 to 1, at most 9 digits after the point, and SEED up to "
     "4294967295"},
    {"size>=", read_size, "size>=S with S a number of bytes, or of k, m or g, say 64k"},
};
#define KIND_COUNT (sizeof kinds / sizeof *kinds)
#define SIZE_KIND (KIND_COUNT - 1)

static size_t take_kind(struct zm_element *rule)
{
    size_t kind = 0;

    while (kind < KIND_COUNT && !zm_element_take(rule, kinds[kind].begins))
        kind++;
    return kind;
}

/* seen has a bit for each kind. */
static int read_rule(struct zm_element rule, size_t number, struct zm_fail_rules *rules,
                     unsigned *seen, char *why)
{
    size_t kind = take_kind(&rule);

    if (kind == KIND_COUNT)
        snprintf(why, ZM_WHY_SIZE,
                 "rule %zu is none of nth:N, from:N, every:N, rate:P[:SEED] and size>=S", number);
    else if (*seen & 1u << kind)
        snprintf(why, ZM_WHY_SIZE, "rule %zu is a second %s, there may be one", number,
                 kinds[kind].begins);
    else if (!kinds[kind].read(rule, rules))
        snprintf(why, ZM_WHY_SIZE, "rule %zu must be %s", number, kinds[kind].form);
    else {
        *seen |= 1u << kind;
        return 0;
    }
    return EINVAL;
}

int zm_fail_parse(const char *text, struct zm_fail_rules *rules, char *why)
{
    struct zm_element rule;
    size_t number = 0;
    unsigned seen = 0;

    *rules = (struct zm_fail_rules){0};
    while (zm_list_next(&text, &rule))
        if (read_rule(rule, ++number, rules, &seen, why) != 0)
            return EINVAL;
    /* A size alone makes all requests of that size fail. */
    if (seen == 1u << SIZE_KIND)
        rules->every = 1;
    return 0;
}

/* ---- Judging ---- */

/* Computed from the number alone, so threads share nothing but the count of requests. */
static bool is_drawn(const struct zm_fail_rules *rules, size_t number)
{
    uint64_t mixed = ((uint64_t)rules->seed << 32 ^ number) * UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return mixed >> 33 < rules->rate;
}

bool zm_fail_judge(const struct zm_fail_rules *rules, size_t number)
{
    return number == rules->nth || (rules->from != 0 && number >= rules->from) ||
           (rules->every != 0 && number % rules->every == 0) || is_drawn(rules, number);
}
