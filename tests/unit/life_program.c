/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program that allocates from its first moment to its last: in constructors of each priority, in
 * main, in atexit handlers, in destructors. At each stage it keeps one block more, resizes those it
 * has, and says whether used memory is their sum. At the end it frees them all.
 *
 * With an argument it asks for that backend before any constructor, and already allocates there.
 * (Not without: the C library has no environment yet, so the variable would not be seen.)
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc.h"

#define STAGES 16

static char *kept[STAGES];
static size_t count;

/* stdio may already be closed. */
static void say(const char *stage, const char *what)
{
    char line[100];
    int length = snprintf(line, sizeof line, "%s: %s\n", stage, what);

    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(3);
}

static bool kept_are_whole_and_counted(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept[i][0] != (char)i || kept[i][99] != (char)(i + 1))
            return false;
        sum += zmalloc_size(kept[i]);
    }
    return zmalloc_used_memory() == sum;
}

/* Enough operations to register the thread. */
static void keep_one_more(void)
{
    for (size_t i = 0; i < 40; i++)
        zfree(zmalloc(i * 100));
    for (size_t i = 0; i < count; i++)
        kept[i] = zrealloc(kept[i], 100 + 50 * count);
    kept[count] = zmalloc(100);
    kept[count][0] = (char)count;
    kept[count][99] = (char)(count + 1);
    count++;
}

static void stage(const char *name)
{
    bool good = kept_are_whole_and_counted();

    keep_one_more();
    say(name, good && kept_are_whole_and_counted() ? "exact" : "WRONG");
}

/* ---- Before main ---- */

static void choose_by_argument(int arguments_count, char **arguments, char **environment)
{
    (void)environment;
    if (arguments_count < 2)
        return;
    if (zmalloc_init(arguments[1]) != 0)
        _exit(4);
    stage("preinit");
}

__attribute__((section(".preinit_array"),
               used)) static void (*const first)(int, char **, char **) = choose_by_argument;

static void at_exit_from_constructor(void)
{
    stage("atexit from a constructor");
}

__attribute__((constructor(101))) static void construct_101(void)
{
    stage("constructor 101");
    if (atexit(at_exit_from_constructor) != 0)
        _exit(5);
}

__attribute__((constructor(102))) static void construct_102(void)
{
    stage("constructor 102");
}

__attribute__((constructor(103))) static void construct_103(void)
{
    stage("constructor 103");
}

__attribute__((constructor(2000))) static void construct_2000(void)
{
    stage("constructor 2000");
}

__attribute__((constructor)) static void construct(void)
{
    stage("constructor");
}

/* ---- After main ---- */

__attribute__((destructor)) static void destroy(void)
{
    stage("destructor");
}

__attribute__((destructor(2000))) static void destroy_2000(void)
{
    stage("destructor 2000");
}

__attribute__((destructor(102))) static void destroy_102(void)
{
    stage("destructor 102");
}

__attribute__((destructor(101))) static void destroy_101(void)
{
    stage("destructor 101");
    for (size_t i = 0; i < count; i++)
        zfree(kept[i]);
    say("end", zmalloc_used_memory() == 0 ? "nothing used" : "WRONG");
}

static void at_exit_from_main(void)
{
    stage("atexit from main");
}

int main(void)
{
    stage("main");
    if (atexit(at_exit_from_main) != 0)
        return 5;
    say("backend", zmalloc_backend_name());
    return 0;
}
