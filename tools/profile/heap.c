/* SPDX-License-Identifier: BSD-3-Clause */

/* Reading a heap profile. A file that is not one, or not all of one, is refused: half of the figures
 * would be worse than none. */

#include "profile/heap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verb.h"

#define HEAD "heap profile:"
#define MAPPINGS "MAPPED_LIBRARIES:"

/* Makes room for one more behind the last of count, which have room up to powers of two. */
static void *one_more(void *array, size_t count, size_t size)
{
    void *larger;

    if ((count & (count - 1)) != 0)
        return array;
    larger = reallocarray(array, count != 0 ? 2 * count : 1, size);
    if (larger == NULL)
        abort();
    return larger;
}

/* A text that must be next. */
static bool take_text(const char **at, const char *text)
{
    if (strncmp(*at, text, strlen(text)) != 0)
        return false;
    *at += strlen(text);
    return true;
}

static bool take_number(const char **at, int64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoll(*at, &end, 10);
    if (end == *at || errno != 0)
        return false;
    *at = end;
    return true;
}

static bool take_hexadecimal(const char **at, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(*at, &end, 16);
    if (end == *at || errno != 0)
        return false;
    *at = end;
    return true;
}

/* "LIVE: BYTES [ALL: BYTES] @", and what comes behind it; NULL if it is not that. */
static const char *read_figures(const char *line, struct heap_figures *figures)
{
    bool is_right = take_number(&line, &figures->live_blocks) && take_text(&line, ": ") &&
                    take_number(&line, &figures->live_bytes) && take_text(&line, " [") &&
                    take_number(&line, &figures->all_blocks) && take_text(&line, ": ") &&
                    take_number(&line, &figures->all_bytes) && take_text(&line, "] @");

    return is_right ? line : NULL;
}

static bool read_site(const char *line, struct heap_profile *profile)
{
    struct heap_site site = {0};
    const char *at = read_figures(line, &site.figures);

    if (at == NULL)
        return false;
    while (*(at += strspn(at, " ")) != '\0') {
        site.addresses = one_more(site.addresses, site.depth, sizeof *site.addresses);
        if (!take_hexadecimal(&at, &site.addresses[site.depth]) || (*at != ' ' && *at != '\0')) {
            free(site.addresses);
            return false;
        }
        site.depth++;
    }
    profile->sites = one_more(profile->sites, profile->site_count, sizeof *profile->sites);
    profile->sites[profile->site_count++] = site;
    return true;
}

/* What is behind the blanks, a word, and blanks; NULL if there is no word. */
static const char *skip_word(const char *at)
{
    size_t length;

    at += strspn(at, " ");
    length = strcspn(at, " ");
    return length > 0 ? at + length + strspn(at + length, " ") : NULL;
}

bool heap_is_zone(const char *path)
{
    return strncmp(path, "[zone ", strlen("[zone ")) == 0;
}

/* A line of /proc/PID/maps. Only those of files and zones matter. */
static bool read_mapping(const char *line, struct heap_profile *profile)
{
    struct heap_mapping mapping;
    const char *at = line;
    const char *path;
    int64_t inode;

    if (!take_hexadecimal(&at, &mapping.begin) || !take_text(&at, "-") ||
        !take_hexadecimal(&at, &mapping.end) || (at = skip_word(at)) == NULL ||
        !take_hexadecimal(&at, &mapping.offset) || (at = skip_word(at)) == NULL ||
        !take_number(&at, &inode))
        return false;
    path = at + strspn(at, " ");
    if (*path != '/' && !heap_is_zone(path))
        return true;
    mapping.path = text_format("%s", path);
    profile->mappings =
        one_more(profile->mappings, profile->mapping_count, sizeof *profile->mappings);
    profile->mappings[profile->mapping_count++] = mapping;
    return true;
}

enum part { IN_HEAD, IN_SITES, IN_MAPPINGS };

static char *read_line(const char *line, size_t number, enum part *part,
                       struct heap_profile *profile)
{
    bool is_fine = true;

    if (*part == IN_HEAD) {
        if (strncmp(line, HEAD, strlen(HEAD)) != 0)
            return text_format("it is no heap profile, which begins with \"" HEAD "\"");
        *part = IN_SITES;
    } else if (*line == '\0') {
        return NULL;
    } else if (strcmp(line, MAPPINGS) == 0) {
        *part = IN_MAPPINGS;
    } else if (*part == IN_SITES) {
        is_fine = read_site(line, profile);
    } else {
        is_fine = read_mapping(line, profile);
    }
    return is_fine ? NULL : text_format("line %zu makes no sense", number);
}

static char *read_lines(FILE *file, struct heap_profile *profile)
{
    enum part part = IN_HEAD;
    char *line = NULL;
    char *wrong = NULL;
    size_t number = 0;
    size_t room = 0;
    ssize_t length;

    while (wrong == NULL && (length = getline(&line, &room, file)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        wrong = read_line(line, ++number, &part, profile);
    }
    free(line);
    if (wrong == NULL && ferror(file))
        wrong = text_format("%s", strerror(errno));
    if (wrong == NULL && number == 0)
        wrong = text_format("it is empty");
    if (wrong == NULL && part != IN_MAPPINGS)
        wrong = text_format("it is cut off: it has no \"" MAPPINGS "\"");
    return wrong;
}

char *heap_read(const char *path, struct heap_profile *profile)
{
    FILE *file = fopen(path, "re");
    char *wrong;

    *profile = (struct heap_profile){0};
    if (file == NULL)
        return text_format("%s", strerror(errno));
    wrong = read_lines(file, profile);
    fclose(file);
    if (wrong != NULL)
        heap_free(profile);
    return wrong;
}

void heap_free(struct heap_profile *profile)
{
    for (size_t i = 0; i < profile->site_count; i++)
        free(profile->sites[i].addresses);
    for (size_t i = 0; i < profile->mapping_count; i++)
        free(profile->mappings[i].path);
    free(profile->sites);
    free(profile->mappings);
    *profile = (struct heap_profile){0};
}

const struct heap_mapping *heap_mapping_at(const struct heap_profile *profile, uint64_t address)
{
    for (size_t i = 0; i < profile->mapping_count; i++)
        if (address >= profile->mappings[i].begin && address < profile->mappings[i].end)
            return &profile->mappings[i];
    return NULL;
}

void heap_add(struct heap_figures *to, const struct heap_figures *from, int64_t times)
{
    to->live_blocks += times * from->live_blocks;
    to->live_bytes += times * from->live_bytes;
    to->all_blocks += times * from->all_blocks;
    to->all_bytes += times * from->all_bytes;
}
