/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_FRAMES_H
#define ZM_FRAMES_H

/* Call stacks without the unwinder, as far as it has shown the way (frames.c). */

#include "stacks.h"

/* A function that called another. */
struct zm_frame {
    uintptr_t address;       /* where it will return to; 0 if there is none, or it is unknown */
    uintptr_t stack_pointer; /* after that */
    uintptr_t frame_pointer; /* what the register is then, whatever it is used for */
};

/* Of a function that has its own frame, at __builtin_frame_address(0). */
static inline struct zm_frame zm_caller_of(const void *frame)
{
    const uintptr_t *words = frame;

    return (struct zm_frame){words[1], (uintptr_t)(words + 2), words[0]};
}

/* Before the first stack is taken. */
void zm_frames_start(void);

/* Takes addresses as zm_stack_here() does, from a frame on; stack->closed is set. False if a frame is not
 * known. */
bool zm_frames_follow(struct zm_frame frame, struct zm_stack *stack, unsigned frames);

/* Around what the unwinder finds: where its walk has begun and ended. */
void zm_frames_begin_learning(size_t closed);
void zm_frames_end_learning(const void *low, uintptr_t high);
/* A frame and its caller's. The outermost frame has a caller whose address is 0. */
void zm_frames_learn(const struct zm_frame *frame, const struct zm_frame *caller);

#endif
