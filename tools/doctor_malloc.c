/* SPDX-License-Identifier: BSD-3-Clause */

/* Whose malloc() the process has, beside the backend. */

#include <string.h>

#include "doctor.h"

/* The version of those backends that are the malloc of the process tells whose it is where it is not
 * the C library's. */
static const char *version_of_malloc(const struct backends *backends)
{
    const struct backend *row = backends_find(backends, "native");

    if (row == NULL || row->facts == NULL)
        row = backends_find(backends, "libc");
    return row != NULL ? probe_text(row->facts, "backend", "version") : NULL;
}

const char *foreign_malloc(const struct backends *backends)
{
    static const char words[] = "malloc of ";
    const char *version = version_of_malloc(backends);
    const char *at = version != NULL ? strstr(version, words) : NULL;

    return at != NULL ? at + strlen(words) : NULL;
}

static void tell_of_foreign(struct findings *findings, const char *file)
{
    finding(findings, LEVEL_NOTE, "malloc() is that of %s, not the C library's.", file);
    meaning(findings, "something that is loaded before the C library, by LD_PRELOAD as a rule, has "
                      "taken over malloc(). The backends libc and native are over it, and so is "
                      "all memory that does not come from zmalloc. The other backends do not "
                      "notice.");
    advice(findings, "nothing, if that is meant. To change what serves zmalloc use "
                     "ZMALLOC_BACKEND, which needs no LD_PRELOAD.");
}

void examine_malloc(struct findings *findings, const struct backends *backends)
{
    const char *version = version_of_malloc(backends);
    const char *file = foreign_malloc(backends);

    findings_group(findings, "The malloc of the process");
    if (file != NULL) {
        tell_of_foreign(findings, file);
        return;
    }
    if (version == NULL) {
        finding(findings, LEVEL_NOTE, "Nobody says whose malloc() it is.");
        meaning(findings, "neither native nor libc starts, which would know.");
        advice(findings, "see why in `zmalloc list`.");
        return;
    }
    finding(findings, LEVEL_OK, "malloc() is the C library's (%s).", version);
    meaning(findings, "no library has taken it over; memory that does not come from zmalloc comes "
                      "from there, whatever the backend is.");
    advice(findings, NOTHING_TO_DO);
}
