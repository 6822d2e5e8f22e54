/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A set is an array of pointers to phrases, sorted by their bytes, so all phrases with a prefix lie side
 * by side. Whatever can fail comes first, so a set without memory is as it was.
 */

#include "phrases.h"

#include <errno.h>
#include <string.h>

#define ROOM_FIRST 4

struct phrases {
    struct phrase **sorted;
    size_t count;
    size_t room;       /* pointers that fit into sorted */
    size_t text_bytes; /* what the phrases themselves have in the zone */
};

struct zmalloc_zone *phrases_zone;
static size_t given_limit;

bool phrases_begin(size_t limit)
{
    given_limit = limit;
    phrases_zone = zmalloc_zone_create("phrases", NULL);
    if (phrases_zone == NULL)
        return false;
    if (limit == SIZE_MAX || zmalloc_zone_set_limit(phrases_zone, limit) == 0)
        return true;
    phrases_end();
    return false;
}

void phrases_heed_limit(bool heed)
{
    zmalloc_zone_set_limit(phrases_zone, heed ? given_limit : SIZE_MAX);
}

size_t phrases_limit(void)
{
    return given_limit;
}

void phrases_end(void)
{
    int error = errno;

    zmalloc_zone_destroy(phrases_zone, NULL);
    phrases_zone = NULL;
    errno = error;
}

struct phrases *phrases_new(void)
{
    return ztrycalloc_in(phrases_zone, sizeof(struct phrases));
}

void phrases_free(struct phrases *set)
{
    for (size_t i = 0; i < set->count; i++)
        zfree_in(phrases_zone, set->sorted[i]);
    zfree_in(phrases_zone, set->sorted);
    zfree_in(phrases_zone, set);
}

size_t phrases_count(const struct phrases *set)
{
    return set->count;
}

const struct phrase *phrases_at(const struct phrases *set, size_t index)
{
    return set->sorted[index];
}

size_t phrases_bytes(const struct phrases *set)
{
    return zmalloc_size(set) + zmalloc_size(set->sorted) + set->text_bytes;
}

/* ---- Order ---- */

static int compare(const struct phrase *phrase, const char *text, size_t length)
{
    int order = memcmp(phrase->text, text, phrase->length < length ? phrase->length : length);

    return order != 0 ? order : (phrase->length > length) - (phrase->length < length);
}

/* Where the phrase is, or would be. It is also where those begin that have it as a prefix. */
static size_t place_of(const struct phrases *set, const char *text, size_t length)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(set->sorted[middle], text, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct phrases *set, size_t place, const char *text, size_t length)
{
    return place < set->count && compare(set->sorted[place], text, length) == 0;
}

/* ---- Changes ---- */

static bool set_room(struct phrases *set, size_t room)
{
    struct phrase **sorted = ztryrealloc_in(phrases_zone, set->sorted, room * sizeof(*sorted));

    if (sorted == NULL)
        return false;
    set->sorted = sorted;
    set->room = room;
    return true;
}

static bool make_room(struct phrases *set)
{
    return set->count < set->room || set_room(set, set->room == 0 ? ROOM_FIRST : set->room * 2);
}

/* With a quarter in use half is enough; then it does not grow again at the next phrase. If there is no
 * memory to move to, the larger array will do. */
static void give_back_room(struct phrases *set)
{
    if (set->room > ROOM_FIRST && set->count <= set->room / 4)
        (void)set_room(set, set->room / 2);
}

static struct phrase *new_phrase(const char *text, size_t length, uint64_t count)
{
    struct phrase *phrase = ztrymalloc_in(phrases_zone, sizeof(*phrase) + length);

    if (phrase == NULL)
        return NULL;
    phrase->count = count;
    phrase->length = length;
    memcpy(phrase->text, text, length);
    return phrase;
}

static uint64_t insert(struct phrases *set, size_t place, struct phrase *phrase)
{
    struct phrase **there = set->sorted + place;

    memmove(there + 1, there, (set->count - place) * sizeof(*there));
    *there = phrase;
    set->count++;
    set->text_bytes += zmalloc_size(phrase);
    return phrase->count;
}

static uint64_t raise_count(struct phrase *phrase, uint64_t count)
{
    if (count > PHRASES_COUNT_MAX - phrase->count) {
        errno = EOVERFLOW;
        return 0;
    }
    return phrase->count += count;
}

uint64_t phrases_add(struct phrases *set, const char *text, size_t length, uint64_t count)
{
    size_t place = place_of(set, text, length);
    struct phrase *phrase;

    if (is_at(set, place, text, length))
        return raise_count(set->sorted[place], count);
    if (!make_room(set) || (phrase = new_phrase(text, length, count)) == NULL)
        return 0;
    return insert(set, place, phrase);
}

bool phrases_remove(struct phrases *set, const char *text, size_t length)
{
    size_t place = place_of(set, text, length);
    struct phrase **there;

    if (!is_at(set, place, text, length))
        return false;
    there = set->sorted + place;
    set->text_bytes -= zmalloc_size(*there);
    zfree_in(phrases_zone, *there);
    set->count--;
    memmove(there, there + 1, (set->count - place) * sizeof(*there));
    give_back_room(set);
    return true;
}

/* ---- Questions ---- */

static bool begins_with(const struct phrase *phrase, const char *prefix, size_t length)
{
    return phrase->length >= length && memcmp(phrase->text, prefix, length) == 0;
}

/* best is sorted by count. Among equals the one that came first stays first. Returns how many there
 * are now. */
static size_t enter(const struct phrase **best, size_t count, size_t max,
                    const struct phrase *phrase)
{
    size_t place = count < max ? count : max - 1;

    if (count == max && best[place]->count >= phrase->count)
        return count;
    while (place > 0 && best[place - 1]->count < phrase->count) {
        best[place] = best[place - 1];
        place--;
    }
    best[place] = phrase;
    return count < max ? count + 1 : max;
}

size_t phrases_complete(const struct phrases *set, const char *prefix, size_t length,
                        const struct phrase **best, size_t max)
{
    size_t found = 0;

    for (size_t i = place_of(set, prefix, length); i < set->count; i++) {
        if (!begins_with(set->sorted[i], prefix, length))
            break;
        found = enter(best, found, max, set->sorted[i]);
    }
    return found;
}
