/* SPDX-License-Identifier: BSD-3-Clause */

#include "program.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader.h"
#include "text.h"

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
