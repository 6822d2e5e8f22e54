/* SPDX-License-Identifier: BSD-3-Clause */

/* The public functions for backends: registering, listing, and asking the active one. An optional
 * operation that the backend lacks gets its neutral answer here. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "base.h"
#include "choice.h"
#include "choice_lock.h"
#include "module.h"
#include "os/thread.h"
#include "output.h"
#include "registry.h"
#include "sampling.h"
#include "table_check.h"

int zmalloc_register_backend(const struct zmalloc_backend *backend)
{
    char why[ZM_WHY_SIZE];
    int error = zm_table_check(backend, why);

    return zm_result(error != 0 ? error : zm_registry_add(backend));
}

const struct zmalloc_backend *zmalloc_backend_table(const char *name)
{
    struct zm_candidate candidate;

    zm_result(zm_registry_find(name, &candidate));
    return candidate.backend;
}

/* The size of the structure's first version. */
#define FIRST_INFO_SIZE                                                                            \
    (offsetof(struct zmalloc_backend_info, why) + sizeof((struct zmalloc_backend_info *)0)->why)

/* Writes no more than the program's structure holds. */
static void give_info(struct zmalloc_backend_info *to, struct zmalloc_backend_info info)
{
    size_t size = to->struct_size;

    memset(to, 0, size);
    memcpy(to, &info, size < sizeof info ? size : sizeof info);
    to->struct_size = size;
}

int zmalloc_get_backend_info(size_t index, struct zmalloc_backend_info *info)
{
    struct zmalloc_backend_info whole;
    int error;

    if (!zm_struct_size_is_sound(info->struct_size, FIRST_INFO_SIZE))
        return zm_result(EINVAL);
    error = zm_registry_describe_at(index, &whole);
    if (error == 0)
        give_info(info, whole);
    return zm_result(error);
}

/* ---- The active backend ---- */

const char *zmalloc_backend_name(void)
{
    return zm_active_name();
}

static const char *version_known = "unknown";

const char *zmalloc_backend_version(void)
{
    const struct zmalloc_backend *backend = zm_active();
    const char *version = backend->version != NULL ? backend->version() : "unknown";

    __atomic_store_n(&version_known, version, __ATOMIC_RELEASE);
    return version;
}

const char *zm_backend_version_known(void)
{
    return __atomic_load_n(&version_known, __ATOMIC_ACQUIRE);
}

size_t zmalloc_backend_prefix_size(void)
{
    return zm_active()->prefix_size;
}

const char *zmalloc_backend_origin(void)
{
    return zm_active_choice()->origin;
}

/* Name and the first word of the version. */
const char *zmalloc_lib(void)
{
    static char kept[ZM_WHOLE_NAME_MAX + 1 + 64];
    static bool is_kept;
    char text[sizeof kept];

    if (!zm_text_is_kept(&is_kept)) {
        const char *version = zmalloc_backend_version();

        snprintf(text, sizeof text, "%s-%.*s", zmalloc_backend_name(), (int)strcspn(version, " ,"),
                 version);
        zm_text_keep(kept, &is_kept, text);
    }
    return kept;
}

struct zm_allocator_info zm_allocator_info(void)
{
    const struct zmalloc_backend *backend = zm_active();
    struct zm_allocator_info info = {ZM_UNKNOWN, ZM_UNKNOWN, ZM_UNKNOWN, ZM_UNKNOWN, ZM_UNKNOWN};
    int state = zm_cancel_off();

    if (backend->allocator_info != NULL)
        backend->allocator_info(&info.allocated, &info.active, &info.resident, &info.retained,
                                &info.muzzy);
    zm_cancel_restore(state);
    return info;
}

/* Returns 1 if the value is known, else 0. */
static int tell(size_t value, size_t *result)
{
    if (result != NULL)
        *result = value != ZM_UNKNOWN ? value : 0;
    return value != ZM_UNKNOWN;
}

int zmalloc_get_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                               size_t *retained, size_t *muzzy)
{
    struct zm_allocator_info info = zm_allocator_info();

    return tell(info.allocated, allocated) | tell(info.active, active) |
           tell(info.resident, resident) | tell(info.retained, retained) | tell(info.muzzy, muzzy);
}

int zmalloc_purge(void)
{
    const struct zmalloc_backend *backend = zm_active();
    int state = zm_cancel_off();
    int error = backend->purge != NULL ? backend->purge() : ENOTSUP;

    zm_cancel_restore(state);
    return error == EBUSY ? 1 : zm_result(error);
}

int zmalloc_thread_idle(void)
{
    const struct zmalloc_backend *backend = zm_active();
    int state = zm_cancel_off();
    int error = backend->thread_idle != NULL ? backend->thread_idle() : ENOTSUP;

    zm_cancel_restore(state);
    return zm_result(error);
}

int zmalloc_set_background_thread(int enable)
{
    const struct zmalloc_backend *backend = zm_active();
    int state = zm_cancel_off();
    int error = backend->background_thread != NULL ? backend->background_thread(enable) : ENOTSUP;

    zm_cancel_restore(state);
    return zm_result(error);
}

size_t zmalloc_good_size(size_t size)
{
    const struct zmalloc_backend *backend = zm_active();
    size_t good;

    if (size == 0)
        size = ZM_SIZE_OF_NOTHING;
    if (backend->good_size == NULL || size >= ZM_SIZE_LIMIT - backend->prefix_size)
        return 0;
    good = backend->good_size(size);
    return good < ZM_SIZE_LIMIT ? good : 0;
}

/* ---- Moving blocks ---- */

int zmalloc_get_fragmentation(size_t *bytes)
{
    const struct zmalloc_backend *backend = zm_active();
    size_t sum = 0;
    int state = zm_cancel_off();
    int error = backend->fragmentation != NULL ? backend->fragmentation(&sum) : ENOTSUP;

    zm_cancel_restore(state);
    if (bytes != NULL)
        *bytes = sum;
    return zm_result(error);
}

/* Guarded blocks are not the backend's. */
int zmalloc_worth_moving(const void *ptr)
{
    const struct zmalloc_backend *backend = zm_active();
    int state;
    int answer;

    if (backend->worth_moving == NULL)
        return zm_result(ENOTSUP);
    if (ptr == NULL || zm_is_guarded(ptr))
        return 0;
    state = zm_cancel_off();
    answer = backend->worth_moving(ptr);
    zm_cancel_restore(state);
    return answer >= 0 ? answer : zm_result(ENOTSUP);
}

/* ---- Reports and controls ---- */

static void write_to_stderr(void *opaque, const char *text)
{
    (void)opaque;
    zm_write_to_stderr(text, strlen(text));
}

int zmalloc_stats_print(void (*write_cb)(void *opaque, const char *text), void *opaque)
{
    const struct zmalloc_backend *backend = zm_active();
    int state = zm_cancel_off();
    int error = ENOTSUP;

    if (backend->stats_print != NULL)
        error = backend->stats_print(write_cb != NULL ? write_cb : write_to_stderr, opaque);
    zm_cancel_restore(state);
    return zm_result(error);
}

int zmalloc_backend_ctl(const char *name, void *oldp, size_t *oldlenp, const void *newp,
                        size_t newlen)
{
    const struct zmalloc_backend *backend = zm_active();
    int state = zm_cancel_off();
    int error = backend->ctl != NULL ? backend->ctl(name, oldp, oldlenp, newp, newlen) : ENOTSUP;

    zm_cancel_restore(state);
    return zm_result(error);
}
