/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * ZMALLOC_STATS=[signal:NAME,]FORM[:FILE]: a report when the process ends, and by signal.
 * docs/environment.md has the contract. The variable is read when the library is loaded, because
 * many programs overwrite their environment later to show a title.
 */

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "choice.h"
#include "message.h"
#include "stats/at_signal.h"
#include "stats/report.h"
#include "stats/stats.h"

#define VARIABLE "ZMALLOC_STATS"

static bool is_wanted;

/* ---- When the library is loaded ---- */

static void refuse(const char *value, const char *why, const char *meant)
{
    struct zm_message message = {0};

    zm_message_text(&message, VARIABLE "=");
    zm_message_quoted(&message, value, strlen(value));
    zm_message_text(&message, ": ");
    zm_message_text(&message, why);
    if (meant != NULL) {
        zm_message_text(&message, " (did you mean ");
        zm_message_text(&message, meant);
        zm_message_text(&message, "?)");
    }
    zm_message_text(&message, "; there will be no report");
    zm_message_send(&message);
}

void zm_stats_exit_prepare(void)
{
    const char *value = secure_getenv(VARIABLE);
    struct zm_report_request request;
    const char *meant;
    const char *why;

    if (value == NULL || *value == '\0')
        return;
    why = zm_report_read(value, &request, &meant);
    if (why != NULL) {
        refuse(value, why, meant);
        return;
    }
    zm_report_prepare(&request);
    is_wanted = true;
    zm_report_at_signals(&request.signal);
}

/* ---- At exit ---- */

/* After the handlers of atexit() and the destructors of the program, and before the layer debug
 * looks for leaks, which may end the process. */
__attribute__((destructor(102))) static void at_exit(void)
{
    int saved_errno = errno;

    if (!is_wanted)
        return;
    if (zm_try_to_choose(NULL) == 0)
        zm_report(ZM_BY_EXIT);
    else
        zm_report_tell("no backend can be chosen");
    errno = saved_errno;
}
