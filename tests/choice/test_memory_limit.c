/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How much memory control groups leave the process. This test writes the files itself: as Linux
 * does for both versions of control groups, inside a container and outside, and in unusual forms.
 */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "choice_support.h"
#include "refused_calls.h"

#define PATH_SIZE 4096
#define KIB 1024
/* The machine has this many pages. */
#define PAGES 1000

static char folder[FOLDER_SIZE];

static size_t machine_memory(void)
{
    return PAGES * (size_t)sysconf(_SC_PAGESIZE);
}

static void make_folders(char *path)
{
    for (char *slash = path; (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
        *slash = '\0';
        assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
    }
}

/* name includes folders; FOLDER in text is replaced by the test's own. */
static void write_file(const char *name, const char *text)
{
    char path[PATH_SIZE];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    make_folders(path);
    file = fopen(path, "we");
    assert_non_null(file);
    for (const char *at = text; *at != '\0';) {
        if (strncmp(at, "FOLDER", 6) == 0) {
            fputs(folder, file);
            at += 6;
        } else {
            fputc(*at++, file);
        }
    }
    assert_int_equal(fclose(file), 0);
}

static void remove_all(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    char below[PATH_SIZE];

    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (unlink(below) != 0)
            remove_all(below);
    }
    closedir(directory);
    assert_int_equal(rmdir(path), 0);
}

static int set_up(void **state)
{
    (void)state;
    make_folder(folder);
    refused.proc = folder;
    refused.pages = PAGES;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    refused = (struct refused_calls){0};
    remove_all(folder);
    return 0;
}

static void assert_limit(size_t limit)
{
    assert_int_equal(zmalloc_get_memory_limit(), limit);
}

/* 0 instead of no limit. */
static void assert_high(size_t high)
{
    char wanted[64];
    char report[8192];

    assert_int_equal(zmalloc_get_memory_high(), high);
    snprintf(wanted, sizeof wanted, high > 0 ? ",\"high_bytes\":%zu}" : ",\"high_bytes\":null}",
             high);
    assert_true(zmalloc_stats_json(report, sizeof report) > 0);
    assert_non_null(strstr(report, wanted));
}

/* ---- Version 2 ---- */

#define MOUNT_V2 "30 22 0:27 / FOLDER/v2 rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

static void the_group_itself_has_the_limit(void **state)
{
    (void)state;
    write_file("cgroup", "0::/a/b\n");
    write_file("mountinfo", "22 1 8:1 / / rw - ext4 /dev/root rw\n" MOUNT_V2);
    write_file("v2/a/b/memory.max", "2048000\n");
    write_file("v2/a/memory.max", "max\n");
    assert_limit(2000 * KIB);
    write_file("v2/a/b/memory.max", "max\n");
    assert_limit(machine_memory());
    write_file("v2/a/b/memory.max", "99999999999999999999999\n");
    assert_limit(machine_memory());
    write_file("v2/a/b/memory.max", "");
    assert_limit(machine_memory());
}

static void every_group_above_counts(void **state)
{
    (void)state;
    write_file("cgroup", "0::/a/b/c\n");
    write_file("mountinfo", MOUNT_V2);
    write_file("v2/a/b/c/memory.max", "3072000\n");
    write_file("v2/a/memory.max", "1024000\n");
    write_file("v2/memory.max", "max\n");
    write_file("v2/a/b/other/memory.max", "1\n");
    write_file("memory.max", "1\n");
    assert_limit(1000 * KIB);
    write_file("v2/memory.max", "512000\n");
    assert_limit(500 * KIB);
}

static void the_machine_may_have_less(void **state)
{
    (void)state;
    write_file("cgroup", "0::/\n");
    write_file("mountinfo", MOUNT_V2);
    write_file("v2/memory.max", "4096000000\n");
    assert_limit(machine_memory());
    refused.pages = -1;
    assert_limit(4096000000);
    write_file("v2/memory.max", "max\n");
    assert_limit(0);
    refused.pages = LONG_MAX;
    assert_limit(SIZE_MAX);
}

/* ---- Version 1 ---- */

#define MOUNT_V1 "34 30 0:31 / FOLDER/v1 rw shared:9 master:2 - cgroup cgroup rw,memory\n"
#define OTHER_V1 "33 30 0:30 / FOLDER/cpu rw - cgroup cgroup rw,cpu,cpumemory,memory2\n"

static void version_1_names_its_controller(void **state)
{
    (void)state;
    write_file("cgroup", "9:name=systemd:/x\n5:cpu,memory2:/y\n4:cpuset,memory,cpu:/a/b\n0::/z\n");
    write_file("mountinfo", OTHER_V1 MOUNT_V1);
    write_file("v1/a/b/memory.limit_in_bytes", "9223372036854771712\n");
    write_file("v1/a/memory.limit_in_bytes", "2048000\n");
    write_file("v1/y/memory.limit_in_bytes", "1\n");
    write_file("cpu/a/memory.limit_in_bytes", "1\n");
    assert_limit(2000 * KIB);
}

static void both_versions_may_be_there(void **state)
{
    (void)state;
    write_file("cgroup", "4:memory:/a\n0::/b\n");
    write_file("mountinfo", MOUNT_V1 MOUNT_V2);
    write_file("v1/a/memory.limit_in_bytes", "2048000\n");
    write_file("v2/b/memory.max", "3072000\n");
    assert_limit(2000 * KIB);
    write_file("v2/b/memory.max", "1024000\n");
    assert_limit(1000 * KIB);
}

/* ---- What a pod sees of version 1: its own group, not those above that have the limit ---- */

#define STAT_V1                                                                                    \
    "cache 4096\nrss 8192\nrss_huge 0\nshmem 0\nmapped_file 0\ndirty 0\nwriteback 0\npgpgin 3\n"   \
    "pgpgout 1\npgfault 5\npgmajfault 0\ninactive_anon 0\nactive_anon 8192\ninactive_file 4096\n"  \
    "active_file 0\nunevictable 0\nhierarchical_memory_limit %s\ntotal_cache 4096\ntotal_rss 1\n"

static void write_stat(const char *name, const char *limit)
{
    char text[1024];

    snprintf(text, sizeof text, STAT_V1, limit);
    write_file(name, text);
}

static void version_1_counts_groups_that_cannot_be_seen(void **state)
{
    (void)state;
    write_file("cgroup", "4:memory:/kubepods/pod1/a\n");
    write_file("mountinfo", "34 30 0:31 /kubepods/pod1/a FOLDER/v1 rw - cgroup cgroup rw,memory\n");
    write_file("v1/memory.limit_in_bytes", "9223372036854771712\n");
    assert_limit(machine_memory());
    write_stat("v1/memory.stat", "2048000");
    assert_limit(2000 * KIB);
    write_file("v1/memory.limit_in_bytes", "1024000\n");
    assert_limit(1000 * KIB);
    write_file("v1/memory.limit_in_bytes", "9223372036854771712\n");
    write_stat("v1/memory.stat", "9223372036854771712");
    assert_limit(machine_memory());
    write_file("v1/memory.stat", "hierarchical_memory_limit\nhierarchical_memory_limit x\n");
    assert_limit(machine_memory());
}

/* ---- memory.high ---- */

static void memory_high_is_a_figure_of_its_own(void **state)
{
    (void)state;
    write_file("cgroup", "0::/a/b\n");
    write_file("mountinfo", MOUNT_V2);
    assert_high(0);
    write_file("v2/a/b/memory.high", "max\n");
    assert_high(0);
    write_file("v2/a/b/memory.high", "3072000\n");
    assert_high(3000 * KIB);
    write_file("v2/a/memory.high", "2048000\n");
    assert_high(2000 * KIB);
    assert_limit(machine_memory());
    write_file("v2/a/memory.max", "1024000\n");
    assert_limit(1000 * KIB);
    assert_high(2000 * KIB);
}

/* Version 1 has a soft limit, which is something else. */
static void version_1_has_no_memory_high(void **state)
{
    (void)state;
    write_file("cgroup", "4:memory:/a\n");
    write_file("mountinfo", MOUNT_V1);
    write_file("v1/a/memory.limit_in_bytes", "2048000\n");
    write_file("v1/a/memory.soft_limit_in_bytes", "1024000\n");
    write_file("v1/a/memory.high", "1\n");
    assert_limit(2000 * KIB);
    assert_high(0);
}

/* ---- What a mount shows ---- */

static void a_mount_may_show_a_part(void **state)
{
    (void)state;
    write_file("cgroup", "0::/docker/1/a\n");
    write_file("mountinfo", "30 22 0:27 /docker/1 FOLDER/v2 rw - cgroup2 cgroup rw\n");
    write_file("v2/a/memory.max", "3072000\n");
    write_file("v2/memory.max", "2048000\n");
    assert_limit(2000 * KIB);
    write_file("cgroup", "0::/docker/1\n");
    assert_limit(2000 * KIB);
    write_file("cgroup", "0::/docker/12\n");
    assert_limit(machine_memory());
    write_file("cgroup", "0::/docker\n");
    assert_limit(machine_memory());
}

static void one_of_several_mounts_shows_it(void **state)
{
    (void)state;
    write_file("cgroup", "0::/a/b\n");
    write_file("mountinfo", "30 22 0:27 /other FOLDER/other rw - cgroup2 cgroup rw\n"
                            "31 22 0:27 /a/b FOLDER/narrow rw - cgroup2 cgroup rw\n"
                            "32 22 0:27 /a FOLDER/wide rw - cgroup2 cgroup rw\n");
    write_file("other/memory.max", "1\n");
    write_file("narrow/memory.max", "3072000\n");
    write_file("wide/memory.max", "2048000\n");
    assert_limit(2000 * KIB);
}

static void a_namespace_hides_what_is_above(void **state)
{
    (void)state;
    write_file("mountinfo", "30 22 0:27 /.. FOLDER/v2 rw - cgroup2 cgroup rw\n");
    write_file("v2/memory.max", "2048000\n");
    write_file("v2/a/memory.max", "1\n");
    write_file("cgroup", "0::/a\n");
    assert_limit(2000 * KIB);
    write_file("cgroup", "0::/../a\n");
    assert_limit(1);
    write_file("cgroup", "0::/../../a\n");
    assert_limit(machine_memory());
    write_file("mountinfo", MOUNT_V2);
    assert_limit(machine_memory());
    write_file("cgroup", "0::/..\n");
    assert_limit(machine_memory());
    write_file("cgroup", "0::/..a\n");
    write_file("v2/..a/memory.max", "1024000\n");
    assert_limit(1000 * KIB);
}

static void paths_are_unescaped(void **state)
{
    (void)state;
    write_file("cgroup", "0::/my group\\x/a\n");
    write_file("mountinfo",
               "30 22 0:27 /my\\040group\\134x FOLDER/my\\040\\03 rw - cgroup2 none rw\n");
    write_file("my \\03/a/memory.max", "1024000\n");
    assert_limit(1000 * KIB);
}

/* ---- What is hardly ever there ---- */

static void without_files_it_is_the_machine(void **state)
{
    (void)state;
    assert_limit(machine_memory());
    write_file("cgroup", "0::/a\n");
    assert_limit(machine_memory());
    write_file("mountinfo", MOUNT_V2);
    assert_limit(machine_memory());
    refused.proc = "/nowhere";
    assert_limit(machine_memory());
}

static void lines_that_are_none_are_passed_over(void **state)
{
    (void)state;
    write_file("v2/memory.max", "1\n");
    write_file("cgroup", "\n0\n0:\n0::\n0::a\nmemory\n");
    write_file("mountinfo", MOUNT_V2);
    assert_limit(machine_memory());
    write_file("cgroup", "\n0\n0:\n0::\n0::/\n");
    write_file("mountinfo",
               "\n30\n30 22 0:27 /\n30 22 0:27 / FOLDER/v2\n30 22 0:27 / FOLDER/v2 rw -\n"
               "30 22 0:27 / FOLDER/v2 rw - cgroup2\n30 22 0:27 / FOLDER/v2 rw - "
               "cgroup2 cgroup2\n");
    assert_limit(machine_memory());
    write_file("mountinfo", "30 22 0:27 / FOLDER/v2 rw - cgroup2 cgroup2 rw");
    assert_limit(1);
}

/* A path that was cut off leads nowhere; the groups above are still read. */
static void a_path_too_long_is_cut(void **state)
{
    char line[3000];

    (void)state;
    snprintf(line, sizeof line, "0::/a/%0*d/b\n", 2000, 1);
    write_file("cgroup", line);
    write_file("mountinfo", MOUNT_V2);
    write_file("v2/a/memory.max", "1024000\n");
    assert_limit(1000 * KIB);
}

/* Skips what no path has room for. */
static void a_mount_point_too_long_is_passed_over(void **state)
{
    char line[3000];

    (void)state;
    snprintf(line, sizeof line, "0::/a/%0*d/b\n", 1000, 1);
    write_file("cgroup", line);
    snprintf(line, sizeof line, "31 22 0:27 / /%0*d rw - cgroup2 cgroup2 rw\n" MOUNT_V2, 1400, 1);
    write_file("mountinfo", line);
    write_file("v2/a/memory.max", "1024000\n");
    assert_limit(1000 * KIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_group_itself_has_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_group_above_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_machine_may_have_less, set_up, tear_down),
        cmocka_unit_test_setup_teardown(version_1_names_its_controller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both_versions_may_be_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(version_1_counts_groups_that_cannot_be_seen, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(memory_high_is_a_figure_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(version_1_has_no_memory_high, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_mount_may_show_a_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_of_several_mounts_shows_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_namespace_hides_what_is_above, set_up, tear_down),
        cmocka_unit_test_setup_teardown(paths_are_unescaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_files_it_is_the_machine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_that_are_none_are_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_path_too_long_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_mount_point_too_long_is_passed_over, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
