/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A control group with little memory. In one, the kernel does not let allocations fail: it kills
 * the process that takes too much. So a process whose threads allocate and free many times the
 * limit, but never hold more than a part of it, must survive; one that keeps everything must be
 * killed, and no other process.
 */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "group.h"
#include "storm.h"

#define THREADS 4
#define SLOTS 64
#define LARGEST (256 << 10)
#define LIMIT (128 * MIB) /* live blocks take a quarter of it on average, half at most */

static struct group group;
static void *kept; /* by this process, and so by its children */
static uint64_t blocks = 200000;

/* What children report: bytes that they got and wrote. */
static atomic_size_t *written;

/* ---- A process that stays below the limit ---- */

static void *replace_blocks(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;
    void *slots[SLOTS] = {NULL};
    size_t sizes[SLOTS] = {0};

    for (uint64_t i = 0; i < blocks / THREADS; i++) {
        uint64_t number = next_random(&random);
        size_t slot = (size_t)(number % SLOTS);

        child_check(slots[slot] == NULL || has_stamp(slots[slot], 16, (unsigned)sizes[slot]));
        zfree(slots[slot]);
        sizes[slot] = 16 + (size_t)(number >> 20) % LARGEST;
        slots[slot] = zmalloc(sizes[slot]);
        memset(slots[slot], 1, sizes[slot]);
        stamp(slots[slot], 16, (unsigned)sizes[slot]);
        atomic_fetch_add(written, sizes[slot]);
    }
    for (size_t i = 0; i < SLOTS; i++)
        zfree(slots[i]);
    return NULL;
}

static void live_within(void)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        child_check(pthread_create(&threads[i], NULL, replace_blocks, (void *)(uintptr_t)i) == 0);
    for (size_t i = 0; i < THREADS; i++)
        child_check(pthread_join(threads[i], NULL) == 0);
    child_check(zmalloc_used_memory() == zmalloc_size(kept));
}

/* ---- A process that does not ---- */

static void take_too_much(void)
{
    while (atomic_load(written) < 4 * LIMIT) {
        memset(zmalloc(100000), 1, 100000);
        atomic_fetch_add(written, 100000);
    }
}

/* ---- Both ---- */

/* The status that a process in the group ends with. */
static int run_in_group(void (*body)(void))
{
    int status = -1;
    pid_t pid;

    atomic_store(written, 0);
    pid = fork();
    if (pid == 0) {
        child_check(join_group(&group));
        body();
        _exit(0);
    }
    child_check(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

/* The limit includes what the kernel needs for the process. */
static bool is_killed_at_the_limit(int status, size_t taken)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && taken > LIMIT / 2 && taken <= LIMIT)
        return true;
    fprintf(stderr, "cgroup: a process that wrote %zu bytes of %zu ended with status 0x%x\n", taken,
            LIMIT, (unsigned)status);
    return false;
}

/* Whether everything went well. The group must still work after the kill. */
static bool try_group(size_t *within, size_t *beyond)
{
    int status = run_in_group(live_within);

    *within = atomic_load(written);
    if (status == 0) {
        status = run_in_group(take_too_much);
        *beyond = atomic_load(written);
        if (!is_killed_at_the_limit(status, *beyond))
            return false;
        status = run_in_group(live_within);
    }
    if (status != 0)
        fprintf(stderr, "cgroup: a process below the limit ended with status 0x%x\n",
                (unsigned)status);
    return status == 0;
}

int main(int count, char **arguments)
{
    const struct setting settings[] = {{"blocks", &blocks, THREADS, SIZE_MAX}};
    char why[200];
    size_t within = 0;
    size_t beyond = 0;
    bool went_well;

    (void)count;
    take_settings(arguments, settings, LENGTH(settings));
    written =
        mmap(NULL, sizeof *written, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    child_check(written != MAP_FAILED);
    kept = zmalloc(1000);
    if (!make_group(&group, LIMIT, why))
        skip_storm(why);
    went_well = try_group(&within, &beyond);
    tell_figures(
        "%zu MiB written within %zu MiB, twice, and who kept %zu MiB was killed (cgroup v%d)",
        within / MIB, LIMIT / MIB, beyond / MIB, group.is_v1 ? 1 : 2);
    remove_group(&group);
    child_check(went_well && zmalloc_used_memory() == zmalloc_size(kept));
    zfree(kept);
    return 0;
}
