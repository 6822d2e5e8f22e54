/* SPDX-License-Identifier: BSD-3-Clause */

/* The layer sample: what the core asks of a sampler (sampling.h). */

#include "sample.h"
#include "accounting.h"
#include "probes.h"

static struct zm_sample_options options;
static size_t interval; /* SIZE_MAX: nothing is sampled now */

static size_t current_interval(void)
{
    return __atomic_load_n(&interval, __ATOMIC_RELAXED);
}

static size_t draw(void)
{
    size_t bytes = current_interval();

    return bytes != SIZE_MAX ? zm_sample_draw(bytes) : SIZE_MAX;
}

static void begin(const void *ptr, size_t size)
{
    size_t bytes = current_interval();
    struct zm_sample sample = {.size = size, .zone = zm_thread.zone};
    struct zm_stack stack;

    /* It was switched off after the point was drawn. */
    /* GCOVR_EXCL_START: just then, by another thread */
    if (bytes == SIZE_MAX)
        return;
    /* GCOVR_EXCL_STOP */
    sample.weight = zm_sample_weight(size, bytes);
    zm_stack_here(&stack, options.frames);
    if (sample.zone != 0)
        zm_sample_add_zone(&stack, sample.zone);
    sample.stack = zm_stack_keep(&stack);
    zm_sample_table_add(ptr, sample, true);
    zm_probe_alloc(ptr, size, (size_t)(sample.weight * size / ZM_SAMPLE_ONE));
    zm_sample_file_if_wanted();
}

static bool end(const void *ptr, struct zm_sample *sample)
{
    bool found = zm_sample_table_take(ptr, sample);

    if (found)
        zm_probe_free(ptr);
    zm_sample_file_if_wanted();
    return found;
}

/* A smaller block is sampled with a smaller probability. While nothing is sampled, what there is stays. */
static bool keeps(struct zm_sample *sample, size_t size)
{
    size_t bytes = current_interval();
    uint64_t weight = sample->weight;

    if (bytes != SIZE_MAX && size > sample->size)
        return true;
    if (bytes != SIZE_MAX)
        weight = zm_sample_weight(size, bytes);
    if (weight != sample->weight && !zm_sample_happens(sample->weight, weight))
        return false;
    sample->size = size;
    sample->weight = weight;
    return true;
}

static void restore(const void *ptr, const struct zm_sample *sample)
{
    zm_sample_table_add(ptr, *sample, false);
}

static const struct zm_sampler sampler = {
    .draw = draw,
    .has_room = zm_sample_table_has_room,
    .begin = begin,
    .end = end,
    .keeps = keeps,
    .restore = restore,
    .guard = zm_sample_guard,
    .guarded_size = zm_sample_guarded_size,
    .release = zm_sample_release,
};

void zm_sample_at_interval(size_t bytes)
{
    __atomic_store_n(&interval, bytes, __ATOMIC_RELAXED);
    zm_sampling_renew();
}

/* ---- The layer ---- */

static int cover(const struct zmalloc_backend *backend, struct zmalloc_backend *table,
                 const char *text, char *why)
{
    int error = zm_sample_parse(text != NULL ? text : "", &options, why);

    (void)backend;
    (void)table;
    if (error == 0 && options.slots != 0)
        error = zm_sample_guards_start(options.slots, options.frames, why);
    if (error != 0)
        return error;
    /* Without an unwinder all stacks are empty, and the figures still right. */
    zm_stacks_start();
    zm_sample_random_start(&options);
    zm_sample_table_start(options.max);
    zm_sample_file_start(options.file, options.signal);
    interval = options.interval;
    zm_sampler = &sampler;
    return 0;
}

const struct zm_layer zm_layer_sample = {
    .name = "sample",
    .variable = "ZMALLOC_SAMPLE",
    .is_of_core = true,
    .cover = cover,
};
