/* SPDX-License-Identifier: BSD-3-Clause */

#include "requests.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "actor.h"
#include "operations.h"
#include "zmalloc.h"

/* A value that no function would report as a usable size. */
#define USABLE_BEFORE ((size_t)77 << 40)
#define STRING_MAX ((size_t)64 << 10)
#define CACHE_LINE 64

/* ---- The handler ---- */

enum handler_way { RETURNS, ALLOCATES, JUMPS, HANDLER_WAYS };
static enum handler_way handler_way;

static void handle_no_memory(size_t size)
{
    struct actor *actor = current_actor;

    actor->step.handler_calls++;
    actor->step.handler_size = size;
    if (handler_way == ALLOCATES)
        zfree(ztrymalloc(100));
    if (handler_way == JUMPS)
        longjmp(actor->escape, 1);
}

void reset_handler(void)
{
    handler_way = RETURNS;
    zmalloc_set_oom_handler(handle_no_memory);
}

void choose_handler(struct actor *actor)
{
    enum handler_way way = (enum handler_way)(stream_byte(&actor->stream) % HANDLER_WAYS);

    if (actor->is_alone)
        handler_way = way;
}

/* ---- The request ---- */

static char *write_string(char *string, size_t length)
{
    for (size_t i = 0; i < length; i++)
        string[i] = (char)('!' + (length + i) % 90);
    string[length] = '\0';
    return string;
}

static bool has(const struct actor *actor, unsigned trait)
{
    return (actor->operation->traits & trait) != 0;
}

static struct request read_request(struct actor *actor, size_t room)
{
    struct request request = {.num = 1, .alignment = 1};
    static _Thread_local char string[STRING_MAX];

    if (has(actor, TAKES_FACTORS))
        stream_factors(&actor->stream, room, &request.num, &request.size);
    else
        request.size = stream_size(&actor->stream, room);
    if (has(actor, TAKES_ALIGNMENT))
        request.alignment = stream_alignment(&actor->stream);
    if (has(actor, TO_CACHE_LINE))
        request.alignment = CACHE_LINE;
    if (has(actor, TAKES_STRING)) {
        request.size = request.size % (STRING_MAX < room ? STRING_MAX : room + 1) + 1;
        request.string = write_string(string, request.size - 1);
    }
    return request;
}

/* ---- The expected result ---- */

/* The size that the handler gets. */
static size_t total(const struct request *request)
{
    size_t product;

    return __builtin_mul_overflow(request->num, request->size, &product) ? SIZE_MAX : product;
}

static bool is_power_of_two(size_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

static int expected_error(const struct request *request)
{
    if (!is_power_of_two(request->alignment))
        return EINVAL;
    return total(request) >= SURE_TO_FAIL || request->alignment >= SURE_TO_FAIL ? ENOMEM : 0;
}

/* What resizing to 0 does, and to a size that no block can have. */
static bool frees(const struct actor *actor, const struct request *request)
{
    size_t size = total(request);

    return request->ptr != NULL &&
           (size == 0 || (size >= SIZE_MAX / 2 && !has(actor, TAKES_FACTORS)));
}

static void check_handler(const struct actor *actor, const struct request *request, int error)
{
    unsigned calls = error == ENOMEM && has(actor, CALLS_HANDLER) ? 1 : 0;

    EXPECT(actor->step.handler_calls == calls, "the handler was called %u times, not %u",
           actor->step.handler_calls, calls);
    EXPECT(calls == 0 || actor->step.handler_size == total(request),
           "the handler was told %zu, not %zu", (size_t)actor->step.handler_size, total(request));
}

/* If the handler jumped, the function has not returned. */
static void check_nothing_came(const struct actor *actor, const struct request *request, bool back)
{
    int error = expected_error(request);

    if (error == 0 && frees(actor, request))
        error = ERRNO_BEFORE;
    EXPECT(error != 0, "there is no block of %zu * %zu bytes", request->num, request->size);
    check_handler(actor, request, error);
    EXPECT(!back || errno == error, "errno is %d, not %d", errno, error);
    EXPECT(!back || request->usable == NULL || *request->usable == 0,
           "NULL has a usable size of %zu", *request->usable);
}

static void check_came(const struct actor *actor, const struct request *request, void *ptr)
{
    size_t usable = zmalloc_usable_size(ptr);

    EXPECT(expected_error(request) == 0, "a block of %zu * %zu bytes, aligned to %zu", request->num,
           request->size, request->alignment);
    check_handler(actor, request, 0);
    EXPECT((uintptr_t)ptr % request->alignment == 0, "%p is not aligned to %zu", ptr,
           request->alignment);
    EXPECT(request->usable == NULL || *request->usable == usable,
           "told a usable size of %zu, it is %zu", *request->usable, usable);
    if (has(actor, ZEROES))
        check_zeroed(extend_to_usable(ptr, usable), usable);
    if (has(actor, TAKES_STRING))
        EXPECT(memcmp(ptr, request->string, request->size) == 0, "the copy is another string");
}

/* ---- Doing it ---- */

/* In memory, so it survives a jump. */
struct result {
    void *ptr;
    bool is_back;
};

static void perform(struct actor *actor, const struct request *request, struct result *result)
{
    errno = ERRNO_BEFORE;
    if (setjmp(actor->escape) != 0)
        return;
    result->ptr = actor->operation->call(request);
    result->is_back = true;
}

static void note(struct actor *actor, const struct request *request, const struct result *result)
{
    actor->step.came = result->ptr != NULL;
    actor->step.error = result->is_back && result->ptr == NULL ? errno : 0;
    actor->step.size = request->size;
    actor->step.number = has(actor, TAKES_FACTORS) ? request->num : request->alignment;
}

static void settle(struct actor *actor, const struct request *request, struct block *slot,
                   const struct result *result)
{
    struct block old = *slot;
    size_t kept = old.usable < total(request) ? old.usable : total(request);

    if (result->ptr == NULL) {
        check_nothing_came(actor, request, result->is_back);
        if (frees(actor, request))
            slot->ptr = NULL;
        else if (old.ptr != NULL)
            block_check(slot);
        return;
    }
    check_came(actor, request, result->ptr);
    if (request->ptr != NULL)
        check_stamp(extend_to_usable(result->ptr, kept), kept, old.usable, old.seed);
    block_came(slot, result->ptr, total(request), actor_next_seed(actor));
}

/* Empties an occupied slot first, unless the function resizes what is there. */
void run_request(struct actor *actor)
{
    struct block *slot = actor_next_slot(actor);
    size_t usable = USABLE_BEFORE;
    struct result result = {0};
    struct request request;

    if (slot->ptr != NULL)
        block_check(slot);
    if (!has(actor, RESIZES)) {
        zfree(slot->ptr);
        slot->ptr = NULL;
    }
    request = read_request(actor, actor_room(actor));
    request.ptr = slot->ptr;
    if (has(actor, TELLS_USABLE) && stream_byte(&actor->stream) % 8 != 7)
        request.usable = &usable;
    perform(actor, &request, &result);
    note(actor, &request, &result);
    settle(actor, &request, slot, &result);
}
