/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program with a window (src/window.h) as another version of the library may have it, or as it looks when
 * memory is overwritten. The first argument says which; the second is a file that is made when it is
 * there. Runs until its input ends.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/window.h"

static volatile struct zm_window window = {
    .mark = ZM_WINDOW_MARK,
    .layout = ZM_WINDOW_LAYOUT,
    .entries = ZM_WINDOW_ENTRIES,
    .version = "9.8.7",
};

/* A copy that nothing is allocated with. It is no window while it does not know its own address. */
static volatile struct zm_window unused_copy = {
    .mark = ZM_WINDOW_MARK,
    .layout = ZM_WINDOW_LAYOUT,
    .entries = ZM_WINDOW_ENTRIES,
    .entry[ZM_WINDOW_WORD] = sizeof(size_t),
    .entry[ZM_WINDOW_NODE_SIZE] = sizeof(size_t[16]),
};

/* One that nothing is wrong with: a slab with one node, shared by all. */
static struct {
    void *next;
    unsigned used;
    size_t node[16];
} slab = {.used = 1, .node = {1000, 400, 0, 0, 1}};
static const void *slabs = &slab;
static size_t peak = 5000;

static void fill(void)
{
    volatile uint64_t *entry = window.entry;

    entry[ZM_WINDOW_WORD] = sizeof(size_t);
    entry[ZM_WINDOW_SLABS] = zm_window_address(&slabs);
    entry[ZM_WINDOW_SLAB_USED] = sizeof(void *);
    entry[ZM_WINDOW_SLAB_NODES] = 2 * sizeof(void *);
    entry[ZM_WINDOW_NODE_SIZE] = sizeof slab.node;
    entry[ZM_WINDOW_NODE_FREED] = sizeof(size_t);
    entry[ZM_WINDOW_NODE_HAS_SOURCE] = 2 * sizeof(size_t);
    entry[ZM_WINDOW_NODE_ZONES] = 3 * sizeof(size_t);
    entry[ZM_WINDOW_NODE_TAKEN] = 4 * sizeof(size_t);
    entry[ZM_WINDOW_PEAK] = zm_window_address(&peak);
    entry[ZM_WINDOW_BACKEND] = zm_window_address("made-up");
}

static void spoil(const char *how)
{
    volatile uint64_t *entry = window.entry;

    if (strcmp(how, "layout") == 0)
        window.layout = 99;
    else if (strcmp(how, "word") == 0)
        entry[ZM_WINDOW_WORD] = 2;
    else if (strcmp(how, "older") == 0)
        window.entries = ZM_WINDOW_PREFIX_SIZE;
    else if (strcmp(how, "newer") == 0)
        window.entries = UINT32_MAX;
    else if (strcmp(how, "unused") == 0)
        entry[ZM_WINDOW_BACKEND] = 0;
    else if (strcmp(how, "offset") == 0)
        entry[ZM_WINDOW_NODE_FREED] = sizeof slab.node - 1;
    else if (strcmp(how, "node-size") == 0)
        entry[ZM_WINDOW_NODE_SIZE] = 0;
    else if (strcmp(how, "used") == 0)
        slab.used = UINT32_MAX;
    else if (strcmp(how, "circle") == 0)
        slab.next = &slab;
    else if (strcmp(how, "nowhere") == 0)
        slabs = (const void *)sizeof slab;
    else if (strcmp(how, "source") == 0)
        slab.node[2] = 16;
    else if (strcmp(how, "zones") == 0)
        entry[ZM_WINDOW_ZONE_COUNT] = UINT64_MAX;
    else if (strcmp(how, "name") == 0)
        entry[ZM_WINDOW_BACKEND] = 16;
    else if (strcmp(how, "unused-copy") == 0)
        unused_copy.self = zm_window_address(&unused_copy);
    else if (strcmp(how, "copy") == 0)
        window.self = zm_window_address(&slab);
}

int main(int argc, char **argv)
{
    FILE *file;
    char byte;

    if (argc != 3)
        return EXIT_FAILURE;
    fill();
    window.self = zm_window_address(&window);
    spoil(argv[1]);
    file = fopen(argv[2], "w");
    if (file == NULL || fclose(file) != 0)
        return EXIT_FAILURE;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return EXIT_SUCCESS;
}
