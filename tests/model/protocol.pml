/* SPDX-License-Identifier: BSD-3-Clause */

/* What src/accounting.c, src/node.c, src/source.c and src/sum.h do, and src/core.h where it counts. */

/* ---- Counting in a node of one's own, and what the program does after it ---- */

#define add(counter) counter = MODULO(counter + 1)

#define ALLOCATED 0
#define FREED 1
#define ALLOCATED_FOR_MOVE 2
#define FREED_FOR_MOVE 3
#define STATE_FREE 4

#ifdef ALLOCATOR_COUNTS
#define OWN_ALLOCATED(thread) own_allocated[thread]
#define OWN_FREED(thread) own_freed[thread]
#else
#define OWN_ALLOCATED(thread) allocated[node[thread]]
#define OWN_FREED(thread) freed[node[thread]]
#endif

inline becomes_visible(thread, what)
{
    if
    :: what == ALLOCATED -> add(OWN_ALLOCATED(thread)); grow(); give_block()
    :: what == ALLOCATED_FOR_MOVE -> add(OWN_ALLOCATED(thread)); grow()
    :: what == FREED -> add(OWN_FREED(thread)); counted--
    :: what == FREED_FOR_MOVE -> add(OWN_FREED(thread)); counted--; pool++
    :: what == STATE_FREE -> taken[node[thread]] = false; node[thread] = SHARED
    fi
}

#ifdef STORE_BUFFERS
/* A processor's stores reach the others in order, some time; what is locked waits for them. */
chan stores[N] = [2] of { byte };
#define DRAINED(thread) empty(stores[thread])
#define store(what) stores[id]!what
#else
#define DRAINED(thread) true
#define store(what) becomes_visible(id, what)
#endif

/* ---- Nodes ---- */

#if defined(WRONG_STARTS_AT_ZERO) && !defined(ALLOCATOR_COUNTS)
#define count_at_zero() allocated[node[id]] = 0; freed[node[id]] = 0
#else
#define count_at_zero() skip
#endif

/* Only the thread itself asks whether it is LIVE, and it has nothing to count before it is done. */
inline owns(which)
{
    node[id] = which;
    live[id] = true;
    count_at_zero()
}

/* The slab comes with its node taken, so nobody else can be faster. */
inline push_slab()
{
    slabs++;
    taken[slabs] = true;
    owns(slabs)
}

/* zm_node_take(). A thread for which there is none stays with the shared node, as where a slab can't be had. */
inline take_node()
{
    other = 1;
    do
    :: atomic { other > slabs && DRAINED(id) && slabs < SLABS_MAX -> push_slab(); break }
    :: atomic { other > slabs && slabs == SLABS_MAX -> break }
    :: atomic { other <= slabs && taken[other] -> other++ }
#ifdef WRONG_NO_CAS
    :: other <= slabs && !taken[other] -> atomic { taken[other] = true; owns(other) } break
#else
    :: atomic { other <= slabs && DRAINED(id) && !taken[other] ->
             taken[other] = true; owns(other); break }
#endif
    od
}

#ifdef ALLOCATOR_COUNTS
/* zm_source_add(). While a reader uses it `from` has to stay as it is: the steps show whether it does. */
inline publish_source()
{
    if
    :: atomic { node[id] != SHARED -> from[node[id]] = id }
        d_step {
#ifdef WRONG_STARTS_AT_ZERO
            base_allocated[node[id]] = 0 - own_allocated[id];
            base_freed[node[id]] = 0 - own_freed[id]
#else
            base_allocated[node[id]] = allocated[node[id]] - own_allocated[id];
            base_freed[node[id]] = freed[node[id]] - own_freed[id]
#endif
        }
        source[node[id]] = true
    :: atomic { node[id] == SHARED -> skip }
    fi
}

inline copy_counts(which)
{
    allocated[which] = base_allocated[which] + own_allocated[from[which]];
    freed[which] = base_freed[which] + own_freed[from[which]]
}

#ifdef WRONG_WAITS_FOR_ITSELF
#define NOBODY_INSIDE (inside == 0)
#elif defined(WRONG_WAITS_FOR_ITS_DEPTH)
#define NOBODY_INSIDE (inside == depth[id])
#else
#define NOBODY_INSIDE (inside == 0)
#endif

/* zm_forget_own_readings(). A reading that this thread has been torn from will not come back to leave. */
inline leave_for_good()
{
#if !defined(WRONG_WAITS_FOR_ITSELF) && !defined(WRONG_WAITS_FOR_ITS_DEPTH)
    inside = inside - depth[id];
    depth[id] = 0
#else
    skip
#endif
}

/* zm_source_drop(), and the wait */
inline unpublish_source()
{
    if
    :: atomic { node[id] != SHARED -> skip }
#ifndef WRONG_RELEASED_BEFORE_COPY
        copy_counts(node[id]);
#endif
        source[node[id]] = false;
        atomic { leave_for_good() }
#ifdef WRONG_NO_WAIT
        skip
#else
        NOBODY_INSIDE
#endif
    :: atomic { node[id] == SHARED -> leave_for_good() }
    fi
}
#else
#define publish_source() skip
#define unpublish_source() skip
#endif

/* zm_node_leave(). The counts stay. */
inline release_node()
{
#ifdef WRONG_RELEASED_BEFORE_COPY
    other = node[id];
#endif
    atomic {
        if
        :: node[id] != SHARED -> store(STATE_FREE)
        :: else
        fi
    }
#ifdef WRONG_RELEASED_BEFORE_COPY
    if
    :: other != SHARED -> copy_counts(other)
    :: else
    fi;
    other = 0
#endif
}

inline becomes_late()
{
    key[id] = false;
    live[id] = false
}

inline thread_register()
{
    take_node();
    publish_source();
    atomic { key[id] = true; registers = false; registered = true; other = 0 }
}

/* ---- Reading ---- */

#ifdef ALLOCATOR_COUNTS
#ifdef WRONG_DEPTH_APART
#define count_in(thread) depth[thread]++; inside++
#define count_out(thread) inside--; depth[thread]--
#else
#define count_in(thread) atomic { depth[thread]++; inside++ }
#define count_out(thread) atomic { inside--; depth[thread]-- }
#endif
#else
#define count_in(thread) skip
#define count_out(thread) skip
#endif

#ifdef WRONG_INSIDE_AFTER_SOURCE
#define enter(thread) skip
#define leave(thread) skip
#else
#define enter(thread) count_in(thread)
#define leave(thread) count_out(thread)
#endif

#ifdef WRONG_INSIDE_AFTER_SOURCE
#define enter_late() count_in(who)
#define leave_early() count_out(who)
#else
#define enter_late() skip
#define leave_early() skip
#endif

/* The source is loaded in one step, and what it leads to in the next two. */
#ifdef ALLOCATOR_COUNTS
#define load(counter, total)                                                                       \
    d_step {                                                                                       \
        if                                                                                         \
        :: has_source ->                                                                           \
            assert(!gone[from[left - 1]]);                                                         \
            total = total + base_##counter[left - 1] + own_##counter[from[left - 1]]               \
        :: else -> total = total + counter[left - 1]                                               \
        fi                                                                                         \
    }
#define visit()                                                                                    \
    has_source = source[left - 1];                                                                 \
    enter_late();                                                                                  \
    load(freed, all_freed);                                                                        \
    load(allocated, all_allocated);                                                                \
    leave_early();                                                                                 \
    d_step { has_source = false; left-- }
#else
#define visit()                                                                                    \
    all_freed = all_freed + freed[left - 1];                                                       \
    d_step { all_allocated = all_allocated + allocated[left - 1]; left-- }
#endif

#ifdef WRONG_SLABS_SEEN_ONCE
#define SLABS_SEEN slabs_seen
#else
#define SLABS_SEEN slabs
#endif

/* From the slab that was pushed last to the shared node. */
inline collect()
{
    d_step { all_freed = 0; all_allocated = 0; left = SLABS_SEEN + 1 }
    do
    :: left > 0 -> visit()
    :: left == 0 -> break
    od
}

#ifdef WRONG_ONE_LOOK
#define SUM_ENDS true
#elif defined(WRONG_ENDLESS_LOOKS)
#define SUM_ENDS (changed < MUCH)
#else
#define SUM_ENDS (changed < MUCH || looks == LOOKS_MAX)
#endif

/* Of a thread or handler; `who` is the thread that the reading belongs to. */
#define sum_variables                                                                              \
    short all_freed, all_allocated, was_freed, was_allocated, used, changed, least, least_changed; \
    byte looks, left, who, slabs_seen;                                                             \
    bool has_source

inline begin_reading(reader)
{
    d_step {
        reading[reader] = BOUNDS;
        low[reader] = owned;
        most[reader] = counted;
        least = 99;
        least_changed = 99;
        slabs_seen = slabs
    }
}

inline keep_first()
{
    atomic { was_freed = all_freed; was_allocated = all_allocated }
}

inline sum()
{
    enter(who);
    collect();
    keep_first();
#ifdef WRONG_ALLOCATED_FIRST
    collect();
    atomic { least = was_allocated - all_freed; least_changed = 0; looks = 1 }
#else
    do
    :: collect();
        atomic {
            looks++;
            used = MODULO(all_allocated - was_freed);
            changed = MODULO(all_freed - was_freed) + MODULO(all_allocated - was_allocated);
            least = (used < least -> used : least);
            least_changed = (changed < least_changed -> changed : least_changed);
            used = 0
        }
        if
        :: SUM_ENDS -> break
        :: else -> keep_first()
        fi
    od;
#endif
    leave(who)
}

/* What is counted stays the same where nobody else runs. */
#define ALONE (child != NOBODY && births == BIRTHS)

/* No less than what was in use at one moment of the reading; and above what was in use at one by
 * less than MUCH or, where the looks are used up, by what was counted during the best of them. */
inline check_sum(reader)
{
    assert(looks <= LOOKS_MAX);
    assert(least >= 0);
    assert(least >= low[reader] || !BOUNDS);
    assert(!BOUNDS || least <= most[reader] + (looks == LOOKS_MAX -> least_changed : MUCH - 1));
    assert(!ALONE || !BOUNDS || least == counted)
}

inline forget_reading(reader)
{
    reading[reader] = false; low[reader] = 0; most[reader] = 0;
    all_freed = 0; all_allocated = 0; was_freed = 0; was_allocated = 0; used = 0; changed = 0;
    least = 0; least_changed = 0; looks = 0; left = 0; slabs_seen = 0; has_source = false
}

/* ---- The peak: every allocation looks ---- */

#ifdef PEAK
/* Announced before it sums up, so a look that began later stays. */
inline begin_reset()
{
    d_step {
        if
        :: wants_reset ->
#ifndef WRONG_RESET_LAST
            peak = 0;
#endif
            least_peak = 0;
            since[0] = false;
            since[1] = false;
            since[2] = false
        :: else
        fi;
        since[id] = true
    }
}

/* A maximum, by compare-and-swap. */
inline raise_peak()
{
#ifdef WRONG_RESET_LAST
    if
    :: wants_reset -> peak = least
    :: else
    fi;
#endif
    if
#ifdef WRONG_PEAK_STORED
    :: peak < least -> peak = least
#else
    :: atomic { peak < least -> peak = least }
#endif
    :: peak >= least
    fi
}

inline check_peak()
{
    least_peak = (since[id] && low[id] > least_peak -> low[id] : least_peak);
    assert(peak >= least_peak);
    since[id] = false
}
#define looks_for_peak() wants_look = true
#else
#define begin_reset() skip
#define raise_peak() skip
#define check_peak() skip
#define looks_for_peak() skip
#endif

/* zmalloc_used_memory() and zmalloc_reset_peak() */
inline read_sum()
{
    begin_reset();
    begin_reading(id);
    sum();
    raise_peak();
#ifdef ENDLESS
progress:
#endif
    atomic {
        check_sum(id);
        check_peak();
        forget_reading(id);
        wants_look = false;
        wants_reset = false
    }
}
