/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Checks for both headers, included after one of them: they use it as the servers' sources do. A
 * program of these checks says which one fails and ends with status 1.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "functions.h"

#if defined(malloc) || defined(calloc) || defined(realloc) || defined(free)
#error "the servers declare these functions themselves"
#endif
#if !defined(HAVE_MALLOC_SIZE) || !defined(USE_JEMALLOC)
#error "the servers ask for these macros"
#endif

/* As the servers' own headers do. */
void *calloc(size_t count, size_t size) __attribute__((deprecated));
void free(void *ptr) __attribute__((deprecated));
void *malloc(size_t size) __attribute__((deprecated));
void *realloc(void *ptr, size_t size) __attribute__((deprecated));

/* Declares a function with this symbol, as a file does that does not include the header. */
#define HDR_SYMBOL(symbol) __asm__(ZMALLOC_QUOTE(__USER_LABEL_PREFIX__) symbol)

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(int holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "line %d does not hold: %s\n", line, condition);
    exit(1);
}

static int is_active(const char *backend)
{
    return strcmp(zmalloc_backend_name(), backend) == 0;
}

/* Their tests look for "jemalloc" in the name. */
static void check_name(void)
{
    char name[100];

    snprintf(name, sizeof name, "%s", ZMALLOC_LIB);
    CHECK(strncmp(name, zmalloc_backend_name(), strlen(zmalloc_backend_name())) == 0);
}

static void check_blocks(void)
{
    size_t zmalloc_used = zmalloc_used_memory();
    size_t usable = 0;
    char *block = (char *)zmalloc_usable(100, &usable);

    CHECK(usable >= 100 && zmalloc_usable_size(block) == usable);
    CHECK(zmalloc_used_memory() == zmalloc_used + zmalloc_size(block));
    memset(extend_to_usable(block, usable), 1, usable);
    zfree(block);
    CHECK(zmalloc_used_memory() == zmalloc_used);
}

static void check_process(void)
{
    char field[] = "Rss:";
    long long parent = 0;

    CHECK(get_proc_stat_ll(4, &parent) == 1 && parent == getppid());
    CHECK(get_proc_stat_ll(1000, &parent) == 0);
    CHECK(zmalloc_get_smap_bytes_by_field(field, -1) > 0);
}

/* ---- What they ask jemalloc ---- */

static char report[200];
static size_t reported;

static void keep_text(void *opaque, const char *text)
{
    size_t length = strlen(report);

    CHECK(opaque == report);
    snprintf(report + length, sizeof report - length, "%s", text);
    reported += strlen(text);
}

/* Its first line names the allocator. */
static void check_report(void)
{
    je_malloc_stats_print(keep_text, report, NULL);
    CHECK(reported > 0 && strchr(report, '\n') != NULL);
    *strchr(report, '\n') = '\0';
    CHECK(strstr(report, ZMALLOC_LIB) != NULL);
    if (is_active("jemalloc"))
        CHECK(reported > 1000);
}

static void check_controls(void)
{
    size_t page = 0;
    size_t size = sizeof page;
    int result = je_mallctl("arenas.page", &page, &size, NULL, 0);

    CHECK(result == (strstr(zmalloc_backend_name(), "jemalloc") != NULL ? 0 : ENOENT));
    CHECK(result != 0 || page >= 4096);
    CHECK(mallctl("no.such.control", NULL, NULL, NULL, 0) == ENOENT);
}

static void check_good_sizes(void)
{
    void *block = zmalloc(1000);
    size_t good = je_nallocx(1000, 0);

    CHECK(good == 0 || good == zmalloc_size(block));
    CHECK(good != 0 || !is_active("jemalloc"));
    CHECK(nallocx(1000, 0) == good && je_nallocx(1000, 1) == 0);
    zfree(block);
}

/* As sds.c does: a block that already has the wanted size is not reallocated. */
static void check_growing(void)
{
    for (size_t size = 1; size < 3000; size++) {
        void *block = zmalloc(1000);
        int has_room = je_nallocx(size, 0) == zmalloc_size(block);

        CHECK(!has_room || zmalloc_usable_size(block) >= size);
        zfree(block);
    }
}

/* ---- What they ask zmalloc of it ---- */

static void check_purge(void)
{
    CHECK(jemalloc_purge() == (zmalloc_purge() < 0 ? -1 : 0));
    set_jemalloc_bg_thread(1);
    set_jemalloc_bg_thread(0);
}

/* ---- Active defragmentation ---- */

#define HOLDERS 20000
#define KEPT_OF 8

static char **holders;

/* Pages of blocks of about eighty bytes, an eighth of them in use. */
static void make_holes(void)
{
    holders = (char **)zmalloc(HOLDERS * sizeof *holders);
    for (size_t i = 0; i < HOLDERS; i++)
        holders[i] =
            zstrdup("some text that takes a block of its own, of about eighty bytes, as keys do");
    for (size_t i = 0; i < HOLDERS; i++)
        if (i % KEPT_OF != 0)
            zfree(holders[i]);
    zmalloc_thread_idle();
}

static void check_and_free_holders(void)
{
    for (size_t i = 0; i < HOLDERS; i += KEPT_OF) {
        CHECK(strncmp(holders[i], "some text", 9) == 0);
        zfree(holders[i]);
    }
    zfree(holders);
}

static char said[200];

/* What a function writes to stderr. */
static void listen_to(void (*function)(void))
{
    FILE *file = tmpfile();
    int kept = dup(2);

    fflush(stderr);
    CHECK(file != NULL && kept >= 0 && dup2(fileno(file), 2) == 2);
    function();
    fflush(stderr);
    CHECK(dup2(kept, 2) == 2);
    rewind(file);
    if (fgets(said, sizeof said, file) == NULL)
        said[0] = '\0';
    fclose(file);
    close(kept);
}

/* Only if a layer is what is in the way. */
static void check_what_was_said(void)
{
    const char *expected = strstr(zmalloc_backend_name(), "+jemalloc") == NULL
                               ? ""
                               : "zmalloc: activedefrag has no effect with ";

    CHECK(strncmp(said, expected, *expected != '\0' ? strlen(expected) : 1) == 0);
}

static void check_all(void)
{
    check_name();
    check_blocks();
    check_process();
    check_report();
    check_controls();
    check_good_sizes();
    check_growing();
    check_purge();
}
