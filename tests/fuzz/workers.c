/* SPDX-License-Identifier: BSD-3-Clause */

#include "workers.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zmalloc.h"

/* An input that takes longer counts as a hang. */
#define INPUT_MILLISECONDS 60000

struct worker workers[WORKERS_MAX];
size_t worker_count;
struct lane *lane;

static char *named; /* in FUZZ_BACKENDS: workers keep pointers into it */

static void (*run_input_in_worker)(const uint8_t *data, size_t size);

static void die_of(const char *what)
{
    fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- In the worker ---- */

/* Runs as long as the other side exists. Output about earlier inputs no longer matters. */
static void serve(const struct worker *worker)
{
    char token;

    while (read(worker->socket, &token, 1) == 1) {
        if (ftruncate(STDERR_FILENO, 0) != 0 || lseek(STDERR_FILENO, 0, SEEK_SET) != 0)
            die_of("stderr of a worker");
        run_input_in_worker(worker->lane->input, worker->lane->input_size);
        if (write(worker->socket, &token, 1) != 1)
            break;
    }
}

static void become_worker(struct worker *worker)
{
    size_t number = (size_t)(worker - workers);

    for (size_t i = 0; i < number; i++)
        close(workers[i].socket);
    dup2(worker->errors, STDERR_FILENO);
    lane = worker->lane;
    coverage_choose_lane(number + 1);
    if (zmalloc_init(worker->backend) != 0)
        die_of(worker->backend);
    serve(worker);
    _exit(0);
}

/* ---- Starting and ending ---- */

static int file_without_name(void)
{
    FILE *file = tmpfile();
    int fd = file != NULL ? dup(fileno(file)) : -1;

    if (fd < 0)
        die_of("a file for what a worker writes");
    fclose(file);
    return fd;
}

static void start_worker(struct worker *worker)
{
    int sockets[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0)
        die_of("socketpair");
    fflush(NULL);
    worker->pid = fork();
    if (worker->pid < 0)
        die_of("fork");
    worker->socket = sockets[worker->pid == 0 ? 1 : 0];
    close(sockets[worker->pid == 0 ? 0 : 1]);
    if (worker->pid == 0)
        become_worker(worker);
}

static void add_worker(const char *backend)
{
    struct worker *worker = &workers[worker_count];

    if (worker_count == WORKERS_MAX) {
        fprintf(stderr, "fuzz: FUZZ_BACKENDS: more than %d backends\n", WORKERS_MAX);
        exit(2);
    }
    worker->backend = backend;
    worker->errors = file_without_name();
    worker->lane =
        mmap(NULL, sizeof *worker->lane, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (worker->lane == MAP_FAILED)
        die_of("mmap");
    worker_count++;
}

static void add_those_that_are_there(void)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        if (info.state == ZMALLOC_BACKEND_BUILT_IN || info.state == ZMALLOC_BACKEND_LOADABLE)
            add_worker(info.name);
}

static void refuse_choice(void)
{
    const char *chosen = getenv("ZMALLOC_BACKEND");

    if (chosen == NULL || *chosen == '\0')
        return;
    fprintf(stderr,
            "fuzz: ZMALLOC_BACKEND=%s: the backend of all workers; unset it, and name those"
            " to compare in FUZZ_BACKENDS=libc,%s\n",
            chosen, chosen);
    exit(2);
}

void workers_start(void (*run)(const uint8_t *data, size_t size))
{
    const char *list = getenv("FUZZ_BACKENDS");
    char *rest;

    refuse_choice();
    run_input_in_worker = run;
    signal(SIGPIPE, SIG_IGN);
    if (list == NULL || *list == '\0')
        add_those_that_are_there();
    else
        for (rest = named = strdup(list); rest != NULL && *rest != '\0';)
            add_worker(strsep(&rest, ","));
    for (size_t i = 0; i < worker_count; i++)
        start_worker(&workers[i]);
}

/* ---- An input ---- */

static void send_input(struct worker *worker, const uint8_t *data, size_t size)
{
    worker->lane->input_size = (uint32_t)size;
    memcpy(worker->lane->input, data, size);
    worker->lane->step_count = 0;
    /* If a worker is gone already, waiting for it will notice. */
    (void)!write(worker->socket, "", 1);
}

static void copy_errors(const struct worker *worker)
{
    char text[4096];
    ssize_t got;
    off_t at = 0;

    while ((got = pread(worker->errors, text, sizeof text, at)) > 0) {
        fwrite(text, 1, (size_t)got, stderr);
        at += got;
    }
}

static void explain(struct worker *worker, bool hangs)
{
    int status = 0;

    if (hangs)
        kill(worker->pid, SIGKILL);
    waitpid(worker->pid, &status, 0);
    copy_errors(worker);
    if (hangs)
        fprintf(stderr, "fuzz: %s: no end after %d s\n", worker->backend,
                INPUT_MILLISECONDS / 1000);
    else if (worker->lane->has_trouble)
        fprintf(stderr, "fuzz: %s: %s\n", worker->backend, worker->lane->trouble);
    else if (WIFSIGNALED(status))
        fprintf(stderr, "fuzz: %s: died of signal %d\n", worker->backend, WTERMSIG(status));
    else
        fprintf(stderr, "fuzz: %s: ended with status %d\n", worker->backend, WEXITSTATUS(status));
}

static bool wait_for(struct worker *worker)
{
    struct pollfd waiting = {.fd = worker->socket, .events = POLLIN};
    int ready;
    char token;

    do
        ready = poll(&waiting, 1, INPUT_MILLISECONDS);
    while (ready < 0 && errno == EINTR);
    if (ready > 0 && read(worker->socket, &token, 1) == 1)
        return true;
    explain(worker, ready == 0);
    return false;
}

bool workers_run(const uint8_t *data, size_t size)
{
    bool fine = true;

    for (size_t i = 0; i < worker_count; i++)
        send_input(&workers[i], data, size);
    for (size_t i = 0; i < worker_count; i++)
        fine &= wait_for(&workers[i]);
    return fine;
}
