/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_HEAP_H
#define TOOLS_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A heap profile as the library writes it, the text that gperftools has written for years. */

/* Differences may be below 0. */
struct heap_figures {
    int64_t live_blocks;
    int64_t live_bytes;
    int64_t all_blocks; /* that were ever allocated */
    int64_t all_bytes;
};

struct heap_site {
    struct heap_figures figures;
    size_t depth;
    uint64_t *addresses; /* return addresses, the innermost first */
};

/* What was mapped where. */
struct heap_mapping {
    uint64_t begin;
    uint64_t end;
    uint64_t offset; /* in the file */
    char *path; /* of a file; or "[zone sessions]", which is the outermost frame of its blocks */
};

struct heap_profile {
    size_t site_count;
    struct heap_site *sites;
    size_t mapping_count;
    struct heap_mapping *mappings;
};

/* Reads a file. Returns NULL; or what is wrong with it, for the caller to free, and then *profile is
 * empty. */
char *heap_read(const char *path, struct heap_profile *profile);
void heap_free(struct heap_profile *profile);

/* Whether a mapping's path is that of a zone. */
bool heap_is_zone(const char *path);

/* NULL if nothing was mapped there. */
const struct heap_mapping *heap_mapping_at(const struct heap_profile *profile, uint64_t address);

void heap_add(struct heap_figures *to, const struct heap_figures *from, int64_t times);

#endif
