/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How requests are admitted under a limit: zm_limit_ask() of src/limit.c, for spin. How a
 * sum comes about is in accounting.pml; here it is two loads, all that was freed and then all that
 * was allocated, so that it may be too high. README.md beside this file says what is left out.
 *
 * A thread requests SIZE units. Whoever is allowed may use GRANT more without asking. Anybody may
 * free.
 */

#define N 3
#define NOBODY N

#ifndef LIMIT
#define LIMIT 3
#endif
#ifndef SIZE
#define SIZE 2
#endif
#ifndef GRANT
#define GRANT 1
#endif
#ifndef REQUESTS_0
#define REQUESTS_0 1
#endif
#ifndef REQUESTS_1
#define REQUESTS_1 1
#endif
#ifndef REQUESTS_2
#define REQUESTS_2 1
#endif
#ifndef FREES
#define FREES 1
#endif
#ifndef FORKS
#define FORKS 0
#endif

/* ---- Variables of the code ---- */

byte allocated, freed; /* in all nodes */
byte pending;

/* ---- What is true ---- */

byte in_use;
byte most[N]; /* in use during a thread's last reading */
byte child = NOBODY;
byte vanished;
byte frees = FREES;
byte forks = FORKS;

#define notice(thread) most[thread] = (in_use > most[thread] -> in_use : most[thread])

inline use(size)
{
    allocated = allocated + size;
    in_use = in_use + size;
    notice(0);
    notice(1);
    notice(2);
    assert(in_use <= LIMIT + N * GRANT)
}

inline give_back(size)
{
    freed = freed + size;
    in_use = in_use - size
}

/* ---- The code ---- */

/* What was freed meanwhile is what the sum may be too high by. */
inline sum()
{
    d_step { was_freed = freed; most[id] = in_use }
    d_step { used = allocated - was_freed; freed_since = freed - was_freed }
}

inline announce()
{
    d_step { pending = pending + SIZE; announced = pending }
}

#ifdef WRONG_REFUSED_WITH_OTHERS
#define FITS_ALONE (used + announced <= LIMIT)
#else
#define FITS_ALONE (used + SIZE <= LIMIT)
#endif
#define FITS_WITH_OTHERS (used + announced <= LIMIT)

inline ask()
{
#ifdef WRONG_ANNOUNCED_AFTER_SUM
    sum();
    announce()
#else
    announce();
    sum()
#endif
#ifdef WRONG_PENDING_LOADED_LAST
    ;
    announced = pending
#endif
}

/* wait_for_room(). Not to be in the way of those that are about to get it: a request that waits is not announced. */
inline wait_for_others()
{
    do
#ifdef WRONG_ANNOUNCED_WHILE_WAITING
    :: true -> break
#else
    :: used + pending + SIZE <= LIMIT -> break
    :: used + SIZE > LIMIT -> break
    :: else -> sum()
#endif
    od
}

inline admit()
{
    do
    :: true ->
        ask();
        if
        :: FITS_WITH_OTHERS ->
            atomic { budget = GRANT }
#ifdef WRONG_PENDING_LEAVES_FIRST
            pending = pending - SIZE;
            atomic { use(SIZE) }
#else
            atomic { use(SIZE) }
            pending = pending - SIZE;
#endif
            break
        :: else ->
            pending = pending - SIZE;
            if
            :: !FITS_ALONE -> assert(most[id] + freed_since + SIZE > LIMIT); break
            :: else -> wait_for_others()
            fi
        fi
    od;
#ifdef ENDLESS
progress:
#endif
    atomic {
        requests--;
        most[id] = 0;
        announced = 0;
        used = 0;
        was_freed = 0;
        freed_since = 0
    }
}

#if FORKS
#define LEFT_BEHIND unless { child != NOBODY && child != id }
#else
#define LEFT_BEHIND
#endif

inline after_fork_in_child()
{
    vanished == N - 1;
#ifndef WRONG_CHILD_KEEPS_PENDING
    pending = 0
#endif
}

active [N] proctype thread()
{
    byte id = _pid;
    byte requests = (_pid == 0 -> REQUESTS_0 : (_pid == 1 -> REQUESTS_1 : REQUESTS_2));
    byte budget, announced, used, was_freed, freed_since;

    {
        do
        :: requests > 0 -> admit()
        :: atomic { budget > 0 -> budget--; use(1) }
        :: atomic { frees > 0 && in_use >= SIZE && id == 0 -> frees--; give_back(SIZE) }
        :: atomic { forks > 0 && id == 0 -> forks--; child = id } after_fork_in_child()
        :: requests == 0 -> break
        od
    } LEFT_BEHIND;
    vanished = vanished + (id != child)
}
