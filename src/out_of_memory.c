/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What happens when memory runs out: one handler is called, the program's or ours.
 *
 * The program's handler may need memory itself, for the line it logs. If that fails too, the
 * handler would be called again and again until the stack ends. So a handler is never called from
 * within a handler; the process ends there, as it would without one.
 *
 * How do we know that a handler is still running? A flag would not do: the handler may have left by
 * longjmp() or a C++ exception. Only the stack knows. So the frame of the latest call is
 * remembered, and the unwinder looks for it among the callers. If the new call comes from no deeper
 * in the stack there is nothing to look for. Without an unwinder, or if it does not get that far,
 * LEVELS_MAX calls in a row that are each deeper than the last are allowed, and no more.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base.h"
#include "layer_lock.h"
#include "message.h"
#include "os/unwind.h"
#include "out_of_memory.h"

#define LEVELS_MAX 16

/* Where the frame of the function begins. clang 14 for RISC-V crashes on __builtin_dwarf_cfa(); the frame
 * pointer is the same there. */
#if defined(__riscv) && defined(__clang__)
#define FRAME_START ((uintptr_t)__builtin_frame_address(0))
#else
#define FRAME_START ((uintptr_t)__builtin_dwarf_cfa())
#endif

/* A call of call_handler(). */
struct level {
    uintptr_t cfa; /* the start of its frame, its highest address; 0: no call */
    uintptr_t returns_to;
    unsigned number; /* 1, or one more than the call that it may be inside of */
};

/* The latest call that has not returned. */
static _Thread_local struct level latest __attribute__((tls_model("initial-exec")));

/* ---- The handlers ---- */

static void tell(size_t size, size_t alignment)
{
    struct zm_message message = {0};

    zm_message_text(&message, "Out of memory trying to allocate ");
    zm_message_decimal(&message, size);
    zm_message_text(&message, " bytes");
    if (alignment > 0) {
        zm_message_text(&message, " aligned to ");
        zm_message_decimal(&message, alignment);
    }
    zm_message_send(&message);
}

/* NULL: the default handler. */
static void (*_Atomic oom_handler)(size_t size);

/* Opens the unwinder's library now, while there is memory. */
void zmalloc_set_oom_handler(void (*handler)(size_t size))
{
    int saved_errno = errno;

    if (handler != NULL)
        zm_unwind_start();
    atomic_store(&oom_handler, handler);
    errno = saved_errno;
}

/* ---- Levels ---- */

/* Where the frame of the latest call was found. */
enum place { AMONG_CALLERS, NOWHERE, UNKNOWN };

struct search {
    const struct level *level;
    enum place place;
};

/* Called from the innermost frame outwards. The stack grows downwards. */
static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *context, void *argument)
{
    struct search *search = argument;
    uintptr_t cfa = zm_unwind_cfa(context);

    /* clang for 64-bit ARM gives the address of a saved register as the start of a frame, which is
     * lower. */
    if (cfa >= search->level->cfa && zm_unwind_ip(context) == search->level->returns_to)
        search->place = AMONG_CALLERS;
    else if (cfa > search->level->cfa)
        search->place = NOWHERE;
    return search->place == UNKNOWN ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static enum place place_of(const struct level *level)
{
    struct search search = {level, UNKNOWN};

    zm_leaf_begin_unwinding();
    zm_unwind(look_at_frame, &search);
    zm_leaf_end_unwinding();
    return search.place;
}

/* How many handlers would be running with one called from here; too many if one certainly is. */
static unsigned number_of(uintptr_t cfa)
{
    enum place place = cfa < latest.cfa ? place_of(&latest) : NOWHERE;

    if (place == AMONG_CALLERS)
        return LEVELS_MAX + 1;
    return place == UNKNOWN ? latest.number + 1 : 1;
}

/* Not inlined: the return address is what identifies this frame. */
static ZM_COLD void call_handler(void (*handler)(size_t size), size_t size, unsigned number)
{
    struct level before = latest;

    latest.cfa = FRAME_START;
    latest.returns_to = (uintptr_t)__builtin_return_address(0);
    latest.number = number;
    handler(size);
    latest = before;
}

void *zm_out_of_memory(size_t size, size_t alignment)
{
    void (*handler)(size_t size) = atomic_load(&oom_handler);
    unsigned number = handler != NULL ? number_of(FRAME_START) : 0;

    if (handler == NULL || number > LEVELS_MAX) {
        tell(size, alignment);
        abort();
    }
    call_handler(handler, size, number);
    errno = ENOMEM;
    return NULL;
}
