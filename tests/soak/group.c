/* SPDX-License-Identifier: BSD-3-Clause */

#include "group.h"

#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHY_SIZE 200

/* ---- Files of a group ---- */

/* False if the path is too long. */
static bool path_of(const struct group *group, const char *file, char *path)
{
    return snprintf(path, sizeof group->path, "%s/%s", group->path, file) < (int)sizeof group->path;
}

static bool write_number(const struct group *group, const char *file, size_t number)
{
    char path[sizeof group->path];
    FILE *stream = path_of(group, file, path) ? fopen(path, "w") : NULL;
    bool written;

    if (stream == NULL)
        return false;
    written = fprintf(stream, "%zu\n", number) > 0;
    return fclose(stream) == 0 && written;
}

/* ---- Where it can be ---- */

/* Where a hierarchy is mounted: version 1's with the controller memory, or version 2's. */
static bool find_mount(bool is_v1, char *path, size_t size)
{
    FILE *mounts = setmntent("/proc/self/mounts", "r");
    const struct mntent *mount = NULL;
    bool found = false;

    if (mounts == NULL)
        return false;
    while (!found && (mount = getmntent(mounts)) != NULL)
        found = is_v1 ? strcmp(mount->mnt_type, "cgroup") == 0 && hasmntopt(mount, "memory")
                      : strcmp(mount->mnt_type, "cgroup2") == 0;
    if (found)
        found = snprintf(path, size, "%s", mount->mnt_dir) < (int)size;
    endmntent(mounts);
    return found;
}

/* Whether a line "number:controllers:path" is that of the hierarchy. */
static bool is_line_of(const char *line, bool is_v1)
{
    const char *controllers = strchr(line, ':');
    const char *end = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

    if (end == NULL)
        return false;
    return is_v1 ? strncmp(controllers, ":memory:", 8) == 0 : end == controllers + 1;
}

/* Appends the path of this process within the hierarchy. */
static bool append_own_path(bool is_v1, char *path, size_t size)
{
    FILE *lines = fopen("/proc/self/cgroup", "r");
    char line[sizeof((struct group *)NULL)->path];
    bool found = false;

    if (lines == NULL)
        return false;
    while (!found && fgets(line, sizeof line, lines) != NULL)
        found = is_line_of(line, is_v1);
    fclose(lines);
    if (found) {
        const char *own = strchr(strchr(line, ':') + 1, ':') + 1;

        line[strcspn(line, "\n")] = '\0';
        found = strlen(path) + strlen(own) < size;
        if (found && strcmp(own, "/") != 0)
            strcat(path, own);
    }
    return found;
}

static bool make_folder(struct group *group, char *why)
{
    char folder[64];
    char path[sizeof group->path];

    snprintf(folder, sizeof folder, "zmalloc-soak-%ld", (long)getpid());
    if (!path_of(group, folder, path) || mkdir(path, 0755) != 0) {
        snprintf(why, WHY_SIZE, "no group can be made in %.100s: %s", group->path, strerror(errno));
        return false;
    }
    memcpy(group->path, path, sizeof path);
    return true;
}

/* ---- The group ---- */

/* Also limits swap, if there is any; otherwise what is over the limit would go there. */
static bool set_limit(const struct group *group, size_t limit)
{
    if (!write_number(group, group->is_v1 ? "memory.limit_in_bytes" : "memory.max", limit))
        return false;
    if (group->is_v1)
        write_number(group, "memory.memsw.limit_in_bytes", limit);
    else
        write_number(group, "memory.swap.max", 0);
    return true;
}

static bool make_group_in(struct group *group, bool is_v1, size_t limit, char *why)
{
    group->is_v1 = is_v1;
    if (!find_mount(is_v1, group->path, sizeof group->path) ||
        !append_own_path(is_v1, group->path, sizeof group->path)) {
        snprintf(why, WHY_SIZE, "this system has no control groups with memory");
        return false;
    }
    if (!make_folder(group, why))
        return false;
    if (set_limit(group, limit))
        return true;
    remove_group(group);
    snprintf(why, WHY_SIZE, "a group below %.100s has no limit of memory", group->path);
    return false;
}

bool make_group(struct group *group, size_t limit, char *why)
{
    return make_group_in(group, false, limit, why) || make_group_in(group, true, limit, why);
}

bool join_group(const struct group *group)
{
    return write_number(group, "cgroup.procs", (size_t)getpid());
}

size_t most_in_group(const struct group *group)
{
    char path[sizeof group->path];
    const char *file = group->is_v1 ? "memory.max_usage_in_bytes" : "memory.peak";
    FILE *stream = path_of(group, file, path) ? fopen(path, "r") : NULL;
    size_t bytes = 0;

    if (stream == NULL)
        return 0;
    if (fscanf(stream, "%zu", &bytes) != 1)
        bytes = 0;
    fclose(stream);
    return bytes;
}

void remove_group(const struct group *group)
{
    rmdir(group->path);
}
