/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_MEASURE_H
#define TOOLS_MEASURE_H

#include "compare/comparison.h"
#include "verb.h"

/*
 * Makes all the runs of a comparison, warm-up first. Returns STATUS_FINE where there is something
 * to report, be it failures or what there is after Ctrl-C; else it has said why not, and returns
 * what to end with.
 */
int measure(const struct verb *verb, struct comparison *comparison);

#endif
