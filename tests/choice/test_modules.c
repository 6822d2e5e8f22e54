/* SPDX-License-Identifier: BSD-3-Clause */

/* Missing and broken modules, and what the messages say about each. */

#include "choice_support.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "zmalloc_backend.h"

/* Where meson.build put the foreign modules (the second argument) and the toy backend (the
 * third). */
static const char *modules_folder;
static const char *toys_folder;
/* chosen.c's program with its own sanitizer (the fourth), or NULL. */
static const char *sanitized_program;

static void refuses(const char *list, const char *libraries, const char *err)
{
    struct outcome outcome = run_chosen(list, libraries, WORDS("secure"));

    assert_refused(&outcome, err);
}

static void prints(const char *list, const char *libraries, const char *const *words,
                   const char *out)
{
    struct outcome outcome = run_chosen(list, libraries, words);

    assert_prints(&outcome, out);
}

/* Asserts that the foreign module of that name is refused for that reason, by the variable and by
 * zmalloc_init(), and that the rest of the list is tried. */
static void is_broken(const char *name, const char *libraries, const char *reason,
                      const char *error)
{
    char text[1024];

    snprintf(text, sizeof text,
             "zmalloc: ZMALLOC_BACKEND=\"%s\": \"%s\": failed to start: %s; available: %s\n", name,
             name, reason, AVAILABLE);
    refuses(name, libraries, text);
    snprintf(text, sizeof text, "%s,libc", name);
    prints(text, libraries, WORDS("name"), "libc\n");
    snprintf(text, sizeof text, "%s\n%s\n0\nlibc\n", error, error);
    prints(NULL, libraries, WORDS("init", name, "init", name, "init", "libc", "name"), text);
    snprintf(text, sizeof text, "%s: broken, failed to start: %s\n", name, reason);
    assert_non_null(strstr(run_chosen(NULL, libraries, WORDS("init", name, "states")).out, text));
}

/* ---- Not there ---- */

static const char *path_of_library(void)
{
    Dl_info info;

    assert_int_not_equal(dladdr(dlsym(RTLD_DEFAULT, "zml_zmalloc_init"), &info), 0);
    return info.dli_fname;
}

static bool is_built_in(const char *name)
{
    const char *at = BUILT_IN;
    char other[NAME_SIZE];
    bool found = false;

    while (!found && next_name(&at, other))
        found = strcmp(name, other) == 0;
    return found;
}

static void our_module_is_not_installed(const char *name, const char *folder)
{
    char text[512];

    snprintf(text, sizeof text,
             "zmalloc: ZMALLOC_BACKEND=\"%s\": \"%s\": not installed: no libzmalloc-%s.so where "
             "the dynamic linker looks; available: %s\n",
             name, name, name, BUILT_IN);
    refuses(name, folder, text);
    prints(NULL, folder, WORDS("init", name, "init", "foo", "init", "libc", "name"),
           "ENOTSUP\nENOENT\n0\nlibc\n");
    snprintf(text, sizeof text, "foo,%s", name);
    prints(NULL, folder, WORDS("init", text), "ENOTSUP\n");
    snprintf(text, sizeof text, "%s,foo", name);
    prints(NULL, folder, WORDS("init", text), "ENOTSUP\n");
    snprintf(text, sizeof text, "\n%s: broken, not installed\n", name);
    assert_non_null(strstr(run_chosen(NULL, folder, WORDS("states")).out, text));
}

/* Only the library and the program in a folder. */
static char bare_folder[FOLDER_SIZE];
static const char *installed_program;

static int leave_modules(void **state)
{
    static char program[FOLDER_SIZE + 16];

    (void)state;
    make_folder(bare_folder);
    copy_into(bare_folder, "libzmalloc.so.1", path_of_library());
    copy_into(bare_folder, "chosen", chosen_program);
    snprintf(program, sizeof program, "%s/chosen", bare_folder);
    installed_program = chosen_program;
    chosen_program = program;
    return 0;
}

static int return_to_modules(void **state)
{
    chosen_program = installed_program;
    remove_folder(bare_folder);
    return teardown_nothing_used(state);
}

static void without_its_module_a_backend_is_not_installed(void **state)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    (void)state;
    while (next_name(&at, name))
        if (!is_built_in(name))
            our_module_is_not_installed(name, bare_folder);
    prints("foo,libc", bare_folder, WORDS("alloc", "name"), "libc\n");
}

/* The end of its table is checked, as for any foreign table. */
static void a_foreign_module_may_have_a_name_of_ours(void **state)
{
    char older[FOLDER_SIZE + 32];

    (void)state;
    if (strstr(AVAILABLE, "mimalloc") == NULL)
        skip();
    snprintf(older, sizeof older, "%s/libzmalloc-older.so", modules_folder);
    copy_into(bare_folder, "libzmalloc-mimalloc.so", older);
    prints("mimalloc", bare_folder, WORDS("name", "init", "mimalloc"), "mimalloc\n0\n");
}

/* The library finds its modules by itself. */
static void each_module_is_found(void)
{
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    while (next_name(&at, name)) {
        char line[NAME_SIZE + 1];

        snprintf(line, sizeof line, "%s\n", name);
        prints(name, "", WORDS("alloc", "name"), line);
    }
}

static void our_modules_are_found(void **state)
{
    (void)state;
    each_module_is_found();
}

/* A sanitizer's dlopen() searches on behalf of the sanitizer, not of the library. */
static void so_they_are_by_a_program_with_a_sanitizer(void **state)
{
    const char *plain = chosen_program;

    (void)state;
    if (sanitized_program == NULL)
        skip();
    chosen_program = sanitized_program;
    each_module_is_found();
    chosen_program = plain;
}

/* A foreign module in LD_LIBRARY_PATH works. */
static void a_foreign_module_is_found(void **state)
{
    (void)state;
    prints("foo, toy,libc", toys_folder, WORDS("alloc", "name", "init", "toy"), "toy\n0\n");
    prints(NULL, toys_folder, WORDS("init", "toy", "race", "name"), "0\none\ntoy\n");
    refuses("toy", "", REFUSED("toy", "toy", "unknown backend"));
}

/* ---- No module at all ---- */

/* In the words of the C library's dynamic linker: glibc's, or musl's. */
#define REASON_SIZE 200
#ifdef __GLIBC__

static void say_empty(char reason[REASON_SIZE], const char *folder)
{
    snprintf(reason, REASON_SIZE, "%s/libzmalloc-empty.so: file too short", folder);
}

static void say_lacking(char reason[REASON_SIZE], const char *folder)
{
    (void)folder;
    snprintf(reason, REASON_SIZE,
             "libleft-behind.so: cannot open shared object file: No such file or directory");
}

#else

static void say_empty(char reason[REASON_SIZE], const char *folder)
{
    (void)folder;
    snprintf(reason, REASON_SIZE,
             "Error loading shared library libzmalloc-empty.so: Exec format error");
}

static void say_lacking(char reason[REASON_SIZE], const char *folder)
{
    snprintf(reason, REASON_SIZE,
             "Error loading shared library libleft-behind.so: No such file or directory"
             " (needed by %s/libzmalloc-lacking.so)",
             folder);
}

#endif

static void an_empty_file(void **state)
{
    char folder[FOLDER_SIZE];
    char reason[REASON_SIZE];

    (void)state;
    make_folder(folder);
    copy_into(folder, "libzmalloc-empty.so", NULL);
    say_empty(reason, folder);
    is_broken("empty", folder, reason, "ENOEXEC");
    remove_folder(folder);
}

static void a_library_that_is_no_module(void **state)
{
    (void)state;
    is_broken("nosymbol", modules_folder,
              "libzmalloc-nosymbol.so does not define zmalloc_backend_module", "ENOEXEC");
}

/* The module exists, but a library that it needs does not. */
static void a_library_that_lacks_another(void **state)
{
    char folder[FOLDER_SIZE];
    char module[512];
    char reason[REASON_SIZE];

    (void)state;
    make_folder(folder);
    snprintf(module, sizeof module, "%s/libzmalloc-lacking.so", modules_folder);
    copy_into(folder, "libzmalloc-lacking.so", module);
    say_lacking(reason, folder);
    is_broken("lacking", folder, reason, "ENOEXEC");
    remove_folder(folder);
    prints("lacking", modules_folder, WORDS("init", "lacking"), "0\n");
}

/* ---- A table that does not do ---- */

static void another_abi_version(void **state)
{
    (void)state;
    is_broken("abi", modules_folder, "it has backend ABI 7, this library needs 1", "ENOEXEC");
}

/* As a table would look that has no struct_size and begins with its version. */
static void another_structure(void **state)
{
    char reason[REASON_SIZE];

    (void)state;
    is_broken("nosize", modules_folder, "its struct_size is 0, not sizeof(struct zmalloc_backend)",
              "ENOEXEC");
    snprintf(reason, sizeof reason, "its struct_size is %zu, not sizeof(struct zmalloc_backend)",
             offsetof(struct zmalloc_backend, usable_size));
    is_broken("cutsize", modules_folder, reason, "ENOEXEC");
}

static void another_name(void **state)
{
    (void)state;
    is_broken("misnamed", modules_folder, "the module calls itself other", "ENOEXEC");
    is_broken("renamed", modules_folder, "the module calls itself other", "ENOEXEC");
    is_broken("badname", modules_folder, "its name is not 1 to 31 of [a-z0-9_-]", "ENOEXEC");
}

/* Modules of another release, or of this one with changed headers. */
static void another_build(void **state)
{
    (void)state;
    is_broken("release", modules_folder,
              "libzmalloc-release.so is of zmalloc 0.0.1, this library is " ZM_BUILD, "ENOEXEC");
    is_broken("build", modules_folder,
              "libzmalloc-build.so is of zmalloc " VERSION ", build 0, this library is " ZM_BUILD,
              "ENOEXEC");
}

static void a_table_with_a_hole(void **state)
{
    (void)state;
    is_broken("operation", modules_folder, "it lacks a mandatory operation", "ENOEXEC");
    is_broken("prefix", modules_folder, "its prefix_size is over 4096", "ENOEXEC");
}

/* ---- A start that fails ---- */

static void start_tells_why(void **state)
{
    (void)state;
    is_broken("fails", modules_folder, "it never does", "42");
    is_broken("silent", modules_folder, "it does not say why", "43");
}

#define FAILED_START "failed to start: it never does"

static void the_error_that_came_furthest_is_told(void **state)
{
    (void)state;
    prints(NULL, modules_folder, WORDS("init", "fails,foo,FOO"), "42\n");
    prints(NULL, modules_folder, WORDS("init", "foo,fails"), "42\n");
    prints(NULL, modules_folder, WORDS("init", "fails,silent"), "43\n");
    prints(NULL, modules_folder, WORDS("init", "silent,fails,abi"), "ENOEXEC\n");
    refuses("fails,fails,foo", modules_folder,
            REFUSED("fails,fails,foo", "fails", FAILED_START)
                REFUSED("fails,fails,foo", "fails", FAILED_START)
                    REFUSED("fails,fails,foo", "foo", "unknown backend"));
}

#define NINE "fails1,fails2,fails3,fails4,fails5,fails6,fails7,fails8,fails9"
#define NINE_CUT "fails1,fails2,fails3,fails4,fails5,fails6,fails7,fails8,fails9,n..."
#define ONE_OF_NINE(name) REFUSED(NINE_CUT, name, FAILED_START)

static void there_is_room_for_eight(void **state)
{
    (void)state;
    refuses(NINE ",nosymbol", modules_folder,
            ONE_OF_NINE("fails1") ONE_OF_NINE("fails2") ONE_OF_NINE("fails3") ONE_OF_NINE("fails4")
                ONE_OF_NINE("fails5") ONE_OF_NINE("fails6") ONE_OF_NINE("fails7")
                    ONE_OF_NINE("fails8")
                        REFUSED(NINE_CUT, "fails9",
                                "failed to start: eight foreign backends are known already")
                            REFUSED(NINE_CUT, "nosymbol",
                                    "failed to start: eight foreign backends are known already"));
    prints(NULL, modules_folder, WORDS("init", NINE, "init", "libc", "name"), "ENOSPC\n0\nlibc\n");
    prints(NINE ",libc", modules_folder, WORDS("name"), "libc\n");
}

/* ---- Once another backend is active ---- */

static void an_installed_module_is_known(void **state)
{
    (void)state;
    prints(NULL, modules_folder, WORDS("alloc", "init", "fails", "init", "nothere"),
           "EBUSY\n" UNHEARD_OF_LATE "\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_its_module_a_backend_is_not_installed,
                                        leave_modules, return_to_modules),
        cmocka_unit_test_setup_teardown(a_foreign_module_may_have_a_name_of_ours, leave_modules,
                                        return_to_modules),
        zm_test(our_modules_are_found),
        zm_test(so_they_are_by_a_program_with_a_sanitizer),
        zm_test(a_foreign_module_is_found),
        zm_test(an_empty_file),
        zm_test(a_library_that_is_no_module),
        zm_test(a_library_that_lacks_another),
        zm_test(another_abi_version),
        zm_test(another_name),
        zm_test(another_structure),
        zm_test(another_build),
        zm_test(a_table_with_a_hole),
        zm_test(start_tells_why),
        zm_test(the_error_that_came_furthest_is_told),
        zm_test(there_is_room_for_eight),
        zm_test(an_installed_module_is_known),
    };

    find_chosen(argc, argv);
    if (argc < 4)
        return EXIT_FAILURE;
    modules_folder = argv[2];
    toys_folder = argv[3];
    sanitized_program = argc > 4 ? argv[4] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
