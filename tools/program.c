/* SPDX-License-Identifier: BSD-3-Clause */

/* A program that was named: where it is, what is loaded with it, and whether it uses zmalloc. */

#include "program.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "child.h"
#include "text.h"
#include "zmalloc.h"

/* ---- What the dynamic linker says ---- */

/* Its own linker's --list runs no code of the program or its libraries. A linker of another name
 * may be anything, and one for other programs cannot say. */
static bool may_be_asked(const struct elf_file *file)
{
    struct elf_file own;

    return *file->interpreter != '\0' && elf_file_read("/proc/self/exe", &own) == 0 &&
           strcmp(own.interpreter, file->interpreter) == 0 && own.machine == file->machine &&
           strstr(file->interpreter, "ld-linux") != NULL;
}

/*
 * What comes before this is of other things, as of libraries in LD_PRELOAD that are not found; the line
 * begins with the program's name, or the linker's.
 */
static const char *trouble_in(const char *errors)
{
    static const char words[] = ": error while loading shared libraries: ";
    const char *at = strstr(errors, words);

    return at != NULL ? at + strlen(words) : errors;
}

static struct loader_answer answer_of(struct child *child)
{
    struct loader_answer answer = {0};

    if (child->status == 0) {
        answer.list = child->output;
        child->output = NULL;
        return answer;
    }
    text_trim(child->errors);
    answer.trouble = text_format("%s", trouble_in(child->errors));
    return answer;
}

struct loader_answer loader_ask(const struct elf_file *file, const char *program,
                                bool in_secure_mode)
{
    char *path = realpath(program, NULL);
    char *arguments[] = {(char *)(uintptr_t)file->interpreter, (char[]){"--list"}, path, NULL};
    /* An auditor's code would run. */
    char **environment = child_environment(in_secure_mode ? "LD_" : "LD_AUDIT=", NULL);
    struct loader_answer answer = {0};
    struct child child = {0};

    if (path != NULL && may_be_asked(file) &&
        child_run(&child, file->interpreter, arguments, environment, CHILD_SECONDS) == 0)
        answer = answer_of(&child);
    child_free(&child);
    free(environment);
    free(path);
    return answer;
}

/* "	NAME => PATH (0x0123)" or "	PATH (0x0123)". */
static char *path_in(const char *line)
{
    const char *arrow = strstr(line, " => ");
    const char *end = line + strcspn(line, "\n");
    const char *path = arrow != NULL && arrow < end ? arrow + 4 : line;
    const char *address = strstr(path, " (0x");
    char *whole;
    char *real;

    if (address == NULL || address > end)
        return NULL;
    whole = text_format("%.*s", (int)(address - path), path);
    real = realpath(whole, NULL);
    if (real == NULL)
        return whole;
    free(whole);
    return real;
}

/* The name at the beginning of a line, without its folders. */
static const char *name_in(const char *line)
{
    size_t length = strcspn(line, " \n");
    const char *name = line;

    for (size_t i = 0; i < length; i++)
        if (line[i] == '/')
            name = line + i + 1;
    return name;
}

char *loader_find(const char *list, const char *beginning)
{
    while (*list != '\0') {
        list += strspn(list, " \t");
        if (text_begins_with(name_in(list), beginning))
            return path_in(list);
        list += strcspn(list, "\n");
        list += *list == '\n';
    }
    return NULL;
}

char *loader_own_library(void)
{
    Dl_info info;

    if (dladdr((void *)(uintptr_t)zmalloc_init, &info) == 0 || info.dli_fname == NULL ||
        strstr(info.dli_fname, "libzmalloc") == NULL)
        return NULL;
    return realpath(info.dli_fname, NULL);
}

char *loader_tunables(void)
{
    struct elf_file own;
    char *arguments[] = {own.interpreter, (char[]){"--list-tunables"}, NULL};
    char **environment = child_environment("GLIBC_TUNABLES=", NULL);
    struct child child = {0};
    char *list = NULL;

    if (elf_file_read("/proc/self/exe", &own) == 0 && *own.interpreter != '\0' &&
        child_run(&child, own.interpreter, arguments, environment, CHILD_SECONDS) == 0 &&
        child.status == 0 && strstr(child.output, "(min: ") != NULL) {
        list = child.output;
        child.output = NULL;
    }
    child_free(&child);
    free(environment);
    return list;
}

/* ---- The program ---- */

/* What execvp() takes where PATH is not set. */
#define DEFAULT_PATH "/bin:/usr/bin"

/* Why it cannot be executed, or 0. */
static int trouble_with(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EACCES;
    return access(path, X_OK) == 0 ? 0 : errno;
}

/* An empty folder is this one. */
static char *join(const char *folder, size_t length, const char *program)
{
    return text_format("%.*s%s%s", (int)length, folder, length > 0 ? "/" : "", program);
}

static char *search(const char *folders, const char *program)
{
    int worst = ENOENT;

    for (;;) {
        size_t length = strcspn(folders, ":");
        char *path = join(folders, length, program);
        int trouble = trouble_with(path);

        if (trouble == 0)
            return path;
        free(path);
        if (trouble == EACCES)
            worst = EACCES;
        if (folders[length] == '\0')
            break;
        folders += length + 1;
    }
    errno = worst;
    return NULL;
}

char *path_find(const char *program)
{
    const char *folders = getenv("PATH");
    int trouble;

    if (*program == '\0') {
        errno = ENOENT;
        return NULL;
    }
    if (strchr(program, '/') == NULL)
        return search(folders != NULL ? folders : DEFAULT_PATH, program);
    trouble = trouble_with(program);
    if (trouble == 0)
        return text_format("%s", program);
    errno = trouble;
    return NULL;
}

/* ---- Its rights ---- */

static bool has_capabilities(const char *path)
{
    return getxattr(path, "security.capability", NULL, 0) > 0;
}

static bool sets_user(const struct stat *status)
{
    return (status->st_mode & S_ISUID) != 0;
}

static bool sets_group(const struct stat *status)
{
    return (status->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
}

bool program_is_privileged(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 &&
           (sets_user(&status) || sets_group(&status) || has_capabilities(path));
}

bool program_is_privileged_here(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && ((sets_user(&status) && status.st_uid != getuid()) ||
                                        (sets_group(&status) && status.st_gid != getgid()) ||
                                        (has_capabilities(path) && getuid() != 0));
}

/* ---- Whether it uses zmalloc ---- */

static enum program_use use_by_linker(const char *path, const struct elf_file *file)
{
    struct loader_answer linker = loader_ask(file, path, false);
    enum program_use use = USE_UNKNOWN;

    if (linker.list != NULL) {
        char *library = loader_find(linker.list, "libzmalloc.so");

        use = library != NULL ? USE_SHARED : USE_NONE;
        free(library);
    }
    free(linker.list);
    free(linker.trouble);
    return use;
}

static bool is_static(const struct elf_file *file)
{
    return *file->interpreter == '\0' && file->needed_count == 0;
}

enum program_use program_use(const char *path, struct elf_file *file)
{
    if (elf_file_read(path, file) != 0 || file->kind != ELF_PROGRAM || file->is_foreign)
        return USE_UNKNOWN;
    if (elf_file_has_zmalloc(file))
        return USE_STATIC;
    if (elf_file_needed_zmalloc(file) != NULL)
        return USE_SHARED;
    return is_static(file) ? USE_NONE : use_by_linker(path, file);
}
