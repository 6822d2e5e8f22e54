/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How much memory the process may use: what its control group and all groups above it allow, in
 * version 1 and 2 of control groups, and never more than the machine has.
 *
 * /proc/self/cgroup has the group of the process, as a path in the hierarchy of groups.
 * /proc/self/mountinfo has the places where parts of that hierarchy are mounted as folders.
 */

#include "os/memory_limit.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "os/files.h"
#include "text_writer.h"

/* Together with reading the files, less than 8 KiB of stack, which is all that we may use. */
#define GROUP_SIZE 1024
#define LINE_SIZE 1536
#define PATH_SIZE 1600

struct hierarchy {
    const char *controller; /* "" if one hierarchy is for all controllers */
    const char *type;       /* of its file system */
    /* The files in each group's folder. NULL: there is none. */
    const char *hard;
    const char *high;
    /* A file that also takes account of groups above that cannot be seen, and the field in it. */
    const char *stat;
    const char *field;
};

static const struct hierarchy hierarchies[] = {
    {
        .controller = "memory",
        .type = "cgroup",
        .hard = "memory.limit_in_bytes",
        .stat = "memory.stat",
        .field = "hierarchical_memory_limit ",
    },
    {
        .controller = "",
        .type = "cgroup2",
        .hard = "memory.max",
        .high = "memory.high",
    },
};

/* Ends the field at the separator and returns what follows, or NULL if there is no separator. */
static char *cut(char *field, const char *separator)
{
    char *end = field != NULL ? strstr(field, separator) : NULL;

    if (end == NULL)
        return NULL;
    *end = '\0';
    return end + strlen(separator);
}

/* Whether the name is an element of the list. An empty list has one element, "". */
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
        if (found) {
            size_t length = strnlen(path, GROUP_SIZE - 1);

            memcpy(group, path, length);
            group[length] = '\0';
        }
    }
    zm_lines_close(&lines);
    return found;
}

/* ---- The mount ---- */

struct mount {
    char *root;  /* the group that is mounted... */
    char *point; /* ...at this folder */
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

/* "34 30 0:31 ROOT POINT rw,relatime shared:9 - TYPE cgroup OPTIONS". There may be any number of
 * fields like shared:9. */
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

/* Out of the part of the hierarchy that the process's namespace shows. */
static bool leads_up(const char *path)
{
    return strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\0');
}

/* The part of the path below the root, or NULL if it is elsewhere. */
static const char *below(const char *root, const char *path)
{
    size_t length = strcmp(root, "/") != 0 ? strlen(root) : 0;

    if (strncmp(root, path, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return leads_up(path + length) ? NULL : path + length;
}

/*
 * The way from the mount's folder to the group's. NULL: the mount shows another part of the
 * hierarchy. If the mount shows more than the namespace does, the group is somewhere in it, and
 * only the mount's own folder is certainly above the group.
 */
static const char *way_to(const struct mount *mount, const char *group)
{
    const char *way = below(mount->root, group);

    return way == NULL && leads_up(mount->root) && !leads_up(group) ? "" : way;
}

/* ---- The limits ---- */

/* "max" is not a number: no limit. */
static size_t number_in(const char *text)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);

    return end != text && number < SIZE_MAX ? (size_t)number : SIZE_MAX;
}

static size_t read_number(const char *path)
{
    char text[32];

    return zm_file_read(path, text, sizeof text) > 0 ? number_in(text) : SIZE_MAX;
}

static size_t read_field(const char *path, const char *field)
{
    struct zm_lines lines;
    char line[64];
    size_t number = SIZE_MAX;

    zm_lines_open(&lines, path);
    while (number == SIZE_MAX && zm_lines_next(&lines, line, sizeof line))
        if (strncmp(line, field, strlen(field)) == 0)
            number = number_in(line + strlen(field));
    zm_lines_close(&lines);
    return number;
}

static void lower(size_t *limit, size_t other)
{
    if (other < *limit)
        *limit = other;
}

/* The path of a group's folder, with room for a file name. */
struct folder {
    char path[PATH_SIZE];
    size_t length;
};

/* NULL if it is too long or there is no such file. */
static const char *path_of_file(struct folder *folder, const char *name)
{
    struct zm_writer writer = {folder->path, sizeof folder->path - 1, folder->length};

    if (name == NULL)
        return NULL;
    zm_writer_text(&writer, "/");
    zm_writer_text(&writer, name);
    if (writer.length > writer.room)
        return NULL;
    folder->path[writer.length] = '\0';
    return folder->path;
}

static void lower_by_group(struct zm_memory_limits *limits, struct folder *folder,
                           const struct hierarchy *hierarchy)
{
    const char *path = path_of_file(folder, hierarchy->hard);

    if (path != NULL)
        lower(&limits->hard, read_number(path));
    path = path_of_file(folder, hierarchy->high);
    if (path != NULL)
        lower(&limits->high, read_number(path));
}

/* Applies the limits of all groups from the process's up to the mount's. */
static void lower_on_the_way(struct zm_memory_limits *limits, const struct mount *mount,
                             const char *way, const struct hierarchy *hierarchy)
{
    struct folder folder;
    struct zm_writer writer = {folder.path, sizeof folder.path, 0};
    size_t top = strlen(mount->point);
    const char *stat;

    zm_writer_text(&writer, mount->point);
    zm_writer_text(&writer, way);
    folder.length = writer.length < sizeof folder.path ? writer.length : sizeof folder.path;
    stat = path_of_file(&folder, hierarchy->stat);
    if (stat != NULL)
        lower(&limits->hard, read_field(stat, hierarchy->field));
    for (;;) {
        lower_by_group(limits, &folder, hierarchy);
        if (folder.length <= top)
            return;
        do
            folder.length--;
        while (folder.path[folder.length] != '/');
    }
}

static void lower_in(struct zm_memory_limits *limits, const struct hierarchy *hierarchy)
{
    struct zm_lines lines;
    char line[LINE_SIZE];
    char group[GROUP_SIZE];

    if (!find_group(hierarchy, group))
        return;
    zm_lines_open(&lines, "/proc/self/mountinfo");
    while (zm_lines_next(&lines, line, sizeof line)) {
        struct mount mount;
        const char *way = NULL;

        if (read_mount(line, &mount) && is_mount_of(&mount, hierarchy))
            way = way_to(&mount, group);
        if (way != NULL)
            lower_on_the_way(limits, &mount, way, hierarchy);
    }
    zm_lines_close(&lines);
}

struct zm_memory_limits zm_memory_limits(void)
{
    size_t memory = zmalloc_get_memory_size();
    struct zm_memory_limits limits = {memory > 0 ? memory : SIZE_MAX, SIZE_MAX};
    int saved_errno = errno;

    for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++)
        lower_in(&limits, &hierarchies[i]);
    errno = saved_errno;
    return limits;
}

/* 0 means unknown. A machine may have SIZE_MAX or more. */
size_t zmalloc_get_memory_limit(void)
{
    size_t limit = zm_memory_limits().hard;

    return limit < SIZE_MAX || zmalloc_get_memory_size() > 0 ? limit : 0;
}

size_t zmalloc_get_memory_high(void)
{
    size_t high = zm_memory_limits().high;

    return high < SIZE_MAX ? high : 0;
}
