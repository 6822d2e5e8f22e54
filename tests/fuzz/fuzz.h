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

/* What is beyond is ignored. */
#define INPUT_MAX 4096

/* Called once, before other threads run. */
void fuzz_start(void);

/* Tries an input. False is a finding, which has been explained on stderr; it was the last input. */
bool fuzz_try(const uint8_t *data, size_t size);

/* Prints what the last input did, step by step. */
void fuzz_show(void);

/* Names on stderr what no input so far has reached; true where there is nothing of the kind. */
bool fuzz_has_reached_all(void);

/* ---- coverage.c: where the library counts what it runs, if the engine has it count ---- */

/* Makes the counters common to this process and those that it forks. */
void coverage_share(void);
/* What this process runs is counted in a part of its own from here on. */
void coverage_choose_lane(size_t number);

#endif
