/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef USE_H
#define USE_H

int use_jemalloc(const char *expected);

#endif
