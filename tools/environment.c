/* SPDX-License-Identifier: BSD-3-Clause */

/* Hides the variables ZMALLOC_* from the library that the command is linked with. */

#include "environment.h"

#include <stdbool.h>
#include <unistd.h>

static const char prefix[] = "ZMALLOC_";

/* Another first letter makes it another variable: nothing moves, and nothing is lost. */
#define HIDDEN 'z'

/* It runs before what it calls is ready, a sanitizer's functions above all: so it calls nothing. */
#if defined(__clang__)
#define ALONE __attribute__((no_sanitize("address", "thread", "undefined"), no_stack_protector))
#else
#define ALONE __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

ALONE static bool is_ours(const char *variable, char first)
{
    if (variable[0] != first)
        return false;
    for (unsigned i = 1; prefix[i] != '\0'; i++)
        if (variable[i] != prefix[i])
            return false;
    return true;
}

/* `zmalloc probe` is there to be what a program is, and the library reads them when it is loaded. */
ALONE static bool is_probe(int argc, char **argv)
{
    static const char probe[] = "probe";

    if (argc < 2)
        return false;
    for (unsigned i = 0; i < sizeof probe; i++)
        if (argv[1][i] != probe[i])
            return false;
    return true;
}

/* glibc gives it what main() gets. A C library that does not call it obeys the variables. */
ALONE static void hide_environment(int argc, char **argv, char **variables)
{
    if (is_probe(argc, argv))
        return;
    for (; *variables != NULL; variables++)
        if (is_ours(*variables, prefix[0]))
            (*variables)[0] = HIDDEN;
}

/* Before the constructors of all libraries. */
__attribute__((section(".preinit_array"),
               used)) static void (*const hide_first)(int, char **, char **) = hide_environment;

void show_environment(void)
{
    for (char **variable = environ; *variable != NULL; variable++)
        if (is_ours(*variable, HIDDEN))
            (*variable)[0] = prefix[0];
}
