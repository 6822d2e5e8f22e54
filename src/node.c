/* SPDX-License-Identifier: BSD-3-Clause */

#include "node.h"

#include <sys/mman.h>

#include "window.h"

/* A definition without the attribute would lose the TLS model of its declaration. */
_Thread_local struct zm_thread zm_thread __attribute__((tls_model("initial-exec")));

/* The first node of the first slab is the shared one. */
struct zm_slab zm_first_slab = {.used = 1, .nodes[0].taken = 1};
struct zm_slab *zm_slabs = &zm_first_slab;

/* Announces that nodes[number] may be in use, before anything is counted there. */
static void announce(struct zm_slab *slab, unsigned number)
{
    unsigned used = zm_used_nodes(slab);

    while (used <= number && !__atomic_compare_exchange_n(&slab->used, &used, number + 1, true,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
        ;
}

/* The acquire is for the counts of the one who left it. */
static bool take(struct zm_node *node)
{
    unsigned taken = 0;

    if (__atomic_load_n(&node->taken, __ATOMIC_RELAXED) != 0)
        return false;
    /* For a child that is forked from a signal handler just here. */
    zm_thread.taking = node;
    return __atomic_compare_exchange_n(&node->taken, &taken, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

void zm_node_leave(struct zm_node *node)
{
    __atomic_store_n(&node->taken, 0, __ATOMIC_RELEASE);
}

static struct zm_node *take_node_of(struct zm_slab *slab)
{
    for (unsigned number = 0; number < ZM_NODES; number++)
        if (take(&slab->nodes[number])) {
            announce(slab, number);
            return &slab->nodes[number];
        }
    return NULL;
}

/* Another thread may push one at the same time: then there are two more. */
static struct zm_slab *push_slab(void)
{
    struct zm_slab *slab =
        mmap(NULL, sizeof *slab, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (slab == MAP_FAILED) /* GCOVR_EXCL_BR_LINE: as below */
        return NULL;        /* GCOVR_EXCL_LINE: 64 KiB, when memory is used up */
    slab->next = __atomic_load_n(&zm_slabs, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&zm_slabs, &slab->next, slab, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
        ;
    return slab;
}

struct zm_node *zm_node_take(void)
{
    struct zm_node *node = NULL;
    struct zm_slab *more = NULL;

    ZM_FOR_EACH_SLAB(slab)
    {
        node = take_node_of(slab);
        if (node != NULL)
            return node;
    }
    while (node == NULL && (more = push_slab()) != NULL) /* GCOVR_EXCL_BR_LINE: as above */
        node = take_node_of(more);
    return node;
}

/* ---- The window ---- */

void zm_node_show(volatile uint64_t *entry)
{
    entry[ZM_WINDOW_SLABS] = zm_window_address(&zm_slabs);
    entry[ZM_WINDOW_SLAB_NEXT] = offsetof(struct zm_slab, next);
    entry[ZM_WINDOW_SLAB_USED] = offsetof(struct zm_slab, used);
    entry[ZM_WINDOW_SLAB_NODES] = offsetof(struct zm_slab, nodes);
    entry[ZM_WINDOW_NODE_SIZE] = sizeof(struct zm_node);
    entry[ZM_WINDOW_NODE_ALLOCATED] = offsetof(struct zm_node, allocated);
    entry[ZM_WINDOW_NODE_FREED] = offsetof(struct zm_node, freed);
    entry[ZM_WINDOW_NODE_TAKEN] = offsetof(struct zm_node, taken);
    entry[ZM_WINDOW_NODE_HAS_SOURCE] = offsetof(struct zm_node, has_source);
    entry[ZM_WINDOW_NODE_ZONES] = offsetof(struct zm_node, zones);
    entry[ZM_WINDOW_SOURCE_ALLOCATED_AT] = offsetof(struct zm_node, source.allocated_at);
    entry[ZM_WINDOW_SOURCE_FREED_AT] = offsetof(struct zm_node, source.freed_at);
    entry[ZM_WINDOW_SOURCE_ALLOCATED_BASE] = offsetof(struct zm_node, source.allocated_base);
    entry[ZM_WINDOW_SOURCE_FREED_BASE] = offsetof(struct zm_node, source.freed_base);
}
