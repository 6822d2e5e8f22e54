/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Reports by signal. The handlers are those of the process until the program sets its own, which simply
 * replace ours; a forked child inherits them, and exec resets them.
 */

#include "stats/at_signal.h"

#include "os/signals.h"
#include "os/stay_loaded.h"
#include "stats/report.h"

static void end_with_report(int number, siginfo_t *info, void *context)
{
    zm_report(ZM_BY_END_SIGNAL);
    zm_signal_let_end(number, info, context);
} /* GCOVR_EXCL_LINE: as there */

static void report(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    zm_report(ZM_BY_SIGNAL);
}

/* If the system sends it and not a process, there is no way to go on. */
static void report_unless_fault(int number, siginfo_t *info, void *context)
{
    if (info->si_code > 0)
        end_with_report(number, info, context);
    else
        report(number, info, context);
}

void zm_report_at_signals(const struct zm_signal *whenever)
{
    zm_stay_loaded();
    if (whenever->number != 0)
        zm_signal_handle(whenever->number,
                         whenever->effect == ZM_SIGNAL_IS_FAULT ? report_unless_fault : report);
    for (const struct zm_signal *each = zm_signals; each->name != NULL; each++)
        if (each->effect == ZM_SIGNAL_ENDS || each->effect == ZM_SIGNAL_IS_FAULT)
            zm_signal_handle(each->number, end_with_report);
}
