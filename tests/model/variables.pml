/* SPDX-License-Identifier: BSD-3-Clause */

/* How large the world of the model is, and its variables. */

#define N 3 /* threads */
#define NOBODY N

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
#define READINGS 1 /* of all threads together, like resets and forks */
#endif
#ifndef RESETS
#define RESETS 0
#endif
#ifndef FORKS
#define FORKS 0
#endif
#ifndef LOOKS_MAX
#define LOOKS_MAX 5
#endif
#ifndef MUCH
#define MUCH 1
#endif
#define LARGE_BLOCK 1

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
#define BOUNDS false /* the bounds of a reading; checked where the rest is not */
#define MOVING false
#else
#define BOUNDS true
#define MOVING true
#endif

/* ---- Variables of the code ---- */

/* struct zm_thread, as the other processors see it */
byte allocated[N];
byte freed[N];
byte base_allocated[N];
byte base_freed[N];
byte next[N] = NOBODY;
byte previous[N] = NOBODY;
bool live[N];
bool forking[N];
bool key[N]; /* what pthread_setspecific() set */

byte shared_allocated;
byte shared_freed;
byte threads = NOBODY;
byte lock = NOBODY;
byte choice_lock = NOBODY;

/* Of sum(), for whoever has the lock */
short used, was_freed, freed_since, least, least_since;
byte looks, at;

#ifdef PEAK
byte peak_epoch = 1;
byte high_epoch[N];
#endif

/* ---- What is true; for the assertions and to end the run ---- */

byte pool;           /* blocks that a thread may take, to free or reallocate them */
byte owned;          /* blocks of the program: those, and what is being reallocated */
short counted;       /* allocated less freed, in all counters */
bool reading;        /* somebody; and meanwhile */
byte low;            /* the least owned */
short most;          /* the most counted */
bool gone[N];        /* the thread's storage */
byte child = NOBODY; /* in the child of a fork: the one thread it has */
#ifdef PEAK
short seen_high[N] = -99; /* the most it held in a sum since the reset */
bool seen[N];             /* such a sum has its last allocation */
#endif

byte readings = READINGS;
byte resets = RESETS;
byte forks = FORKS;

inline grow()
{
    counted++;
    if
    :: reading && counted > most -> most = counted
    :: else
    fi
}

inline take_block()
{
    pool--;
    owned--;
    if
    :: reading && owned < low -> low = owned
    :: else
    fi
}

inline give_block()
{
    pool++;
    owned++
}
