/* SPDX-License-Identifier: BSD-3-Clause */

#include "preloading.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "program.h"
#include "text.h"
#include "verb.h"

int read_preload_wish(const struct verb *verb, struct typed typed, enum preload_wish *wish)
{
    static const char *const words[] = {"auto", "always", "never"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(optarg, words[i]) == 0) {
            *wish = (enum preload_wish)i;
            return STATUS_FINE;
        }
    return bad_usage(verb, TYPED "%s: it must be auto, always or never", AS_TYPED(typed), optarg);
}

/* ---- The library ---- */

/* Beside libzmalloc.so, as they are installed and as they are built. */
static char *find_beside(const char *file)
{
    static const char *const folders[] = {"zmalloc-preload", "preload"};
    const char *slash = strrchr(file, '/');

    for (size_t i = 0; slash != NULL && i < sizeof folders / sizeof *folders; i++) {
        char *path =
            text_format("%.*s/%s/libzmalloc-preload.so", (int)(slash - file), file, folders[i]);

        if (access(path, F_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

static char *find_library(void)
{
    char *own = loader_own_library();
    char *library = own != NULL ? find_beside(own) : NULL;

    free(own);
    return library;
}

/* The linker says why it cannot load a library, but not in words that say what to do. */
static char *trouble_with_library(const char *library)
{
    struct statvfs system;

    if (access(library, R_OK) != 0)
        return text_format("%s cannot be read", library);
    if (statvfs(library, &system) == 0 && (system.f_flag & ST_NOEXEC) != 0)
        return text_format("%s is on a file system that is mounted with noexec", library);
    if (strpbrk(library, ": ") != NULL)
        return text_format("LD_PRELOAD takes no path with a colon or a blank, as in %s", library);
    return NULL;
}

/* ---- The program ---- */

static char *trouble_with_kind(const struct elf_file *file)
{
    struct elf_file own;

    if (elf_file_read("/proc/self/exe", &own) == 0 &&
        (file->is_foreign || file->bits != own.bits || file->machine != own.machine))
        return text_format("it is a %d-bit program for %s, and this zmalloc is %d-bit for %s",
                           file->bits, elf_machine_name(file->machine), own.bits,
                           elf_machine_name(own.machine));
    if (file->is_go)
        return text_format("it is in Go, which has an allocator of its own");
    if (*file->interpreter == '\0')
        return text_format("it is static: nothing can be preloaded into it");
    if (strstr(file->interpreter, "ld-musl") != NULL && strstr(own.interpreter, "ld-musl") == NULL)
        return text_format("it is for another C library, musl");
    if (file->is_sanitized)
        return text_format("it has a sanitizer, which has to be its malloc");
    if (file->defines_malloc)
        return text_format("it has a malloc of its own inside");
    return NULL;
}

static char *trouble_with_program(const char *path, const struct elf_file *file)
{
    if (program_is_privileged_here(path))
        return text_format("it runs with more rights than you have (set-user-ID, set-group-ID or "
                           "capabilities), and nothing is preloaded then");
    return file->kind == ELF_PROGRAM ? trouble_with_kind(file) : NULL;
}

/* ---- Both ---- */

struct preloading preload_decide(const char *path, enum preload_wish wish)
{
    struct preloading preloading = {0};
    struct elf_file file;
    enum program_use use;
    char *library;

    if (path == NULL || wish == PRELOAD_NEVER)
        return preloading;
    use = program_use(path, &file);
    if (wish == PRELOAD_AUTO && (use == USE_SHARED || use == USE_STATIC))
        return preloading;
    preloading.why_not = trouble_with_program(path, &file);
    if (preloading.why_not != NULL)
        return preloading;
    library = find_library();
    if (library == NULL)
        preloading.why_not =
            text_format("libzmalloc-preload.so is not installed beside libzmalloc.so");
    else
        preloading.why_not = trouble_with_library(library);
    if (preloading.why_not == NULL)
        preloading.library = library;
    else
        free(library);
    return preloading;
}

void free_preloading(struct preloading *preloading)
{
    free(preloading->library);
    free(preloading->why_not);
    *preloading = (struct preloading){0};
}

char *preload_variable(const char *library)
{
    const char *others = getenv("LD_PRELOAD");

    if (others == NULL || *others == '\0')
        return text_format("%s", library);
    return text_format("%s:%s", library, others);
}
