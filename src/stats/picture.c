/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Takes the picture and writes it in the form that was asked for. Nothing here allocates.
 *
 * In a signal handler there are two differences. The allocator is not asked, because the handler may
 * have interrupted it while it held the lock that its figures are under. And the backend's version is
 * what it was when it was chosen, because a backend may write it only when it is asked.
 */

#include "accounting.h"
#include "backend.h"
#include "choice.h"
#include "config.h"
#include "limit.h"
#include "os/memory_limit.h"
#include "os/process.h"
#include "peak.h"
#include "stats/stats.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* On 32-bit machines the two have different sizes. */
static uint64_t figure(size_t value)
{
    return value != ZM_UNKNOWN ? value : ZM_UNKNOWN_FIGURE;
}

static void gather_accounting(uint64_t *figures)
{
    struct zm_limits limits = zm_limits();

    figures[ZM_USED] = zmalloc_used_memory();
    figures[ZM_PEAK] = zm_peak();
    figures[ZM_THREADS] = zm_accounting_threads();
    figures[ZM_EXTERNAL] = limits.external;
    figures[ZM_HARD_LIMIT] = limits.hard != SIZE_MAX ? limits.hard : ZM_UNKNOWN_FIGURE;
    figures[ZM_SOFT_LIMIT] = limits.soft != SIZE_MAX ? limits.soft : ZM_UNKNOWN_FIGURE;
    figures[ZM_REFUSED] = limits.refused;
}

/* Whether this thread is asking the allocator. A handler that interrupts that finds locks taken. */
static _Thread_local volatile bool asking __attribute__((tls_model("initial-exec")));

static struct zm_allocator_info ask_allocator(bool in_handler)
{
    struct zm_allocator_info info = {ZM_UNKNOWN, ZM_UNKNOWN, ZM_UNKNOWN, ZM_UNKNOWN, ZM_UNKNOWN};

    if (in_handler || asking)
        return info;
    asking = true;
    info = zm_allocator_info();
    asking = false;
    return info;
}

static void gather_allocator(uint64_t *figures, bool in_handler)
{
    struct zm_allocator_info info = ask_allocator(in_handler);

    figures[ZM_ALLOCATED] = figure(info.allocated);
    figures[ZM_ACTIVE] = figure(info.active);
    figures[ZM_RESIDENT] = figure(info.resident);
    figures[ZM_RETAINED] = figure(info.retained);
    figures[ZM_MUZZY] = figure(info.muzzy);
}

static void gather_process(uint64_t *figures)
{
    struct rusage usage;
    size_t bytes;

    figures[ZM_RSS] = zm_rss(&bytes) ? bytes : ZM_UNKNOWN_FIGURE;
    figures[ZM_PRIVATE_DIRTY] = zm_private_dirty(-1, &bytes) ? bytes : ZM_UNKNOWN_FIGURE;
    getrusage(RUSAGE_SELF, &usage);
    figures[ZM_MINOR_FAULTS] = (uint64_t)usage.ru_minflt;
    figures[ZM_MAJOR_FAULTS] = (uint64_t)usage.ru_majflt;
}

/* Rounded. Unknown if the divisor is 0. */
static uint64_t ratio(uint64_t dividend, uint64_t divisor)
{
    uint64_t whole;
    uint64_t rest;

    if (dividend == ZM_UNKNOWN_FIGURE || divisor == ZM_UNKNOWN_FIGURE || divisor == 0)
        return ZM_UNKNOWN_FIGURE;
    rest = dividend % divisor;
    if (__builtin_mul_overflow(dividend / divisor, ZM_RATIO_ONE, &whole))
        return ZM_UNKNOWN_FIGURE;
    /* This happens from a petabyte on; what is dropped is far too little to show. */
    while (rest > UINT64_MAX / 2 / ZM_RATIO_ONE) {
        rest /= 2;
        divisor /= 2;
    }
    return whole + (rest * ZM_RATIO_ONE + divisor / 2) / divisor;
}

static void gather_ratios(uint64_t *figures)
{
    figures[ZM_FRAGMENTATION] = ratio(figures[ZM_ACTIVE], figures[ZM_ALLOCATED]);
    figures[ZM_RSS_OVERHEAD] = ratio(figures[ZM_RSS], figures[ZM_RESIDENT]);
}

static void gather_machine(uint64_t *figures)
{
    size_t memory = zmalloc_get_memory_size();
    struct zm_memory_limits limits = zm_memory_limits();

    figures[ZM_MACHINE_MEMORY] = memory > 0 ? memory : ZM_UNKNOWN_FIGURE;
    figures[ZM_MEMORY_LIMIT] = limits.hard;
    if (limits.hard == SIZE_MAX && memory == 0)
        figures[ZM_MEMORY_LIMIT] = ZM_UNKNOWN_FIGURE;
    figures[ZM_MEMORY_HIGH] = limits.high < SIZE_MAX ? limits.high : ZM_UNKNOWN_FIGURE;
}

static bool next_zone(const struct zm_stats *stats, const void **zone,
                      struct zm_zone_figures *figures)
{
    struct zmalloc_zone *next = zmalloc_zone_next(*zone);

    (void)stats;
    if (next != NULL)
        zm_zone_figures(next, figures);
    *zone = next;
    return next != NULL;
}

static void gather(struct zm_stats *stats, bool in_handler)
{
    stats->version = ZM_VERSION;
    stats->pid = getpid();
    stats->backend = zmalloc_backend_name();
    stats->backend_version = in_handler ? zm_backend_version_known() : zmalloc_backend_version();
    stats->prefix_size = zmalloc_backend_prefix_size();
    stats->counts_by_itself = zm_backend_counts(zm_active());
    stats->choice = zm_active_choice();
    stats->next_zone = next_zone;
    gather_accounting(stats->figures);
    gather_allocator(stats->figures, in_handler);
    gather_process(stats->figures);
    gather_ratios(stats->figures);
    gather_machine(stats->figures);
}

/* ---- The contract of snprintf ---- */

static void (*const forms[ZM_FORMS])(struct zm_writer *writer, const struct zm_stats *stats) = {
    [ZM_TEXT] = zm_stats_write_text,
    [ZM_JSON] = zm_stats_write_json,
    [ZM_PROMETHEUS] = zm_stats_write_prometheus,
};

int zm_stats_report(enum zm_form form, char *buf, size_t size, bool in_handler)
{
    struct zm_writer writer = {.text = buf, .room = size > 0 ? size - 1 : 0};
    struct zm_stats stats;
    int saved_errno = errno;

    gather(&stats, in_handler);
    forms[form](&writer, &stats);
    if (size > 0)
        buf[writer.length < writer.room ? writer.length : writer.room] = '\0';
    errno = saved_errno;
    return (int)writer.length;
}

int zmalloc_stats_json(char *buf, size_t size)
{
    return zm_stats_report(ZM_JSON, buf, size, false);
}

int zmalloc_stats_text(char *buf, size_t size)
{
    return zm_stats_report(ZM_TEXT, buf, size, false);
}

int zmalloc_stats_prometheus(char *buf, size_t size)
{
    return zm_stats_report(ZM_PROMETHEUS, buf, size, false);
}

int zmalloc_stats_in_handler(const char *form, char *buf, size_t size)
{
    enum zm_form found;

    if (!zm_form_find(form, strlen(form), &found))
        return zm_result(EINVAL);
    if (zm_chosen() == NULL)
        return zm_result(EAGAIN);
    return zm_stats_report(found, buf, size, true);
}
