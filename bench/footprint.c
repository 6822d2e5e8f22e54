/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Measures how much resident memory an object and a thread take, on the backend that
 * ZMALLOC_BACKEND names, with the allocator by itself and through the library. Each measurement
 * runs in its own process, on a fresh heap.
 */

#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "resident.h"
#include "tools.h"
#include "zmalloc.h"

#define SUBJECTS 2 /* raw and zmalloc */
#define LEAST_OBJECTS 100000
#define LEAST_BYTES ((size_t)64 << 20)
#define OBJECTS_MAX 100000000
#define THREADS 256
#define THREADS_QUICK 64
/* A thread gets only a few pages, and where they lie is a matter of chance. */
#define REPETITIONS 5

static const size_t sizes[] = {8, 16, 24, 32, 40, 48, 64, 100, 128, 256, 512, MIX_OF_SIZES};

/* ---- A measurement in its own process ---- */

typedef struct resident measurement(const struct load *load);

static void __attribute__((noreturn)) fail(const char *what)
{
    fprintf(stderr, "footprint: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void check_status(const struct load *load, int status)
{
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "footprint: %s: %s\n", load->of.name, strsignal(WTERMSIG(status)));
        exit(1);
    }
    if (WEXITSTATUS(status) != 0)
        exit(1);
}

static struct resident measure_apart(measurement *measure, const struct load *load)
{
    static struct resident *shared;
    int status;
    pid_t pid;

    if (shared == NULL)
        shared =
            mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        fail("mmap");
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        *shared = measure(load);
        _exit(0);
    }
    if (pid == -1 || waitpid(pid, &status, 0) == -1)
        fail("fork");
    check_status(load, status);
    return *shared;
}

/* ---- The report ---- */

static void print_objects(const struct load *load, const char *separator)
{
    struct resident object = measure_apart(measure_objects, load);

    printf("%s\n    {\"subject\": \"%s\", \"size\": ", separator, load->of.name);
    if (load->size == MIX_OF_SIZES)
        printf("\"mix\"");
    else
        printf("\"%zu\"", load->size);
    printf(", \"requested\": %.1f, \"bytes\": %.2f}", object.requested, object.bytes);
}

static void print_threads(const struct load *load, const char *separator)
{
    double bytes[REPETITIONS];

    for (int i = 0; i < REPETITIONS; i++)
        bytes[i] = measure_apart(measure_threads, load).bytes;
    printf("%s\n    {\"subject\": \"%s\", \"bytes\": %.2f}", separator, load->of.name,
           median(bytes, REPETITIONS));
}

static int find_thread_local(struct dl_phdr_info *info, size_t size, void *result)
{
    ElfW(Addr) address = (ElfW(Addr))dlsym(RTLD_DEFAULT, "zml_zmalloc") - info->dlpi_addr;
    size_t thread_local = 0;
    int found = 0;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];

        if (header->p_type == PT_TLS)
            thread_local = header->p_memsz;
        if (header->p_type == PT_LOAD && address - header->p_vaddr < header->p_memsz)
            found = 1;
    }
    if (found)
        *(size_t *)result = thread_local;
    return found;
}

/* The library's thread-local storage. Every thread of this process has it, those of raw too. */
static size_t thread_local_bytes(void)
{
    size_t bytes = 0;

    dl_iterate_phdr(find_thread_local, &bytes);
    return bytes;
}

static void print_report(const struct subject subjects[SUBJECTS_MAX], struct load load)
{
    const char *separator = "";

    printf("{\"backend\": ");
    print_json_string(zmalloc_backend_name());
    printf(", \"version\": ");
    print_json_string(zmalloc_backend_version());
    printf(",\n  \"objects\": [");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int j = 0; j < SUBJECTS; j++) {
            load.of = subjects[j];
            load.size = sizes[i];
            print_objects(&load, separator);
            separator = ",";
        }
    printf("],\n  \"threads\": [");
    for (int j = 0; j < SUBJECTS; j++) {
        load.of = subjects[j];
        print_threads(&load, j > 0 ? "," : "");
    }
    printf("],\n  \"thread_local\": %zu}\n", thread_local_bytes());
}

/* ---- Options ---- */

static void print_help(void)
{
    printf("usage: footprint [--objects N | --quick]\n"
           "\n"
           "Prints, as JSON, how much resident memory an object and a thread take on the backend\n"
           "that ZMALLOC_BACKEND names: with the allocator itself (raw) and through the library\n"
           "(zmalloc).\n"
           "\n"
           "  -o, --objects N   N objects instead of 64 MiB of them\n"
           "  -q, --quick       %d objects, and %d threads instead of %d\n"
           "  -h, --help        this\n",
           LEAST_OBJECTS, THREADS_QUICK, THREADS);
}

static void usage_error(const char *what, const char *argument)
{
    fprintf(stderr, "footprint: %s: %s; see --help\n", argument, what);
    exit(2);
}

static void apply_option(int option, struct load *load)
{
    switch (option) {
    case 'h':
        print_help();
        exit(0);
    case 'o':
        if (!read_count(optarg, OBJECTS_MAX, &load->objects))
            usage_error("not a number of objects", optarg);
        break;
    case 'q':
        load->threads = THREADS_QUICK;
        break;
    default:
        exit(2);
    }
    load->bytes = 0;
}

static struct load read_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"objects", required_argument, NULL, 'o'},
        {"quick", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct load load = {.objects = LEAST_OBJECTS, .bytes = LEAST_BYTES, .threads = THREADS};
    int option;

    while ((option = getopt_long(argc, argv, "o:qh", options, NULL)) != -1)
        apply_option(option, &load);
    if (optind < argc)
        usage_error("not an option", argv[optind]);
    return load;
}

int main(int argc, char **argv)
{
    struct load load = read_options(argc, argv);
    struct subject subjects[SUBJECTS_MAX];
    const char *why = NULL;

    if (subjects_find(subjects, &why) == 0) {
        fprintf(stderr, "footprint: %s: %s\n", zmalloc_backend_name(), why);
        return 1;
    }
    /* With huge pages, the system would round to 2 MiB whenever it likes. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    print_report(subjects, load);
    return 0;
}
