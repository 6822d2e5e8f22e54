/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LANE_H
#define LANE_H

/*
 * What a worker (the process of one backend) shares with the process that sends it inputs: the
 * input, the result of each step, and what is wrong.
 */

#include <stdint.h>

#include "fuzz.h"

#define STEPS_MAX 4096
#define TROUBLE_SIZE 400

/* What must be the same on every backend. No padding: it is compared as bytes. */
struct step {
    uint8_t operation;
    uint8_t thread;        /* 0 is the stream's own; others count from 1 */
    uint8_t came;          /* a block came back */
    uint8_t handler_calls; /* of the out-of-memory handler */
    int32_t error;         /* errno if the contract says what it is, else 0 */
    uint64_t size;         /* requested size */
    uint64_t number;       /* a count or an alignment */
    uint64_t handler_size;
};

struct lane {
    uint32_t input_size;
    uint8_t input[INPUT_MAX];
    uint32_t step_count;
    struct step steps[STEPS_MAX];
    int has_trouble; /* the first thread that finds something says so */
    char trouble[TROUBLE_SIZE];
};

/* This worker's. */
extern struct lane *lane;

/* Says what is wrong and ends the worker. */
void blame(const char *format, ...) __attribute__((noreturn, cold, format(printf, 1, 2)));

#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            blame(__VA_ARGS__);                                                                    \
    } while (0)

#endif
