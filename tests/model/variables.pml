/* SPDX-License-Identifier: BSD-3-Clause */

/* How large the world of the model is, and its variables. */

#define N 3 /* threads */
#define NOBODY N
#define SLABS_MAX 2
#define NODES (SLABS_MAX + 1) /* the shared node, and one more in each slab */
#define SHARED 0              /* also: no node of one's own */

/* Of each thread. Thread 0 is the one that forks and resets. */
#ifndef OPERATIONS_0
#define OPERATIONS_0 2
#endif
#ifndef OPERATIONS_1
#define OPERATIONS_1 2
#endif
#ifndef OPERATIONS_2
#define OPERATIONS_2 2
#endif
#ifndef EARLY
#define EARLY 1 /* ZM_EARLY_OPERATIONS */
#endif
#ifndef READINGS
#define READINGS 1 /* of all threads together, like resets, forks and signals */
#endif
#ifndef RESETS
#define RESETS 0
#endif
#ifndef FORKS
#define FORKS 0
#endif
#ifndef BIRTHS
#define BIRTHS FORKS /* threads that the child of a fork starts */
#endif
#ifndef BORN_OPERATIONS
#define BORN_OPERATIONS 1
#endif
#ifndef SIGNALS
#define SIGNALS 0 /* each interrupts a thread somewhere, and its handler reads */
#endif
#ifndef ENDINGS
#define ENDINGS 0 /* or, if 1, interrupts a reading, and its handler ends the thread */
#endif
#ifndef LOOKS_MAX
#define LOOKS_MAX 5
#endif
#ifndef MUCH
#define MUCH 1
#endif

#ifdef ENDLESS
#define MODULO(counter) ((counter) & 1)
#define BLOCKS_MAX 2
#define SPENT 0
#else
#define MODULO(counter) (counter)
#define BLOCKS_MAX 99
#define SPENT 1
#endif

#if defined(PEAK) || defined(ENDLESS)
#define MOVING false
#else
#define MOVING true
#endif
#ifdef ENDLESS
#define BOUNDS false /* the bounds of a reading; checked where the rest is not */
#else
#define BOUNDS true
#endif

/* ---- Variables of the code ---- */

/* struct zm_node, as the other processors see it */
byte allocated[NODES];
byte freed[NODES];
bool taken[NODES];
#ifdef ALLOCATOR_COUNTS
bool source[NODES]; /* or NULL */
byte from[NODES];   /* whose counters of the allocator */
short base_allocated[NODES];
short base_freed[NODES];
byte inside;
#endif
byte slabs = 1; /* that are in the list */

/* struct zm_thread */
byte node[N];
bool live[N];
bool key[N]; /* what pthread_setspecific() set */
#ifdef ALLOCATOR_COUNTS
byte own_allocated[N]; /* the allocator's thread-local storage */
byte own_freed[N];
byte depth[N];
#endif

#ifdef PEAK
short peak;
#endif

/* ---- What is true; for the assertions and to end the run ---- */

byte pool;           /* blocks that a thread may take, to free or reallocate them */
byte owned;          /* blocks of the program: those, and what is being reallocated */
short counted;       /* allocated less freed, in all counters */
bool gone[N];        /* the thread's storage */
bool lost[NODES];    /* its owner registered in the last round of its key destructors */
byte child = NOBODY; /* in the child of a fork: the thread that forked */
bool handled;        /* and our handler has run there */
bool vanished[N];    /* not in the child */
bool born[N];        /* a thread that the child has started */
#ifdef PEAK
short least_peak; /* what was in use throughout a look since the reset */
bool since[N];    /* the look that is under way began after the reset */
#endif

/* Of each reading that is under way: the threads', and the signal handler's */
#define HANDLER N
#define READERS (N + 1)
bool reading[READERS];
byte low[READERS];   /* the least owned meanwhile */
short most[READERS]; /* the most counted */

byte interrupted = NOBODY; /* by the handler */
bool must_end[N];

byte readings = READINGS;
byte resets = RESETS;
byte forks = FORKS;
byte births = BIRTHS;
byte signals = SIGNALS;

#define notice_more(reader)                                                                        \
    if                                                                                             \
    :: reading[reader] && counted > most[reader] -> most[reader] = counted                         \
    :: else                                                                                        \
    fi

#define notice_less(reader)                                                                        \
    if                                                                                             \
    :: reading[reader] && owned < low[reader] -> low[reader] = owned                               \
    :: else                                                                                        \
    fi

inline grow()
{
    counted++;
    notice_more(0);
    notice_more(1);
    notice_more(2);
    notice_more(HANDLER)
}

inline take_block()
{
    pool--;
    owned--;
    notice_less(0);
    notice_less(1);
    notice_less(2);
    notice_less(HANDLER)
}

inline give_block()
{
    pool++;
    owned++
}
