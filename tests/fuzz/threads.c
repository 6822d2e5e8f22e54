/* SPDX-License-Identifier: BSD-3-Clause */

/* The operations that need more than one thread: other threads with their own streams, and forked
 * children. */

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "zmalloc.h"

/* Of one helper thread. */
#define THREAD_STEPS_MAX 512
#define ROUNDS_MAX 8
/* Forks are slow, a tenth of a second under a sanitizer. So only one in this many is made, and at
 * most this many per input. */
#define FORK_RARITY 64
#define FORKS_MAX 2
/* A child that takes longer counts as a hang. */
#define CHILD_SECONDS 20

/* How many threads a child starts. The thread sanitizer dies if one is on the stack of a thread of
 * the parent. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define CHILD_THREADS 0
#else
#define CHILD_THREADS ACTORS_MAX
#endif

/* ---- A forked child ---- */

static void *allocate_a_little(void *argument)
{
    for (size_t size = 0; size < 200; size++)
        zfree(ztryrealloc(ztrymalloc(size), 2 * size + 1));
    return argument;
}

/* The child has the blocks and the accounting as they were. A new thread gets the stack of one of
 * the parent's. */
static void live_as_child(struct actor *actor)
{
    pthread_t thread;

    alarm(CHILD_SECONDS);
    actor_check_used(actor);
    for (int threads = 0; threads < CHILD_THREADS; threads++) {
        EXPECT(pthread_create(&thread, NULL, allocate_a_little, NULL) == 0, "no thread");
        EXPECT(pthread_join(thread, NULL) == 0, "a thread is lost");
        actor_check_used(actor);
    }
    actor_free_all(actor);
    actor_check_used(actor);
    _exit(0);
}

static void fork_and_wait(struct actor *actor)
{
    int status = 1;
    pid_t child = fork();

    EXPECT(child >= 0, "no process");
    if (child == 0)
        live_as_child(actor);
    EXPECT(waitpid(child, &status, 0) == child, "a child is lost");
    if (lane->has_trouble)
        _exit(1);
    EXPECT(status == 0, "a forked child ended with status 0x%x", (unsigned)status);
}

static bool may_fork(struct actor *actor)
{
    return actor->is_alone && actor->forks++ < FORKS_MAX;
}

void run_fork(struct actor *actor)
{
    bool wanted = stream_byte(&actor->stream) % FORK_RARITY == 0;

    if (!wanted || !may_fork(actor))
        return;
    fork_and_wait(actor);
    actor->step.came = 1;
}

/* ---- What a thread does ---- */

struct helper {
    struct actor actor;
    struct stream stream;
    unsigned rounds;
    /* One more round runs after the library has let go of the thread. */
    bool has_late_round;
    pthread_barrier_t *fork_at; /* where to wait before and after a fork, or NULL */
    struct step steps[THREAD_STEPS_MAX];
    pthread_t thread;
};

static pthread_key_t late_key;
static _Thread_local unsigned destructor_calls;

static void run_round(struct helper *helper)
{
    helper->actor.stream = helper->stream;
    actor_run(&helper->actor);
}

/* Called a second time after the destructors of all keys have run. */
static void run_late_round(void *argument)
{
    if (destructor_calls++ == 0)
        pthread_setspecific(late_key, argument);
    else
        run_round(argument);
}

static void make_late_key(void)
{
    EXPECT(pthread_key_create(&late_key, run_late_round) == 0, "no thread key");
}

/* With more than one round the thread registers. */
static void *help(void *argument)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct helper *helper = argument;

    pthread_once(&once, make_late_key);
    for (unsigned round = 0; round < helper->rounds; round++)
        run_round(helper);
    for (unsigned waits = 0; helper->fork_at != NULL && waits < 2; waits++)
        pthread_barrier_wait(helper->fork_at);
    if (helper->has_late_round)
        pthread_setspecific(late_key, helper);
    return NULL;
}

static void prepare_helper(struct helper *helper, struct actor *actor, size_t share, uint8_t thread)
{
    unsigned how = stream_byte(&actor->stream);
    size_t size = stream_byte(&actor->stream);

    helper->rounds = 1 + how % ROUNDS_MAX;
    helper->has_late_round = how / ROUNDS_MAX % 2 == 1;
    helper->stream = stream_part(&actor->stream, size);
    helper->actor = (struct actor){
        .slots = actor->slots + share * SLOTS_OF_A_SHARE,
        .slot_count = SLOTS_OF_A_SHARE,
        .steps = helper->steps,
        .steps_max = THREAD_STEPS_MAX,
        .thread = thread,
        .seed = actor_next_seed(actor),
    };
}

static void append_steps(struct actor *actor, const struct actor *other)
{
    size_t left = actor->steps_max - 1 - actor->step_count;
    size_t count = other->step_count < left ? other->step_count : left;

    memcpy(actor->steps + actor->step_count, other->steps, count * sizeof *other->steps);
    actor->step_count += count;
}

static void start_helpers(struct helper *helpers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        EXPECT(pthread_create(&helpers[i].thread, NULL, help, &helpers[i]) == 0, "no thread");
}

/* All helpers have finished their rounds and are still alive. */
static void fork_among_helpers(struct actor *actor, pthread_barrier_t *fork_at)
{
    pthread_barrier_wait(fork_at);
    fork_and_wait(actor);
    pthread_barrier_wait(fork_at);
}

static void join_helpers(struct actor *actor, struct helper *helpers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        EXPECT(pthread_join(helpers[i].thread, NULL) == 0, "a thread is lost");
    for (size_t i = 0; i < count; i++)
        append_steps(actor, &helpers[i].actor);
}

/* The shares rotate, so a thread frees what another has allocated. */
void run_threads(struct actor *actor)
{
    static struct helper helpers[ACTORS_MAX];
    size_t how = stream_byte(&actor->stream);
    size_t count = 1 + how % ACTORS_MAX;
    bool forks = how / ACTORS_MAX == FORK_RARITY - 1 && may_fork(actor);
    pthread_barrier_t fork_at;

    if (!actor->is_alone)
        return;
    for (size_t i = 0; i < count; i++)
        prepare_helper(&helpers[i], actor, (i + how / ACTORS_MAX) % ACTORS_MAX, (uint8_t)(i + 1));
    pthread_barrier_init(&fork_at, NULL, (unsigned)count + 1);
    for (size_t i = 0; i < count; i++)
        helpers[i].fork_at = forks ? &fork_at : NULL;
    start_helpers(helpers, count);
    if (forks)
        fork_among_helpers(actor, &fork_at);
    join_helpers(actor, helpers, count);
    pthread_barrier_destroy(&fork_at);
    actor->step.number = count;
    actor->step.came = 1;
}
