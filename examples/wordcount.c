/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Counts the words in the given files, or in standard input, and prints the ten most frequent words
 * and how much memory that took. All of it is allocated with zmalloc: set ZMALLOC_BACKEND to see
 * another allocator do the same work.
 *
 * A word is a run of letters and of bytes outside ASCII, in lower case, at most 255 bytes long.
 */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmalloc.h>

#define WORD_MAX 255
#define FIRST_SLOTS 1024
#define TOP 10

struct entry {
    char *word; /* NULL: the slot is free */
    uint64_t hash;
    unsigned long count;
};

/* Open addressing. The number of slots is a power of two, and at most three quarters are used. */
struct table {
    struct entry *slots;
    size_t size;
    size_t used;
    unsigned long words;
};

/* FNV-1a. */
static uint64_t hash_of(const char *word)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *word != '\0'; word++)
        hash = (hash ^ (unsigned char)*word) * UINT64_C(1099511628211);
    return hash;
}

/* Returns the word's slot, or the free slot where it belongs. */
static struct entry *find(const struct table *table, const char *word, uint64_t hash)
{
    size_t at = (size_t)hash & (table->size - 1);

    while (table->slots[at].word != NULL &&
           (table->slots[at].hash != hash || strcmp(table->slots[at].word, word) != 0))
        at = (at + 1) & (table->size - 1);
    return &table->slots[at];
}

static struct table new_table(void)
{
    return (struct table){.slots = zcalloc_num(FIRST_SLOTS, sizeof(struct entry)),
                          .size = FIRST_SLOTS};
}

/* Doubles the array in place, then moves every entry that is now in the wrong slot. */
static void grow(struct table *table)
{
    size_t old_size = table->size;
    struct entry *old;

    table->slots = zrealloc(table->slots, 2 * old_size * sizeof *table->slots);
    old = zmalloc(old_size * sizeof *old);
    memcpy(old, table->slots, old_size * sizeof *old);
    memset(table->slots, 0, 2 * old_size * sizeof *table->slots);
    table->size = 2 * old_size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].word != NULL)
            *find(table, old[i].word, old[i].hash) = old[i];
    zfree(old);
}

static void count_word(struct table *table, const char *word)
{
    uint64_t hash = hash_of(word);
    struct entry *entry = find(table, word, hash);

    table->words++;
    if (entry->word == NULL) {
        *entry = (struct entry){.word = zstrdup(word), .hash = hash};
        table->used++;
    }
    entry->count++;
    if (4 * table->used > 3 * table->size)
        grow(table);
}

static bool in_word(int c)
{
    return c >= 0x80 || isalpha(c);
}

static void count_stream(struct table *table, FILE *stream)
{
    char word[WORD_MAX + 1];
    size_t length = 0;
    int c;

    do {
        c = getc_unlocked(stream);
        if (c != EOF && in_word(c)) {
            if (length < WORD_MAX)
                word[length++] = (char)(c < 0x80 ? tolower(c) : c);
        } else if (length > 0) {
            word[length] = '\0';
            count_word(table, word);
            length = 0;
        }
    } while (c != EOF);
}

static bool count_file(struct table *table, const char *path)
{
    FILE *stream = fopen(path, "rb");
    bool good = stream != NULL;

    if (good) {
        count_stream(table, stream);
        good = !ferror(stream);
    }
    if (!good)
        fprintf(stderr, "wordcount: %s: %s\n", path, strerror(errno));
    if (stream != NULL)
        fclose(stream);
    return good;
}

/* Most frequent first; equally frequent ones in alphabetical order. */
static int compare(const void *a, const void *b)
{
    const struct entry *one = a;
    const struct entry *other = b;

    if (one->count != other->count)
        return one->count < other->count ? 1 : -1;
    return strcmp(one->word, other->word);
}

static void print_top(const struct table *table)
{
    struct entry *sorted = zmalloc(table->used * sizeof *sorted);
    size_t count = 0;

    for (size_t i = 0; i < table->size; i++)
        if (table->slots[i].word != NULL)
            sorted[count++] = table->slots[i];
    qsort(sorted, count, sizeof *sorted, compare);
    printf("%lu words, %zu different\n", table->words, table->used);
    for (size_t i = 0; i < count && i < TOP; i++)
        printf("%10lu %s\n", sorted[i].count, sorted[i].word);
    zfree(sorted);
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void print_memory(const struct timespec *start)
{
    size_t rss = zmalloc_get_rss();

    printf("backend=%s version=%s used=%zu peak=%zu rss=%zu fragmentation=%.2f seconds=%.3f\n",
           zmalloc_backend_name(), zmalloc_backend_version(), zmalloc_used_memory(),
           zmalloc_peak_memory(), rss, (double)zmalloc_get_fragmentation_ratio(rss),
           seconds_since(start));
}

static void free_table(struct table *table)
{
    for (size_t i = 0; i < table->size; i++)
        zfree(table->slots[i].word);
    zfree(table->slots);
}

int main(int argc, char **argv)
{
    struct table table = new_table();
    struct timespec start;
    bool good = true;

    clock_gettime(CLOCK_MONOTONIC, &start);
    if (argc < 2)
        count_stream(&table, stdin);
    for (int i = 1; i < argc; i++)
        good = count_file(&table, argv[i]) && good;
    print_top(&table);
    print_memory(&start);
    free_table(&table);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
