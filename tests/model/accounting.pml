/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The thread protocol of src/accounting.c, for spin. README.md beside this file says which part of
 * the code each part stands for, and what is left out; check.sh runs it.
 *
 * Blocks are of one unit, and any thread may free any block. What a run is about is defined on the
 * command line. WRONG_... breaks the protocol in one place, and spin has to find that.
 */

#include "variables.pml"

#include "protocol.pml"

/* ---- Operations ---- */

#ifdef ALLOCATOR_COUNTS
#define allocator_adds(counter, change) add(counter[id]); holds(change)
#else
#define allocator_adds(counter, change) skip
#endif

/* shared_add(), by a thread that is not LIVE */
inline share_allocated()
{
    DRAINED(id);
    d_step { add(shared_allocated); grow(); is_unseen(); allocator_adds(allocated, 1) }
}

inline share_freed()
{
    DRAINED(id);
    d_step { add(shared_freed); counted--; allocator_adds(freed, -1) }
}

/* The end of zm_accounting_unregistered() */
inline early_operation()
{
    early = early + (early < EARLY -> 1 : 0);
    registers = (early == EARLY && !registered)
}

inline allocate()
{
    if
    :: live[id] -> is_unseen(); holds(1); add_to_counter(ALLOCATED)
    :: else -> share_allocated(); give_block(); early_operation()
    fi;
    is_large()
}

inline deallocate()
{
    take_block();
    if
    :: live[id] -> holds(-1); add_to_counter(FREED)
    :: else -> share_freed(); early_operation()
    fi
}

/* Its first half, and its second. */
inline reallocate()
{
    pool--;
    moves = true;
    if
#ifdef WRONG_SUBTRACT_FIRST
    :: live[id] -> holds(-1); add_to_counter(FREED_FOR_MOVE); pool--
#else
    :: live[id] -> is_unseen(); holds(1); add_to_counter(ALLOCATED_FOR_MOVE)
#endif
    :: else -> share_allocated()
    fi
}

inline finish_reallocating()
{
    moves = false;
    if
#ifdef WRONG_SUBTRACT_FIRST
    :: live[id] -> is_unseen(); holds(1); add_to_counter(ALLOCATED_FOR_MOVE); pool++
#else
    :: live[id] -> holds(-1); add_to_counter(FREED_FOR_MOVE)
#endif
    :: else -> share_freed(); pool++; early_operation()
    fi;
    is_large()
}

/* ---- fork: what the parent does and what the child does are two futures of one past ---- */

#if FORKS
#define LEFT_BEHIND unless { child != NOBODY && child != id }
#else
#define LEFT_BEHIND
#endif

#ifdef WRONG_NO_FORK_HANDLERS
#define FORK_BEGINS atomic { fork_here(); storage_of_others_goes() }
#else
#define FORK_BEGINS before_fork(); fork_state = BEFORE
#endif

#define NO_FORK 0
#define BEFORE 1 /* our handler holds the locks; those registered before it may run */
#define AFTER 2  /* and so may theirs in the parent, and in the child */

inline before_fork()
{
    atomic { choice_lock == NOBODY -> choice_lock = id }
    accounting_lock();
    forking[id] = true
}

inline fork_here()
{
    if
    :: true
    :: child = id
    fi
}

inline after_fork()
{
#ifndef WRONG_CHILD_KEEPS_THREADS
    other = 0;
    do
    :: child == id && other < N ->
        if
        :: other != id && live[other] -> fold(other)
        :: else
        fi;
        other++
    :: else -> break
    od;
    other = 0;
#endif
    atomic { forking[id] = false; accounting_unlock(); choice_lock = NOBODY }
    storage_of_others_goes()
}

/* Threads that the child starts may get it. */
inline storage_of_others_goes()
{
    d_step {
        other = 0;
        do
        :: child == id && other < N -> gone[other] = (other != id); other++
        :: else -> break
        od;
        other = 0
    }
}

/* ---- A thread ---- */

#ifdef WRONG_LAST_ROUND
#define ENDS true
#else
#define ENDS (!key[id])
#endif

#define IDLE (!moves && !registers && !large && !unlooked)
#define MAY_START (IDLE && !wants_look && !wants_reset)
#define MAY_END (MAY_START && SPENT && operations == 0 && fork_state == NO_FORK && ENDS)
/* One reading is thread 0's: where all threads do as much, it is all the same whose it is. */
#define MAY_READ (MAY_START && readings > 0 && (READINGS > 1 || FORKS || id == 0))
#define MAY_OPERATE (MAY_START && operations > 0)

#define ALL_GONE (gone[0] && gone[1] && gone[2])

/* Exact where nothing is under way. What was under way in other threads at a fork stays counted in
 * the child. */
inline check_end()
{
    assert(!ALL_GONE || shared_allocated - shared_freed == counted);
    assert(!ALL_GONE || counted == owned || child != NOBODY);
    assert(!ALL_GONE || threads == NOBODY)
}

/* In any order: the program's operations and readings, those of key destructors before ours and
 * after it, and ours. It ends when its key is not set any more. */
active [N] proctype thread()
{
    byte id = _pid;
    byte operations = (_pid == 0 -> OPERATIONS_0 : (_pid == 1 -> OPERATIONS_1 : OPERATIONS_2));
    byte early;
    byte fork_state;
    bool moves, registers, large, unlooked; /* what is under way */
    bool registered;
    bool wants_look, wants_reset;
    byte other;
#ifdef PEAK
    short held, high;
    byte epoch;
#endif

    {
        do
        :: moves -> atomic { finish_reallocating() }
        :: registers -> thread_register()
        :: large -> atomic { look_whether_large(); large = false }
        :: unlooked -> check_large(); unlooked = false
        :: IDLE && (wants_look || wants_reset) -> read_sum(); check_large()
        :: atomic { MAY_OPERATE && owned < BLOCKS_MAX -> operations = operations - SPENT;
                 allocate() }
        :: atomic { MAY_OPERATE && pool > 0 -> operations = operations - SPENT;
                 deallocate() }
        :: atomic { MAY_OPERATE && MOVING && pool > 0 -> operations = operations - SPENT;
                 reallocate() }
        :: atomic { MAY_READ -> readings = readings - SPENT; wants_look = true }
        :: atomic { MAY_START && resets > 0 && id == 0 -> resets--; wants_reset = true }
        :: atomic { MAY_START && forks > 0 && id == 0 && fork_state == NO_FORK -> forks-- }
           FORK_BEGINS
        :: atomic { MAY_START && fork_state == BEFORE -> fork_here(); fork_state = AFTER }
        :: MAY_START && fork_state == AFTER -> after_fork(); fork_state = NO_FORK
        :: MAY_START && key[id] && fork_state == NO_FORK -> thread_exits()
        :: atomic { MAY_END && DRAINED(id) -> d_step { gone[id] = true; check_end() } break }
        od;
    } LEFT_BEHIND
}

#ifdef STORE_BUFFERS
active proctype processors()
{
    byte what;

end:
    do
    :: atomic { stores[0]?what -> becomes_visible(0, what); what = 0 }
    :: atomic { stores[1]?what -> becomes_visible(1, what); what = 0 }
    :: atomic { stores[2]?what -> becomes_visible(2, what); what = 0 }
#ifdef WRONG_STORE_ORDER
    :: atomic { stores[0]??FREED_FOR_MOVE -> becomes_visible(0, FREED_FOR_MOVE) }
    :: atomic { stores[1]??FREED_FOR_MOVE -> becomes_visible(1, FREED_FOR_MOVE) }
    :: atomic { stores[2]??FREED_FOR_MOVE -> becomes_visible(2, FREED_FOR_MOVE) }
#endif
    od
}
#endif
