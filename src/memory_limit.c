/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How much memory the process may have: what its control group and all groups above it allow, in
 * version 1 and 2 of control groups, and never more than the machine has.
 *
 * /proc/self/cgroup tells the group of the process as a path in the hierarchy of groups, and
 * /proc/self/mountinfo where a part of that hierarchy can be seen as folders.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "internal.h"

#define GROUP_SIZE 1024
#define LINE_SIZE 2048

struct hierarchy {
    const char *controller; /* "" where there is one hierarchy for all controllers */
    const char *type;       /* of its file system */
    const char *limit;      /* the file in each group's folder */
};

static const struct hierarchy hierarchies[] = {
    {"memory", "cgroup", "memory.limit_in_bytes"},
    {"", "cgroup2", "memory.max"},
};

/* Ends the field at the separator and returns what follows; NULL where there is none. */
static char *cut(char *field, const char *separator)
{
    char *end = field != NULL ? strstr(field, separator) : NULL;

    if (end == NULL)
        return NULL;
    *end = '\0';
    return end + strlen(separator);
}

/* Whether the name is an element; "" is the only one of an empty list. */
static bool list_has(const char *list, const char *name)
{
    size_t length = strlen(name);

    while (strncmp(list, name, length) != 0 || (list[length] != ',' && list[length] != '\0')) {
        list = strchr(list, ',');
        if (list == NULL)
            return false;
        list++;
    }
    return true;
}

/* ---- The group ---- */

/* "4:memory,cpu:/group", and in version 2 "0::/group". */
static bool find_group(const struct hierarchy *hierarchy, char group[GROUP_SIZE])
{
    struct zm_lines lines;
    char line[LINE_SIZE];
    bool found = false;

    zm_lines_open(&lines, "/proc/self/cgroup");
    while (!found && zm_lines_next(&lines, line, sizeof line)) {
        char *controllers = cut(line, ":");
        char *path = cut(controllers, ":");

        found = path != NULL && *path == '/' && list_has(controllers, hierarchy->controller);
        if (found)
            snprintf(group, GROUP_SIZE, "%s", path);
    }
    zm_lines_close(&lines);
    return found;
}

/* ---- The mount ---- */

struct mount {
    char *root;  /* the group that is seen... */
    char *point; /* ...in this folder */
    char *type;
    char *options; /* of the file system */
};

/* Blanks and backslashes in paths are written as \ooo. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
            *to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* "34 30 0:31 ROOT POINT rw,relatime shared:9 - TYPE cgroup OPTIONS", where shared:9 is one of any
 * number of such. */
static bool read_mount(char *line, struct mount *mount)
{
    char *rest;

    mount->root = cut(cut(cut(line, " "), " "), " ");
    mount->point = cut(mount->root, " ");
    rest = cut(mount->point, " ");
    mount->type = cut(rest, " - ");
    mount->options = cut(cut(mount->type, " "), " ");
    if (mount->options == NULL)
        return false;
    unescape(mount->root);
    unescape(mount->point);
    return true;
}

static bool is_mount_of(const struct mount *mount, const struct hierarchy *hierarchy)
{
    return strcmp(mount->type, hierarchy->type) == 0 &&
           (*hierarchy->controller == '\0' || list_has(mount->options, hierarchy->controller));
}

/* Out of what the process's namespace shows of the hierarchy. */
static bool leads_up(const char *path)
{
    return strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\0');
}

/* What of the path lies below the root; NULL where it is elsewhere. */
static const char *below(const char *root, const char *path)
{
    size_t length = strcmp(root, "/") != 0 ? strlen(root) : 0;

    if (strncmp(root, path, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return leads_up(path + length) ? NULL : path + length;
}

/*
 * The way from the mount's folder to the group's. Where the mount shows more than the namespace, the
 * group is somewhere in it: of its folders only the uppermost is known to be above. NULL: it shows
 * another part of the hierarchy.
 */
static const char *way_to(const struct mount *mount, const char *group)
{
    const char *way = below(mount->root, group);

    return way == NULL && leads_up(mount->root) && !leads_up(group) ? "" : way;
}

/* ---- The limit ---- */

/* "max" is no number, and none. */
static size_t read_limit(const char *path)
{
    char text[32];
    char *end = text;
    unsigned long long limit = 0;

    if (zm_file_read(path, text, sizeof text) > 0)
        limit = strtoull(text, &end, 10);
    return end != text && limit < SIZE_MAX ? (size_t)limit : SIZE_MAX;
}

/* The smallest limit from the folder of the group up to that of the mount. */
static size_t smallest_on_the_way(const struct mount *mount, const char *way, const char *file)
{
    char path[LINE_SIZE + GROUP_SIZE];
    size_t top = strlen(mount->point);
    size_t length = top + strlen(way);
    size_t smallest = SIZE_MAX;

    snprintf(path, sizeof path, "%s%s", mount->point, way);
    for (;;) {
        size_t limit;

        snprintf(path + length, sizeof path - length, "/%s", file);
        limit = read_limit(path);
        if (limit < smallest)
            smallest = limit;
        if (length == top)
            return smallest;
        do
            length--;
        while (path[length] != '/');
    }
}

static size_t limit_in(const struct hierarchy *hierarchy)
{
    struct zm_lines lines;
    char line[LINE_SIZE];
    char group[GROUP_SIZE];
    size_t smallest = SIZE_MAX;

    if (!find_group(hierarchy, group))
        return SIZE_MAX;
    zm_lines_open(&lines, "/proc/self/mountinfo");
    while (zm_lines_next(&lines, line, sizeof line)) {
        struct mount mount;
        const char *way = NULL;
        size_t limit = SIZE_MAX;

        if (read_mount(line, &mount) && is_mount_of(&mount, hierarchy))
            way = way_to(&mount, group);
        if (way != NULL)
            limit = smallest_on_the_way(&mount, way, hierarchy->limit);
        if (limit < smallest)
            smallest = limit;
    }
    zm_lines_close(&lines);
    return smallest;
}

size_t zmalloc_get_memory_limit(void)
{
    size_t memory = zmalloc_get_memory_size();
    size_t smallest = memory > 0 ? memory : SIZE_MAX;
    int saved_errno = errno;

    for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++) {
        size_t limit = limit_in(&hierarchies[i]);

        if (limit < smallest)
            smallest = limit;
    }
    errno = saved_errno;
    return smallest < SIZE_MAX || memory > 0 ? smallest : 0;
}
