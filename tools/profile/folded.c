/* SPDX-License-Identifier: BSD-3-Clause */

/* Folded stacks: the outermost function first, separated by semicolons, then a blank and bytes. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "profile/traces.h"
#include "text.h"

/* A semicolon, or the end of a line, is no part of a name. */
static void write_name(FILE *to, const struct frame *frame)
{
    char *name = frame_name(frame);
    char *harmless = text_harmless(name);

    for (const char *at = harmless; *at != '\0'; at++)
        fputc(*at != ';' ? *at : ':', to);
    free(harmless);
    free(name);
}

int write_folded(FILE *to, const struct traces *traces, bool is_total)
{
    for (size_t i = 0; i < traces->count; i++) {
        const struct trace *trace = &traces->of[i];
        int64_t bytes = bytes_of(&trace->figures, is_total);

        if (bytes == 0)
            continue;
        for (size_t depth = trace->depth; depth-- > 0;) {
            write_name(to, trace->frames[depth]);
            if (depth > 0)
                fputc(';', to);
        }
        fprintf(to, "%s %" PRId64 "\n", trace->depth == 0 ? "unknown" : "", bytes);
    }
    return ferror(to) ? -1 : 0;
}
