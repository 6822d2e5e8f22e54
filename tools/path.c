/* SPDX-License-Identifier: BSD-3-Clause */

#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
