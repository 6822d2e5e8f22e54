/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The thread protocol of src/accounting.c, src/node.c and src/source.c, for spin. README.md beside
 * this file says which part of the code each part stands for, and what is left out; check.sh runs it.
 *
 * Blocks are of one unit, and any thread may free any block. What a run is about is defined on the
 * command line. WRONG_... breaks the protocol in one place, and spin has to find that.
 */

#include "variables.pml"

#include "protocol.pml"

/* ---- Operations ---- */

#ifdef ALLOCATOR_COUNTS
#define allocator_adds(counter) add(counter[id])
#else
#define allocator_adds(counter) skip
#endif

/* By a thread that is not LIVE: an atomic addition to the shared node */
inline share_allocated()
{
    DRAINED(id);
    d_step { add(allocated[SHARED]); grow(); allocator_adds(own_allocated) }
}

inline share_freed()
{
    DRAINED(id);
    d_step { add(freed[SHARED]); counted--; allocator_adds(own_freed) }
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
    :: live[id] -> store(ALLOCATED)
    :: else -> share_allocated(); give_block(); early_operation()
    fi;
    looks_for_peak()
}

inline deallocate()
{
    take_block();
    if
    :: live[id] -> store(FREED)
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
    :: live[id] -> store(FREED_FOR_MOVE); pool--
#else
    :: live[id] -> store(ALLOCATED_FOR_MOVE)
#endif
    :: else -> share_allocated()
    fi
}

inline finish_reallocating()
{
    moves = false;
    if
#ifdef WRONG_SUBTRACT_FIRST
    :: live[id] -> store(ALLOCATED_FOR_MOVE); pool++
#else
    :: live[id] -> store(FREED_FOR_MOVE)
#endif
    :: else -> share_freed(); pool++; early_operation()
    fi
}

/* ---- fork: what the parent does and what the child does are two futures of one past. The parent's
 * is the one that goes on as if nothing had been. ---- */

#if FORKS
#define LEFT_BEHIND unless { child != NOBODY && child != id && !born[id] }
/* One moment for the whole memory */
#define ALL_LEFT_BEHIND ((gone[1] || vanished[1]) && (gone[2] || vanished[2]))
#else
#define LEFT_BEHIND
#define ALL_LEFT_BEHIND true
#endif

/* Other handlers may allocate, free and read before ours, which finds what they have left. */
inline after_fork_in_child()
{
#ifndef CLONE
    other = 1;
    do
    :: other <= slabs ->
        if
        :: taken[other] && node[id] != other ->
#if defined(ALLOCATOR_COUNTS)
            if
            :: source[other] ->
#ifndef WRONG_CHILD_COPIES_NOTHING
                copy_counts(other);
#endif
                source[other] = false
            :: else
            fi;
#endif
#ifdef WRONG_CHILD_KEEPS_NODES
            skip
#else
            d_step { taken[other] = false; lost[other] = false }
#endif
        :: else
        fi;
        other++
    :: else -> break
    od;
#ifdef ALLOCATOR_COUNTS
#ifndef WRONG_CHILD_KEEPS_INSIDE
    inside = depth[id];
#endif
#endif
    storage_of_others_goes();
#endif
    d_step { other = 0; handled = true }
}

/* Threads that the child starts may get it. */
inline storage_of_others_goes()
{
    d_step {
        other = 0;
        do
        :: other < N -> gone[other] = (other != id || gone[other]); other++
        :: else -> break
        od
    }
}

/* ---- A thread ---- */

/* A thread that registers in the last round of its key destructors ends with its key set. An
 * allocator's counters would be gone then, and its node would still lead to them. */
#if defined(ALLOCATOR_COUNTS) && !defined(WRONG_LAST_ROUND)
#define ENDS (!key[id])
#else
#define ENDS (!key[id] || id == 2)
#endif

#define IDLE (!moves && !registers)
#define MAY_START (IDLE && !wants_look && !wants_reset)
#define FORKING (child == id && !handled)
#define MAY_END (MAY_START && SPENT && operations == 0 && !FORKING && ENDS && !MAY_READ)
/* Of a fork it matters who was inside. */
#if FORKS && defined(ALLOCATOR_COUNTS)
#define ANYBODY_READS true
#else
#define ANYBODY_READS false
#endif
/* One reading is thread 0's: where all threads do as much, it is all the same whose it is. */
#define MAY_READ (MAY_START && readings > 0 && (READINGS > 1 || ANYBODY_READS || id == 0))
#define MAY_OPERATE (MAY_START && operations > 0)

#define ALL_GONE (gone[0] && gone[1] && gone[2])
#define ALL(counter) (counter[0] + counter[1] + counter[2])

#ifdef CLONE /* runs no handlers: nodes of vanished threads stay taken */
#define CLONES true
#else
#define CLONES false
#endif

/* Exact where nothing is under way. What was under way in other threads at a fork stays counted in
 * the child. */
inline check_end()
{
    assert(!ALL_GONE || ALL(allocated) - ALL(freed) == counted);
    assert(!ALL_GONE || counted == owned || child != NOBODY);
    assert(!ALL_GONE || (taken[1] == lost[1] && taken[2] == lost[2]) || CLONES)
}

inline ends()
{
    d_step {
        gone[id] = true;
        lost[node[id]] = node[id] != SHARED;
        node[id] = SHARED;
        key[id] = false;
        live[id] = false;
        check_end()
    }
}

inline is_left_behind()
{
    d_step {
        vanished[id] = true;
        forget_reading(id);
        moves = false; registers = false; registered = false;
        wants_look = false; wants_reset = false; other = 0; early = 0; operations = 0
    }
}

/* In the child: its storage, zeroed, is a vanished thread's. */
inline is_born()
{
    births--;
    born[id] = true;
    gone[id] = false;
    node[id] = SHARED;
    live[id] = false;
    key[id] = false;
#ifdef ALLOCATOR_COUNTS
    own_allocated[id] = 0;
    own_freed[id] = 0;
    depth[id] = 0;
#endif
    operations = BORN_OPERATIONS;
    registers = (EARLY == 0)
}

#if SIGNALS
#define MAY_BE_INTERRUPTED provided(interrupted != _pid)
#else
#define MAY_BE_INTERRUPTED
#endif

/* In any order: the program's operations and readings, those of key destructors before ours and
 * after it, and ours. It ends when its key is not set any more, or never will be. */
active [N] proctype thread() MAY_BE_INTERRUPTED
{
    byte id = _pid;
    byte operations = (_pid == 0 -> OPERATIONS_0 : (_pid == 1 -> OPERATIONS_1 : OPERATIONS_2));
    byte early;
    bool moves; /* what is under way */
    bool registers = (EARLY == 0 && operations > 0);
    bool registered;
    bool wants_look, wants_reset;
    byte other;
    sum_variables;

    who = id;
life:
    {
        do
        :: moves -> atomic { finish_reallocating() }
        :: registers -> thread_register()
        :: IDLE && (wants_look || wants_reset) ->
#if ENDINGS
            { read_sum() } unless { must_end[id] };
            atomic {
                if
                :: must_end[id] -> must_end[id] = false; forget_reading(id); wants_look = false;
                    operations = 0
                :: else
                fi
            }
#else
            read_sum()
#endif
        :: atomic { MAY_OPERATE && owned < BLOCKS_MAX -> operations = operations - SPENT;
                 allocate() }
        :: atomic { MAY_OPERATE && pool > 0 -> operations = operations - SPENT;
                 deallocate() }
        :: atomic { MAY_OPERATE && MOVING && pool > 0 -> operations = operations - SPENT;
                 reallocate() }
        :: atomic { MAY_READ -> readings = readings - SPENT; wants_look = true }
        :: atomic { MAY_START && resets > 0 && id == 0 -> resets--; wants_reset = true }
        :: atomic { MAY_START && forks > 0 && id == 0 -> forks--; child = id }
           ALL_LEFT_BEHIND
        :: MAY_START && FORKING -> after_fork_in_child()
        :: atomic { MAY_START && key[id] && !FORKING -> becomes_late() }
           unpublish_source();
           release_node()
        :: atomic { MAY_END && DRAINED(id) -> ends(); goto done }
        od
    } LEFT_BEHIND;
    is_left_behind();
end:
    atomic { handled && births > 0 && gone[id] && id == 1 -> is_born(); goto life }
done:
    skip
}

#if SIGNALS
/* Without its key nobody would tell the others that the thread has left. */
#ifdef WRONG_NO_KEY
#define HAS_DESTRUCTOR(thread) true
#else
#define HAS_DESTRUCTOR(thread) key[thread]
#endif

#if ENDINGS
#define INTERRUPTS(thread) (reading[thread] && HAS_DESTRUCTOR(thread))
#else
#define INTERRUPTS(thread) (!gone[thread])
#endif

/* The thread stands still meanwhile, wherever it is. */
active proctype handler()
{
    sum_variables;

end:
    do
    :: atomic {
           signals > 0 && (INTERRUPTS(0) || INTERRUPTS(1) || INTERRUPTS(2)) ->
           if
           :: INTERRUPTS(0) -> who = 0
           :: INTERRUPTS(1) -> who = 1
           :: INTERRUPTS(2) -> who = 2
           fi;
           signals--;
           interrupted = who
       }
#if ENDINGS
       atomic {
           must_end[who] = true;
#else
       begin_reading(HANDLER);
       sum();
       atomic {
           check_sum(HANDLER);
           forget_reading(HANDLER);
#endif
           interrupted = NOBODY;
           who = 0
       }
    od
}
#endif

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
