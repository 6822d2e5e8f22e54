/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The records of zmalloc's statistics that a program has written: one JSON object after the other.
 */

#include "record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static double peak_of(const json_t *object)
{
    return json_number_value(json_object_get(json_object_get(object, "memory"), "peak_bytes"));
}

static bool is_of(const json_t *object, pid_t pid)
{
    return json_integer_value(json_object_get(object, "pid")) == pid;
}

/* Whether the object says more of the program than the best so far. */
static bool is_better(const json_t *object, const json_t *best, pid_t pid)
{
    if (best == NULL || is_of(object, pid))
        return true;
    return !is_of(best, pid) && peak_of(object) > peak_of(best);
}

static json_t *find_record(FILE *file, pid_t pid)
{
    json_t *best = NULL;
    json_t *object;

    while ((object = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        if (is_better(object, best, pid)) {
            json_decref(best);
            best = object;
        } else {
            json_decref(object);
        }
    }
    return best;
}

static char *copy_string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return copy_text(text != NULL ? text : "", (size_t)-1);
}

bool read_record(const char *path, pid_t pid, struct record *record)
{
    FILE *file = fopen(path, "re");
    json_t *found = file != NULL ? find_record(file, pid) : NULL;

    if (file != NULL)
        fclose(file);
    if (found == NULL)
        return false;
    *record = (struct record){
        .peak_bytes = peak_of(found),
        .backend = copy_string(json_object_get(found, "backend"), "name"),
        .version = copy_string(json_object_get(found, "backend"), "version"),
    };
    json_decref(found);
    return true;
}

void free_record(struct record *record)
{
    free(record->backend);
    free(record->version);
}
