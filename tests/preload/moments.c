/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Allocates whenever a program can: before its libraries' constructors have run, in constructors, in
 * atexit handlers and in destructors. What was allocated at one moment is used, moved and freed at
 * the next.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS 50

struct moment {
    char *blocks[BLOCKS];
    const char *name;
};

static struct moment first = {.name = "preinit"};
static struct moment constructed = {.name = "constructor"};
static struct moment late = {.name = "atexit"};

static size_t size_of(size_t i)
{
    return i * i * 5 + 1;
}

static void give_up(const struct moment *moment, const char *what)
{
    /* Not by stdio, which may be gone. */
    const char *texts[] = {"blocks of ", moment->name, ": ", what, "\n"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (write(STDERR_FILENO, texts[i], strlen(texts[i])) < 0)
            _exit(2);
    _exit(1);
}

static void allocate(struct moment *moment)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        moment->blocks[i] = i % 2 == 0 ? malloc(size_of(i)) : calloc(size_of(i), 1);
        if (moment->blocks[i] == NULL)
            give_up(moment, "none");
        memset(moment->blocks[i], (int)i, size_of(i));
    }
}

static void check_and_free(struct moment *moment)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        char *block = moment->blocks[i];

        if (i % 3 == 0)
            block = realloc(block, size_of(i) + 1000);
        if (block == NULL)
            give_up(moment, "not moved");
        for (size_t k = 0; k < size_of(i); k++)
            if (block[k] != (char)i)
                give_up(moment, "changed");
        free(block);
    }
}

static void before_all(void)
{
    allocate(&first);
}

#ifdef __GLIBC__
/* musl does not call it. */
__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = before_all;
#endif

__attribute__((constructor)) static void construct(void)
{
    if (first.blocks[0] == NULL)
        before_all();
    check_and_free(&first);
    allocate(&constructed);
}

__attribute__((destructor)) static void destruct(void)
{
    check_and_free(&late);
    if (write(STDOUT_FILENO, "all\n", 4) != 4)
        _exit(2);
}

static void at_exit(void)
{
    allocate(&late);
}

int main(void)
{
    check_and_free(&constructed);
    return atexit(at_exit);
}
