/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_REPORT_REQUEST_H
#define ZM_REPORT_REQUEST_H

/* The value of ZMALLOC_STATS, [signal:NAME,]FORM[:FILE], for the library and for the command. */

#include <stdbool.h>
#include <stddef.h>

#include "signal_names.h"

enum zm_form { ZM_TEXT, ZM_JSON, ZM_PROMETHEUS, ZM_FORMS };

/* The longest name of a file, in bytes. */
#define ZM_REPORT_FILE_MAX 4095

struct zm_report_request {
    struct zm_signal signal; /* number 0: only at the end */
    enum zm_form form;
    const char *file; /* within the value; NULL: stderr */
};

/* Returns NULL, or what is wrong with the value. *meant becomes the word that one of its words was
 * probably meant to be, or NULL. */
const char *zm_report_read(const char *value, struct zm_report_request *request,
                           const char **meant);

/* False if no form has that name. */
bool zm_form_find(const char *name, size_t length, enum zm_form *form);

#endif
