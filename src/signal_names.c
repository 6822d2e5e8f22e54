/* SPDX-License-Identifier: BSD-3-Clause */

#include "signal_names.h"

#include <signal.h>
#include <string.h>

#include "nearest_word.h"

const struct zm_signal zm_signals[] = {
    {"HUP", SIGHUP, ZM_SIGNAL_ENDS},         {"INT", SIGINT, ZM_SIGNAL_ENDS},
    {"QUIT", SIGQUIT, ZM_SIGNAL_ENDS},       {"ILL", SIGILL, ZM_SIGNAL_IS_FAULT},
    {"TRAP", SIGTRAP, ZM_SIGNAL_IS_FAULT},   {"ABRT", SIGABRT, ZM_SIGNAL_ENDS},
    {"IOT", SIGABRT, ZM_SIGNAL_ENDS},        {"BUS", SIGBUS, ZM_SIGNAL_IS_FAULT},
    {"FPE", SIGFPE, ZM_SIGNAL_IS_FAULT},     {"KILL", SIGKILL, ZM_SIGNAL_UNREPORTED},
    {"USR1", SIGUSR1, ZM_SIGNAL_ENDS},       {"SEGV", SIGSEGV, ZM_SIGNAL_IS_FAULT},
    {"USR2", SIGUSR2, ZM_SIGNAL_ENDS},       {"PIPE", SIGPIPE, ZM_SIGNAL_ENDS},
    {"ALRM", SIGALRM, ZM_SIGNAL_ENDS},       {"TERM", SIGTERM, ZM_SIGNAL_ENDS},
#ifdef SIGSTKFLT
    {"STKFLT", SIGSTKFLT, ZM_SIGNAL_ENDS},
#endif
    {"CHLD", SIGCHLD, ZM_SIGNAL_NOTHING},    {"CONT", SIGCONT, ZM_SIGNAL_UNREPORTED},
    {"STOP", SIGSTOP, ZM_SIGNAL_UNREPORTED}, {"TSTP", SIGTSTP, ZM_SIGNAL_UNREPORTED},
    {"TTIN", SIGTTIN, ZM_SIGNAL_UNREPORTED}, {"TTOU", SIGTTOU, ZM_SIGNAL_UNREPORTED},
    {"URG", SIGURG, ZM_SIGNAL_NOTHING},      {"XCPU", SIGXCPU, ZM_SIGNAL_ENDS},
    {"XFSZ", SIGXFSZ, ZM_SIGNAL_ENDS},       {"VTALRM", SIGVTALRM, ZM_SIGNAL_ENDS},
    {"PROF", SIGPROF, ZM_SIGNAL_ENDS},       {"WINCH", SIGWINCH, ZM_SIGNAL_NOTHING},
    {"IO", SIGIO, ZM_SIGNAL_ENDS},
#ifdef SIGPOLL
    {"POLL", SIGPOLL, ZM_SIGNAL_ENDS},
#endif
#ifdef SIGPWR
    {"PWR", SIGPWR, ZM_SIGNAL_ENDS},
#endif
    {"SYS", SIGSYS, ZM_SIGNAL_IS_FAULT},     {NULL, 0, ZM_SIGNAL_UNREPORTED},
};

#define COUNT (sizeof zm_signals / sizeof *zm_signals)

static void drop_prefix(const char **name, size_t *length)
{
    if (*length > 3 && memcmp(*name, "SIG", 3) == 0) {
        *name += 3;
        *length -= 3;
    }
}

/* Digits only. A large number stays large. */
static bool read_number(const char *text, size_t length, int *number)
{
    *number = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (*number < 1000)
            *number = *number * 10 + (text[i] - '0');
    }
    return length > 0;
}

/* RTMIN+N counts up from the first, RTMAX-N down from the last. */
static bool find_real_time(const char *name, size_t length, int *number)
{
    bool from_end = length >= 5 && memcmp(name, "RTMAX", 5) == 0;
    int steps = 0;

    if (!from_end && (length < 5 || memcmp(name, "RTMIN", 5) != 0))
        return false;
    if (length > 5 &&
        (name[5] != (from_end ? '-' : '+') || !read_number(name + 6, length - 6, &steps)))
        return false;
    *number = from_end ? SIGRTMAX - steps : SIGRTMIN + steps;
    return *number >= SIGRTMIN && *number <= SIGRTMAX;
}

bool zm_signal_find(const char *name, size_t length, struct zm_signal *found)
{
    drop_prefix(&name, &length);
    for (const struct zm_signal *each = zm_signals; each->name != NULL; each++)
        if (strlen(each->name) == length && memcmp(each->name, name, length) == 0) {
            *found = *each;
            return true;
        }
    *found = (struct zm_signal){.name = "RT", .effect = ZM_SIGNAL_ENDS};
    return find_real_time(name, length, &found->number);
}

#define NAME_SIZE 16 /* longer than any name */

/* Small letters may be the only mistake. */
static void make_upper(char *c)
{
    if (*c >= 'a' && *c <= 'z')
        *c = (char)(*c - ('a' - 'A'));
}

const char *zm_signal_nearest(const char *name, size_t length)
{
    const char *names[COUNT + 2] = {NULL};
    char upper[NAME_SIZE] = "";
    const char *word = upper;
    size_t count = 0;

    if (length >= sizeof upper)
        return NULL;
    memcpy(upper, name, length);
    for (size_t i = 0; i < length; i++)
        make_upper(&upper[i]);
    drop_prefix(&word, &length);
    for (size_t i = 0; i < COUNT - 1; i++)
        if (zm_signals[i].effect != ZM_SIGNAL_UNREPORTED)
            names[count++] = zm_signals[i].name;
    names[count++] = "RTMIN";
    names[count] = "RTMAX";
    return zm_nearest(word, names);
}
