/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Redraws a table in place on the terminal's alternate screen, so that what was there before
 * comes back. The terminal is left as it was, even if the command is stopped or ended by a signal.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "top.h"

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

static struct termios before;
static bool has_keys;

/* They are blocked but while we wait, so that none comes just before and is missed. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
static sigset_t while_waiting;

static volatile sig_atomic_t wants_end;
static volatile sig_atomic_t wants_stop;

static void on_signal(int number)
{
    if (number == SIGTSTP)
        wants_stop = 1;
    else if (number != SIGWINCH)
        wants_end = 1;
}

static void put(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

static void enter(void)
{
    struct termios keys;

    has_keys = tcgetattr(STDIN_FILENO, &before) == 0;
    if (has_keys) {
        keys = before;
        keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    }
    put(ENTER);
}

void screen_begin(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;

    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaddset(&blocked, signals[i]);
        sigaction(signals[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &blocked, &while_waiting);
    enter();
}

void screen_end(void)
{
    put(LEAVE);
    if (has_keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void stop(void)
{
    wants_stop = 0;
    screen_end();
    raise(SIGSTOP);
    enter();
}

static size_t height(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

void screen_show(const char *text)
{
    size_t lines = height();

    fputs(HOME, stdout);
    while (*text != '\0' && lines-- > 0) {
        size_t length = strcspn(text, "\n");

        fwrite(text, 1, length, stdout);
        fputs(lines > 0 ? CLEAR_LINE "\n" : CLEAR_LINE, stdout);
        text += length + (text[length] == '\n');
    }
    put(CLEAR_BELOW);
}

static int read_key(void)
{
    unsigned char key;

    if (read(STDIN_FILENO, &key, 1) == 1)
        return key;
    return SCREEN_QUIT; /* the terminal is gone */
}

int screen_wait(int milliseconds)
{
    struct pollfd input = {.fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN};
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    int found = ppoll(&input, 1, &time, &while_waiting);

    if (wants_stop)
        stop();
    if (wants_end)
        return SCREEN_QUIT;
    return found > 0 ? read_key() : SCREEN_TIME;
}
