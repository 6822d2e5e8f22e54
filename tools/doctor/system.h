/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_SYSTEM_FACTS_H
#define TOOLS_SYSTEM_FACTS_H

/* What the system is set to, as far as it matters to allocators. */

#include <stddef.h>

/* For a number that is not known. */
#define FACT_UNKNOWN (-1)

struct system_facts {
    char huge_pages[16];    /* "always", "madvise" or "never"; "" is unknown */
    long long overcommit;   /* vm.overcommit_memory */
    long long commit_limit; /* bytes that may be promised where overcommit is 2 */
    long long committed;    /* bytes that are promised */
    long long map_count;    /* vm.max_map_count */

    size_t page_size;
    size_t memory;           /* bytes of the machine; 0 is unknown */
    size_t limit;            /* the same, or a control group's limit */
    long long address_space; /* RLIMIT_AS in bytes; FACT_UNKNOWN where it is not limited */
};

/* The first part, from the files below root/proc and root/sys; root is "" but for tests. */
void system_facts_read(struct system_facts *facts, const char *root);

/* The second part, of this process. */
void system_facts_ask(struct system_facts *facts);

#endif
