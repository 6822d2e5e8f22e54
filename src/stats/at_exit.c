/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * ZMALLOC_STATS=FORM[:FILE]: a report when the process ends by exit(). docs/environment.md has the
 * contract. The variable is read when the library is loaded, because many programs overwrite their
 * environment later to show a title.
 */

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "choice.h"
#include "config.h"
#include "message.h"
#include "output.h"
#include "stats/stats.h"

#define VARIABLE "ZMALLOC_STATS"

#define REPORT_MAX 16384
#define FILE_MAX 4095

static const struct form {
    const char *name;
    int (*write)(char *buf, size_t size);
    const char *end; /* what to add so that reports can follow each other */
} forms[] = {
    {"text", zmalloc_stats_text, ""},
    {"json", zmalloc_stats_json, "\n"},
    {"prometheus", zmalloc_stats_prometheus, ""},
};

static const struct form *form; /* NULL: no report is wanted */
static char file[FILE_MAX + 1]; /* "": stderr */

/* ---- Messages: not inlined, or a report that has none would need the stack for them ---- */

static const char *describe(int error)
{
#ifdef ZM_HAVE_STRERRORDESC_NP
    const char *description = strerrordesc_np(error);

    return description != NULL ? description : "unknown error";
#else
    return strerror(error);
#endif
}

static ZM_COLD void tell_of_file(const char *cannot, int error)
{
    struct zm_message message = {0};

    zm_message_text(&message, VARIABLE ": cannot ");
    zm_message_text(&message, cannot);
    zm_message_text(&message, " ");
    zm_message_quoted(&message, file, strlen(file));
    zm_message_text(&message, ": ");
    zm_message_text(&message, describe(error));
    zm_message_send(&message);
}

static ZM_COLD void tell(const char *trouble)
{
    struct zm_message message = {0};

    zm_message_text(&message, VARIABLE ": no report: ");
    zm_message_text(&message, trouble);
    zm_message_send(&message);
}

/* ---- When the library is loaded ---- */

static void refuse(const char *value, const char *why)
{
    struct zm_message message = {0};

    zm_message_text(&message, VARIABLE "=");
    zm_message_quoted(&message, value, strlen(value));
    zm_message_text(&message, ": ");
    zm_message_text(&message, why);
    zm_message_text(&message, "; there will be no report");
    zm_message_send(&message);
}

static const struct form *form_named(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strlen(forms[i].name) == length && memcmp(forms[i].name, name, length) == 0)
            return &forms[i];
    return NULL;
}

/* What is wrong with the value, or NULL if nothing is. */
static const char *obey(const char *value)
{
    const char *colon = strchrnul(value, ':');
    const struct form *wanted = form_named(value, (size_t)(colon - value));

    if (wanted == NULL)
        return "the form must be text, json or prometheus, before an optional :FILE";
    if (*colon == ':' && colon[1] == '\0')
        return "no file is named after the colon";
    if (*colon == ':' && strlen(colon + 1) >= sizeof file)
        return "the name of the file is longer than " ZMALLOC_QUOTE(FILE_MAX) " bytes";
    if (*colon == ':')
        memcpy(file, colon + 1, strlen(colon + 1) + 1);
    form = wanted;
    return NULL;
}

void zm_stats_exit_prepare(void)
{
    const char *value = secure_getenv(VARIABLE);
    const char *why = value != NULL && *value != '\0' ? obey(value) : NULL;

    if (why != NULL)
        refuse(value, why);
}

/* ---- At exit ---- */

/* Nobody waits for a report, and it is long: unlike a message it is not written to a descriptor 2
 * that has become something else. */
static void write_out(const char *text, size_t length)
{
    const char *cannot = NULL;
    int error = 0;

    if (*file != '\0')
        error = zm_append_to_file(file, text, length, &cannot);
    else if (zm_stderr_is_as_loaded())
        zm_write_to_stderr(text, length);
    if (error != 0)
        tell_of_file(cannot, error);
}

static void report(void)
{
    static char text[REPORT_MAX];
    size_t end = strlen(form->end);
    size_t length = (size_t)form->write(text, sizeof text - end);

    if (length >= sizeof text - end) {
        tell("it is longer than " ZMALLOC_QUOTE(REPORT_MAX) " bytes");
        return;
    }
    memcpy(text + length, form->end, end);
    write_out(text, length + end);
}

/* After the handlers of atexit() and the destructors of the program, and before the layer debug
 * looks for leaks, which may end the process. */
__attribute__((destructor(102))) static void at_exit(void)
{
    int saved_errno = errno;

    if (form == NULL)
        return;
    if (zm_try_to_choose(NULL) == 0)
        report();
    else
        tell("no backend can be chosen");
    errno = saved_errno;
}
