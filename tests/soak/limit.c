/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * ZMALLOC_LIMIT in a control group with a little more memory. Threads allocate without end: blocks of
 * all sizes, which they write to. When a request is refused, a thread frees half of its blocks and goes
 * on. The kernel must never kill the process, as it does the same process without the limit.
 *
 * The limit is rss:200M unless ZMALLOC_LIMIT says otherwise: what is resident may be several times
 * what is in use (docs/limits.md).
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "group.h"
#include "storm.h"

#define SMALLEST_BITS 4 /* blocks have 16 bytes */
#define LARGEST_BITS 20 /* to 2 MiB */
#define THREADS_MAX 16
#define REFUSED_IN_A_ROW 100000

static uint64_t inside; /* the group: the program starts itself there */
static uint64_t group_mib = 256;
static uint64_t megabytes = 20000;
static uint64_t threads = 4;

static atomic_size_t written_mib;
static atomic_size_t refused;
static atomic_size_t refused_in_a_row;
static atomic_size_t most_used;

/* ---- In the group ---- */

/* Blocks begin with these. */
struct block {
    struct block *next;
    size_t size;
};

struct owner {
    struct block *blocks;
    uint64_t random;
    uint64_t phase;
    uint64_t written; /* bytes */
};

static uint64_t share_of_each(void)
{
    return megabytes * MIB / threads;
}

/* In the first half of the time all magnitudes are as frequent. In the second, from one refusal to
 * the next, a thread has only one: holes that are left by smaller blocks are of no use then. */
static size_t choose_size(struct owner *owner)
{
    const unsigned magnitudes = LARGEST_BITS - SMALLEST_BITS + 1;
    uint64_t number = next_random(&owner->random);
    uint64_t choice = owner->written < share_of_each() / 2 ? number : owner->phase * 5;
    size_t least = (size_t)1 << (SMALLEST_BITS + choice % magnitudes);

    return least + (size_t)(number >> 20) % least;
}

static void *request(struct owner *owner, size_t size)
{
    switch (next_random(&owner->random) % 4) {
    case 0:
        return ztrycalloc(size);
    case 1:
        return ztrymalloc_aligned(64, size);
    default:
        return ztrymalloc(size);
    }
}

static bool take_a_block(struct owner *owner)
{
    size_t size = choose_size(owner);
    struct block *block;

    errno = 0;
    block = request(owner, size);
    if (block == NULL) {
        child_check(errno == ENOMEM);
        return false;
    }
    memset(block, 1, size);
    *block = (struct block){owner->blocks, size};
    owner->blocks = block;
    owner->written += size;
    atomic_store(&refused_in_a_row, 0);
    return true;
}

/* Each with the same probability, which leaves holes. */
static void free_one_in(struct owner *owner, uint64_t number)
{
    struct block **place = &owner->blocks;

    while (*place != NULL) {
        struct block *block = *place;

        if (next_random(&owner->random) % number != 0) {
            place = &block->next;
            continue;
        }
        *place = block->next;
        zfree(block);
    }
}

static void note_refusal(void)
{
    size_t used = zmalloc_used_memory();
    size_t before = atomic_load(&most_used);

    while (used > before && !atomic_compare_exchange_weak(&most_used, &before, used))
        ;
    atomic_fetch_add(&refused, 1);
    if (atomic_fetch_add(&refused_in_a_row, 1) < REFUSED_IN_A_ROW)
        return;
    fprintf(stderr, "limit: refused %d times in a row; %zu bytes are in use, %zu resident\n",
            REFUSED_IN_A_ROW, used, zmalloc_get_rss());
    exit(1);
}

static void give_way(struct owner *owner)
{
    note_refusal();
    free_one_in(owner, 2);
    owner->phase++;
    sched_yield();
}

static void *allocate_without_end(void *argument)
{
    struct owner owner = {.random = (uint64_t)(uintptr_t)argument};

    while (owner.written < share_of_each())
        if (!take_a_block(&owner))
            give_way(&owner);
    free_one_in(&owner, 1);
    atomic_fetch_add(&written_mib, (size_t)(owner.written / MIB));
    return NULL;
}

static void allocate_in_all_threads(void)
{
    pthread_t ids[THREADS_MAX];

    for (size_t i = 0; i < threads; i++)
        child_check(pthread_create(&ids[i], NULL, allocate_without_end, (void *)(uintptr_t)i) == 0);
    for (size_t i = 0; i < threads; i++)
        child_check(pthread_join(ids[i], NULL) == 0);
    child_check(zmalloc_used_memory() == 0 && atomic_load(&refused) > 0);
    tell_figures("%zu MiB written, %zu requests refused, at most %zu MiB in use, %zu MiB resident",
                 atomic_load(&written_mib), atomic_load(&refused), atomic_load(&most_used) / MIB,
                 peak_resident());
}

/* ---- Outside ---- */

/* The same program with the same settings, in the group. */
static void start_inside(const struct group *group, int count, char **arguments, const char *limit)
{
    char **more = calloc((size_t)count + 3, sizeof *more);

    child_check(more != NULL && join_group(group));
    memcpy(more, arguments, (size_t)count * sizeof *more);
    more[count] = "--inside";
    more[count + 1] = "1";
    child_check(limit != NULL ? setenv("ZMALLOC_LIMIT", limit, 1) == 0
                              : unsetenv("ZMALLOC_LIMIT") == 0);
    execv("/proc/self/exe", more);
    child_fail("execv", __FILE__, __LINE__);
}

static int run_inside(const struct group *group, int count, char **arguments, const char *limit)
{
    int status = -1;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        start_inside(group, count, arguments, limit);
    child_check(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

static bool is_killed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static bool try_limit(const struct group *group, int count, char **arguments)
{
    const char *limit = getenv("ZMALLOC_LIMIT") != NULL ? getenv("ZMALLOC_LIMIT") : "rss:200M";
    int status = run_inside(group, count, arguments, limit);

    if (status == 0) {
        size_t most = most_in_group(group);

        status = run_inside(group, count, arguments, NULL);
        if (is_killed(status)) {
            tell_figures(
                "the group had at most %zu of %zu MiB, and without the limit it was killed",
                most / MIB, (size_t)group_mib);
            return true;
        }
        limit = "no limit";
    }
    fprintf(stderr, "limit: with %s, in a group of %zu MiB, the process %s with status 0x%x\n",
            limit, (size_t)group_mib, is_killed(status) ? "was killed" : "ended", (unsigned)status);
    return false;
}

int main(int count, char **arguments)
{
    const struct setting settings[] = {
        {"group", &group_mib, 8, SIZE_MAX / MIB},
        {"megabytes", &megabytes, 1, SIZE_MAX / MIB},
        {"threads", &threads, 1, THREADS_MAX},
        {"inside", &inside, 0, 1},
    };
    struct group group;
    char why[200];
    bool went_well;

    take_settings(arguments, settings, LENGTH(settings));
    if (inside != 0) {
        allocate_in_all_threads();
        return 0;
    }
    if (!make_group(&group, (size_t)group_mib * MIB, why))
        skip_storm(why);
    went_well = try_limit(&group, count, arguments);
    remove_group(&group);
    return went_well ? 0 : 1;
}
