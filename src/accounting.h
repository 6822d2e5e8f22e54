/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_ACCOUNTING_H
#define ZM_ACCOUNTING_H

/*
 * Two counters per thread that only grow, and the exact sum over them. The head of accounting.c has
 * the whole idea.
 */

#include "source.h"

/* A thread that lives for a few blocks never registers. */
#define ZM_EARLY_OPERATIONS 64

/* Called once, before the first block: makes the thread key. */
void zm_accounting_start(const struct zmalloc_backend *backend);

/* What is in use. Takes no lock, and may be called in a signal handler. */
size_t zm_accounting_sum(void);

/* All that was ever allocated, modulo SIZE_MAX + 1. */
size_t zm_accounting_gross(void);

/* Calls a function with each node that was ever taken, but the shared one. */
void zm_accounting_visit(void (*function)(const struct zm_node *node, void *argument),
                         void *argument);

/* LIVE threads. */
size_t zm_accounting_threads(void);

/* What the calling thread has allocated minus what it has freed, modulo SIZE_MAX + 1; if it is NEW, it
 * becomes LIVE. False if it cannot. */
bool zm_accounting_own(size_t *net);

/* Counts for a thread that is not LIVE. */
ZM_PRIVATE ZM_COLD void zm_accounting_unregistered(size_t allocated, size_t freed);

/* In the child of a fork. */
void zm_accounting_in_child(void);

#endif
