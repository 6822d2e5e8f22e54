/* SPDX-License-Identifier: BSD-3-Clause */

/* A program: whether it uses zmalloc, and which. It is not run. */

#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "elf_file.h"
#include "preloading.h"
#include "program.h"
#include "text.h"
#include "verb.h"

struct program {
    const char *path;
    struct elf_file file;
    bool in_secure_mode; /* at least for some users */
    struct loader_answer linker;
};

/* ---- Secure mode ---- */

static void tell_of_secure_mode(struct findings *findings)
{
    const char *value = getenv("ZMALLOC_BACKEND");
    bool matters = value != NULL && *value != '\0';

    finding(findings, matters ? LEVEL_WARNING : LEVEL_NOTE,
            "It runs with more rights than who starts it: set-user-ID, set-group-ID or "
            "capabilities.");
    meaning(findings,
            "it ignores ZMALLOC_BACKEND and all other variables of zmalloc, and the "
            "dynamic linker ignores LD_LIBRARY_PATH. (Started by its owner it has no more "
            "rights, and obeys.)");
    advice(findings, "choose with zmalloc_init() in the program, or with -Ddefault_backend when "
                     "the library is built.");
}

/* ---- No program that could use it ---- */

static void tell_of_script(struct findings *findings, const struct elf_file *file)
{
    finding(findings, LEVEL_NOTE, "It is a script, for %s.", file->interpreter);
    meaning(findings, "whether zmalloc serves depends on that program, on what it loads and what "
                      "it starts.");
    advice(findings, "zmalloc doctor -- %s",
           *file->interpreter != '\0' ? file->interpreter : "/bin/sh");
}

static void tell_of_no_program(struct findings *findings, const struct elf_file *file)
{
    if (file->kind == ELF_DAMAGED)
        finding(findings, LEVEL_WARNING, "It is an ELF file, but damaged, or no program.");
    else
        finding(findings, LEVEL_WARNING, "It is neither an ELF program nor a script.");
    meaning(findings, "the system may refuse to execute it, a shell takes it for a script, and "
                      "nothing can be said of its memory.");
    advice(findings, "name the program itself.");
}

static bool is_for_other_machine(const struct elf_file *file, const struct elf_file *own)
{
    return file->is_foreign || file->bits != own->bits || file->machine != own->machine;
}

static void tell_of_other_machine(struct findings *findings, const struct elf_file *file,
                                  const struct elf_file *own)
{
    finding(findings, LEVEL_WARNING,
            "It is a %d-bit program for %s; this zmalloc is %d-bit for %s.", file->bits,
            elf_machine_name(file->machine), own->bits, elf_machine_name(own->machine));
    meaning(findings, "it cannot load this library, and what is said above holds for another one.");
    advice(findings, "build zmalloc for it, and ask that one's `zmalloc doctor`.");
}

/* ---- The library inside ---- */

static void tell_of_version(struct findings *findings, const char *version)
{
    if (*version == '\0' || strcmp(version, VERSION) == 0)
        return;
    finding(findings, LEVEL_NOTE, "That is another version than this command's, %s.", VERSION);
    meaning(findings, "its backends and its messages may be others than those said above.");
    advice(findings, "ask the `zmalloc doctor` that was built with it.");
}

static void tell_of_module_in_static(struct findings *findings, const struct backends *backends)
{
    const char *chosen = chosen_name(backends);
    const struct backend *row = chosen != NULL ? backends_find(backends, chosen) : NULL;

    if (row == NULL || row->state != BACKEND_MODULE)
        return;
    finding(findings, LEVEL_WARNING, "The environment chooses %s, which is a module.", chosen);
    meaning(findings, "the static library opens none: unless the list goes on to one that is built "
                      "in, this program ends when it starts, with status 78.");
    advice(findings, "choose a backend that is built in, or link the program with the shared "
                     "library.");
}

static void tell_of_static(struct findings *findings, const struct backends *backends,
                           const struct elf_file *file)
{
    finding(findings, LEVEL_OK, "It has zmalloc %s inside, statically linked.",
            *file->zmalloc_version != '\0' ? file->zmalloc_version : "of an unknown version");
    meaning(findings, "it obeys ZMALLOC_BACKEND among the backends that were built into that "
                      "library; it opens no modules.");
    advice(findings, "nothing; a new release of zmalloc reaches it when it is linked again.");
    is_the_answer(findings);
    tell_of_version(findings, file->zmalloc_version);
    tell_of_module_in_static(findings, backends);
}

static void tell_of_library(struct findings *findings, const struct elf_file *file)
{
    finding(findings, LEVEL_NOTE, "It is no program, but a library with zmalloc %s inside.",
            *file->zmalloc_version != '\0' ? file->zmalloc_version : "of an unknown version");
    meaning(findings, "whether a program uses it is the program's to say.");
    advice(findings, "name the program.");
}

/* ---- The library beside ---- */

static void tell_of_trouble(struct findings *findings, const char *trouble)
{
    finding(findings, LEVEL_WARNING, "The dynamic linker refuses it: %s", trouble);
    meaning(findings, "the program does not start.");
    advice(findings, "install what is missing where the linker looks (ldconfig -p), or name its "
                     "folder in LD_LIBRARY_PATH or in the program's RUNPATH.");
}

static void tell_of_unasked(struct findings *findings, const char *name)
{
    finding(findings, LEVEL_NOTE, "It is linked with %s; which file that is is not known.", name);
    meaning(findings, "its dynamic linker is another than this command's, or does not answer, and "
                      "is not run for it.");
    advice(findings, "ldd, if you trust the program, tells.");
}

static void tell_of_other_file(struct findings *findings, const char *path)
{
    char *own = loader_own_library();

    if (own != NULL && strcmp(own, path) != 0) {
        finding(findings, LEVEL_NOTE, "That is another file than this command's, %s.", own);
        meaning(findings, "its backends, default and modules may be others than those said above.");
        advice(findings, "ask the `zmalloc doctor` that was installed with it.");
    }
    free(own);
}

static void tell_of_shared(struct findings *findings, const char *path, bool is_direct)
{
    struct elf_file library;
    const char *version = "of an unknown version";

    if (elf_file_read(path, &library) == 0 && *library.zmalloc_version != '\0')
        version = library.zmalloc_version;
    finding(findings, LEVEL_OK, "It loads zmalloc %s, %s%s.", version, path,
            is_direct ? "" : ", for one of its libraries");
    meaning(findings,
            "what it, or its libraries, allocate with zmalloc comes from the backend that "
            "is chosen.");
    advice(findings, NOTHING_TO_DO);
    is_the_answer(findings);
    tell_of_version(findings, library.zmalloc_version);
    tell_of_other_file(findings, path);
}

/* ---- None ---- */

static void advise_without(struct findings *findings, const char *path)
{
    struct preloading preloading = preload_decide(path, PRELOAD_AUTO);

    if (preloading.library != NULL)
        advice(findings, "run it with `zmalloc run`, which makes zmalloc its malloc, or link it "
                         "with zmalloc (pkg-config --libs zmalloc).");
    else
        advice(findings,
               "link it with zmalloc (pkg-config --libs zmalloc); `zmalloc run` cannot serve it: "
               "%s.",
               preloading.why_not);
    free_preloading(&preloading);
}

static void tell_of_none(struct findings *findings, const char *path, const struct elf_file *file)
{
    finding(findings, LEVEL_WARNING, "It does not use zmalloc.");
    if (file->defines_zmalloc)
        meaning(findings, "it has functions called zmalloc of its own, as Redis and Valkey have, "
                          "and no variable of this library does anything.");
    else
        meaning(findings,
                "neither it nor the libraries it is linked with are linked with it, so no "
                "variable of this library does anything, unless it opens one that is "
                "while it runs.");
    advise_without(findings, path);
}

/* Libraries that take over malloc(). */
static void tell_of_other_allocators(struct findings *findings, const char *libraries)
{
    static const char *const names[] = {"libjemalloc.so", "libtcmalloc", "libmimalloc.so"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = loader_find(libraries, names[i]);

        if (path != NULL) {
            finding(findings, LEVEL_NOTE, "It loads %s.", path);
            meaning(findings, "that library is the malloc() of this program, and of zmalloc's "
                              "backends libc and native in it.");
            advice(findings, "nothing, if that is meant; zmalloc does not need it.");
        }
        free(path);
    }
}

static void tell_of_dynamic(struct findings *findings, const struct program *program)
{
    const char *needed = elf_file_needed_zmalloc(&program->file);
    char *path = NULL;

    if (program->linker.list != NULL)
        path = loader_find(program->linker.list, "libzmalloc.so");
    if (path != NULL)
        tell_of_shared(findings, path, needed != NULL);
    else if (program->linker.trouble != NULL)
        tell_of_trouble(findings, program->linker.trouble);
    else if (needed != NULL)
        tell_of_unasked(findings, needed);
    else
        tell_of_none(findings, program->path, &program->file);
    free(path);
}

/* ---- All ---- */

static void tell_of_elf(struct findings *findings, const struct backends *backends,
                        struct program *program)
{
    struct elf_file own;

    if (elf_file_read("/proc/self/exe", &own) == 0 && is_for_other_machine(&program->file, &own)) {
        tell_of_other_machine(findings, &program->file, &own);
        return;
    }
    program->linker = loader_ask(&program->file, program->path, program->in_secure_mode);
    if (elf_file_has_zmalloc(&program->file) && program->file.is_library)
        tell_of_library(findings, &program->file);
    else if (elf_file_has_zmalloc(&program->file))
        tell_of_static(findings, backends, &program->file);
    else
        tell_of_dynamic(findings, program);
    if (program->linker.list != NULL)
        tell_of_other_allocators(findings, program->linker.list);
    if (program->in_secure_mode)
        tell_of_secure_mode(findings);
    free(program->linker.list);
    free(program->linker.trouble);
}

static void tell_of_unreadable(struct findings *findings, int error)
{
    finding(findings, LEVEL_WARNING, "It cannot be read: %s.", strerror(error));
    meaning(findings, "it may run all the same, but nothing can be said of it.");
    advice(findings, "run `zmalloc doctor` as somebody who may read it.");
}

void examine_program(struct findings *findings, const struct backends *backends, const char *path)
{
    struct program program = {.path = path, .in_secure_mode = program_is_privileged(path)};
    int error = elf_file_read(path, &program.file);

    findings_group(findings, "program", "The program %s", path);
    if (error != 0)
        tell_of_unreadable(findings, error);
    else if (program.file.kind == ELF_SCRIPT)
        tell_of_script(findings, &program.file);
    else if (program.file.kind != ELF_PROGRAM)
        tell_of_no_program(findings, &program.file);
    else
        tell_of_elf(findings, backends, &program);
}
