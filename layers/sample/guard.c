/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Guarded samples: a block that lies at the end of its pages, with pages behind it and before them that
 * nobody may touch, and that nobody may touch any more when it is freed. A program that does ends by the
 * fault, after a line that says of which block.
 *
 * All slots are one reservation of addresses, so one comparison tells a guarded block. A slot that is
 * free again is used last. There are at most as many pages as there are slots with blocks in them.
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "accounting.h"
#include "layer_lock.h"
#include "message.h"
#include "os/stay_loaded.h"
#include "sample.h"

/* Larger blocks are sampled without guards. */
#define DATA_PAGES 16
#define SLACK 0xa5

enum state { UNUSED, LIVE, FREED };

struct slot {
    unsigned char *block;
    size_t size;
    size_t slack; /* bytes between its end and the guard */
    zm_stack_number allocated_at;
    zm_stack_number freed_at;
    enum state state;
    uint32_t next; /* in the list of free ones */
};

#define NONE UINT32_MAX

static struct slot *slots;
static size_t page;
static size_t stride; /* of a slot: its pages and a guard */
static uint32_t first_free = NONE;
static uint32_t last_free = NONE;
static unsigned frames;

/* ---- Slots ---- */

static struct slot *slot_at(uintptr_t address)
{
    return &slots[(address - zm_guards.begin) / stride];
}

/* The end of its pages, where its guard begins. */
static uintptr_t end_of(const struct slot *slot)
{
    return zm_guards.begin + (size_t)(slot - slots + 1) * stride - page;
}

static size_t pages_for(size_t size)
{
    return (size + page - 1) & -page;
}

static struct slot *take_slot(void)
{
    struct slot *slot = NULL;

    zm_leaf_lock();
    if (first_free != NONE) {
        slot = &slots[first_free];
        first_free = slot->next;
        if (first_free == NONE)
            last_free = NONE;
    }
    zm_leaf_unlock();
    return slot;
}

static void give_slot(struct slot *slot)
{
    uint32_t number = (uint32_t)(slot - slots);

    slot->next = NONE;
    zm_leaf_lock();
    if (last_free != NONE)
        slots[last_free].next = number;
    else
        first_free = number;
    last_free = number;
    zm_leaf_unlock();
}

static zm_stack_number stack_here(void)
{
    struct zm_stack stack;

    zm_stack_here(&stack, frames);
    return zm_stack_keep(&stack);
}

/* ---- Telling ---- */

static void append_block(struct zm_message *message, const struct slot *slot)
{
    zm_message_text(message, "; block of ");
    zm_message_decimal(message, slot->size);
    zm_message_stack(message, " bytes, allocated at", slot->allocated_at);
    if (slot->state == FREED)
        zm_message_stack(message, ", freed at", slot->freed_at);
    zm_message_stack_here(message, "; now at", frames);
}

static _Noreturn ZM_COLD void die(const char *what, const void *ptr, const struct slot *slot)
{
    struct zm_message message = {0};

    zm_message_text(&message, "sample: free of ");
    zm_message_pointer(&message, ptr);
    zm_message_text(&message, what);
    append_block(&message, slot);
    zm_message_send(&message);
    abort();
}

static void append_distance(struct zm_message *message, const struct slot *slot, uintptr_t address)
{
    uintptr_t begin = (uintptr_t)slot->block;
    bool is_after = address >= begin + slot->size;
    size_t distance = is_after ? address - (begin + slot->size) + 1 : begin - address;

    if (address >= begin && !is_after) {
        zm_message_text(message, "byte ");
        zm_message_decimal(message, address - begin + 1);
        zm_message_text(message, " of it");
        return;
    }
    zm_message_text(message, "byte ");
    zm_message_decimal(message, distance);
    zm_message_text(message, is_after ? " past its end" : " before its start");
}

/* There is a guard before the first slot as well. */
static bool is_ours(uintptr_t address)
{
    return address - (zm_guards.begin - page) < zm_guards.size + page;
}

/* The guard behind a slot is also the one before the next: the nearer block is meant. */
static const struct slot *slot_of_fault(uintptr_t address)
{
    const struct slot *slot = address < zm_guards.begin ? slots : slot_at(address);
    const struct slot *next = slot + 1;
    bool is_in_guard = address >= end_of(slot);

    if (slot->state == UNUSED ||
        (is_in_guard && address - end_of(slot) >= page / 2 &&
         end_of(next) < zm_guards.begin + zm_guards.size && next->state != UNUSED))
        return next;
    return slot;
}

static ZM_COLD void tell_of_fault(uintptr_t address)
{
    const struct slot *slot = slot_of_fault(address);
    struct zm_message message = {0};

    zm_message_text(&message, "sample: access to ");
    zm_message_pointer(&message, (const void *)address);
    zm_message_text(&message,
                    slot->state == FREED ? ": it was freed before: " : ": outside of a block: ");
    append_distance(&message, slot, address);
    append_block(&message, slot);
    zm_message_send(&message);
}

/* ---- Faults ---- */

/* What the program has for them. */
static struct sigaction programs[2];
static const int numbers[2] = {SIGSEGV, SIGBUS};

static void handle(int number, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    const struct sigaction *before = &programs[number == SIGSEGV ? 0 : 1];

    if (info->si_code > 0 && is_ours(address))
        tell_of_fault(address);
    /* GCOVR_EXCL_START: they end the process before this is counted */
    else if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
        return;
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(number);
        return;
    }
    /* GCOVR_EXCL_STOP */
    /* The fault comes once more, and meets what the program has for it. */
    sigaction(number, before, NULL);
    if (info->si_code <= 0) /* GCOVR_EXCL_BR_LINE: as above */
        raise(number);      /* GCOVR_EXCL_LINE: as above */
}

/* A program that sets its handler later replaces ours: it becomes the one behind ours. */
static void have_handlers(void)
{
    for (int i = 0; i < 2; i++) {
        struct sigaction now;

        if (sigaction(numbers[i], NULL, &now) != 0 ||
            ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == handle))
            continue;
        programs[i] = now;
        now.sa_flags = SA_SIGINFO | (now.sa_flags & (SA_ONSTACK | SA_RESTART));
        now.sa_sigaction = handle;
        sigaction(numbers[i], &now, NULL);
    }
}

/* ---- Blocks ---- */

/* Any alignment that its size calls for. */
static size_t alignment_for(size_t alignment, size_t size)
{
    size_t natural = 1;

    while (natural < 16 && 2 * natural <= size)
        natural *= 2;
    return alignment > natural ? alignment : natural;
}

static void place(struct slot *slot, size_t alignment, size_t size)
{
    uintptr_t end = end_of(slot);
    uintptr_t block = (end - size) & -alignment_for(alignment, size);

    slot->block = (unsigned char *)block;
    slot->size = size;
    slot->slack = end - (block + size);
    memset(slot->block + size, SLACK, slot->slack);
    slot->allocated_at = stack_here();
    slot->freed_at = 0;
    __atomic_store_n(&slot->state, LIVE, __ATOMIC_RELEASE);
}

void *zm_sample_guard(size_t alignment, size_t size)
{
    int saved_errno = errno;
    size_t bytes = pages_for(size);
    struct slot *slot;

    if (bytes > DATA_PAGES * page || alignment > page)
        return NULL;
    slot = take_slot();
    if (slot == NULL)
        return NULL;
    /* GCOVR_EXCL_START: the process has as many mappings as the system allows, and can go on with few calls */
    if (mprotect((void *)(end_of(slot) - bytes), bytes, PROT_READ | PROT_WRITE) != 0) {
        give_slot(slot);
        errno = saved_errno;
        return NULL;
    }
    /* GCOVR_EXCL_STOP */
    have_handlers();
    place(slot, alignment, size);
    errno = saved_errno;
    return slot->block;
}

size_t zm_sample_guarded_size(const void *ptr)
{
    return slot_at((uintptr_t)ptr)->size;
}

static void check(const struct slot *slot, const void *ptr)
{
    if (slot->state == FREED)
        die(": it was freed before", ptr, slot);
    if (slot->state != LIVE || ptr != slot->block)
        die(": it is no block, but in one", ptr, slot);
    for (size_t i = 0; i < slot->slack; i++)
        if (slot->block[slot->size + i] != SLACK)
            die(": overflow", ptr, slot);
}

size_t zm_sample_release(void *ptr)
{
    int saved_errno = errno;
    struct slot *slot = slot_at((uintptr_t)ptr);
    size_t bytes = pages_for(slot->size);
    void *pages = (void *)(end_of(slot) - bytes);
    size_t size = slot->size;

    check(slot, ptr);
    slot->freed_at = stack_here();
    __atomic_store_n(&slot->state, FREED, __ATOMIC_RELEASE);
    madvise(pages, bytes, MADV_DONTNEED);
    mprotect(pages, bytes, PROT_NONE);
    give_slot(slot);
    errno = saved_errno;
    return size;
}

/* Addresses alone, which take no memory. */
static void *reserve(uint64_t size)
{
    void *reserved = MAP_FAILED;

    if (size <= ZM_SIZE_LIMIT)
        reserved =
            mmap(NULL, (size_t)size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return reserved != MAP_FAILED ? reserved : NULL;
}

int zm_sample_guards_start(size_t count, unsigned most_frames, char *why)
{
    uint64_t size;
    void *reserved;

    page = (size_t)sysconf(_SC_PAGESIZE);
    stride = (DATA_PAGES + 1) * page;
    size = (uint64_t)count * stride;
    frames = most_frames < ZM_GUARD_FRAMES ? most_frames : ZM_GUARD_FRAMES;
    slots = zm_leaf_map((count + 1) * sizeof *slots); /* the last stays unused */
    reserved = slots != NULL ? reserve(size + page) : NULL;
    if (reserved == NULL) {
        snprintf(why, ZM_WHY_SIZE,
                 "there are no %" PRIu64 " bytes of addresses for %zu guarded blocks", size, count);
        return ENOMEM;
    }
    for (uint32_t number = 0; number < count; number++)
        give_slot(&slots[number]);
    zm_stay_loaded();
    zm_guards.begin = (uintptr_t)reserved + page;
    zm_guards.size = (size_t)size;
    return 0;
}
