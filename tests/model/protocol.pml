/* SPDX-License-Identifier: BSD-3-Clause */

/* What src/accounting.c does, and src/core.h where it counts. */

/* ---- Counting of a LIVE thread: zm_counter_add(), and what the program does after it ---- */

#define add(counter) counter = MODULO(counter + 1)

#define ALLOCATED 0
#define FREED 1
#define ALLOCATED_FOR_MOVE 2
#define FREED_FOR_MOVE 3

inline becomes_visible(thread, what)
{
    if
    :: what == ALLOCATED -> add(allocated[thread]); grow(); give_block()
    :: what == ALLOCATED_FOR_MOVE -> add(allocated[thread]); grow()
    :: what == FREED -> add(freed[thread]); counted--
    :: what == FREED_FOR_MOVE -> add(freed[thread]); counted--; pool++
    fi
}

#ifdef STORE_BUFFERS
/* A processor's stores reach the others in order, some time; what is locked waits for them. */
chan stores[N] = [2] of { byte };
#define DRAINED(thread) empty(stores[thread])
#define add_to_counter(what) stores[id]!what
#else
#define DRAINED(thread) true
#define add_to_counter(what) becomes_visible(id, what)
#endif

/* ---- The lock and what it guards ---- */

#ifdef WRONG_HANDLERS_LOCK
#define HAS_LOCK false
#else
#define HAS_LOCK forking[id]
#endif

inline accounting_lock()
{
    atomic {
        DRAINED(id) && (HAS_LOCK || lock == NOBODY) ->
        if
        :: HAS_LOCK
        :: else -> lock = id
        fi
    }
}

inline accounting_unlock()
{
    if
    :: HAS_LOCK
    :: else -> lock = NOBODY
    fi
}

inline list_insert(thread)
{
    next[thread] = threads;
    if
    :: threads != NOBODY -> previous[threads] = thread
    :: else
    fi;
    threads = thread
}

/* What the node holds afterwards nobody reads; zeros make fewer states. */
inline list_remove(thread)
{
    if
    :: previous[thread] != NOBODY -> next[previous[thread]] = next[thread]
    :: else -> threads = next[thread]
    fi;
    if
    :: next[thread] != NOBODY -> previous[next[thread]] = previous[thread]
    :: else
    fi;
    next[thread] = NOBODY;
    previous[thread] = NOBODY;
    base_allocated[thread] = 0;
    base_freed[thread] = 0;
    allocated[thread] = 0;
    freed[thread] = 0
}

inline move_counters(thread)
{
    shared_allocated = MODULO(shared_allocated + allocated[thread] - base_allocated[thread]);
    shared_freed = MODULO(shared_freed + freed[thread] - base_freed[thread])
}

inline leave_list(thread)
{
    list_remove(thread);
#ifndef WRONG_STAYS_LIVE
    live[thread] = false
#endif
}

/* fold(), under the lock: one step */
inline fold(thread)
{
#ifndef WRONG_NOT_FOLDED
    move_counters(thread);
#endif
    leave_list(thread)
}

inline thread_exits()
{
#ifdef WRONG_FOLD_UNLOCKED
    d_step { key[id] = false; move_counters(id) }
    d_step { leave_list(id) }
#else
    atomic { accounting_lock(); d_step { key[id] = false; fold(id); accounting_unlock() } }
#endif
}

inline thread_register()
{
    d_step {
        key[id] = true;
#if defined(ALLOCATOR_COUNTS) && !defined(WRONG_NO_BASE)
        base_allocated[id] = allocated[id];
        base_freed[id] = freed[id];
#endif
#ifdef WRONG_HIGH_UNSEEN
        high = held;
        high_epoch[id] = 1;
#endif
    }
    accounting_lock();
    d_step {
        list_insert(id);
        live[id] = true;
        registers = false;
        registered = true;
        accounting_unlock()
    }
}

/* ---- Reading ---- */

inline all_freed(total)
{
    d_step { total = shared_freed; at = threads }
    do
    :: atomic {
           at != NOBODY ->
           d_step {
               assert(!gone[at]);
               total = total + freed[at] - base_freed[at];
               at = next[at]
           }
       }
    :: at == NOBODY -> break
    od
}

inline all_allocated(total)
{
    at = threads;
    do
    :: atomic {
           at != NOBODY ->
           d_step {
               assert(!gone[at]);
               total = total + allocated[at] - base_allocated[at];
               at = next[at]
           }
       }
    :: at == NOBODY -> break
    od;
    total = total + shared_allocated
}

#ifdef WRONG_ONE_LOOK
#define SUM_ENDS true
#elif defined(WRONG_ENDLESS_LOOKS)
#define SUM_ENDS (freed_since < MUCH)
#else
#define SUM_ENDS (freed_since < MUCH || looks == LOOKS_MAX)
#endif

inline sum()
{
    d_step { reading = BOUNDS; low = owned; most = counted; least = 99; least_since = 99 }
#ifdef WRONG_ALLOCATED_FIRST
    all_allocated(used);
    all_freed(was_freed);
    atomic { least = used - was_freed; least_since = 0; looks = 1 }
#else
    all_freed(was_freed);
    do
    :: used = 0;
        all_allocated(used);
        all_freed(freed_since);
        atomic {
            looks++;
            used = MODULO(used - was_freed);
            freed_since = MODULO(freed_since - was_freed);
            was_freed = MODULO(was_freed + freed_since);
            least = (used < least -> used : least);
            least_since = (freed_since < least_since -> freed_since : least_since)
        }
        if
        :: SUM_ENDS -> break
        :: else
        fi
    od
#endif
}

/* No less than what was in use at one moment of the reading; and above what was in use at one by
 * less than MUCH or, where the looks are used up, by what was freed during the best of them. */
inline check_sum()
{
    assert(looks <= LOOKS_MAX);
    assert(least >= 0);
    assert(least >= low || !BOUNDS);
    assert(!BOUNDS || least <= most + (looks == LOOKS_MAX -> least_since : MUCH - 1));
    assert(child == NOBODY || !BOUNDS || least == counted)
}

/* zmalloc_used_memory() and zmalloc_reset_peak() */
inline read_sum()
{
    accounting_lock();
#ifdef PEAK
#ifndef WRONG_EPOCH_LAST
    peak_epoch = peak_epoch + wants_reset;
#endif
    note_what_is_seen();
#endif
    sum();
#ifdef WRONG_EPOCH_LAST
    peak_epoch = peak_epoch + wants_reset;
#endif
#ifdef ENDLESS
progress:
#endif
    atomic {
        check_sum();
        reading = false; low = 0; most = 0;
        used = 0; was_freed = 0; freed_since = 0; least = 0; least_since = 0; looks = 0; at = 0;
        wants_look = false;
        wants_reset = false;
        accounting_unlock()
    }
}

/* ---- The peak: every block is a large one ---- */

#ifdef PEAK
/* What a sum that begins now is sure to have, and so the peak. With a reset nothing else counts any
 * more. */
inline note_what_is_seen()
{
    d_step {
        at = 0;
        do
        :: at < N ->
            if
            :: wants_reset || allocated[at] - freed[at] > seen_high[at] ->
                seen_high[at] = allocated[at] - freed[at]
            :: else
            fi;
            seen[at] = DRAINED(at);
            at++
        :: else -> break
        od
    }
}

/* zm_accounting_large(), up to its reading. A thread sees its own counters at once. */
inline look_whether_large()
{
    if
    :: live[id] ->
#ifndef WRONG_NO_FENCE
        DRAINED(id);
#endif
        epoch = peak_epoch;
        if
        :: high_epoch[id] == epoch && held - high < LARGE_BLOCK -> unlooked = true
        :: else -> d_step { high = held; high_epoch[id] = epoch; wants_look = true }
        fi;
        epoch = 0
    :: else -> wants_look = true
    fi
}

/* Either the block has been seen since the reset, or that its thread held as much. */
inline check_large()
{
    assert(seen[id] || (live[id] && held < seen_high[id] + LARGE_BLOCK))
}

#define holds(change) held = held + (change)
#define is_unseen() seen[id] = false
#define is_large() large = true
#else
#define holds(change) skip
#define is_unseen() skip
#define look_whether_large() skip
#define is_large() skip
#define check_large() skip
#define note_what_is_seen() skip
#endif
