/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_SAMPLE_H
#define ZM_SAMPLE_H

/* The layer that samples blocks, docs/profiling.md: what the others of this folder have from each other. */

#include "../stacks.h"
#include "layer.h"
#include "sampling.h"

/* ---- options.c ---- */

#define ZM_SAMPLE_FILE_MAX 255

struct zm_sample_options {
    size_t interval; /* bytes; SIZE_MAX: none for now */
    size_t max;      /* blocks that are remembered at the same time */
    unsigned frames;
    char file[ZM_SAMPLE_FILE_MAX + 1]; /* for profiles at exit and by signal; empty: none */
    int signal;                        /* 0: none */
    size_t slots;                      /* for guarded blocks; 0: blocks are not guarded */
    bool has_interval;                 /* one was said */
    uint64_t seed;                     /* of what is random */
    bool has_seed;
};

/* Returns 0; or EINVAL and the reason in why, which has ZM_WHY_SIZE bytes. */
int zm_sample_parse(const char *text, struct zm_sample_options *options, char *why);
/* Whether it may be an interval. */
bool zm_sample_is_interval(size_t bytes);

/* ---- random.c ---- */

/* From a seed that differs with each process, unless the options have one. */
void zm_sample_random_start(const struct zm_sample_options *options);
/* The distance to the next point, 1 or more: exponential, the interval on average. */
size_t zm_sample_draw(size_t interval);
/* How many blocks of the size there were for each that was sampled, in units of ZM_SAMPLE_ONE: the
 * reciprocal of the probability that a block of the size has a point among its bytes. */
#define ZM_SAMPLE_ONE 1024
uint64_t zm_sample_weight(size_t size, size_t interval);

/* True with a probability of part / whole. */
bool zm_sample_happens(uint64_t part, uint64_t whole);

/* ---- table.c: the blocks that are remembered ---- */

void zm_sample_table_start(size_t max);
bool zm_sample_table_has_room(void);
/* Unless there is no memory for it. is_new: see zm_sample_count_begin(). */
void zm_sample_table_add(const void *ptr, struct zm_sample sample, bool is_new);
/* False if it is not there. */
bool zm_sample_table_take(const void *ptr, struct zm_sample *sample);
/* How many blocks were not sampled because there was no room. */
size_t zm_sample_dropped(void);

/* ---- sites.c: sums of blocks by call stack ---- */

/* Estimates, in units of a block and of a byte times ZM_SAMPLE_ONE. */
struct zm_sample_sums {
    uint64_t live_blocks;
    uint64_t live_bytes;
    uint64_t all_blocks; /* that were ever allocated */
    uint64_t all_bytes;
};

/* Under the lock, as the next two: whether there is memory for the sums of a stack. */
bool zm_sample_has_sums(zm_stack_number stack);
/* Once a block is remembered; if it was before, it is not one more that was ever allocated. */
void zm_sample_count_begin(const struct zm_sample *sample, bool is_new);
void zm_sample_count_end(const struct zm_sample *sample);
/* Of a stack, up to zm_stacks_count(); 0: unknown. */
struct zm_sample_sums zm_sample_sums(zm_stack_number stack);

/* ---- dump.c ---- */

/* The zone of a sample is the outermost frame of its stack. */
void zm_sample_add_zone(struct zm_stack *stack, unsigned zone);

/* Writes the profile. Returns 0 or an errno value. */
int zm_sample_dump(int fd);

/* ---- file.c: the profile in the file that ZMALLOC_SAMPLE names ---- */

void zm_sample_file_start(const char *file, int signal);
/* After the lock was released: if a signal came meanwhile. */
void zm_sample_file_if_wanted(void);

/* ---- guard.c: blocks between pages that nobody may touch ---- */

/* Return addresses that a line about one has, for each place. */
#define ZM_GUARD_FRAMES 8

/* Returns 0; or ENOMEM and the reason in why, which has ZM_WHY_SIZE bytes. */
int zm_sample_guards_start(size_t count, unsigned most_frames, char *why);
void *zm_sample_guard(size_t alignment, size_t size);
size_t zm_sample_guarded_size(const void *ptr);
size_t zm_sample_release(void *ptr);

/* ---- sample.c ---- */

extern const struct zm_layer zm_layer_sample;

/* From now on, or nothing if it is SIZE_MAX. */
void zm_sample_at_interval(size_t bytes);

#endif
