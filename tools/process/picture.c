/* SPDX-License-Identifier: BSD-3-Clause */

/* The picture of another process, for the forms in which the library shows its own. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../verb.h"
#include "process.h"

#define UNKNOWN ZM_UNKNOWN_FIGURE

struct photographer {
    pid_t pid;
    const struct zm_window *window;
    struct picture *picture;
    int error;
};

static uint64_t entry(const struct photographer *by, enum zm_window_entry which)
{
    return by->window->entry[which];
}

/* ---- Texts ---- */

static void take_text(struct photographer *by, enum zm_window_entry which, char *to, size_t size)
{
    int error = process_read_text(by->pid, entry(by, which), to, size);

    if (by->error == 0)
        by->error = error;
}

static void take_choice(struct photographer *by)
{
    struct picture *picture = by->picture;
    struct zm_stats *stats = &picture->stats;

    snprintf(picture->version, sizeof picture->version, "%.*s", ZM_WINDOW_VERSION_SIZE,
             by->window->version);
    take_text(by, ZM_WINDOW_BACKEND, picture->backend, sizeof picture->backend);
    take_text(by, ZM_WINDOW_BACKEND_VERSION, picture->backend_version,
              sizeof picture->backend_version);
    take_text(by, ZM_WINDOW_ORIGIN, picture->origin, sizeof picture->origin);
    take_text(by, ZM_WINDOW_CHOSEN_BY, picture->chosen_by, sizeof picture->chosen_by);
    take_text(by, ZM_WINDOW_CHOICE, picture->choice.list, sizeof picture->choice.list);
    picture->choice.by = picture->chosen_by;
    picture->choice.origin = picture->origin;
    stats->version = picture->version;
    stats->pid = by->pid;
    stats->backend = picture->backend;
    stats->backend_version = picture->backend_version;
    stats->choice = &picture->choice;
    stats->prefix_size = (size_t)entry(by, ZM_WINDOW_PREFIX_SIZE);
    stats->counts_by_itself = entry(by, ZM_WINDOW_COUNTS_BY_ITSELF) != 0;
}

/* ---- Figures ---- */

static uint64_t take_word(struct photographer *by, enum zm_window_entry which)
{
    size_t value = 0;

    if (entry(by, which) == 0)
        return UNKNOWN;
    if (by->error == 0)
        by->error = process_read(by->pid, entry(by, which), &value, sizeof value);
    return value;
}

static uint64_t take_limit(struct photographer *by, enum zm_window_entry which)
{
    uint64_t limit = take_word(by, which);

    return limit != SIZE_MAX ? limit : UNKNOWN;
}

static uint64_t take_refused(struct photographer *by)
{
    uint64_t refused = 0;

    if (entry(by, ZM_WINDOW_REFUSED) == 0)
        return UNKNOWN;
    if (by->error == 0)
        by->error = process_read(by->pid, entry(by, ZM_WINDOW_REFUSED), &refused, sizeof refused);
    return refused;
}

/* The process looks at its peak now and then; what is in use now may be more. */
static void take_figures(struct photographer *by)
{
    uint64_t *figures = by->picture->stats.figures;
    int error;

    error = counters_used(by->pid, by->window, &figures[ZM_USED]);
    if (error == 0)
        error = counters_threads(by->pid, by->window, &figures[ZM_THREADS]);
    if (by->error == 0)
        by->error = error;
    figures[ZM_PEAK] = take_word(by, ZM_WINDOW_PEAK);
    if (figures[ZM_PEAK] < figures[ZM_USED])
        figures[ZM_PEAK] = figures[ZM_USED];
    figures[ZM_EXTERNAL] = take_word(by, ZM_WINDOW_EXTERNAL);
    figures[ZM_HARD_LIMIT] = take_limit(by, ZM_WINDOW_HARD_LIMIT);
    figures[ZM_SOFT_LIMIT] = take_limit(by, ZM_WINDOW_SOFT_LIMIT);
    figures[ZM_REFUSED] = take_refused(by);
}

static void take_facts(struct photographer *by)
{
    struct process_facts *facts = &by->picture->facts;
    uint64_t *figures = by->picture->stats.figures;
    size_t bytes;

    if (!process_facts(by->pid, facts)) {
        by->error = ESRCH;
        return;
    }
    figures[ZM_RSS] = facts->rss;
    figures[ZM_MINOR_FAULTS] = facts->minor_faults;
    figures[ZM_MAJOR_FAULTS] = facts->major_faults;
    bytes = zmalloc_get_memory_size();
    if (bytes != 0)
        figures[ZM_MACHINE_MEMORY] = bytes;
}

/* ---- Zones ---- */

static size_t word_of(const unsigned char *bytes, uint64_t offset)
{
    size_t value;

    memcpy(&value, bytes + offset, sizeof value);
    return value;
}

static void take_zone(struct photographer *by, const unsigned char *bytes, unsigned number)
{
    struct picture *picture = by->picture;
    struct zone_row *row = &picture->zones[picture->zone_count];
    unsigned is_there;

    memcpy(&is_there, bytes + entry(by, ZM_WINDOW_ZONE_IS_THERE), sizeof is_there);
    if (number == 0 || is_there == 0)
        return;
    snprintf(row->name, sizeof row->name, "%.*s", (int)entry(by, ZM_WINDOW_ZONE_NAME_SIZE),
             (const char *)bytes + entry(by, ZM_WINDOW_ZONE_NAME));
    memcpy(&row->age, bytes + entry(by, ZM_WINDOW_ZONE_AGE), sizeof row->age);
    row->figures.number = number;
    row->figures.peak = word_of(bytes, entry(by, ZM_WINDOW_ZONE_PEAK));
    row->figures.limit = word_of(bytes, entry(by, ZM_WINDOW_ZONE_LIMIT));
    picture->zone_count++;
}

/* The number of the zone that it is in; 0: it is in no other. */
static size_t parent_of(const struct photographer *by, const unsigned char *zones, size_t number,
                        size_t count)
{
    uint64_t size = entry(by, ZM_WINDOW_ZONE_SIZE);
    uint64_t parent = word_of(zones + number * size, entry(by, ZM_WINDOW_ZONE_PARENT));
    uint64_t first = entry(by, ZM_WINDOW_ZONES);

    return parent > first && (parent - first) / size < count ? (size_t)((parent - first) / size)
                                                             : 0;
}

/* Returns how many zones it is in, one within the other. Zones that change meanwhile may make a
 * circle. */
static int add_to_parents(const struct photographer *by, const unsigned char *zones, size_t number,
                          size_t count, size_t own, size_t *used)
{
    size_t parent = parent_of(by, zones, number, count);
    size_t depth = 0;

    for (; parent != 0 && depth < count; depth++) {
        used[parent] += own;
        parent = parent_of(by, zones, parent, count);
    }
    return (int)depth;
}

static int by_age(const void *a, const void *b)
{
    const struct zone_row *one = a;
    const struct zone_row *other = b;

    return (one->age > other->age) - (one->age < other->age);
}

static const struct zone_row *row_of(const struct picture *picture, size_t number)
{
    for (size_t i = 0; i < picture->zone_count; i++)
        if (picture->zones[i].figures.number == number)
            return &picture->zones[i];
    return NULL;
}

static void fill_row(const struct photographer *by, struct zone_row *row, size_t parent,
                     size_t used)
{
    const struct zone_row *outer = row_of(by->picture, parent);

    row->figures.name = row->name;
    row->figures.used = used;
    if (row->figures.peak < used)
        row->figures.peak = used;
    if (outer != NULL)
        row->figures.parent = outer->name;
}

/* A zone contains those below it. */
static void fill_rows(const struct photographer *by, const unsigned char *zones, const size_t *own,
                      size_t count)
{
    struct picture *picture = by->picture;
    size_t *used = allocate(count, sizeof *used);

    qsort(picture->zones, picture->zone_count, sizeof *picture->zones, by_age);
    for (size_t i = 0; i < picture->zone_count; i++) {
        size_t number = picture->zones[i].figures.number;

        used[number] += own[number];
        picture->zones[i].depth = add_to_parents(by, zones, number, count, own[number], used);
    }
    for (size_t i = 0; i < picture->zone_count; i++) {
        size_t number = picture->zones[i].figures.number;

        fill_row(by, &picture->zones[i], parent_of(by, zones, number, count), used[number]);
    }
    free(used);
}

static void take_zones_from(struct photographer *by, const unsigned char *zones, size_t count)
{
    size_t *own = allocate(count, sizeof *own);

    for (size_t number = 0; number < count; number++)
        take_zone(by, zones + number * entry(by, ZM_WINDOW_ZONE_SIZE), (unsigned)number);
    if (by->picture->zone_count > 0 && by->error == 0)
        by->error = counters_zones(by->pid, by->window, own, count);
    fill_rows(by, zones, own, count);
    free(own);
}

static void take_zones(struct photographer *by)
{
    size_t count = (size_t)entry(by, ZM_WINDOW_ZONE_COUNT);
    size_t size = count * (size_t)entry(by, ZM_WINDOW_ZONE_SIZE);
    unsigned char *zones;

    if (count == 0 || by->error != 0)
        return;
    zones = allocate(1, size);
    by->picture->zones = allocate(count, sizeof *by->picture->zones);
    by->error = process_read(by->pid, entry(by, ZM_WINDOW_ZONES), zones, size);
    if (by->error == 0)
        take_zones_from(by, zones, count);
    free(zones);
}

static bool next_zone(const struct zm_stats *stats, const void **zone,
                      struct zm_zone_figures *figures)
{
    const struct picture *picture = (const struct picture *)stats;
    const struct zone_row *row = *zone;

    row = row == NULL ? picture->zones : row + 1;
    if (picture->zone_count == 0 || row == picture->zones + picture->zone_count)
        return false;
    *figures = row->figures;
    *zone = row;
    return true;
}

/* ---- All of it ---- */

struct picture *picture_take(pid_t pid, const struct copy *copy, int *error)
{
    struct picture *picture = allocate(1, sizeof *picture);
    struct photographer by = {.pid = pid, .window = &copy->window, .picture = picture};

    for (size_t i = 0; i < ZM_FIGURES; i++)
        picture->stats.figures[i] = UNKNOWN;
    picture->stats.next_zone = next_zone;
    if (entry(&by, ZM_WINDOW_BACKEND) == 0) {
        by.error = EAGAIN;
    } else {
        take_choice(&by);
        take_figures(&by);
        take_facts(&by);
        take_zones(&by);
    }
    /* Only now: addresses may have become those of another program at any time. */
    *error = copy_check(pid, copy);
    if (*error == 0)
        *error = by.error;
    if (*error == 0)
        return picture;
    picture_free(picture);
    return NULL;
}

void picture_free(struct picture *picture)
{
    free(picture->zones);
    free(picture);
}

/* The kernel visits all pages of the process for this, which a table that does not show it must not
 * cause every two seconds. */
static void take_private_dirty(struct picture *picture)
{
    size_t bytes = zmalloc_get_private_dirty(picture->stats.pid);

    if (bytes != 0)
        picture->stats.figures[ZM_PRIVATE_DIRTY] = bytes;
}

char *picture_text(struct picture *picture,
                   void (*form)(struct zm_writer *writer, const struct zm_stats *stats))
{
    struct zm_writer writer = {0};
    char *text;

    take_private_dirty(picture);
    form(&writer, &picture->stats);
    text = allocate(writer.length + 1, 1);
    writer = (struct zm_writer){.text = text, .room = writer.length};
    form(&writer, &picture->stats);
    return text;
}
