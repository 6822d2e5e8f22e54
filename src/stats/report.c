/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Reports of ZMALLOC_STATS. They are built in one static buffer, because a signal handler must not
 * allocate and a thread's stack is small. So one thread writes at a time, and another that wants a
 * report leaves that to it: like signals, requests that come meanwhile become one.
 *
 * The thread that writes gets no signals, so nothing waits for what it has interrupted itself. Only
 * a thread that ends the process waits for another one, and not for ever.
 */

#include "stats/report.h"

#include <string.h>
#include <unistd.h>

#include "base.h"
#include "choice.h"
#include "config.h"
#include "message.h"
#include "os/signals.h"
#include "os/thread.h"
#include "output.h"
#include "stats/stats.h"

#define VARIABLE "ZMALLOC_STATS"

/* Enough for as many zones as there can be, with names that have to be escaped. Pages that no report
 * reaches take no memory. */
#define REPORT_MAX 262144

static enum zm_form form;
static char file[ZM_REPORT_FILE_MAX + 1]; /* "": stderr */

void zm_report_prepare(const struct zm_report_request *request)
{
    form = request->form;
    if (request->file != NULL)
        memcpy(file, request->file, strlen(request->file) + 1);
}

/* ---- Messages: not inlined, so that a report without any needs no stack for them ---- */

static ZM_COLD void tell_of_file(const char *cannot, int error)
{
    struct zm_message message = {0};

    zm_message_text(&message, VARIABLE ": cannot ");
    zm_message_text(&message, cannot);
    zm_message_text(&message, " ");
    zm_message_quoted(&message, file, strlen(file));
    zm_message_text(&message, ": ");
    zm_message_error(&message, error);
    zm_message_send(&message);
}

ZM_COLD void zm_report_tell(const char *trouble)
{
    struct zm_message message = {0};

    zm_message_text(&message, VARIABLE ": no report: ");
    zm_message_text(&message, trouble);
    zm_message_send(&message);
}

/* ---- Writing ---- */

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

/* A line of JSON gets its newline, so that reports can follow each other. */
static void write_report(bool in_handler)
{
    static char text[REPORT_MAX];
    size_t length;

    if (zm_chosen() == NULL) {
        zm_report_tell("no backend has been chosen yet");
        return;
    }
    length = (size_t)zm_stats_report(form, text, sizeof text - 1, in_handler);
    if (length >= sizeof text - 1) {
        zm_report_tell("it is longer than " ZMALLOC_QUOTE(REPORT_MAX) " bytes");
        return;
    }
    if (form == ZM_JSON)
        text[length++] = '\n';
    write_out(text, length);
}

/* ---- Who writes ---- */

/* In one word, with the number of the process: a child that is forked meanwhile, in whatever way,
 * has no thread that writes, and has not reported. */
#define HELD 1u     /* a thread is writing */
#define WANTED 2u   /* another report is to be written */
#define REPORTED 4u /* there is one for the end of the process, or there will be */
#define FLAGS 3

static unsigned turn;

static unsigned flags_in(unsigned word)
{
    return word >> FLAGS == (unsigned)getpid() ? word & ((1u << FLAGS) - 1) : 0;
}

static bool change(unsigned *word, unsigned flags)
{
    unsigned changed = (unsigned)getpid() << FLAGS | flags;

    return __atomic_compare_exchange_n(&turn, word, changed, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

/* True if the calling thread is to write. */
static bool ask(enum zm_report_by by)
{
    unsigned word = __atomic_load_n(&turn, __ATOMIC_ACQUIRE);
    unsigned before;
    unsigned after;

    do {
        before = flags_in(word);
        after = before | HELD;
        if (by == ZM_BY_SIGNAL || !(before & REPORTED))
            after |= WANTED;
        if (by != ZM_BY_SIGNAL)
            after |= REPORTED;
    } while (!change(&word, after));
    return !(before & HELD);
}

/* True if there is another report to write; otherwise the thread is not the one any more. */
static bool go_on(void)
{
    unsigned word = __atomic_load_n(&turn, __ATOMIC_ACQUIRE);
    unsigned before;

    do
        before = flags_in(word);
    while (!change(&word, before & WANTED ? before & ~WANTED : before & ~HELD));
    return before & WANTED;
}

static void wait_for_writer(void)
{
    for (int ms = 0; ms < ZM_PATIENCE_MS; ms++) {
        if (!(flags_in(__atomic_load_n(&turn, __ATOMIC_ACQUIRE)) & HELD))
            return;
        zm_sleep_a_millisecond();
    }
}

void zm_report(enum zm_report_by by)
{
    int saved_errno = errno;
    int cancel_state = zm_cancel_off();
    sigset_t signals;

    zm_signals_hold(&signals);
    if (ask(by)) {
        while (go_on())
            write_report(by != ZM_BY_EXIT);
    } else if (by != ZM_BY_SIGNAL) {
        wait_for_writer();
    }
    zm_signals_release(&signals);
    zm_cancel_restore(cancel_state);
    errno = saved_errno;
}
