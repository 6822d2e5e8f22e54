/* SPDX-License-Identifier: BSD-3-Clause */

/* The window through which other processes see the figures of this one. Each file shows what is its
 * own; nothing is copied, so it costs nothing while the program runs. */

#include "window.h"

#include "accounting.h"
#include "backend.h"
#include "choice.h"
#include "config.h"
#include "limit.h"
#include "peak.h"
#include "zone.h"

/* Not constant: constants lie in pages that are read-only by then, among much else. Volatile, since
 * no code of ours reads it. */
static volatile struct zm_window window = {
    .mark = ZM_WINDOW_MARK,
    .layout = ZM_WINDOW_LAYOUT,
    .entries = ZM_WINDOW_ENTRIES,
    .version = ZM_VERSION,
};

void zm_window_open(void)
{
    volatile uint64_t *entry = window.entry;

    entry[ZM_WINDOW_WORD] = sizeof(size_t);
    zm_node_show(entry);
    zm_peak_show(entry);
    zm_limit_show(entry);
    zm_zone_show(entry);
    __atomic_store_n(&window.self, zm_window_address(&window), __ATOMIC_RELEASE);
}

/* The name comes last: with it, the rest is there. */
void zm_window_show_choice(void)
{
    const struct zm_choice *choice = zm_active_choice();
    volatile uint64_t *entry = window.entry;

    entry[ZM_WINDOW_BACKEND_VERSION] = zm_window_address(zmalloc_backend_version());
    entry[ZM_WINDOW_ORIGIN] = zm_window_address(choice->origin);
    entry[ZM_WINDOW_CHOSEN_BY] = zm_window_address(choice->by);
    entry[ZM_WINDOW_CHOICE] = zm_window_address(choice->list);
    entry[ZM_WINDOW_PREFIX_SIZE] = zmalloc_backend_prefix_size();
    entry[ZM_WINDOW_COUNTS_BY_ITSELF] = zm_backend_counts(zm_active());
    __atomic_store_n(&entry[ZM_WINDOW_BACKEND], zm_window_address(zmalloc_backend_name()),
                     __ATOMIC_RELEASE);
}
