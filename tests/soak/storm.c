/* SPDX-License-Identifier: BSD-3-Clause */

#include "storm.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const struct setting *find_setting(const char *argument, const struct setting *settings,
                                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(argument, "--", 2) == 0 && strcmp(argument + 2, settings[i].name) == 0)
            return &settings[i];
    fprintf(stderr, "unknown argument '%s'; there are", argument);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " --%s N", settings[i].name);
    fputc('\n', stderr);
    exit(STATUS_USAGE);
}

/* Ends the program if text is not such a number, or is NULL. */
static void set(const struct setting *setting, const char *text)
{
    char *end = NULL;

    errno = 0;
    if (text != NULL && isdigit((unsigned char)*text))
        *setting->value = strtoull(text, &end, 10);
    if (end != NULL && *end == '\0' && errno == 0 && *setting->value >= setting->least &&
        *setting->value <= setting->most)
        return;
    fprintf(stderr, "--%s '%s': not a number from %" PRIu64 " to %" PRIu64 "\n", setting->name,
            text != NULL ? text : "", setting->least, setting->most);
    exit(STATUS_USAGE);
}

void take_settings(char **arguments, const struct setting *settings, size_t count)
{
    while (*++arguments != NULL) {
        const struct setting *setting = find_setting(*arguments, settings, count);

        set(setting, *++arguments);
    }
}

double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

size_t peak_resident(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss >> 10;
}

void tell_figures(const char *format, ...)
{
    va_list arguments;

    printf("allocator: %s\nfigures: ", ZMALLOC_LIB);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fputc('\n', stdout);
}

void skip_storm(const char *why)
{
    printf("skipped: %s\n", why);
    exit(STATUS_SKIPPED);
}
