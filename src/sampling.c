/* SPDX-License-Identifier: BSD-3-Clause */

/* Which requests of a thread are sampled. */

#include "sampling.h"

const struct zm_sampler *zm_sampler;
struct zm_guards zm_guards;
uint16_t zm_sampled_pages[ZM_SAMPLED_PAGES];

/* Changes whenever distances that were drawn before no longer count. */
static unsigned generation;

void zm_sampling_renew(void)
{
    __atomic_add_fetch(&generation, 1, __ATOMIC_RELEASE);
}

/* Draws the thread's distance unless it has one that counts. */
static void have_distance(struct zm_thread *thread)
{
    unsigned now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);

    if (thread->to_sample != 0 && thread->sampling_generation == now)
        return;
    thread->to_sample = zm_sampler->draw();
    thread->sampling_generation = now;
}

bool zm_sampling_takes(size_t size)
{
    struct zm_thread *thread = &zm_thread;

    if (zm_sampler == NULL)
        return false;
    /* 0 stays 0: more was spent than there was. */
    if (thread->to_sample != 0)
        thread->to_sample -= thread->granted - thread->budget;
    have_distance(thread);
    if (size >= thread->to_sample) {
        thread->to_sample = 0;
        return true;
    }
    thread->to_sample -= size;
    return false;
}

size_t zm_sampling_cap(size_t budget)
{
    struct zm_thread *thread = &zm_thread;

    if (zm_sampler == NULL)
        return budget;
    have_distance(thread);
    return budget < thread->to_sample - 1 ? budget : thread->to_sample - 1;
}

bool zm_sampling_has_room(void)
{
    return zm_sampler->has_room();
}

void zm_sampling_begin(const void *ptr, size_t size)
{
    zm_sampler->begin(ptr, size);
}

bool zm_sampling_end(const void *ptr, struct zm_sample *sample)
{
    struct zm_sample ignored;

    return ptr != NULL && zm_sampler->end(ptr, sample != NULL ? sample : &ignored);
}

bool zm_sampling_keeps(struct zm_sample *sample, size_t size)
{
    return zm_sampler->keeps(sample, size);
}

void zm_sampling_restore(const void *ptr, const struct zm_sample *sample)
{
    zm_sampler->restore(ptr, sample);
}

/* They are counted where threads without a node are, also if the backend counts by itself. */
void *zm_sampling_guard(size_t alignment, size_t size, size_t prefix_size)
{
    void *ptr =
        zm_guards.size != 0 && zm_thread.zone == 0 ? zm_sampler->guard(alignment, size) : NULL;

    if (ptr != NULL)
        zm_accounting_unregistered(size + prefix_size, 0);
    return ptr;
}

size_t zm_sampling_guarded_size(const void *ptr)
{
    return zm_sampler->guarded_size(ptr);
}

size_t zm_sampling_release(void *ptr, size_t prefix_size)
{
    size_t size = zm_sampler->release(ptr);

    zm_accounting_unregistered(0, size + prefix_size);
    return size;
}
