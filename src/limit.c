/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Limits: a request that would exceed the hard limit fails; more than the soft limit in use is
 * pressure, which a program can read and wait for.
 *
 * The hard limit costs nothing on the usual path. A thread asks here when its budget is used up, and
 * gets the next budget only if the sum of everything in use leaves room for it. Budgets are not
 * added to the sum, so nothing that is free is withheld from anybody; in return each thread may
 * exceed the limit by one budget, which gets smaller as the limit comes near. Requests that do not
 * fit into a budget are announced in `pending` before the sum is taken: of two threads that ask at
 * the same time, at least one sees the other. If a request fits alone, but not with what others have
 * announced, it waits until they are settled.
 *
 * What is compared with the limits is what is in use, plus the bytes that the program has told of.
 * Or it is the resident set: since reading that is slow, it is estimated by what was allocated since
 * the last reading, and read again only if the estimate leaves no room. Before a request is refused,
 * the allocator is asked to give back what it does not need.
 *
 * Pressure is looked at with every look at the sum. Whoever sees it change sets the descriptor.
 */

#include "limit.h"

#include <errno.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "os/process.h"
#include "os/thread.h"
#include "peak.h"
#include "window.h"

#define NONE SIZE_MAX

static size_t hard_limit = NONE;
static size_t soft_limit = NONE;
static bool of_rss;
static size_t external_bytes;

static size_t get(const size_t *variable)
{
    return __atomic_load_n(variable, __ATOMIC_RELAXED);
}

static bool compares_rss(void)
{
    return __atomic_load_n(&of_rss, __ATOMIC_RELAXED);
}

/* ---- What is compared ---- */

static size_t last_rss;
static size_t gross_then;  /* what had been allocated in all when last_rss was read */
static size_t valid_bytes; /* for how much more it serves: less than is free, for fragmentation */

static size_t read_rss(void)
{
    size_t limit = get(&hard_limit);
    size_t gross = zm_accounting_gross();
    size_t rss;

    if (!zm_rss(&rss))
        return 0; /* GCOVR_EXCL_LINE: without /proc */
    __atomic_store_n(&gross_then, gross, __ATOMIC_RELAXED);
    __atomic_store_n(&valid_bytes, rss < limit ? (limit - rss) / 8 : 0, __ATOMIC_RELAXED);
    __atomic_store_n(&last_rss, rss, __ATOMIC_RELAXED);
    return rss;
}

static size_t estimate_rss(void)
{
    size_t since = zm_accounting_gross() - get(&gross_then);

    if (get(&last_rss) == 0 || since > get(&valid_bytes))
        return read_rss();
    return get(&last_rss) + since;
}

static size_t add(size_t a, size_t b)
{
    size_t sum;

    return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

/* With `used` in use. */
static size_t compared(size_t used)
{
    if (compares_rss())
        return estimate_rss();
    return add(used, get(&external_bytes));
}

/* ---- Pressure ---- */

static int pressure;
static int pressure_fd = -1;

/* Until it agrees with what the last one of several threads has set. */
static void set_descriptor(void)
{
    int fd = __atomic_load_n(&pressure_fd, __ATOMIC_ACQUIRE);
    int saved_errno = errno;
    int state;
    int set;

    if (fd < 0)
        return;
    state = zm_cancel_off();
    do {
        uint64_t count = 1;
        ssize_t done;

        set = __atomic_load_n(&pressure, __ATOMIC_SEQ_CST);
        done = set ? write(fd, &count, sizeof count) : read(fd, &count, sizeof count);
        (void)done; /* what is written already, or read already, is no error */
    } while (set != __atomic_load_n(&pressure, __ATOMIC_SEQ_CST));
    zm_cancel_restore(state);
    errno = saved_errno;
}

static void set_pressure(int value)
{
    if (__atomic_load_n(&pressure, __ATOMIC_RELAXED) != value &&
        __atomic_exchange_n(&pressure, value, __ATOMIC_SEQ_CST) != value)
        set_descriptor();
}

static void see_pressure(size_t used)
{
    size_t soft = get(&soft_limit);
    size_t size;

    if (soft == NONE) {
        set_pressure(0);
        return;
    }
    size = compared(used);
    if (size > soft && compares_rss())
        size = read_rss();
    set_pressure(size > soft);
}

size_t zm_look(void)
{
    size_t used = zm_accounting_sum();

    zm_peak_saw(used);
    see_pressure(used);
    return used;
}

/* If it is set, it may have passed meanwhile: freeing looks at nothing. */
int zmalloc_pressure(void)
{
    if (__atomic_load_n(&pressure, __ATOMIC_RELAXED) != 0)
        zm_look();
    return __atomic_load_n(&pressure, __ATOMIC_RELAXED);
}

int zmalloc_pressure_fd(void)
{
    int fd = __atomic_load_n(&pressure_fd, __ATOMIC_ACQUIRE);
    int other = -1;

    if (fd >= 0)
        return fd;
    fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)    /* GCOVR_EXCL_BR_LINE: as below */
        return -1; /* GCOVR_EXCL_LINE: no descriptor is free */
    if (!__atomic_compare_exchange_n(&pressure_fd, &other, fd, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        /* GCOVR_EXCL_START: two threads at the same moment */
        int state = zm_cancel_off();

        close(fd);
        zm_cancel_restore(state);
        return other;
        /* GCOVR_EXCL_STOP */
    }
    set_descriptor();
    return fd;
}

/* ---- The hard limit ---- */

static size_t pending;
static uint64_t refused;

bool zm_limit_is_set(void)
{
    return get(&hard_limit) != NONE;
}

bool zm_limit_wants_looks(void)
{
    return get(&soft_limit) != NONE;
}

static size_t in_use_now(size_t limit, size_t asked)
{
    size_t size = compared(zm_look());

    if (compares_rss() && !zm_leaves_room(limit, size, asked))
        size = read_rss();
    return size;
}

/* ---- Before a request is refused ---- */

static int (*purge)(void);
static size_t freed_then; /* what had been freed in all when the last purge began */

/* So little that nothing is gained. */
#define LITTLE ((size_t)64 << 10)

/* Freed memory stays resident with the allocator until it is purged, and the program need not know
 * how. False if nothing has been freed since the last time. */
static bool purge_resident(void)
{
    size_t freed = zm_accounting_gross() - zm_accounting_sum();
    size_t then = get(&freed_then);
    int saved_errno = errno;

    if (!compares_rss() || freed - then < LITTLE ||
        !__atomic_compare_exchange_n(&freed_then, &then, freed, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED))
        return false;
    purge();
    errno = saved_errno;
    return true;
}

void zm_limit_may_purge(int (*function)(void))
{
    purge = function;
}

static size_t budget_within(size_t room)
{
    return room / 8 < ZM_BUDGET_MAX ? room / 8 : ZM_BUDGET_MAX;
}

/* Until it fits beside what others have announced. Not announced meanwhile: two that wait for each
 * other would never get on. False if it does not fit even alone. */
static bool wait_for_room(size_t limit, size_t bytes)
{
    for (;;) {
        size_t others = __atomic_load_n(&pending, __ATOMIC_SEQ_CST);
        size_t in_use = in_use_now(limit, bytes);

        if (zm_leaves_room(limit, in_use, add(bytes, others)))
            return true;
        if (zm_leaves_room(limit, in_use, bytes))
            sched_yield();
        else if (!purge_resident())
            return false;
    }
}

bool zm_limit_ask(size_t bytes, struct zm_grant *grant)
{
    size_t limit;

    while ((limit = get(&hard_limit)) != NONE) {
        size_t announced = __atomic_add_fetch(&pending, bytes, __ATOMIC_SEQ_CST);
        size_t in_use = in_use_now(limit, announced);

        if (zm_leaves_room(limit, in_use, announced)) {
            grant->pending = bytes;
            grant->budget = budget_within(limit - in_use - announced);
            return true;
        }
        zm_limit_settle(bytes);
        if (!wait_for_room(limit, bytes)) {
            __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
            return false;
        }
    }
    return true; /* GCOVR_EXCL_LINE: the limit has gone meanwhile */
}

void zm_limit_settle(size_t bytes)
{
    __atomic_fetch_sub(&pending, bytes, __ATOMIC_SEQ_CST);
}

/* ---- Setting them ---- */

static int set(size_t *limit, size_t bytes)
{
    if (!zm_is_limit(bytes))
        return zm_result(EINVAL);
    __atomic_store_n(limit, bytes, __ATOMIC_RELAXED);
    zm_look();
    return 0;
}

int zmalloc_set_limit(size_t bytes)
{
    return set(&hard_limit, bytes);
}

int zmalloc_set_soft_limit(size_t bytes)
{
    return set(&soft_limit, bytes);
}

size_t zmalloc_get_limit(void)
{
    return get(&hard_limit);
}

size_t zmalloc_get_soft_limit(void)
{
    return get(&soft_limit);
}

void zmalloc_limit_rss(int enable)
{
    __atomic_store_n(&of_rss, enable != 0, __ATOMIC_RELAXED);
    zm_look();
}

size_t zmalloc_external(ptrdiff_t change)
{
    size_t before = get(&external_bytes);
    size_t after;

    do {
        after = before + (size_t)change;
        if (change < 0 ? after > before : after < before) {
            errno = EINVAL;
            return before;
        }
    } while (!__atomic_compare_exchange_n(&external_bytes, &before, after, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    if (change != 0 && zm_limit_wants_looks())
        zm_look();
    return after;
}

struct zm_limits zm_limits(void)
{
    return (struct zm_limits){
        .hard = get(&hard_limit),
        .soft = get(&soft_limit),
        .of_rss = compares_rss(),
        .external = get(&external_bytes),
        .refused = __atomic_load_n(&refused, __ATOMIC_RELAXED),
        .pressure = __atomic_load_n(&pressure, __ATOMIC_RELAXED) != 0,
    };
}

/* ---- fork ---- */

/* The descriptor would wake the parent. What others had announced will not be settled. */
void zm_limit_in_child(void)
{
    __atomic_store_n(&pressure_fd, -1, __ATOMIC_RELEASE);
    __atomic_store_n(&pending, 0, __ATOMIC_SEQ_CST);
}

/* ---- The window ---- */

void zm_limit_show(volatile uint64_t *entry)
{
    entry[ZM_WINDOW_HARD_LIMIT] = zm_window_address(&hard_limit);
    entry[ZM_WINDOW_SOFT_LIMIT] = zm_window_address(&soft_limit);
    entry[ZM_WINDOW_EXTERNAL] = zm_window_address(&external_bytes);
    entry[ZM_WINDOW_REFUSED] = zm_window_address(&refused);
}
