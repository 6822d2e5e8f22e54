/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A program that has nothing to do with zmalloc and uses an allocator as an ordinary dependency: from
 * threads that free the blocks of others, with fork, with sizes and the version. With EXPECT_OVERRIDE
 * it also expects that malloc is the allocator's, without that malloc is not.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef USE_MIMALLOC

#include <mimalloc.h>
#define take mi_malloc
#define take_aligned(alignment, size) mi_malloc_aligned(size, alignment)
#define resize mi_realloc
#define give mi_free
#define size_of mi_usable_size

static bool is_its_own(const void *ptr)
{
    return mi_check_owned(ptr);
}

static void tell_version(char *text, size_t size)
{
    snprintf(text, size, "%d", mi_version());
}

static const char *header_version(void)
{
    static char text[16];

    snprintf(text, sizeof text, "%d", MI_MALLOC_VERSION);
    return text;
}

#else

#include <gperftools/malloc_extension_c.h>
#include <gperftools/tcmalloc.h>
#define take tc_malloc
#define take_aligned tc_memalign
#define resize tc_realloc
#define give tc_free
#define size_of tc_malloc_size

static bool is_its_own(const void *ptr)
{
    return MallocExtension_GetOwnership(ptr) == MallocExtension_kOwned;
}

static void tell_version(char *text, size_t size)
{
    snprintf(text, size, "%s", tc_version(NULL, NULL, NULL));
}

static const char *header_version(void)
{
    return TC_VERSION_STRING;
}

#endif

#define THREADS 4
#define BLOCKS 2000
#define ROUNDS 20

static void fail(const char *what)
{
    fprintf(stderr, "FAILED: %s\n", what);
    exit(1);
}

static void expect(bool right, const char *what)
{
    if (!right)
        fail(what);
}

/* ---- Threads ---- */

static void *blocks[THREADS][BLOCKS];
static pthread_barrier_t barrier;

static size_t size_at(int round, int thread, int index)
{
    size_t size = (size_t)(round * 7 + thread * 13 + index * 31) % 3000 + 1;

    return index % 500 == 0 ? size * 1000 : size;
}

static void fill(int round, int thread)
{
    for (int i = 0; i < BLOCKS; i++) {
        size_t size = size_at(round, thread, i);
        unsigned char *block = take(size);

        expect(block != NULL && size_of(block) >= size, "a block has the size that was asked for");
        memset(block, thread + 1, size);
        blocks[thread][i] = block;
    }
}

static void empty(int round, int thread)
{
    for (int i = 0; i < BLOCKS; i++) {
        size_t size = size_at(round, thread, i);
        unsigned char *block = blocks[thread][i];

        expect(block[0] == thread + 1 && block[size - 1] == thread + 1,
               "a block keeps its content");
        if (i % 3 == 0)
            block = resize(block, size * 2);
        expect(block != NULL && block[size - 1] == thread + 1,
               "a block that grows keeps its content");
        give(block);
    }
}

/* Each frees the blocks of the next one. */
static void *work(void *argument)
{
    int self = (int)(intptr_t)argument;

    for (int round = 0; round < ROUNDS; round++) {
        fill(round, self);
        pthread_barrier_wait(&barrier);
        empty(round, (self + 1) % THREADS);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void use_threads(void)
{
    pthread_t threads[THREADS];

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        expect(pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i) == 0,
               "a thread starts");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
}

/* ---- The rest ---- */

static void use_fork(void)
{
    void *before = take(100);
    pid_t child = fork();
    int status;

    expect(child >= 0, "fork");
    if (child == 0) {
        give(before);
        fill(0, 0);
        empty(0, 0);
        _exit(7);
    }
    give(before);
    expect(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7,
           "the child allocates");
}

static void use_alignment(void)
{
    for (size_t alignment = 16; alignment <= 4096; alignment *= 2) {
        void *block = take_aligned(alignment, 100);

        expect(block != NULL && (uintptr_t)block % alignment == 0 && size_of(block) >= 100,
               "a block is aligned");
        give(block);
    }
}

static void see_who_serves_malloc(void)
{
    void *block = calloc(1000, 1);
    bool own = is_its_own(block);
    void *taken = take(1000);

    expect(is_its_own(taken), "it knows its own blocks");
    give(taken);
    free(block);
#ifdef EXPECT_OVERRIDE
    expect(own, "malloc is the allocator's");
#else
    expect(!own, "malloc is left alone");
#endif
}

static void see_version(void)
{
    char version[64];

    tell_version(version, sizeof version);
    expect(strcmp(version, header_version()) == 0, "the library is the one of the header");
    puts(version);
}

/* ---- As a program, or inside a library that has a private copy ---- */

static int use(void)
{
    see_version();
    see_who_serves_malloc();
    use_alignment();
    use_threads();
    use_fork();
    puts("ok");
    return 0;
}

#ifdef START_PRIVATE

void START_PRIVATE(void);
__attribute__((visibility("default"))) int use_private(void);

int use_private(void)
{
    START_PRIVATE();
    return use();
}

#else

#ifdef WITH_PRIVATE
int use_private(void);
#else
#define use_private() 0
#endif

int main(void)
{
    return use() != 0 || use_private() != 0;
}

#endif
