/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A mimalloc that claims to be another version: this program's mi_version() comes before the
 * library's. What is done for one version must do no harm on another.
 */

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"
#include "zmalloc_backend.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define BLOCKS 300

static int other_version;

int mi_version(void);

int mi_version(void)
{
    return other_version;
}

/* The function that mimalloc writes its messages with. */
static void (*write_message)(const char *text, void *argument);

void mi_register_output(void (*write)(const char *text, void *argument), void *argument);

void mi_register_output(void (*write)(const char *text, void *argument), void *argument)
{
    (void)argument;
    write_message = write;
    write("a message of before\n", NULL);
}

static const struct other {
    int number;
    const char *text;
} others[] = {
    {209, "2.0.9"},   {227, "2.2.7"},   {20300, "2.3.0"},   {20401, "2.4.1"}, {301, "3.0.1"},
    {302, "3.0.2"},   {3012, "3.0.12"}, {316, "3.1.6"},     {3206, "3.2.6"},  {30300, "3.3.0"},
    {30403, "3.4.3"}, {30600, "3.6.0"}, {31112, "3.11.12"},
};

static void in_children(void (*body)(void *argument))
{
    for (size_t i = 0; i < LENGTH(others); i++) {
        struct outcome outcome = run_child(body, (void *)(uintptr_t)&others[i]);

        assert_exited_with(&outcome, 0);
    }
}

static void become(const void *argument)
{
    other_version = ((const struct other *)argument)->number;
    child_check(zmalloc_init("mimalloc") == 0);
}

/* ---- The version ---- */

static void tell_the_version(void *argument)
{
    become(argument);
    child_check(strcmp(zmalloc_backend_version(), ((const struct other *)argument)->text) == 0);
}

static void each_form_of_a_version_is_understood(void **state)
{
    (void)state;
    in_children(tell_the_version);
}

/* ---- Aligned blocks ---- */

static void hold_aligned(size_t alignment, size_t size)
{
    static void *blocks[BLOCKS];
    size_t sum = 0;

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = zmalloc_aligned(alignment, size);
        child_check(((uintptr_t)blocks[i] & (alignment - 1)) == 0);
        stamp(extend_to_usable(blocks[i], zmalloc_usable_size(blocks[i])),
              zmalloc_usable_size(blocks[i]), (unsigned)i);
        sum += zmalloc_size(blocks[i]);
    }
    child_check(zmalloc_used_memory() == sum);
    for (size_t i = 0; i < BLOCKS; i++) {
        child_check(has_stamp(blocks[i], zmalloc_usable_size(blocks[i]), (unsigned)i));
        blocks[i] = zrealloc(blocks[i], size / 2 + 1);
        zfree(blocks[i]);
    }
    child_check(zmalloc_used_memory() == 0);
}

/* Not on every version: 3.0.1 itself needs what is done for it. */
static void hold_all_aligned(void *argument)
{
    other_version = 301;
    (void)argument;
    child_check(zmalloc_init("mimalloc") == 0);
    for (size_t alignment = 16; alignment <= 16384; alignment *= 4)
        for (size_t size = 100; size <= 2500; size *= 5)
            hold_aligned(alignment, size);
}

static void aligned_as_on_3_0_1_blocks_are_exact(void **state)
{
    struct outcome outcome = run_child(hold_all_aligned, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

/* ---- What it says ---- */

static void say_something(void *argument)
{
    become(argument);
    child_check(write_message != NULL);
    write_message("a message\n", NULL);
}

static void what_it_says_is_told_once(void **state)
{
    struct outcome outcome = run_child(say_something, (void *)(uintptr_t)&others[0]);

    (void)state;
    assert_exited_with(&outcome, 0);
    assert_string_equal(outcome.err, "a message\n");
}

/* ---- fork ---- */

static void fork_once(void *argument)
{
    int status = -1;
    pid_t pid;

    become(argument);
    pid = fork();
    if (pid == 0) {
        zfree(zmalloc(100));
        _exit(zmalloc_used_memory() == 0 ? 0 : 1);
    }
    child_check(waitpid(pid, &status, 0) == pid && status == 0);
    child_check(zmalloc_used_memory() == 0);
}

static void a_child_goes_on(void **state)
{
    (void)state;
    in_children(fork_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(each_form_of_a_version_is_understood),
        zm_test(aligned_as_on_3_0_1_blocks_are_exact),
        zm_test(what_it_says_is_told_once),
        zm_test(a_child_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
