/* SPDX-License-Identifier: BSD-3-Clause */

/* ZMALLOC_LIMIT=[rss:]SIZE[,soft:SIZE], as docs/environment.md describes it. */

#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "limit.h"
#include "message.h"
#include "option_list.h"
#include "os/memory_limit.h"

static struct zm_setting setting = {.variable = "ZMALLOC_LIMIT"};

/* What the process may have: of the machine, or less. */
static size_t all_there_is(void)
{
    size_t memory = zmalloc_get_memory_size();
    size_t limit = zm_memory_limits().hard;

    return memory != 0 && memory < limit ? memory : limit;
}

static bool take_percent(struct zm_element *rest, size_t number, size_t *size)
{
    if (!zm_element_take(rest, "%") || number > 100)
        return false;
    *size = all_there_is() / 100 * number;
    return true;
}

/* Bytes, with a unit or without, or so many percent. */
static bool take_limit(struct zm_element *rest, size_t *size)
{
    struct zm_element whole = *rest;
    uint64_t number;

    if (zm_element_take_number(&whole, &number) && whole.length == 1 && *whole.text == '%') {
        *rest = whole;
        return take_percent(rest, number <= 100 ? (size_t)number : 101, size);
    }
    return zm_element_take_size(rest, size) && rest->length == 0;
}

struct wanted {
    size_t hard; /* SIZE_MAX: none */
    size_t soft;
    bool of_rss;
};

/* NULL, or what is wrong. */
static const char *read_limits(const char *value, struct wanted *wanted)
{
    const char *rest = value;
    struct zm_element element;

    while (zm_list_next(&rest, &element)) {
        bool soft = zm_element_take(&element, "soft:");
        size_t *limit = soft ? &wanted->soft : &wanted->hard;
        size_t size = 0;

        if (!soft && zm_element_take(&element, "rss:"))
            wanted->of_rss = true;
        if (!take_limit(&element, &size))
            return "a limit is a number of bytes with K, M, G or nothing, or of percent, as in "
                   "1500M, 80%, rss:2G or 2G,soft:1500M";
        if (!zm_is_limit(size) || size == SIZE_MAX)
            return "a limit is at least 1 byte and fits into the address space";
        if (*limit != SIZE_MAX)
            return "there is one hard limit and one soft limit";
        *limit = size;
    }
    return NULL;
}

void zm_limit_load(void)
{
    zm_setting_value(&setting);
}

static void refuse(const char *value, const char *wrong)
{
    struct zm_message message = {0};

    zm_message_text(&message, "ZMALLOC_LIMIT=");
    zm_message_quoted(&message, value, strlen(value));
    zm_message_text(&message, ": ");
    zm_message_text(&message, wrong);
    zm_message_send(&message);
    _exit(ZM_EXIT_CONFIG);
}

void zm_limit_start(void)
{
    const char *value = zm_setting_value(&setting);
    struct wanted wanted = {.hard = SIZE_MAX, .soft = SIZE_MAX};
    const char *wrong = value != NULL ? read_limits(value, &wanted) : NULL;

    if (wrong != NULL)
        refuse(value, wrong);
    if (wanted.of_rss)
        zmalloc_limit_rss(1);
    if (wanted.hard != SIZE_MAX)
        zmalloc_set_limit(wanted.hard);
    if (wanted.soft != SIZE_MAX)
        zmalloc_set_soft_limit(wanted.soft);
}
