/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_VERDICT_H
#define TOOLS_VERDICT_H

#include "comparison.h"

/* One sentence on the comparison's metric; the caller's. */
char *verdict_on(const struct comparison *comparison);

#endif
