/* SPDX-License-Identifier: BSD-3-Clause */

/* A chart of a comparison, drawn by gnuplot. */

#include "compare/report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare/output.h"
#include "compare/runner.h"
#include "verb.h"

#define TITLE_COLUMNS 80
#define HEIGHT 460
#define WIDTH_FRAME 160
#define WIDTH_LEAST 520
#define WIDTH_BAR 130
#define WIDTH_MOST 4000

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length > strlen(end) && strcasecmp(text + length - strlen(end), end) == 0;
}

bool is_chart_name(const char *path)
{
    return ends_with(path, ".svg") || ends_with(path, ".png");
}

bool can_draw(void)
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

/*
 * As in the charts of docs/performance: colours of Okabe and Ito, which everybody can tell apart.
 */
static const char *colour_of(const char *backend)
{
    static const char *const colours[][2] = {
        {"libc", "#000000"},     {"native", "#56B4E9"},   {"jemalloc", "#D55E00"},
        {"tcmalloc", "#009E73"}, {"mimalloc", "#CC79A7"},
    };

    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (strcmp(colours[i][0], backend) == 0)
            return colours[i][1];
    return "#0072B2";
}

static size_t count_bars(const struct comparison *comparison)
{
    size_t bars = 0;

    for (size_t i = 0; i < comparison->count; i++)
        bars += takes_part(&comparison->subjects[i]);
    return bars;
}

static void write_terminal(const struct comparison *comparison, const char *path, FILE *to)
{
    size_t width = WIDTH_FRAME + WIDTH_BAR * count_bars(comparison);

    width = width < WIDTH_LEAST ? WIDTH_LEAST : width;
    width = width > WIDTH_MOST ? WIDTH_MOST : width;
    if (ends_with(path, ".svg"))
        fprintf(to,
                "set terminal svg size %zu,%d noenhanced font 'sans-serif,13' background 'white'\n",
                width, HEIGHT);
    else
        fprintf(to,
                "if (strstrt(GPVAL_TERMINALS, 'pngcairo')) set terminal pngcairo size %zu,%d "
                "noenhanced font 'sans-serif,11' background 'white'; "
                "else set terminal png size %zu,%d noenhanced\n",
                width, HEIGHT, width, HEIGHT);
}

static void write_title(const struct comparison *comparison, FILE *to)
{
    char *program = describe_program(comparison, TITLE_COLUMNS);

    fputs("set title ", to);
    quote(program, to);
    fputs(" font ',15'\n", to);
    free(program);
}

/* A line a bar: its place, the median, the interval, colour and name. */
static void write_data(const struct comparison *comparison, double unit, FILE *to)
{
    size_t place = 0;

    fputs("$bars << END\n", to);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct subject *subject = &comparison->subjects[i];
        const struct summary *summary = &subject->summaries[comparison->metric];

        if (takes_part(subject))
            fprintf(to, "%zu %.9g %.9g %.9g \"%s\" \"%s\"\n", place++, summary->median / unit,
                    summary->low / unit, summary->high / unit, colour_of(subject->backend),
                    subject->backend);
    }
    fputs("END\n", to);
}

static void write_script(const struct comparison *comparison, const char *path, FILE *to)
{
    struct scale scale = scale_of(comparison, comparison->metric);
    const char *unit = scale.unit.name;

    write_terminal(comparison, path, to);
    write_title(comparison, to);
    write_data(comparison, scale.unit.size, to);
    fprintf(to, "set ylabel '%s%s%s%s'\n", metric_kinds[comparison->metric].title,
            *unit != '\0' ? " (" : "", unit, *unit != '\0' ? ")" : "");
    fprintf(to,
            "set encoding utf8\n"
            "set border 3 linecolor rgb '#444444'\n"
            "set tics nomirror scale 0.5 textcolor rgb '#222222'\n"
            "set grid ytics linetype 1 linecolor rgb '#dddddd'\n"
            "set style fill solid noborder\n"
            "set boxwidth 0.6\n"
            "set xrange [-0.6:%zu - 0.4]\n"
            "set yrange [0:*]\n"
            "set offsets 0, 0, graph 0.08, 0\n"
            "set xlabel 'median of the runs, with its 95 %% interval; less is better'\n"
            "colour(text) = int(sprintf('0x%%s', text[2:]))\n"
            "plot $bars using 1:2:(colour(stringcolumn(5))):xticlabel(6) with boxes "
            "linecolor rgb variable notitle, "
            "'' using 1:3:(0):($4 - $3) with vectors heads size graph 0.012,90 linewidth 2 "
            "linecolor rgb '#777777' notitle, "
            "'' using 1:4:(sprintf('%%.%df', $2)) with labels offset 0,0.8 notitle\n",
            count_bars(comparison), scale.decimals);
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

const char *draw_chart(const struct comparison *comparison, const char *path)
{
    struct output output;
    FILE *script = tmpfile();
    bool drawn;

    if (script == NULL)
        return strerror(errno);
    if (open_output(&output, path) != 0) {
        const char *why = strerror(errno);

        fclose(script);
        return why;
    }
    write_script(comparison, path, script);
    drawn = run_gnuplot(script, output.file);
    fclose(script);
    if (drawn)
        return keep_output(&output) == 0 ? NULL : strerror(errno);
    drop_output(&output);
    return "gnuplot failed";
}
