/* SPDX-License-Identifier: BSD-3-Clause */

/* Reads used memory while threads allocate and free, start and end. No reading may be below what is
 * certainly in use, so none underflows, and none above what may be. */

#include <stdio.h>

#include "bounds.h"
#include "storm.h"

/* Starting a thread takes as long as a hundred readings. */
#define READINGS_PER_BRIEF_THREAD 10000

int main(int count, char **arguments)
{
    uint64_t readings = 1000000000;
    uint64_t threads = 2;
    const struct setting settings[] = {
        {"readings", &readings, 1, SIZE_MAX},
        {"threads", &threads, 1, 16},
    };
    double started;
    double seconds;

    (void)count;
    take_settings(arguments, settings, LENGTH(settings));
    start_bounded_work((size_t)threads);
    started = seconds_now();
    check_readings((size_t)readings, READINGS_PER_BRIEF_THREAD);
    seconds = seconds_now() - started;
    end_bounded_work();
    tell_figures("%zu readings beside %zu threads, %.1f million/s", (size_t)readings,
                 (size_t)threads, (double)readings / seconds / 1e6);
    return 0;
}
