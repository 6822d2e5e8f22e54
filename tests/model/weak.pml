/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Reading the counters on a processor with weak memory order, such as ARM or RISC-V. accounting.pml
 * checks the protocol on x86; this checks that the memory orders of its loads and stores are enough
 * elsewhere. Who owns which node is no matter here; that is weak_nodes.pml. README.md says how they
 * differ.
 *
 * A store that a thread has done is pending until it becomes visible, to all other threads at once.
 * A release waits for everything its thread has stored before; a relaxed one may overtake. The
 * reader's acquire loads happen in order; of relaxed ones only those of the same counter do.
 *
 * The program never has more than one block at a time: who allocates must have the permit, and who
 * frees gets it. A thread may free its own block, and then allocate again, while its stores are
 * still pending. Block and permit go to the other thread with a release, as C11 wants of a program.
 *
 * So whatever is reordered, no reading may be negative, or above 1 by more than the reader itself
 * sees to be counted meanwhile.
 */

#define N 2
#define HELD_MOST 1

#ifndef LIVE_0
#define LIVE_0 true /* or it counts in the shared node */
#endif
#ifndef LIVE_1
#define LIVE_1 true
#endif
#ifndef OPERATIONS
#define OPERATIONS 5
#endif

/* ---- Memory ---- */

/* The counters come first: of the nodes of thread 0 and of thread 1, and of the shared node. */
#define SHARED 2
#define ALLOCATED(whose) (2 * (whose))
#define FREED(whose) (2 * (whose) + 1)
#define COUNTERS 6
/* What one thread gives to another. */
#define BLOCK COUNTERS
#define PERMIT (COUNTERS + 1)

byte visible[COUNTERS + 2];

#define ROOM 4
byte pending[N * ROOM];
byte pending_count[N];

inline store(what)
{
    atomic {
        pending_count[id] < ROOM -> pending[id * ROOM + pending_count[id]] = what;
        pending_count[id]++
    }
}

#ifdef WRONG_ALLOCATED_RELAXED
#define ALLOCATED_IS_RELAXED(what) ((what) == ALLOCATED(0) || (what) == ALLOCATED(1))
#else
#define ALLOCATED_IS_RELAXED(what) false
#endif
#ifdef WRONG_FREED_RELAXED
#define FREED_IS_RELAXED(what) ((what) == FREED(0) || (what) == FREED(1))
#else
#define FREED_IS_RELAXED(what) false
#endif
#ifdef WRONG_SHARED_ALLOCATED_RELAXED
#define SHARED_ALLOCATED_IS_RELAXED(what) ((what) == ALLOCATED(SHARED))
#else
#define SHARED_ALLOCATED_IS_RELAXED(what) false
#endif
#ifdef WRONG_SHARED_FREED_RELAXED
#define SHARED_FREED_IS_RELAXED(what) ((what) == FREED(SHARED))
#else
#define SHARED_FREED_IS_RELAXED(what) false
#endif

#define IS_RELAXED(what)                                                                           \
    (ALLOCATED_IS_RELAXED(what) || FREED_IS_RELAXED(what) || SHARED_ALLOCATED_IS_RELAXED(what) ||  \
     SHARED_FREED_IS_RELAXED(what))

/* One counter has one order, so a store never overtakes another one to the same place. */
#define AT(thread, place) pending[(thread) * ROOM + (place)]
#define OVERTAKES(thread, place, other)                                                            \
    ((place) <= (other) || AT(thread, place) != AT(thread, other))
#define MAY_COME(thread, place)                                                                    \
    ((place) < pending_count[thread] &&                                                            \
     ((place) == 0 || (IS_RELAXED(AT(thread, place)) && OVERTAKES(thread, place, 0) &&             \
                       OVERTAKES(thread, place, 1) && OVERTAKES(thread, place, 2))))

inline comes(thread, place)
{
    d_step {
        visible[AT(thread, place)]++;
        at = place;
        do
        :: at + 1 < pending_count[thread] -> AT(thread, at) = AT(thread, at + 1); at++
        :: else -> break
        od;
        pending_count[thread]--;
        AT(thread, pending_count[thread]) = 0;
        at = 0
    }
}

active proctype memory()
{
    byte at;

end:
    do
    :: atomic { MAY_COME(0, 0) -> comes(0, 0) }
    :: atomic { MAY_COME(0, 1) -> comes(0, 1) }
    :: atomic { MAY_COME(0, 2) -> comes(0, 2) }
    :: atomic { MAY_COME(0, 3) -> comes(0, 3) }
    :: atomic { MAY_COME(1, 0) -> comes(1, 0) }
    :: atomic { MAY_COME(1, 1) -> comes(1, 1) }
    :: atomic { MAY_COME(1, 2) -> comes(1, 2) }
    :: atomic { MAY_COME(1, 3) -> comes(1, 3) }
    od
}

/* ---- The threads that allocate and free ---- */

byte operations = OPERATIONS; /* of both together */

proctype thread(byte id; bool live; bool permit)
{
    bool block;
    byte whose = (live -> id : SHARED);

end:
    do
    :: atomic { operations > 0 && permit -> operations--; permit = false; block = true;
                store(ALLOCATED(whose)) }
    :: atomic { operations > 0 && block -> operations--; block = false; permit = true;
                store(FREED(whose)) }
    :: atomic { operations > 0 && block -> block = false; store(BLOCK) }
    :: atomic { operations > 0 && permit -> permit = false; store(PERMIT) }
    :: atomic { visible[BLOCK] > 0 -> visible[BLOCK]--; block = true }
    :: atomic { visible[PERMIT] > 0 -> visible[PERMIT]--; permit = true }
    od
}

/* ---- The reader: two visits of all nodes; one look of sum() ---- */

/* Each visit loads both counters of each node, and which of them it has loaded. A load that is
 * relaxed does not keep later ones back, except those of the same counter. */
#define COUNTED 3 /* thread 0, thread 1, shared */
byte freed_first, allocated_first, freed_second, allocated_second;
bool has_freed_first[COUNTED], has_allocated_first[COUNTED];
bool has_freed_second[COUNTED], has_allocated_second[COUNTED];

#define ALL(loaded) (loaded[0] && loaded[1] && loaded[2])

#ifdef WRONG_FREED_LOADS_RELAXED
#define FREED_IS_DONE true
#else
#define FREED_IS_DONE ALL(has_freed_first)
#endif
#ifdef WRONG_ALLOCATED_LOADS_RELAXED
#define ALLOCATED_IS_DONE true
#else
#define ALLOCATED_IS_DONE ALL(has_allocated_first)
#endif
#define FIRST_IS_DONE (FREED_IS_DONE && ALLOCATED_IS_DONE)

#define loads(visit, counter, place)                                                               \
    has_##counter##_##visit[i] = true;                                                             \
    counter##_##visit = counter##_##visit + visible[place]

active proctype reader()
{
    byte i;

    do
    :: ALL(has_freed_first) && ALL(has_allocated_first) && ALL(has_freed_second) &&
       ALL(has_allocated_second) -> break
    :: else ->
        i = 0;
        if
        :: i = 0
        :: i = 1
        :: i = 2
        fi;
        if
        :: atomic { !has_freed_first[i] -> loads(first, freed, FREED(i)) }
        :: atomic { !has_allocated_first[i] -> loads(first, allocated, ALLOCATED(i)) }
        :: atomic { !has_freed_second[i] && has_freed_first[i] && FIRST_IS_DONE ->
                    loads(second, freed, FREED(i)) }
        :: atomic { !has_allocated_second[i] && has_allocated_first[i] && FIRST_IS_DONE ->
                    loads(second, allocated, ALLOCATED(i)) }
        :: else
        fi
    od;
    assert(allocated_second >= freed_first);
    assert(allocated_second - freed_first <= HELD_MOST + freed_second - freed_first +
                                             allocated_second - allocated_first)
}

init
{
    atomic {
        run thread(0, LIVE_0, true);
        run thread(1, LIVE_1, false)
    }
}
