/* SPDX-License-Identifier: BSD-3-Clause */

/* Backends that the program registers: which tables are accepted, and what the active one is asked.
 * Each test registers and chooses in its own child. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choice_support.h"
#include "exercise.h"
#include "zmalloc_backend.h"

#define NAME_OF_31 "abcdefghijklmnopqrstuvwxyz01234"

static void runs(void (*body)(void *argument), void *argument)
{
    struct outcome outcome = run_child(body, argument);

    assert_prints(&outcome, "");
}

/* A copy of the toy backend that lasts as long as the process. */
static struct zmalloc_backend *new_backend(const char *name)
{
    static struct zmalloc_backend backends[24];
    static size_t count;
    struct zmalloc_backend *backend = &backends[count++];

    *backend = zmalloc_backend_module;
    backend->name = name;
    return backend;
}

static int registers(const struct zmalloc_backend *backend)
{
    errno = 0;
    return zmalloc_register_backend(backend) == 0 ? 0 : errno;
}

static int inits(const char *list)
{
    errno = 0;
    return zmalloc_init(list) == 0 ? 0 : errno;
}

/* ---- Who may register ---- */

#define lacks(operation)                                                                           \
    do {                                                                                           \
        struct zmalloc_backend *backend = new_backend("mine");                                     \
        backend->operation = NULL;                                                                 \
        check(registers(backend) == EINVAL);                                                       \
    } while (0)

static void register_with_a_hole(void *argument)
{
    (void)argument;
    lacks(alloc);
    lacks(calloc);
    lacks(realloc);
    lacks(aligned_alloc);
    lacks(free);
    lacks(free_sized);
    lacks(usable_size);
    check(registers(new_backend("mine")) == 0);
}

static void register_under_bad_names(void *argument)
{
    static const char *const names[] = {NULL,         "",           "Mine",
                                        "my own",     "mine,yours", "../mine",
                                        "debug+mine", "m\xc3\xad",  NAME_OF_31 "5"};

    (void)argument;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check(registers(new_backend(names[i])) == EINVAL);
    check(registers(new_backend(NAME_OF_31)) == 0);
    check(inits(NAME_OF_31) == 0);
    exercise_functions();
}

static void register_known_names(void *argument)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    (void)argument;
    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        check(registers(new_backend(info.name)) == EEXIST);
    check(registers(new_backend("mine")) == 0);
    check(registers(new_backend("mine")) == EEXIST);
}

static void register_another_abi(void *argument)
{
    struct zmalloc_backend *old = new_backend("Not a name, but of another time");
    struct zmalloc_backend *coming = new_backend("mine");

    (void)argument;
    old->abi_version = 0;
    coming->abi_version = ZMALLOC_BACKEND_ABI + 1;
    check(registers(old) == ENOTSUP);
    check(registers(coming) == ENOTSUP);
}

/* As read from a table that has no struct_size and begins with its version; and sizes that no table
 * has. */
static void register_no_sizes(void *argument)
{
    const size_t mandatory = offsetof(struct zmalloc_backend, start);
    const size_t sizes[] = {0, 1, mandatory - sizeof(size_t), mandatory + 1, 4097, 8192, SIZE_MAX};

    (void)argument;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct zmalloc_backend *backend = new_backend("mine");

        backend->struct_size = sizes[i];
        check(registers(backend) == EINVAL);
    }
}

static void *alloc_of_somebody_else(size_t size, size_t *usable)
{
    (void)size;
    (void)usable;
    return NULL;
}

/* A block that came one way might be given to the other. */
static void register_half_of_a_pair(void *argument)
{
    struct zmalloc_backend *backend = new_backend("mine");

    (void)argument;
    backend->alloc_no_tcache = alloc_of_somebody_else;
    check(registers(backend) == EINVAL);
}

/* The author's header ended here. */
#define OLD_SIZE offsetof(struct zmalloc_backend, good_size)

static size_t good_size_of_somebody_else(size_t size)
{
    return size + 1;
}

static void register_an_older_table(void *argument)
{
    struct zmalloc_backend *backend = new_backend("mine");

    (void)argument;
    backend->struct_size = OLD_SIZE;
    backend->good_size = good_size_of_somebody_else;
    check(registers(backend) == 0 && inits("mine") == 0);
    check(zmalloc_good_size(100) == 0);
    check(strcmp(zmalloc_backend_version(), "1.0") == 0);
    check(zmalloc_backend_table("mine")->struct_size == sizeof *backend);
    check(zmalloc_backend_table("mine")->good_size == NULL);
    exercise_functions();
}

struct newer {
    struct zmalloc_backend known;
    void *news[3];
};

static void register_a_newer_table(void *argument)
{
    static struct newer newer;

    (void)argument;
    newer.known = *new_backend("mine");
    newer.known.struct_size = sizeof newer;
    newer.news[0] = &newer;
    check(registers(&newer.known) == 0 && inits("mine") == 0);
    check(zmalloc_backend_table("mine")->struct_size == sizeof newer.known);
    exercise_functions();
}

/* After that, changes to the program's table have no effect. */
static void change_a_table(void *argument)
{
    struct zmalloc_backend *backend = new_backend("mine");

    (void)argument;
    check(registers(backend) == 0);
    memset(backend, 0, sizeof *backend);
    check(inits("mine") == 0 && strcmp(zmalloc_backend_name(), "mine") == 0);
    exercise_functions();
}

static void tables_may_be_of_other_versions(void **state)
{
    (void)state;
    runs(register_no_sizes, NULL);
    runs(register_half_of_a_pair, NULL);
    runs(register_an_older_table, NULL);
    runs(register_a_newer_table, NULL);
    runs(change_a_table, NULL);
}

static void a_copy_has_what_both_know(void **state)
{
    struct newer newer = {.known = zmalloc_backend_module, .news = {&newer, &newer, &newer}};
    struct zmalloc_backend copies[2];

    (void)state;
    memset(copies, 0x55, sizeof copies);
    newer.known.struct_size = sizeof newer;
    zmalloc_backend_copy(&copies[0], &newer.known);
    assert_int_equal(copies[0].struct_size, sizeof *copies);
    assert_ptr_equal(copies[0].version, newer.known.version);
    assert_int_equal(copies[1].struct_size, UINTPTR_MAX / 3);
    newer.known.struct_size = OLD_SIZE;
    newer.known.good_size = good_size_of_somebody_else;
    zmalloc_backend_copy(&copies[0], &newer.known);
    assert_int_equal(copies[0].struct_size, sizeof *copies);
    assert_ptr_equal(copies[0].version, newer.known.version);
    assert_null(copies[0].good_size);
}

static void register_a_large_prefix(void *argument)
{
    struct zmalloc_backend *backend = new_backend("mine");

    (void)argument;
    backend->prefix_size = 4097;
    check(registers(backend) == EINVAL);
    backend->prefix_size = 4096;
    check(registers(backend) == 0);
}

static void register_nine(void *argument)
{
    static char names[9][8];

    (void)argument;
    for (size_t i = 0; i < 9; i++) {
        snprintf(names[i], sizeof names[i], "mine%zu", i);
        check(registers(new_backend(names[i])) == (i < 8 ? 0 : ENOSPC));
    }
    check(inits("mine8") == ENOENT);
    check(inits("mine7") == 0);
}

static void unsound_tables_are_refused(void **state)
{
    (void)state;
    runs(register_with_a_hole, NULL);
    runs(register_under_bad_names, NULL);
    runs(register_known_names, NULL);
    runs(register_another_abi, NULL);
    runs(register_a_large_prefix, NULL);
    runs(register_nine, NULL);
}

/* ---- The list of backends ---- */

static bool is_in(const char *names, const char *name)
{
    char other[NAME_SIZE];

    while (next_name(&names, other))
        if (strcmp(name, other) == 0)
            return true;
    return false;
}

static void check_state(const struct zmalloc_backend_info *info)
{
    if (is_in(BUILT_IN, info->name))
        check(info->state == ZMALLOC_BACKEND_BUILT_IN);
    else if (is_in(AVAILABLE, info->name))
        check(info->state == ZMALLOC_BACKEND_LOADABLE);
    else
        check(info->state == ZMALLOC_BACKEND_NOT_BUILT &&
              strncmp(info->why, "not in this build: ", strlen("not in this build: ")) == 0);
    if (info->state != ZMALLOC_BACKEND_NOT_BUILT)
        check(*info->why == '\0');
}

static void list_backends(void *argument)
{
    const char *at = KNOWN;
    char name[NAME_SIZE];
    size_t i = 0;
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    (void)argument;
    check(registers(new_backend("yours")) == 0 && registers(new_backend("mine")) == 0);
    while (next_name(&at, name)) {
        check(zmalloc_get_backend_info(i++, &info) == 0 && strcmp(info.name, name) == 0);
        check_state(&info);
    }
    check(i >= 5);
    check(zmalloc_get_backend_info(i++, &info) == 0 && strcmp(info.name, "yours") == 0);
    check(info.state == ZMALLOC_BACKEND_BUILT_IN && *info.why == '\0');
    check(zmalloc_get_backend_info(i++, &info) == 0 && strcmp(info.name, "mine") == 0);
    errno = 0;
    check(zmalloc_get_backend_info(i, &info) == -1 && errno == ENOENT);
    check(zmalloc_get_backend_info(SIZE_MAX, &info) == -1);
    check(zmalloc_used_memory() == 0);
}

struct newer_info {
    struct zmalloc_backend_info known;
    void *news[2];
};

/* For programs that were compiled with another header. */
static void ask_at_other_sizes(void *argument)
{
    static const size_t wrong[] = {0, 1, sizeof(struct zmalloc_backend_info) - sizeof(void *),
                                   sizeof(struct zmalloc_backend_info) + 1, 8192};
    struct newer_info info = {.known.struct_size = sizeof info, .news = {&info, &info}};

    (void)argument;
    check(zmalloc_get_backend_info(0, &info.known) == 0 && strcmp(info.known.name, "libc") == 0);
    check(info.known.struct_size == sizeof info && info.news[0] == NULL && info.news[1] == NULL);
    info.news[0] = &info;
    info.known.struct_size = sizeof info.known;
    check(zmalloc_get_backend_info(1, &info.known) == 0 && strcmp(info.known.name, "native") == 0);
    check(info.known.struct_size == sizeof info.known && info.news[0] == &info);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        info.known.struct_size = wrong[i];
        errno = 0;
        check(zmalloc_get_backend_info(0, &info.known) == -1 && errno == EINVAL);
        check(info.known.struct_size == wrong[i] && strcmp(info.known.name, "native") == 0);
    }
}

static void a_description_is_as_long_as_the_program_knows(void **state)
{
    (void)state;
    runs(ask_at_other_sizes, NULL);
}

static void the_list_has_ours_first(void **state)
{
    (void)state;
    runs(list_backends, NULL);
}

/* ---- Tables ---- */

static void ask_for_tables(void *argument)
{
    static const char *const wrong[] = {"",          "foo",  "LIBC", "../x", NAME_OF_31 "5",
                                        "libc,libc", " libc"};
    const struct zmalloc_backend *mine = new_backend("mine");
    const char *at = AVAILABLE;
    char name[NAME_SIZE];

    (void)argument;
    while (next_name(&at, name)) {
        const struct zmalloc_backend *table = zmalloc_backend_table(name);

        check(table != NULL && strcmp(table->name, name) == 0);
        check(zmalloc_backend_table(name) == table);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        check(zmalloc_backend_table(wrong[i]) == NULL && errno == ENOENT);
    }
    check(registers(mine) == 0);
    check(zmalloc_backend_table("mine")->alloc == mine->alloc);
    check(strcmp(zmalloc_backend_table("mine")->name, "mine") == 0);
    check(inits("mine") == 0 && strcmp(zmalloc_backend_name(), "mine") == 0);
}

/* A module that exists, but for which there is no room. */
static void ask_for_a_ninth(void *argument)
{
    static char names[8][8];

    (void)argument;
    for (size_t i = 0; i < 8; i++) {
        snprintf(names[i], sizeof names[i], "mine%zu", i);
        check(registers(new_backend(names[i])) == 0);
    }
    errno = 0;
    check(zmalloc_backend_table("toy") == NULL && errno == ENOSPC);
    check(inits("toy") == ENOSPC);
}

static void where_there_is_an_error_there_is_no_table(void **state)
{
    (void)state;
    if (!OPENS_MODULES)
        skip();
    runs(ask_for_a_ninth, NULL);
}

static void tables_are_found_by_name(void **state)
{
    (void)state;
    runs(ask_for_tables, NULL);
}

/* ---- What the active one is asked ---- */

/* The parameters for the questions. */
static const struct zmalloc_backend *asked;
static char oldp_given, newp_given;

static int answer_purge(void)
{
    return EAGAIN;
}

static int answer_busy(void)
{
    return EBUSY;
}

static int answer_background_thread(int enable)
{
    return enable == 1 ? 0 : EPERM;
}

static void answer_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                  size_t *retained, size_t *muzzy)
{
    (void)retained;
    *allocated = 1;
    *active = 2;
    *resident = 3;
    *muzzy = 5;
}

static size_t answer_good_size(size_t size)
{
    check(size > 0 && size < SIZE_MAX / 2 - asked->prefix_size);
    return size + 1;
}

static int answer_stats_print(void (*write_cb)(void *opaque, const char *text), void *opaque)
{
    write_cb(opaque, "report");
    return EAGAIN;
}

static void take_report(void *opaque, const char *text)
{
    *(const char **)opaque = text;
}

static int answer_ctl(const char *name, void *oldp, size_t *oldlenp, const void *newp,
                      size_t newlen)
{
    check(strcmp(name, "name") == 0 && oldp == &oldp_given && *oldlenp == 3);
    check(newp == &newp_given && newlen == 5);
    return EFAULT;
}

static int answer_fragmentation(size_t *bytes)
{
    *bytes = 7;
    return 0;
}

static int answer_worth_moving(const void *ptr)
{
    return ptr == &oldp_given;
}

static unsigned past_the_cache;

static void *answer_alloc_no_tcache(size_t size, size_t *usable)
{
    past_the_cache++;
    return asked->alloc(size, usable);
}

static size_t answer_free_no_tcache(void *ptr)
{
    past_the_cache++;
    return asked->free(ptr);
}

/* A figure of 0 is a known figure, too. */
static void answer_nothing_allocated(size_t *allocated, size_t *active, size_t *resident,
                                     size_t *retained, size_t *muzzy)
{
    (void)active;
    (void)resident;
    (void)retained;
    (void)muzzy;
    *allocated = 0;
}

static void ask_one_that_knows(void *argument)
{
    struct zmalloc_backend *backend = new_backend("mine");
    size_t values[] = {9, 9, 9, 9, 9};
    const char *report = "";
    size_t size = 3;

    (void)argument;
    backend->purge = answer_purge;
    backend->thread_idle = answer_purge;
    backend->background_thread = answer_background_thread;
    backend->allocator_info = answer_allocator_info;
    backend->good_size = answer_good_size;
    backend->stats_print = answer_stats_print;
    backend->ctl = answer_ctl;
    backend->fragmentation = answer_fragmentation;
    backend->worth_moving = answer_worth_moving;
    backend->alloc_no_tcache = answer_alloc_no_tcache;
    backend->free_no_tcache = answer_free_no_tcache;
    asked = backend;
    check(registers(backend) == 0 && inits("mine") == 0);
    check(zmalloc_purge() == -1 && errno == EAGAIN);
    check(zmalloc_thread_idle() == -1 && errno == EAGAIN);
    check(zmalloc_set_background_thread(1) == 0);
    check(zmalloc_set_background_thread(0) == -1 && errno == EPERM);
    check(zmalloc_get_allocator_info(&values[0], &values[1], &values[2], &values[3], &values[4]));
    check(values[0] == 1 && values[1] == 2 && values[2] == 3 && values[3] == 0 && values[4] == 5);
    check(zmalloc_get_allocator_info(NULL, NULL, NULL, NULL, NULL));
    check(zmalloc_good_size(10) == 11 && zmalloc_good_size(0) == sizeof(long) + 1);
    check(zmalloc_good_size(SIZE_MAX / 2 - backend->prefix_size) == 0);
    check(zmalloc_stats_print(take_report, &report) == -1 && errno == EAGAIN);
    check(strcmp(report, "report") == 0);
    check(zmalloc_backend_ctl("name", &oldp_given, &size, &newp_given, 5) == -1 && errno == EFAULT);
    check(strcmp(zmalloc_backend_version(), "1.0") == 0 && strcmp(ZMALLOC_LIB, "mine-1.0") == 0);
    check(zmalloc_get_fragmentation(&values[0]) == 0 && values[0] == 7);
    check(zmalloc_get_fragmentation(NULL) == 0);
    check(zmalloc_worth_moving(&oldp_given) == 1 && zmalloc_worth_moving(&size) == 0);
    check(zmalloc_worth_moving(NULL) == 0);
    zfree_no_tcache(zmalloc_no_tcache(100));
    zfree_no_tcache(ztrymalloc_no_tcache(100000));
    zfree(zmalloc(100));
    check(past_the_cache == 4 && zmalloc_used_memory() == 0);
}

static void ask_one_that_has_nothing(void *argument)
{
    struct zmalloc_backend *backend = new_backend("mine");
    size_t values[] = {9, 9};

    (void)argument;
    backend->allocator_info = answer_nothing_allocated;
    check(registers(backend) == 0 && inits("mine") == 0);
    check(zmalloc_get_allocator_info(&values[0], &values[1], NULL, NULL, NULL));
    check(values[0] == 0 && values[1] == 0);
}

static void ask_one_that_leaves_some(void *argument)
{
    struct zmalloc_backend *backend = new_backend("mine");

    (void)argument;
    backend->purge = answer_busy;
    check(registers(backend) == 0 && inits("mine") == 0);
    check(zmalloc_purge() == 1);
}

static void ask_one_that_does_not(void *argument)
{
    struct zmalloc_backend *backend = new_backend("mine");
    size_t value = 9;

    (void)argument;
    backend->version = NULL;
    check(registers(backend) == 0 && inits("mine") == 0);
    check(zmalloc_purge() == -1 && errno == ENOTSUP);
    check(zmalloc_thread_idle() == -1 && errno == ENOTSUP);
    check(zmalloc_set_background_thread(1) == -1 && errno == ENOTSUP);
    check(!zmalloc_get_allocator_info(NULL, &value, NULL, NULL, NULL) && value == 0);
    check(zmalloc_good_size(10) == 0);
    check(zmalloc_stats_print(NULL, NULL) == -1 && errno == ENOTSUP);
    check(zmalloc_backend_ctl("name", NULL, NULL, NULL, 0) == -1 && errno == ENOTSUP);
    check(zmalloc_get_fragmentation(&value) == -1 && errno == ENOTSUP && value == 0);
    check(zmalloc_worth_moving(&value) == -1 && errno == ENOTSUP);
    zfree_no_tcache(zmalloc_no_tcache(100));
    check(zmalloc_used_memory() == 0);
    check(strcmp(zmalloc_backend_version(), "unknown") == 0);
    check(strcmp(ZMALLOC_LIB, "mine-unknown") == 0);
}

static void optional_operations_have_neutral_answers(void **state)
{
    (void)state;
    runs(ask_one_that_knows, NULL);
    runs(ask_one_that_has_nothing, NULL);
    runs(ask_one_that_leaves_some, NULL);
    runs(ask_one_that_does_not, NULL);
}

/* ---- The choice ---- */

static void register_and_allocate(void *argument)
{
    (void)argument;
    check(registers(new_backend("mine")) == 0);
    exercise_functions();
    check(strcmp(zmalloc_backend_name(), "mine") != 0);
    check(inits("mine") == EBUSY);
    check(registers(new_backend("late")) == 0 && inits("late") == EBUSY);
}

/* A program that registers a backend may also set the variable itself, before zmalloc_init(). */
static void register_and_set(void *argument)
{
    (void)argument;
    check(registers(new_backend("mine")) == 0);
    setenv("ZMALLOC_BACKEND", "foo,mine", 1);
    check(inits(NULL) == 0);
    exercise_functions();
    check(strcmp(zmalloc_backend_name(), "mine") == 0);
}

static void a_registered_one_is_chosen_by_name_only(void **state)
{
    (void)state;
    runs(register_and_allocate, NULL);
    runs(register_and_set, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(unsound_tables_are_refused),
        zm_test(tables_may_be_of_other_versions),
        zm_test(a_copy_has_what_both_know),
        zm_test(the_list_has_ours_first),
        zm_test(a_description_is_as_long_as_the_program_knows),
        zm_test(tables_are_found_by_name),
        zm_test(where_there_is_an_error_there_is_no_table),
        zm_test(optional_operations_have_neutral_answers),
        zm_test(a_registered_one_is_chosen_by_name_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
