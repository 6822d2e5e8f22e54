/* SPDX-License-Identifier: BSD-3-Clause */

#include "operations.h"

#include <errno.h>
#include <string.h>

#include "actor.h"
#include "requests.h"
#include "zmalloc.h"

/* ---- Functions that return a block ---- */

#define CALL(id, expression)                                                                       \
    static void *call_##id(const struct request *request)                                          \
    {                                                                                              \
        return expression;                                                                         \
    }

CALL(zmalloc, zmalloc(request->size))
CALL(zcalloc, zcalloc(request->size))
CALL(zcalloc_num, zcalloc_num(request->num, request->size))
CALL(zrealloc, zrealloc(request->ptr, request->size))
CALL(ztrymalloc, ztrymalloc(request->size))
CALL(ztrycalloc, ztrycalloc(request->size))
CALL(ztrycalloc_num, ztrycalloc_num(request->num, request->size))
CALL(ztryrealloc, ztryrealloc(request->ptr, request->size))
CALL(zreallocarray, zreallocarray(request->ptr, request->num, request->size))
CALL(ztryreallocarray, ztryreallocarray(request->ptr, request->num, request->size))
CALL(zmalloc_usable, zmalloc_usable(request->size, request->usable))
CALL(zcalloc_usable, zcalloc_usable(request->size, request->usable))
CALL(zrealloc_usable, zrealloc_usable(request->ptr, request->size, request->usable))
CALL(ztrymalloc_usable, ztrymalloc_usable(request->size, request->usable))
CALL(ztrycalloc_usable, ztrycalloc_usable(request->size, request->usable))
CALL(ztryrealloc_usable, ztryrealloc_usable(request->ptr, request->size, request->usable))
CALL(zmalloc_aligned, zmalloc_aligned(request->alignment, request->size))
CALL(ztrymalloc_aligned, ztrymalloc_aligned(request->alignment, request->size))
CALL(zmalloc_cache_aligned, zmalloc_cache_aligned(request->size))
CALL(ztrymalloc_cache_aligned, ztrymalloc_cache_aligned(request->size))
CALL(zstrdup, zstrdup(request->string))
CALL(ztrystrdup, ztrystrdup(request->string))
CALL(zmalloc_no_tcache, zmalloc_no_tcache(request->size))
CALL(ztrymalloc_no_tcache, ztrymalloc_no_tcache(request->size))

/* ---- Freeing ---- */

static struct block *take_slot(struct actor *actor)
{
    struct block *slot = actor_next_slot(actor);

    actor->step.came = slot->ptr != NULL;
    if (slot->ptr != NULL)
        block_check(slot);
    errno = ERRNO_BEFORE;
    return slot;
}

static void check_gone(struct block *slot)
{
    EXPECT(errno == ERRNO_BEFORE, "errno has become %d", errno);
    *slot = (struct block){0};
}

static void run_zfree(struct actor *actor)
{
    struct block *slot = take_slot(actor);

    zfree(slot->ptr);
    check_gone(slot);
}

static void run_zfree_usable(struct actor *actor)
{
    struct block *slot = take_slot(actor);
    size_t expected = slot->ptr != NULL ? slot->usable : 0;
    size_t usable = 77;

    zfree_usable(slot->ptr, &usable);
    EXPECT(usable == expected, "%zu bytes were given back, not %zu", usable, expected);
    check_gone(slot);
}

/* With any size from the requested to the usable size. */
static void run_zfree_with_size(struct actor *actor)
{
    struct block *slot = take_slot(actor);
    size_t part = stream_byte(&actor->stream);

    zfree_with_size(slot->ptr, slot->asked + (slot->usable - slot->asked) * part / 255);
    check_gone(slot);
}

static void run_zfree_no_tcache(struct actor *actor)
{
    struct block *slot = take_slot(actor);

    zfree_no_tcache(slot->ptr);
    check_gone(slot);
}

/* ---- Looking at blocks ---- */

static void run_check(struct actor *actor)
{
    struct block *slot = take_slot(actor);

    if (slot->ptr != NULL)
        block_check(slot);
    EXPECT(zmalloc_size(slot->ptr) != 0 || slot->ptr == NULL, "a live block counts for nothing");
    EXPECT(errno == ERRNO_BEFORE, "asking for a size made errno %d", errno);
}

static void run_nothing(struct actor *actor)
{
    (void)actor;
    errno = ERRNO_BEFORE;
    zfree(NULL);
    zfree_with_size(NULL, 8);
    zfree_usable(NULL, NULL);
    EXPECT(zmalloc_size(NULL) == 0 && zmalloc_usable_size(NULL) == 0, "NULL has a size");
    EXPECT(errno == ERRNO_BEFORE, "NULL made errno %d", errno);
}

static void run_good_size(struct actor *actor)
{
    size_t size = stream_size(&actor->stream, actor_room(actor));
    size_t good = zmalloc_good_size(size);
    void *block;

    actor->step.size = size;
    EXPECT(size < SIZE_MAX / 2 || good == 0, "%zu has a good size of %zu", size, good);
    if (size >= SURE_TO_FAIL)
        return;
    block = zmalloc(size);
    EXPECT(block != NULL, "there is no block of %zu bytes", size);
    EXPECT(good == 0 || good == zmalloc_usable_size(block),
           "the good size of %zu is %zu, a block of it has %zu", size, good,
           zmalloc_usable_size(block));
    zfree(block);
    actor->step.came = 1;
}

/* The contents of the pages may be gone; the block is not. */
static void run_dontneed(struct actor *actor)
{
    struct block *slot = take_slot(actor);

    zmadvise_dontneed(slot->ptr);
    if (slot->ptr != NULL)
        block_stamp(slot, actor_next_seed(actor));
}

static void run_dontneed_range(struct actor *actor)
{
    struct block *slot = take_slot(actor);
    size_t from = stream_byte(&actor->stream);
    size_t to = from + (255 - from) * stream_byte(&actor->stream) / 255;

    if (slot->ptr == NULL) {
        zmadvise_dontneed_range(NULL, to);
        return;
    }
    from = slot->usable * from / 255;
    to = slot->usable * to / 255;
    zmadvise_dontneed_range(slot->ptr + from, to - from);
    check_stamp(extend_to_usable(slot->ptr, from), from, slot->usable, slot->seed);
    block_stamp(slot, actor_next_seed(actor));
}

/* ---- Accounting, and what the allocator does ---- */

/* While other threads allocate, it is at least what this thread holds. */
static void run_used(struct actor *actor)
{
    size_t held = blocks_size(actor->slots, actor->slot_count);
    size_t used = zmalloc_used_memory();

    EXPECT(used >= held, "used memory is %zu, this thread alone holds %zu", used, held);
    actor_check_used(actor);
}

static void run_peak(struct actor *actor)
{
    size_t used = zmalloc_used_memory();
    size_t peak = zmalloc_peak_memory();

    (void)actor;
    EXPECT(peak >= used, "the peak is %zu, used memory was %zu", peak, used);
}

static void run_reset_peak(struct actor *actor)
{
    size_t used, peak;

    if (!actor->is_alone)
        return;
    zmalloc_reset_peak();
    used = zmalloc_used_memory();
    peak = zmalloc_peak_memory();
    EXPECT(peak == used, "the peak after its reset is %zu, used memory %zu", peak, used);
}

static void run_purge(struct actor *actor)
{
    (void)actor;
    EXPECT(zmalloc_purge() >= 0 || errno == ENOTSUP, "purging failed with errno %d", errno);
}

static void run_idle(struct actor *actor)
{
    (void)actor;
    EXPECT(zmalloc_thread_idle() == 0 || errno == ENOTSUP, "idling failed with errno %d", errno);
}

static void run_info(struct actor *actor)
{
    size_t values[5];

    (void)actor;
    zmalloc_get_allocator_info(&values[0], &values[1], &values[2], &values[3], &values[4]);
    zmalloc_get_allocator_info(NULL, NULL, NULL, NULL, NULL);
}

/* Moves a block as a program does that has been told to, whatever the answer; but asks for as much as before, which is
 * the same on each backend. */
static void run_move(struct actor *actor)
{
    struct block *slot = take_slot(actor);
    int answer = zmalloc_worth_moving(slot->ptr);
    unsigned char *moved;

    EXPECT(answer >= 0 || errno == ENOTSUP, "asking about a block failed with errno %d", errno);
    EXPECT(slot->ptr != NULL || answer <= 0, "NULL is worth moving");
    EXPECT(zmalloc_get_fragmentation(NULL) == 0 || errno == ENOTSUP, "errno %d", errno);
    if (slot->ptr == NULL)
        return;
    moved = ztrymalloc_no_tcache(slot->asked);
    EXPECT(moved != NULL, "there is no block of %zu bytes to move to", slot->asked);
    memcpy(moved, slot->ptr, slot->asked);
    check_stamp(moved, slot->asked, slot->usable, slot->seed);
    zfree_no_tcache(slot->ptr);
    slot->ptr = moved;
    slot->usable = zmalloc_usable_size(moved);
    block_stamp(slot, actor_next_seed(actor));
}

/* ---- The table ---- */

#define REQUEST(id, traits_of_it)                                                                  \
    {.name = #id, .run = run_request, .call = call_##id, .traits = (traits_of_it)},
#define OTHER(id, function) {.name = #id, .run = function},

/* clang-format off */
const struct operation operations[] = {
    REQUEST(zmalloc, CALLS_HANDLER)
    REQUEST(zcalloc, CALLS_HANDLER | ZEROES)
    REQUEST(zcalloc_num, CALLS_HANDLER | ZEROES | TAKES_FACTORS)
    REQUEST(zrealloc, CALLS_HANDLER | RESIZES)
    REQUEST(ztrymalloc, 0)
    REQUEST(ztrycalloc, ZEROES)
    REQUEST(ztryrealloc, RESIZES)
    REQUEST(zreallocarray, CALLS_HANDLER | RESIZES | TAKES_FACTORS)
    REQUEST(ztryreallocarray, RESIZES | TAKES_FACTORS)
    REQUEST(zmalloc_usable, CALLS_HANDLER | TELLS_USABLE)
    REQUEST(zcalloc_usable, CALLS_HANDLER | TELLS_USABLE | ZEROES)
    REQUEST(zrealloc_usable, CALLS_HANDLER | TELLS_USABLE | RESIZES)
    REQUEST(ztrymalloc_usable, TELLS_USABLE)
    REQUEST(ztrycalloc_usable, TELLS_USABLE | ZEROES)
    REQUEST(ztryrealloc_usable, TELLS_USABLE | RESIZES)
    REQUEST(zmalloc_aligned, CALLS_HANDLER | TAKES_ALIGNMENT)
    REQUEST(ztrymalloc_aligned, TAKES_ALIGNMENT)
    REQUEST(zmalloc_cache_aligned, CALLS_HANDLER | TO_CACHE_LINE)
    REQUEST(zstrdup, CALLS_HANDLER | TAKES_STRING)
    OTHER(zfree, run_zfree)
    OTHER(zfree_usable, run_zfree_usable)
    OTHER(zfree_with_size, run_zfree_with_size)
    OTHER(check, run_check)
    OTHER(nothing, run_nothing)
    OTHER(zmalloc_good_size, run_good_size)
    OTHER(zmadvise_dontneed, run_dontneed)
    OTHER(zmadvise_dontneed_range, run_dontneed_range)
    OTHER(zmalloc_used_memory, run_used)
    OTHER(zmalloc_peak_memory, run_peak)
    OTHER(zmalloc_reset_peak, run_reset_peak)
    OTHER(zmalloc_purge, run_purge)
    OTHER(zmalloc_get_allocator_info, run_info)
    OTHER(zmalloc_set_oom_handler, choose_handler)
    OTHER(threads, run_threads)
    OTHER(fork, run_fork)
    REQUEST(ztrycalloc_num, ZEROES | TAKES_FACTORS)
    REQUEST(ztrymalloc_cache_aligned, TO_CACHE_LINE)
    REQUEST(ztrystrdup, TAKES_STRING)
    OTHER(zmalloc_thread_idle, run_idle)
    REQUEST(zmalloc_no_tcache, CALLS_HANDLER)
    REQUEST(ztrymalloc_no_tcache, 0)
    OTHER(zfree_no_tcache, run_zfree_no_tcache)
    OTHER(zmalloc_worth_moving, run_move)
};
/* clang-format on */
const size_t operation_count = sizeof operations / sizeof *operations;
