/* SPDX-License-Identifier: BSD-3-Clause */

#include "probing.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "text.h"

#define PATH_SIZE 4096
/* What the library ends a program with that cannot have its backend: EX_CONFIG. */
#define STATUS_REFUSED 78

/* By its path, which is right under valgrind as well; while the command is replaced by another
 * version there is no such path, but the file can be executed still. */
static void write_own_path(char path[PATH_SIZE])
{
    static const char self[] = "/proc/self/exe";
    ssize_t length = readlink(self, path, PATH_SIZE - 1);

    path[length > 0 ? length : 0] = '\0';
    if (access(path, X_OK) != 0)
        memcpy(path, self, sizeof self);
}

/* ---- What came of it ---- */

/* "zmalloc: ZMALLOC_BACKEND="x": "x": REASON; available: y z": the reason. False where the text is
 * no such line. */
static bool take_reason(const char *complaint, const char *name, char **reason)
{
    char *beginning = text_format("\"%s\": \"%s\": ", name, name);
    const char *begin = strstr(complaint, beginning);
    const char *end = begin != NULL ? strstr(begin, "; available: ") : NULL;

    if (end != NULL) {
        begin += strlen(beginning);
        *reason = text_format("%.*s", (int)(end - begin), begin);
    }
    free(beginning);
    return end != NULL;
}

/* The line of ours; where there is none, the first that is not the dynamic linker's, which complains
 * of LD_PRELOAD before anything else begins. */
static char *telling_line(const char *text)
{
    const char *ours = text_find_line(text, "zmalloc: ");
    char *line;

    while (ours == NULL && text_begins_with(text, "ERROR: ld.so: ")) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    if (ours != NULL)
        text = ours;
    line = text_format("%.*s", (int)strcspn(text, "\n"), text);
    text_trim(line);
    return line;
}

/* How a probe ended that printed nothing of use. */
static char *end_of(const struct child *child, const char *name)
{
    char *line = NULL;
    char *whole;

    if (child->status == CHILD_TIMED_OUT)
        return text_format("a program that chooses it does not come to its end");
    if (name != NULL && child->status == STATUS_REFUSED && take_reason(child->errors, name, &line))
        return line;
    line = telling_line(child->errors);
    if (child->status == STATUS_REFUSED && *line != '\0')
        return line;
    if (child->status > 128)
        whole = text_format("a program that chooses it is ended by signal %d (%s)%s%s",
                            child->status - 128, strsignal(child->status - 128),
                            *line != '\0' ? ": " : "", line);
    else
        whole = text_format("a program that chooses it ends with status %d%s%s", child->status,
                            *line != '\0' ? ": " : "", line);
    free(line);
    return whole;
}

/* The path of a module goes through the folders of whoever loaded it: ".../bin/../lib/...". */
static void make_origin_canonical(json_t *facts)
{
    const char *origin = probe_text(facts, "backend", "origin");
    char *path = origin != NULL ? realpath(origin, NULL) : NULL;

    if (path != NULL)
        json_object_set_new(json_object_get(facts, "backend"), "origin", json_string(path));
    free(path);
}

static struct probe judge(struct child *child, const char *name)
{
    struct probe probe = {0};

    if (child->status == 0)
        probe.facts = json_loads(child->output, 0, NULL);
    if (probe.facts != NULL)
        make_origin_canonical(probe.facts);
    else
        probe.trouble = end_of(child, name);
    probe.complaint = text_format("%s", child->errors);
    return probe;
}

static struct probe no_probe(const char *why)
{
    return (struct probe){
        .trouble = text_format("cannot be looked at: %s", why),
        .complaint = text_format("%s", ""),
    };
}

static struct probe run_probe(const char *name, char **environment)
{
    char path[PATH_SIZE];
    char *arguments[] = {(char[]){"zmalloc"}, (char[]){"probe"}, NULL};
    struct child child;
    struct probe probe;
    int error;

    write_own_path(path);
    error = child_run(&child, path, arguments, environment, CHILD_SECONDS);
    probe = error == 0 ? judge(&child, name) : no_probe(strerror(error));
    child_free(&child);
    return probe;
}

struct probe probe_backend(const char *name)
{
    char *choice = text_format("ZMALLOC_BACKEND=%s", name);
    char **environment = child_environment("ZMALLOC_", choice);
    struct probe probe = run_probe(name, environment);

    free(environment);
    free(choice);
    return probe;
}

struct probe probe_default(void)
{
    char **environment = child_environment("ZMALLOC_", NULL);
    struct probe probe = run_probe(NULL, environment);

    free(environment);
    return probe;
}

/* Without the report that the programs are to write: this is none of them. */
static struct probe probe_changed(const char *name, char *variable)
{
    char **environment = child_environment("ZMALLOC_STATS=", variable);
    struct probe probe = run_probe(name, environment);

    free(environment);
    return probe;
}

struct probe probe_environment(void)
{
    return probe_changed(NULL, NULL);
}

struct probe probe_with(char *variable)
{
    return probe_changed(NULL, variable);
}

struct probe probe_element(const char *element)
{
    char *choice = text_format("ZMALLOC_BACKEND=%s", element);
    struct probe probe = probe_changed(element, choice);

    free(choice);
    return probe;
}

void probe_free(struct probe *probe)
{
    json_decref(probe->facts);
    free(probe->trouble);
    free(probe->complaint);
    *probe = (struct probe){0};
}

const char *probe_text(const json_t *facts, const char *group, const char *key)
{
    return json_string_value(json_object_get(json_object_get(facts, group), key));
}

long long probe_number(const json_t *facts, const char *group, const char *key)
{
    const json_t *number = json_object_get(json_object_get(facts, group), key);

    return json_is_integer(number) ? json_integer_value(number) : -1;
}
