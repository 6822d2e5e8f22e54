/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How a node goes from one thread to the next, and what a reader sees of it, on a processor with
 * weak memory order. weak.pml is about the counters; this is about `state`, `source`, `from` and
 * `inside`. README.md says which order each WRONG_... leaves out.
 *
 * As in weak.pml a store is pending until it becomes visible, to all other threads at once. A
 * release waits for everything its thread has stored before; others may overtake. Loads happen in
 * order, unless a WRONG_... relaxes one. One that is sequentially consistent waits until its
 * thread's pending stores have become visible; others do not.
 *
 * Thread A has the node, publishes its source, counts one unit, ends, and its storage goes. B takes
 * the node and publishes its own source. A reader passes by twice. With -DOWN_COUNTS there is no
 * allocator that counts by itself: A counts in the node and releases it, and B goes on counting.
 */

#ifdef OWN_COUNTS
#define MOST 2
#else
#define MOST 1
#endif

#define A 0
#define B 1
#define READER 2
#define N 3

/* ---- Memory ---- */

#define COUNT 0     /* the node's `allocated` */
#define IS_FREE 1   /* its state */
#define SOURCE 2    /* or 0 */
#define FROM 3      /* whose counter: 0 is nobody's, 1 A's, 2 B's */
#define BASE 4
#define OWN 5       /* A's counter, the allocator's; B's stays 0 */
#define GONE 6      /* A's storage */
#define INSIDE 7
#define PLACES 8

byte visible[PLACES];

#define ROOM 7
byte place[N * ROOM];
byte content[N * ROOM];
byte pending[N];

#define NOTHING_PENDING (pending[id] == 0)

inline store(where, what)
{
    d_step {
        place[id * ROOM + pending[id]] = where;
        content[id * ROOM + pending[id]] = what;
        pending[id]++
    }
}

#ifdef WRONG_STATE_RELAXED
#define STATE_IS_RELAXED true
#else
#define STATE_IS_RELAXED false
#endif
#ifdef WRONG_PUBLISHED_RELAXED
#define PUBLISHED_IS_RELAXED true
#else
#define PUBLISHED_IS_RELAXED false
#endif
#ifdef WRONG_NULL_RELAXED
#define NULL_IS_RELAXED true
#else
#define NULL_IS_RELAXED false
#endif

#ifdef WRONG_COPIED_RELAXED
#define COUNT_IS_RELAXED true
#else
#define COUNT_IS_RELAXED false
#endif

#define WHERE(at) place[thread * ROOM + (at)]
#define WHAT(at) content[thread * ROOM + (at)]

/* An allocator's own counter is a plain store, as are those to `from`, which belongs to the owner.
 * GONE is the system's: everything has happened then. */
#define IS_RELAXED(at)                                                                             \
    (WHERE(at) == FROM || WHERE(at) == BASE || WHERE(at) == OWN ||                                \
     (WHERE(at) == COUNT && COUNT_IS_RELAXED) ||                                                   \
     (WHERE(at) == IS_FREE && STATE_IS_RELAXED) ||                                                \
     (WHERE(at) == SOURCE && (WHAT(at) != 0 -> PUBLISHED_IS_RELAXED : NULL_IS_RELAXED)))

/* One place has one order. */
#define IS_OTHER(at, before) ((before) >= (at) || WHERE(at) != WHERE(before))
#define MAY_COME(at)                                                                               \
    ((at) < pending[thread] &&                                                                     \
     ((at) == 0 || (IS_RELAXED(at) && IS_OTHER(at, 0) && IS_OTHER(at, 1) && IS_OTHER(at, 2) &&     \
                    IS_OTHER(at, 3) && IS_OTHER(at, 4) && IS_OTHER(at, 5))))

inline comes(which)
{
    d_step {
        visible[WHERE(which)] = WHAT(which);
        i = which;
        do
        :: i + 1 < pending[thread] ->
            WHERE(i) = WHERE(i + 1);
            WHAT(i) = WHAT(i + 1);
            i++
        :: else -> break
        od;
        pending[thread]--;
        WHERE(i) = 0;
        WHAT(i) = 0;
        i = 0
    }
}

/* Of each thread */
active [N] proctype memory()
{
    byte thread = _pid;
    byte i;

end:
    do
    :: atomic { MAY_COME(0) -> comes(0) }
    :: atomic { MAY_COME(1) -> comes(1) }
    :: atomic { MAY_COME(2) -> comes(2) }
    :: atomic { MAY_COME(3) -> comes(3) }
    :: atomic { MAY_COME(4) -> comes(4) }
    :: atomic { MAY_COME(5) -> comes(5) }
    :: atomic { MAY_COME(6) -> comes(6) }
    od
}

/* ---- The owners ---- */

#if defined(WRONG_NULL_RELEASE) || defined(WRONG_NULL_RELAXED)
#define NULL_IS_SEEN true
#else
#define NULL_IS_SEEN NOTHING_PENDING
#endif

/* zm_source_add(), an operation, thread_exits() */
active proctype a()
{
    byte id = A;

#ifdef OWN_COUNTS
    store(COUNT, 1);
    store(IS_FREE, 1)
#else
    store(FROM, 1);
    store(SOURCE, 1);
    store(OWN, 1);
    store(COUNT, 1);
    store(SOURCE, 0);
    atomic { NULL_IS_SEEN && visible[INSIDE] == 0 -> store(IS_FREE, 1) }
    store(GONE, 1)
#endif
}

/* zm_node_take(), zm_source_add() */
active proctype b()
{
    byte id = B;
    byte count;

end:
    if
    :: atomic { visible[IS_FREE] == 1 -> visible[IS_FREE] = 0 }
       count = visible[COUNT]
#ifdef WRONG_CLAIM_RELAXED
    :: count = visible[COUNT];
       atomic { visible[IS_FREE] == 1 -> visible[IS_FREE] = 0 }
#endif
    fi;
    assert(count == 1);
#ifdef OWN_COUNTS
    store(COUNT, count + 1)
#else
    store(FROM, 2);
    store(BASE, count);
    store(SOURCE, 1)
#endif
}

/* ---- The reader: add_node() ---- */

#ifdef WRONG_SOURCE_LOAD_ACQUIRE
#define MAY_LOAD_SOURCE true
#else
#define MAY_LOAD_SOURCE NOTHING_PENDING
#endif

inline load_source()
{
    if
    :: atomic { MAY_LOAD_SOURCE -> source = visible[SOURCE] }
#ifdef WRONG_SOURCE_LOAD_RELAXED
       whose = visible[FROM]
    :: atomic { MAY_LOAD_SOURCE -> whose = visible[FROM] }
       source = visible[SOURCE]
#else
       whose = visible[FROM]
#endif
    fi
}

inline value_of(value)
{
    if
    :: source != 0 ->
        d_step {
            assert(whose != 0);
            assert(whose != 1 || visible[GONE] == 0);
            value = visible[BASE] + (whose == 1 -> visible[OWN] : 0)
        }
    :: else -> value = visible[COUNT]
    fi
}

active proctype reader()
{
    byte id = READER;
    byte source, whose, first, second;

    store(INSIDE, 1);
    load_source();
    value_of(first);
    load_source();
#ifdef WRONG_LEAVE_RELAXED
    store(INSIDE, 0);
    value_of(second);
#else
    value_of(second);
    store(INSIDE, 0);
#endif
    assert(first <= second && second <= MOST)
}
