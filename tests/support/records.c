/* SPDX-License-Identifier: BSD-3-Clause */

#include "records.h"

#include <stdio.h>
#include <string.h>

size_t count_in(const char *text, const char *part)
{
    size_t times = 0;

    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        times++;
    return times;
}

size_t records_in(const char *text)
{
    static const char begin[] = "{\"schema\":1,";
    size_t lines = 0;

    for (const char *line = text; *line != '\0'; lines++) {
        const char *end = strchr(line, '\n');

        if (end == NULL || end[-1] != '}' || strncmp(line, begin, strlen(begin)) != 0)
            fail_msg("no record: %.300s", line);
        line = end + 1;
    }
    assert_int_equal(count_in(text, "\"schema\""), lines);
    return lines;
}

void assert_allocator_unknown(const char *text)
{
    static const char unknown[] = "\"allocator\":{\"allocated_bytes\":null,";

    assert_int_equal(count_in(text, unknown), count_in(text, "\"schema\""));
}

struct outcome run_signal_part(const char *part, const char *stats)
{
    char variable[200];
    const char *const arguments[] = {path_beside("signal-program"), part, NULL};
    const char *const environment[] = {variable, NULL};

    snprintf(variable, sizeof variable, "ZMALLOC_STATS%s%s", stats != NULL ? "=" : "",
             stats != NULL ? stats : "");
    return run_program(arguments, environment);
}
