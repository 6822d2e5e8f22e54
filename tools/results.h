/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_RESULTS_H
#define TOOLS_RESULTS_H

#include "comparison.h"

/* All samples and what they show, as JSON into the file. 0, or -1 with errno. */
int write_results(const struct comparison *comparison, const char *path);

#endif
