/* SPDX-License-Identifier: BSD-3-Clause */

/* A chart of a comparison as a .png, drawn by gnuplot. */

#include "compare/chart.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare/report.h"
#include "compare/signals.h"
#include "text.h"
#include "verb.h"

#define TITLE_COLUMNS 80
#define HEIGHT 460
#define WIDTH_FRAME 160
#define WIDTH_LEAST 760
#define WIDTH_BAR 130
#define WIDTH_MOST 4000

#define NAME_LEVEL 14 /* a longer name is wider than its bar */
#define NAME_MOST 32
#define HEIGHT_NAMES 120

bool has_gnuplot(void)
{
    const char *path = getenv("PATH");
    char file[PATH_MAX];

    while (path != NULL) {
        size_t length = strcspn(path, ":");
        int needed = snprintf(file, sizeof file, "%.*s/gnuplot", (int)length, path);

        if (needed > 0 && (size_t)needed < sizeof file && access(file, X_OK) == 0)
            return true;
        path = path[length] == ':' ? path + length + 1 : NULL;
    }
    return false;
}

/* ---- What gnuplot is told ---- */

/*
 * In single quotes everything stands for itself but they, for which there is another sign in UTF-8.
 */
static void quote(const char *text, FILE *to)
{
    fputc('\'', to);
    for (; *text != '\0'; text++)
        fputs(*text == '\'' ? "\u2019" : (char[]){*text, '\0'}, to);
    fputc('\'', to);
}

/* Names that are longer than a bar is wide are slanted. */
static bool are_long(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (text_columns(comparison->subjects[i].variant.name) > NAME_LEVEL)
            return true;
    return false;
}

static size_t count_bars(const struct comparison *comparison)
{
    size_t bars = 0;

    for (size_t i = 0; i < comparison->count; i++)
        bars += is_known(&comparison->subjects[i], comparison->metric);
    return bars;
}

static void write_terminal(const struct comparison *comparison, FILE *to)
{
    size_t width = WIDTH_FRAME + WIDTH_BAR * count_bars(comparison);
    int height = HEIGHT + (are_long(comparison) ? HEIGHT_NAMES : 0);

    width = width < WIDTH_LEAST ? WIDTH_LEAST : width;
    width = width > WIDTH_MOST ? WIDTH_MOST : width;
    fprintf(to,
            "if (strstrt(GPVAL_TERMINALS, 'pngcairo')) set terminal pngcairo size %zu,%d "
            "noenhanced font 'sans-serif,11' background 'white'; "
            "else set terminal png size %zu,%d noenhanced\n",
            width, height, width, height);
}

static void write_title(const struct comparison *comparison, FILE *to)
{
    char *program = describe_program(comparison, TITLE_COLUMNS);

    fputs("set title ", to);
    quote(program, to);
    fputs(" font ',15'\n", to);
    free(program);
}

/* In double quotes of a data block there is no way to write one. */
static void write_name(const char *name, FILE *to)
{
    size_t length = text_fitting(name, NAME_MOST);

    fputc('"', to);
    for (size_t i = 0; i < length; i++)
        fputc(name[i] == '"' ? '\'' : name[i], to);
    fputs(name[length] != '\0' ? "...\"\n" : "\"\n", to);
}

/* A line a bar: its place, the median, the interval, the outermost values, colour and name. */
static void write_data(const struct comparison *comparison, double unit, FILE *to)
{
    size_t place = 0;

    fputs("$bars << END\n", to);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct subject *subject = &comparison->subjects[i];
        const struct summary *summary = &subject->summaries[comparison->metric];

        if (!is_known(subject, comparison->metric))
            continue;
        fprintf(to, "%zu %.9g %.9g %.9g %.9g %.9g \"%s\" ", place++, summary->median / unit,
                summary->low / unit, summary->high / unit, summary->least / unit,
                summary->most / unit, chart_colour(&subject->variant)->colour);
        write_name(subject->variant.name, to);
    }
    fputs("END\n", to);
}

/* Lines of the range of the runs, with ends, and of the interval, which are thicker. */
static void write_script(const struct comparison *comparison, FILE *to)
{
    const struct metric_kind *kind = kind_of(comparison, comparison->metric);
    struct scale scale = scale_of(comparison, comparison->metric);
    char *axis = chart_axis(comparison, &scale);
    char *caption = chart_caption(kind);

    write_terminal(comparison, to);
    write_title(comparison, to);
    write_data(comparison, scale.unit.size, to);
    fputs("set ylabel ", to);
    quote(axis, to);
    fputs("\nset xlabel ", to);
    quote(caption, to);
    if (are_long(comparison))
        fputs("\nset xtics rotate by 20 right", to);
    fprintf(to,
            "\n"
            "set encoding utf8\n"
            "set border 3 linecolor rgb '#444444'\n"
            "set tics nomirror scale 0.5 textcolor rgb '#222222'\n"
            "set grid ytics linetype 1 linecolor rgb '#dddddd'\n"
            "set style fill solid noborder\n"
            "set boxwidth 0.6\n"
            "set rmargin 3\n"
            "set xrange [-0.6:%zu - 0.4]\n"
            "set yrange [*<0:0<*]\n"
            "set offsets 0, 0, graph 0.08, 0\n"
            "colour(text) = int(sprintf('0x%%s', text[2:]))\n"
            "plot $bars using 1:2:(colour(stringcolumn(7))):xticlabel(8) with boxes "
            "linecolor rgb variable notitle, "
            "'' using 1:5:(0):($6 - $5) with vectors heads size graph 0.012,90 linewidth 1 "
            "linecolor rgb '#222222' notitle, "
            "'' using 1:3:(0):($4 - $3) with vectors nohead linewidth 5 "
            "linecolor rgb '#222222' notitle, "
            "'' using 1:6:(sprintf('%%.%df', $2)) with labels offset 0,0.8 notitle\n",
            count_bars(comparison), scale.decimals);
    free(caption);
    free(axis);
}

/* ---- gnuplot ---- */

/* -d: what the user has set for charts of his own does not matter here. */
static void __attribute__((noreturn)) become_gnuplot(int script, int picture)
{
    static char *const words[] = {"gnuplot", "-d", "-", NULL};

    unwatch_signals();
    if (dup2(script, STDIN_FILENO) >= 0 && dup2(picture, STDOUT_FILENO) >= 0)
        execvp(*words, words);
    _exit(STATUS_NOT_EXECUTABLE);
}

static bool succeeded(pid_t child)
{
    int status;

    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* The picture is what gnuplot writes to its stdout. */
static bool run_gnuplot(FILE *script, FILE *picture)
{
    pid_t child;

    if (fflush(script) != 0 || lseek(fileno(script), 0, SEEK_SET) != 0)
        return false;
    child = fork();
    if (child == 0)
        become_gnuplot(fileno(script), fileno(picture));
    return succeeded(child);
}

const char *draw_by_gnuplot(const struct comparison *comparison, FILE *to)
{
    FILE *script = tmpfile();
    bool drawn;

    if (script == NULL)
        return "there is no temporary file for gnuplot";
    write_script(comparison, script);
    drawn = run_gnuplot(script, to);
    fclose(script);
    return drawn ? NULL : "gnuplot failed";
}
