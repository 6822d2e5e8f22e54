/* SPDX-License-Identifier: BSD-3-Clause */

#include "stats/report_request.h"

#include <string.h>

#include "nearest_word.h"

#define QUOTE(number) #number
#define QUOTE_VALUE(number) QUOTE(number)

static const char *const names[] = {
    [ZM_TEXT] = "text",
    [ZM_JSON] = "json",
    [ZM_PROMETHEUS] = "prometheus",
    [ZM_FORMS] = NULL,
};

bool zm_form_find(const char *name, size_t length, enum zm_form *form)
{
    for (unsigned i = 0; i < ZM_FORMS; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) {
            *form = (enum zm_form)i;
            return true;
        }
    return false;
}

static const char *form_meant(const char *name, size_t length)
{
    char word[16] = ""; /* longer than any form */

    if (length >= sizeof word)
        return NULL;
    memcpy(word, name, length);
    return zm_nearest(word, names);
}

/* FORM[:FILE] */
static const char *read_form(const char *value, struct zm_report_request *request,
                             const char **meant)
{
    size_t length = strcspn(value, ":");

    if (!zm_form_find(value, length, &request->form)) {
        *meant = form_meant(value, length);
        return "the form must be text, json or prometheus, after an optional signal:NAME, and "
               "before an optional :FILE";
    }
    if (value[length] == '\0')
        return NULL;
    request->file = value + length + 1;
    if (*request->file == '\0')
        return "no file is named after the colon";
    if (strlen(request->file) > ZM_REPORT_FILE_MAX)
        return "the name of the file is longer than " QUOTE_VALUE(ZM_REPORT_FILE_MAX) " bytes";
    return NULL;
}

/* NAME[,FORM[:FILE]] */
static const char *read_signal(const char *value, struct zm_report_request *request,
                               const char **meant)
{
    size_t length = strcspn(value, ",:");

    if (length == 0)
        return "no signal is named after signal:";
    if (!zm_signal_find(value, length, &request->signal)) {
        *meant = zm_signal_nearest(value, length);
        return "there is no such signal";
    }
    if (request->signal.effect == ZM_SIGNAL_UNREPORTED)
        return "that signal stops or resumes a process, or cannot be handled; take another, such "
               "as USR1";
    if (value[length] == ':')
        return "a file needs a form before it, as in signal:USR1,text:FILE";
    return value[length] == ',' ? read_form(value + length + 1, request, meant) : NULL;
}

const char *zm_report_read(const char *value, struct zm_report_request *request, const char **meant)
{
    static const char by_signal[] = "signal:";

    *meant = NULL;
    *request = (struct zm_report_request){.form = ZM_TEXT};
    if (strncmp(value, by_signal, strlen(by_signal)) == 0)
        return read_signal(value + strlen(by_signal), request, meant);
    return read_form(value, request, meant);
}
