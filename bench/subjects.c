/* SPDX-License-Identifier: BSD-3-Clause */

#include "subject.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zmalloc.h"

static const struct subject zmalloc_subject = {
    .name = "zmalloc",
    .alloc = zmalloc,
    .calloc = zcalloc,
    .realloc = zrealloc,
    .aligned_alloc = zmalloc_aligned,
    .free = zfree,
    .alloc_usable = zmalloc_usable,
    .free_usable = zfree_usable,
    .used_memory = zmalloc_used_memory,
};

#ifdef LINKED_JEMALLOC
extern const struct allocator_subjects subjects_jemalloc;
#endif

/*
 * Opens bench-NAME.so in the program's folder. Those of tcmalloc and mimalloc must be opened late:
 * loaded with the program they would replace its malloc. That of jemalloc must be loaded with the
 * program, because its thread-local storage does not fit what is left for libraries opened later.
 */
static const struct allocator_subjects *find_allocator(const char *name, const char **why)
{
    char library[64];
    char symbol[64];
    const struct allocator_subjects *subjects;
    void *handle;

#ifdef LINKED_JEMALLOC
    if (strcmp(name, "jemalloc") == 0)
        return &subjects_jemalloc;
#endif
    snprintf(library, sizeof library, "bench-%s.so", name);
    snprintf(symbol, sizeof symbol, "subjects_%s", name);
    handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    subjects = handle != NULL ? dlsym(handle, symbol) : NULL;
    if (subjects == NULL)
        *why = dlerror();
    return subjects;
}

size_t subjects_find(struct subject subjects[SUBJECTS_MAX], const char **why)
{
    const char *whole = zmalloc_backend_name();
    const char *plus = strrchr(whole, '+');
    const char *backend = plus != NULL ? plus + 1 : whole;
    const char *allocator = strcmp(backend, "native") == 0 ? "libc" : backend;
    const struct allocator_subjects *others = find_allocator(allocator, why);

    if (others == NULL)
        return 0;
    subjects[0] = others->raw;
    subjects[1] = zmalloc_subject;
    subjects[2] = others->redis_style;
    subjects[3] = others->valkey_style;
    if (getenv("LD_PRELOAD") == NULL)
        return 4;
    others = find_allocator("libc", why);
    if (others == NULL)
        return 0;
    subjects[4] = others->raw;
    subjects[4].name = "preloaded";
    return 5;
}
