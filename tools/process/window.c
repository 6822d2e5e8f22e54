/* SPDX-License-Identifier: BSD-3-Clause */

/* Finds the windows (src/window.h) of a process: in the data of its program and its libraries. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../text.h"
#include "../verb.h"
#include "process.h"

/* The data of programs is smaller; databases map large files, too. */
#define DATA_MAX ((uint64_t)256 << 20)
#define PART ((size_t)1 << 20)
#define HEAD offsetof(struct zm_window, entry)

static const unsigned char mark[ZM_WINDOW_MARK_SIZE] = ZM_WINDOW_MARK;

struct search {
    pid_t pid;
    struct copies *copies;
    unsigned char *part;
    int error;
};

/* Whether there is a window at the address, and not just something that looks like one. */
static bool read_window(pid_t pid, uint64_t address, struct zm_window *window)
{
    size_t entries;

    memset(window, 0, sizeof *window);
    if (process_read(pid, address, window, HEAD) != 0 || window->self != address ||
        memcmp(window->mark, mark, sizeof mark) != 0)
        return false;
    entries = window->entries < ZM_WINDOW_ENTRIES ? window->entries : ZM_WINDOW_ENTRIES;
    return process_read(pid, address + HEAD, window->entry, entries * sizeof *window->entry) == 0;
}

static void try_window(struct search *search, uint64_t address, const char *file)
{
    struct copies *copies = search->copies;
    struct copy *copy = &copies->copy[copies->count];

    if (copies->count == COPIES_MAX || !read_window(search->pid, address, &copy->window))
        return;
    copy->file = text_format("%s", file);
    copies->count++;
}

static void search_part(struct search *search, uint64_t begin, size_t size, const char *file)
{
    const unsigned char *at = search->part;
    const unsigned char *end = at + size;

    while ((at = memmem(at, (size_t)(end - at), mark, sizeof mark)) != NULL) {
        try_window(search, begin + (uint64_t)(at - search->part), file);
        at++;
    }
}

/* Parts overlap by a mark. */
static bool search_mapping(const struct mapping *mapping, void *argument)
{
    struct search *search = argument;
    uint64_t begin = mapping->begin;

    if (!mapping->is_writable || !mapping->is_private || mapping->file[0] != '/' ||
        mapping->end - begin > DATA_MAX)
        return true;
    while (begin + sizeof mark <= mapping->end) {
        uint64_t rest = mapping->end - begin;
        size_t size = rest < PART ? (size_t)rest : PART;
        int error = process_read(search->pid, begin, search->part, size);

        if (error == EFAULT) /* the file has become shorter */
            return true;
        if (error != 0) {
            search->error = error;
            return false;
        }
        search_part(search, begin, size, mapping->file);
        begin += size < PART ? size : PART - sizeof mark + 1;
    }
    return true;
}

static bool is_used(const struct copy *copy)
{
    return copy->window.layout != ZM_WINDOW_LAYOUT || copy->window.entry[ZM_WINDOW_BACKEND] != 0;
}

/* Those that nothing was allocated with, if there is another. */
static void drop_unused(struct copies *copies)
{
    size_t used = 0;
    size_t kept = 0;

    for (size_t i = 0; i < copies->count; i++)
        used += is_used(&copies->copy[i]);
    if (used == 0)
        return;
    for (size_t i = 0; i < copies->count; i++)
        if (is_used(&copies->copy[i]))
            copies->copy[kept++] = copies->copy[i];
        else
            free(copies->copy[i].file);
    copies->count = kept;
}

int copies_find(pid_t pid, struct copies *copies)
{
    struct search search = {.pid = pid, .copies = copies};
    int error;

    *copies = (struct copies){.pid = pid};
    search.part = allocate(1, PART);
    error = process_visit_mappings(pid, search_mapping, &search);
    free(search.part);
    drop_unused(copies);
    if (error == 0)
        error = search.error;
    if (error != 0)
        copies_free(copies);
    return error;
}

int copy_check(pid_t pid, const struct copy *copy)
{
    struct zm_window now;
    int error = process_read(pid, copy->window.self, &now, HEAD);

    if (error == 0 && memcmp(&now, &copy->window, HEAD) == 0)
        return 0;
    return error == 0 || error == EFAULT ? ESTALE : error;
}

void copies_free(struct copies *copies)
{
    for (size_t i = 0; i < copies->count; i++)
        free(copies->copy[i].file);
    copies->count = 0;
}

/* ---- Whether a window makes sense: another process has written it ---- */

static const struct member {
    enum zm_window_entry offset;
    enum zm_window_entry structure; /* its size */
    size_t size;                    /* 0: as large as a name of a zone */
} members[] = {
    {ZM_WINDOW_NODE_ALLOCATED, ZM_WINDOW_NODE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_NODE_FREED, ZM_WINDOW_NODE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_NODE_TAKEN, ZM_WINDOW_NODE_SIZE, sizeof(unsigned)},
    {ZM_WINDOW_NODE_HAS_SOURCE, ZM_WINDOW_NODE_SIZE, sizeof(unsigned)},
    {ZM_WINDOW_NODE_ZONES, ZM_WINDOW_NODE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_SOURCE_ALLOCATED_AT, ZM_WINDOW_NODE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_SOURCE_FREED_AT, ZM_WINDOW_NODE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_SOURCE_ALLOCATED_BASE, ZM_WINDOW_NODE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_SOURCE_FREED_BASE, ZM_WINDOW_NODE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_ZONE_IS_THERE, ZM_WINDOW_ZONE_SIZE, sizeof(unsigned)},
    {ZM_WINDOW_ZONE_PARENT, ZM_WINDOW_ZONE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_ZONE_LIMIT, ZM_WINDOW_ZONE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_ZONE_PEAK, ZM_WINDOW_ZONE_SIZE, sizeof(size_t)},
    {ZM_WINDOW_ZONE_AGE, ZM_WINDOW_ZONE_SIZE, sizeof(uint64_t)},
    {ZM_WINDOW_ZONE_NAME, ZM_WINDOW_ZONE_SIZE, 0},
    {ZM_WINDOW_COUNTS_ALLOCATED, ZM_WINDOW_COUNTS_SIZE, sizeof(size_t)},
    {ZM_WINDOW_COUNTS_FREED, ZM_WINDOW_COUNTS_SIZE, sizeof(size_t)},
};

/* A structure of size 0 is one that this version of the library does not have. */
static bool is_sound(const uint64_t *entry)
{
    if (entry[ZM_WINDOW_NODE_SIZE] == 0 || entry[ZM_WINDOW_ZONE_COUNT] > ZONES_MAX ||
        entry[ZM_WINDOW_ZONE_NAME_SIZE] > ZONE_TEXT_SIZE)
        return false;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const struct member *member = &members[i];
        uint64_t whole = entry[member->structure];
        uint64_t size = member->size != 0 ? member->size : entry[ZM_WINDOW_ZONE_NAME_SIZE];

        if (whole > STRUCTURE_SIZE_MAX ||
            (whole != 0 && (size > whole || entry[member->offset] > whole - size)))
            return false;
    }
    return true;
}

char *copy_trouble(const struct copy *copy)
{
    const struct zm_window *window = &copy->window;

    if (window->layout != ZM_WINDOW_LAYOUT)
        return text_format("it has zmalloc %.*s, whose figures only the command of that version "
                           "can read",
                           ZM_WINDOW_VERSION_SIZE, window->version);
    if (window->entry[ZM_WINDOW_WORD] != sizeof(size_t))
        return text_format("it is a program of %d bits, and this command reads those of %d",
                           (int)window->entry[ZM_WINDOW_WORD] * 8, (int)sizeof(size_t) * 8);
    if (!is_sound(window->entry))
        return process_trouble(0, EPROTO);
    return NULL;
}
