/* SPDX-License-Identifier: BSD-3-Clause */

#include "choice_support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 16
#define PATH_SIZE 4096

/* Linux limits a string of the environment to 128 KiB. */
#define VARIABLE_SIZE (1 << 17)

const char *chosen_program;

void find_chosen(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "%s: what is the path of chosen?\n", argv[0]);
        exit(EXIT_FAILURE);
    }
    chosen_program = argv[1];
}

struct outcome run_chosen(const char *list, const char *libraries, const char *const *words)
{
    static char variable[VARIABLE_SIZE];
    static char path[PATH_SIZE];
    const char *environment[] = {variable, libraries != NULL ? path : NULL, NULL};
    const char *arguments[WORDS_MAX + 2] = {chosen_program};

    snprintf(variable, sizeof variable, "ZMALLOC_BACKEND%s%s", list != NULL ? "=" : "",
             list != NULL ? list : "");
    snprintf(path, sizeof path, "LD_LIBRARY_PATH=%s", libraries != NULL ? libraries : "");
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
        arguments[i + 1] = words[i];
    return run_program(arguments, environment);
}

void assert_prints(const struct outcome *outcome, const char *out)
{
    assert_exited_with(outcome, 0);
    assert_string_equal(outcome->out, out);
    assert_err_is(outcome, "");
}

void assert_refused(const struct outcome *outcome, const char *err)
{
    assert_exited_with(outcome, 78);
    assert_string_equal(outcome->out, "");
    assert_err_is(outcome, err);
}

bool next_name(const char **at, char name[NAME_SIZE])
{
    size_t length = strcspn(*at, " ");

    if (length == 0)
        return false;
    snprintf(name, NAME_SIZE, "%.*s", (int)length, *at);
    *at += length + ((*at)[length] == ' ' ? 1 : 0);
    return true;
}

/* ---- Files ---- */

void make_folder(char folder[FOLDER_SIZE])
{
    snprintf(folder, FOLDER_SIZE, "/tmp/zmalloc-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
}

void remove_folder(const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;

    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
    assert_int_equal(rmdir(folder), 0);
}

static void copy_bytes(int from, int to)
{
    char chunk[4096];
    ssize_t got;

    while ((got = read(from, chunk, sizeof chunk)) > 0)
        assert_int_equal(write(to, chunk, (size_t)got), got);
    assert_int_equal(got, 0);
}

void copy_into(const char *folder, const char *name, const char *from)
{
    char path[PATH_SIZE];
    int to_fd;
    int from_fd;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    to_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    from_fd = open(from != NULL ? from : "/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(to_fd >= 0 && from_fd >= 0);
    copy_bytes(from_fd, to_fd);
    close(from_fd);
    assert_int_equal(close(to_fd), 0);
}
