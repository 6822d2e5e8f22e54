/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FUZZ_H
#define FUZZ_H

/*
 * Between an engine (libFuzzer, AFL++, or the runner), which invents inputs, and a target, which
 * tries them. A program has one of each.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The rest of a longer input is ignored. */
#define INPUT_MAX 4096

/* Called once, before other threads run. */
void fuzz_start(void);

/* Tries an input. False means a finding, which has been explained on stderr; that was the last
 * input. */
bool fuzz_try(const uint8_t *data, size_t size);

/* Prints what the last input did, step by step. */
void fuzz_show(void);

/* Lists on stderr what no input has reached so far. Returns true if there is nothing to list. */
bool fuzz_has_reached_all(void);

/* ---- coverage.c: counts what the library runs, if the engine asks for it ---- */

/* Shares the counters between this process and those that it forks. */
void coverage_share(void);
/* From here on, this process counts in its own part. */
void coverage_choose_lane(size_t number);

#endif
