/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Addresses as OBJECT+0xOFFSET, which mean the same in every run and are what addr2line takes. The
 * dynamic linker has the list of loaded objects, and reading it needs no memory. What a kept stack
 * needs of it is remembered, because the object may be closed by the time it is printed.
 */

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <string.h>

#include "layer_lock.h"
#include "message.h"
#include "os/unwind.h"
#include "ours.h"
#include "stacks.h"

/* ---- Now ---- */

/* The program itself has no name, or this one in a static program with musl. */
static const char *short_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (*path == '\0' || strcmp(path, "/proc/self/exe") == 0)
        return program_invocation_short_name;
    return slash != NULL ? slash + 1 : path;
}

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

        if (info->dlpi_phdr[i].p_type == PT_LOAD && address - begin < info->dlpi_phdr[i].p_memsz)
            return true;
    }
    return false;
}

struct search {
    const uintptr_t *addresses;
    struct zm_place *places;
    unsigned count;
    unsigned found;
};

static int look_for_addresses(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct search *search = argument;

    (void)size;
    for (unsigned i = 0; i < search->count; i++)
        if (search->places[i].name == NULL && holds(info, search->addresses[i])) {
            search->places[i] = (struct zm_place){short_name(info->dlpi_name), info->dlpi_addr};
            search->found++;
        }
    return search->found == search->count;
}

void zm_objects_find(const uintptr_t *addresses, struct zm_place *places, unsigned count)
{
    struct search search = {.addresses = addresses, .places = places, .count = count};

    memset(places, 0, count * sizeof *places);
    dl_iterate_phdr(look_for_addresses, &search);
}

void zm_message_offset(struct zm_message *message, const char *before, const char *object,
                       uintptr_t offset)
{
    zm_message_text(message, before);
    zm_message_text(message, object);
    zm_message_text(message, "+");
    zm_message_pointer(message, (const void *)offset);
}

bool zm_message_object(struct zm_message *message, const char *before, uintptr_t address)
{
    struct zm_place place;

    zm_objects_find(&address, &place, 1);
    if (place.name != NULL)
        zm_message_offset(message, before, place.name, address - place.base);
    return place.name != NULL;
}

/* ---- Closing ---- */

/* The first object says; if the system does not count, no object is ever closed. */
static int read_count(struct dl_phdr_info *info, size_t size, void *argument)
{
    size_t *closed = argument;

    if (size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof info->dlpi_subs)
        *closed = (size_t)info->dlpi_subs;
    return 1;
}

size_t zm_objects_closed(void)
{
    size_t closed = 0;

    dl_iterate_phdr(read_count, &closed);
    return closed;
}

/* ---- Remembering ---- */

#define BUCKETS 64
#define MEMORY_AT_ONCE ((size_t)16 << 10)

static struct zm_object *objects[BUCKETS];
/* Where the next ones go. */
static char *memory;
static size_t memory_left;

static struct zm_object *make_object(const struct zm_place *place)
{
    size_t name_size = strnlen(place->name, NAME_MAX) + 1;
    size_t size = (sizeof(struct zm_object) + name_size + sizeof(void *) - 1) & -sizeof(void *);
    struct zm_object *object;

    if (memory_left < size) {
        char *more = zm_leaf_map(MEMORY_AT_ONCE);

        if (more == NULL)
            return NULL; /* GCOVR_EXCL_LINE: the block below has taken the last memory before */
        memory = more;
        memory_left = MEMORY_AT_ONCE;
    }
    object = (struct zm_object *)(void *)memory;
    memory += size;
    memory_left -= size;
    object->base = place->base;
    memcpy(object->name, place->name, name_size - 1);
    return object;
}

static bool is_at(const struct zm_object *object, const struct zm_place *place)
{
    return object->base == place->base && strncmp(object->name, place->name, NAME_MAX) == 0;
}

/* The base is that of a page. */
const struct zm_object *zm_object_at(const struct zm_place *place)
{
    struct zm_object **bucket = &objects[(place->base >> 12) % BUCKETS];
    struct zm_object *object = *bucket;

    if (place->name == NULL)
        return NULL; /* GCOVR_EXCL_LINE: of code that was made at run time */
    while (object != NULL && !is_at(object, place))
        object = object->next;
    if (object == NULL && (object = make_object(place)) != NULL) {
        object->next = *bucket;
        *bucket = object;
    }
    return object;
}

/* ---- What belongs to zmalloc, if the library is a file of its own ---- */

static struct range {
    uintptr_t begin;
    size_t size;
} ranges[ZM_OURS_MAX];

struct range_search {
    uintptr_t address;
    struct range *range;
};

static int look_for_range(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct range_search *search = argument;
    uintptr_t end = info->dlpi_addr;

    (void)size;
    if (!holds(info, search->address))
        return 0;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];

        if (header->p_type == PT_LOAD && end < info->dlpi_addr + header->p_vaddr + header->p_memsz)
            end = info->dlpi_addr + header->p_vaddr + header->p_memsz;
    }
    *search->range = (struct range){info->dlpi_addr, end - info->dlpi_addr};
    return 1;
}

void zm_objects_start(void)
{
    if (!zm_library_is_apart())
        return;
    for (unsigned i = 0; i < ZM_OURS_MAX && zm_ours(i) != NULL; i++) {
        struct range_search search = {(uintptr_t)zm_ours(i), &ranges[i]};

        dl_iterate_phdr(look_for_range, &search);
    }
}

bool zm_objects_are_ours(uintptr_t address)
{
    for (unsigned i = 0; i < ZM_OURS_MAX; i++)
        if (address - ranges[i].begin < ranges[i].size)
            return true;
    return false;
}
