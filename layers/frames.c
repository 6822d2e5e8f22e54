/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The unwinder looks up and interprets the tables of each function on the way, which takes half a
 * microsecond a frame. But what the tables say of a return address is always the same: how far from the
 * stack pointer the frame ends, or that it ends at the frame pointer; and where the caller's frame
 * pointer is. So it is learned from what the unwinder has found, and from then on the frames are followed
 * by three loads each.
 *
 * What cannot be learned leads to the unwinder, every time: a frame whose return address is not at its
 * end (signal handlers), one whose size changes (a stack that was aligned further), one whose frame
 * pointer is needed and could be in several places.
 *
 * Only those parts of a thread's stack are read that the unwinder has walked through, and what is below
 * them by less than a guard page could be. Whatever goes wrong, an address that is not known ends the
 * attempt.
 */

#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "os/unwind.h"

#ifdef __x86_64__

#define KNOWN ((size_t)1 << 12)
#define NEAR ((uintptr_t)64 << 10)
#define WORD sizeof(uintptr_t)

enum kind { UNKNOWN, BY_STACK_POINTER, BY_FRAME_POINTER, OUTERMOST, NEVER };

/* Where the caller's frame pointer is, in words below the end of the frame. */
#define UNCHANGED 0
#define LOST 255

/* One word, which is read and written at once; and the address, without which it says nothing. */
union rule {
    uint64_t word;
    struct {
        uint32_t words; /* from the stack pointer to the end */
        uint8_t kind;
        uint8_t frame_pointer_at;
        uint16_t check; /* of the address */
    } is;
};

static struct entry {
    uintptr_t address;
    uint64_t rule;
} known[KNOWN];

/* Objects that were closed when known was empty; what was learned may be of one that is no longer there. */
static size_t known_since;

/* The part of this thread's stack that the last walk went through. */
static _Thread_local struct walked {
    uintptr_t low;
    uintptr_t high;
} walked __attribute__((tls_model("initial-exec")));

static struct entry *entry_of(uintptr_t address)
{
    return &known[(address * UINT64_C(0x9e3779b97f4a7c15)) >> 52];
}

static uint16_t check_of(uintptr_t address)
{
    return (uint16_t)(address ^ (address >> 16));
}

static union rule rule_of(uintptr_t address)
{
    const struct entry *entry = entry_of(address);
    union rule rule = {.word = __atomic_load_n(&entry->rule, __ATOMIC_RELAXED)};

    if (__atomic_load_n(&entry->address, __ATOMIC_RELAXED) != address ||
        rule.is.check != check_of(address))
        rule.is.kind = UNKNOWN;
    return rule;
}

/* ---- Following ---- */

static bool may_be_read(uintptr_t place)
{
    return place % WORD == 0 && place >= walked.low && place < walked.high;
}

static uintptr_t read_word(uintptr_t place)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): see may_be_read() */
    return *(const uintptr_t *)place;
}

/* The caller. False if it is not known, or may not be looked at. */
static bool leave(struct zm_frame *frame, union rule rule)
{
    uintptr_t end = rule.is.kind == BY_FRAME_POINTER ? frame->frame_pointer + 2 * WORD
                                                     : frame->stack_pointer + rule.is.words * WORD;

    if (end <= frame->stack_pointer || !may_be_read(end - WORD))
        return false;
    if (rule.is.kind == BY_FRAME_POINTER)
        frame->frame_pointer = read_word(end - 2 * WORD);
    else if (rule.is.frame_pointer_at == LOST)
        frame->frame_pointer = 0;
    else if (rule.is.frame_pointer_at != UNCHANGED)
        frame->frame_pointer = read_word(end - rule.is.frame_pointer_at * WORD);
    frame->address = read_word(end - WORD);
    frame->stack_pointer = end;
    return true;
}

static bool follow(struct zm_frame frame, struct zm_stack *stack, unsigned frames)
{
    for (;;) {
        union rule rule = rule_of(frame.address);

        if (rule.is.kind == UNKNOWN || rule.is.kind == NEVER)
            return false;
        if (stack->count != 0 || !zm_objects_are_ours(frame.address))
            stack->addresses[stack->count++] = frame.address;
        if (rule.is.kind == OUTERMOST || stack->count == frames)
            return true;
        if (!leave(&frame, rule))
            return false;
    }
}

bool zm_frames_follow(struct zm_frame frame, struct zm_stack *stack, unsigned frames)
{
    if (stack->closed != __atomic_load_n(&known_since, __ATOMIC_RELAXED))
        return false;
    if (frame.stack_pointer < walked.low && walked.low - frame.stack_pointer < NEAR)
        walked.low = frame.stack_pointer;
    return follow(frame, stack, frames);
}

/* ---- Learning ---- */

/* Looking for saved registers reads words of the stack that nobody may have written. Valgrind would report
 * that; it is there if it has preloaded its part. */
static bool is_watched;

void zm_frames_start(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    is_watched = preloaded != NULL && strstr(preloaded, "/vgpreload_") != NULL;
}

void zm_frames_begin_learning(size_t closed)
{
    if (__atomic_exchange_n(&known_since, closed, __ATOMIC_RELAXED) != closed)
        for (size_t i = 0; i < KNOWN; i++)
            __atomic_store_n(&known[i].rule, 0, __ATOMIC_RELAXED);
}

void zm_frames_end_learning(const void *low, uintptr_t high)
{
    walked = (struct walked){(uintptr_t)low, high};
}

/* Where between the two the caller's frame pointer was saved, if only one word is like it. */
static uint8_t look_for_frame_pointer(const struct zm_frame *frame, const struct zm_frame *caller)
{
    uint8_t at = LOST;

    for (uintptr_t words = 2; words < LOST; words++) {
        uintptr_t place = caller->stack_pointer - words * WORD;

        if (place < frame->stack_pointer)
            break;
        if (read_word(place) != caller->frame_pointer)
            continue;
        if (at != LOST)
            return LOST;
        at = (uint8_t)words;
    }
    return at;
}

static union rule rule_from(const struct zm_frame *frame, const struct zm_frame *caller)
{
    union rule rule = {.is.kind = NEVER, .is.check = check_of(frame->address)};
    uintptr_t bytes = caller->stack_pointer - frame->stack_pointer;

    if (caller->address == 0) {
        rule.is.kind = OUTERMOST;
    } else if (caller->stack_pointer <= frame->stack_pointer || bytes / WORD > UINT32_MAX ||
               read_word(caller->stack_pointer - WORD) != caller->address) {
        rule.is.kind = NEVER;
    } else if (caller->stack_pointer == frame->frame_pointer + 2 * WORD) {
        rule.is.kind = BY_FRAME_POINTER;
    } else {
        rule.is.kind = BY_STACK_POINTER;
        rule.is.words = (uint32_t)(bytes / WORD);
        if (caller->frame_pointer != frame->frame_pointer)
            rule.is.frame_pointer_at = look_for_frame_pointer(frame, caller);
    }
    return rule;
}

/* What two walks have shown of the same address. A frame pointer that was seen unchanged may have been
 * saved and put back with the value it had. */
static union rule combine(union rule before, union rule now)
{
    /* GCOVR_EXCL_START: without optimization, as there, each function has a frame pointer */
    if (before.is.kind == UNKNOWN || before.word == now.word)
        return now;
    if (before.is.kind == BY_STACK_POINTER && now.is.kind == BY_STACK_POINTER &&
        before.is.words == now.is.words) {
        if (before.is.frame_pointer_at == UNCHANGED)
            return now;
        if (now.is.frame_pointer_at == UNCHANGED)
            return before;
        now.is.frame_pointer_at = LOST;
        return now;
    }
    now.is.kind = NEVER;
    return now;
    /* GCOVR_EXCL_STOP */
}

void zm_frames_learn(const struct zm_frame *frame, const struct zm_frame *caller)
{
    struct entry *entry = entry_of(frame->address);
    union rule rule;

    if (frame->address == 0 || is_watched)
        return;
    rule = combine(rule_of(frame->address), rule_from(frame, caller));
    __atomic_store_n(&entry->rule, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&entry->address, frame->address, __ATOMIC_RELAXED);
    __atomic_store_n(&entry->rule, rule.word, __ATOMIC_RELAXED);
}

#else

void zm_frames_start(void)
{
}

bool zm_frames_follow(struct zm_frame frame, struct zm_stack *stack, unsigned frames)
{
    (void)frame;
    (void)stack;
    (void)frames;
    return false;
}

void zm_frames_begin_learning(size_t closed)
{
    (void)closed;
}

void zm_frames_end_learning(const void *low, uintptr_t high)
{
    (void)low;
    (void)high;
}

void zm_frames_learn(const struct zm_frame *frame, const struct zm_frame *caller)
{
    (void)frame;
    (void)caller;
}

#endif
