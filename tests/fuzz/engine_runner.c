/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * An engine that needs only a C compiler: runs the inputs it is given, then invents others for a
 * while, at random and from those.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fuzz.h"

#define USAGE                                                                                      \
    "usage: %s [--seconds N] [--seed S] [--words FILE] [--findings FOLDER] [--show] "              \
    "[--reach-all] [FILE or FOLDER...]\n"
#define CORPUS_MAX 4096
#define INVENTED_MAX 300
#define WORDS_MAX 100
#define WORD_SIZE 64

struct input {
    size_t size;
    uint8_t data[INPUT_MAX];
};

static struct {
    unsigned long seconds;
    unsigned long seed;
    const char *findings;
    const char *words;
    bool show;
    bool reach_all;
} options = {.findings = "."};

static struct input *corpus[CORPUS_MAX];
static size_t corpus_size;
static char words[WORDS_MAX][WORD_SIZE];
static size_t word_count;
static unsigned long tried;

static void die_of(const char *what)
{
    fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- Randomness: the same from the same seed everywhere ---- */

static uint64_t random_state;

static uint64_t any(void)
{
    uint64_t mixed = random_state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

static size_t below(size_t limit)
{
    return (size_t)(any() % limit);
}

/* ---- Trying ---- */

static void save(const struct input *input)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/finding-%lu-%lu", options.findings, options.seed, tried);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(input->data, 1, input->size, file) != input->size ||
        fclose(file) != 0)
        die_of(path);
    printf("fuzz: a finding, kept in %s\n", path);
}

static bool try(const struct input *input)
{
    bool fine = fuzz_try(input->data, input->size);

    tried++;
    if (options.show)
        fuzz_show();
    return fine;
}

/* ---- Inputs that are given ---- */

static void take_file(const char *path)
{
    struct input *input = calloc(1, sizeof *input);
    FILE *file = fopen(path, "rb");

    if (input == NULL || file == NULL)
        die_of(path);
    input->size = fread(input->data, 1, sizeof input->data, file);
    fclose(file);
    if (!try(input)) {
        printf("fuzz: a finding: %s\n", path);
        exit(1);
    }
    if (corpus_size < CORPUS_MAX)
        corpus[corpus_size++] = input;
    else
        free(input);
}

static void take(const char *path);

static void take_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);

    if (count < 0)
        die_of(path);
    for (int i = 0; i < count; i++) {
        char inside[4096];

        snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            take(inside);
        free(entries[i]);
    }
    free(entries);
}

static void take(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        die_of(path);
    if (S_ISDIR(status.st_mode))
        take_folder(path);
    else
        take_file(path);
}

/* ---- Words: the dictionary of other engines, a word in quotes a line ---- */

static void read_words(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL)
        die_of(path);
    while (word_count < WORDS_MAX && fscanf(file, "%*[^\"]\"%63[^\"]\"", words[word_count]) == 1)
        word_count++;
    fclose(file);
}

/* ---- Inputs that are invented ---- */

static void append(struct input *input, const uint8_t *data, size_t size)
{
    size_t room = sizeof input->data - input->size;

    size = size < room ? size : room;
    memcpy(input->data + input->size, data, size);
    input->size += size;
}

static void append_random(struct input *input, size_t size)
{
    while (size-- > 0) {
        uint8_t byte = (uint8_t)any();

        append(input, &byte, 1);
    }
}

static void append_part(struct input *input, const struct input *from)
{
    size_t start = below(from->size + 1);

    append(input, from->data + start, below(from->size - start + 1));
}

static void append_words(struct input *input)
{
    for (size_t count = below(6); count > 0; count--) {
        const char *word = words[below(word_count)];

        append(input, (const uint8_t *)word, strlen(word));
    }
}

static void change_bytes(struct input *input)
{
    for (size_t changes = below(8); changes > 0 && input->size > 0; changes--)
        input->data[below(input->size)] = (uint8_t)any();
}

/* From random bytes, words, and parts of what was given. */
static void invent(struct input *input)
{
    input->size = 0;
    for (size_t parts = 1 + below(4); parts > 0; parts--)
        if (word_count > 0 && below(2) == 0)
            append_words(input);
        else if (corpus_size == 0 || below(3) == 0)
            append_random(input, below(INVENTED_MAX));
        else
            append_part(input, corpus[below(corpus_size)]);
    if (below(4) != 0)
        change_bytes(input);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void invent_for(unsigned long seconds)
{
    static struct input input;
    double end = now() + (double)seconds;

    random_state = options.seed;
    while (now() < end) {
        invent(&input);
        if (try(&input))
            continue;
        save(&input);
        exit(1);
    }
}

/* ---- The command line ---- */

static void refuse(const char *program, const char *what, const char *why)
{
    fprintf(stderr, "fuzz: %s: %s\n" USAGE, what, why, program);
    exit(2);
}

static unsigned long number(const char *program, const char *option, const char *text)
{
    char *end;
    unsigned long value;

    if (text == NULL)
        refuse(program, option, "wants a number after it");
    value = strtoul(text, &end, 10);
    if (end == text || *end != '\0')
        refuse(program, text, "not a number");
    return value;
}

/* Returns the first argument that is not an option. */
static char **read_options(char **arguments)
{
    const char *program = *arguments++;

    for (; *arguments != NULL && strncmp(*arguments, "--", 2) == 0; arguments++)
        if (strcmp(*arguments, "--show") == 0)
            options.show = true;
        else if (strcmp(*arguments, "--reach-all") == 0)
            options.reach_all = true;
        else if (strcmp(*arguments, "--seconds") == 0)
            options.seconds = number(program, "--seconds", *++arguments);
        else if (strcmp(*arguments, "--seed") == 0)
            options.seed = number(program, "--seed", *++arguments);
        else if (strcmp(*arguments, "--words") == 0 && arguments[1] != NULL)
            options.words = *++arguments;
        else if (strcmp(*arguments, "--findings") == 0 && arguments[1] != NULL)
            options.findings = *++arguments;
        else
            refuse(program, *arguments, "no such option, or nothing after it");
    return arguments;
}

int main(int count, char **arguments)
{
    (void)count;
    arguments = read_options(arguments);
    if (options.words != NULL)
        read_words(options.words);
    fuzz_start();
    for (; *arguments != NULL; arguments++)
        take(*arguments);
    if (options.reach_all && !fuzz_has_reached_all())
        return 1;
    invent_for(options.seconds);
    printf("fuzz: %lu inputs, seed %lu, no finding\n", tried, options.seed);
    return 0;
}
