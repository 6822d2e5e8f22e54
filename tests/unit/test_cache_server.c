/* SPDX-License-Identifier: BSD-3-Clause */

/* The example cache_server from outside: under pressure its cache gives way and no session gets a
 * refusal, the cache keeps to its own limit, and the figures of the zones add up. */

#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define VALUE_SIZE 2000
#define MANY 10000

struct server {
    pid_t pid;
    char folder[32];
    struct sockaddr_un address;
};

struct session {
    int fd;
    FILE *answers;
    char line[64 * 1024 + 100];
};

/* ---- The server ---- */

static void run_server(const struct server *server, const char *limit, const char *cache_bytes)
{
    const char *program = path_beside("../../examples/cache_server");

    child_check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
    child_check(setenv("ZMALLOC_LIMIT", limit, 1) == 0);
    exec_program((const char *const[]){program, server->address.sun_path, cache_bytes, NULL});
    child_fail("exec", __FILE__, __LINE__);
}

static void start_server(struct server *server, const char *limit, const char *cache_bytes)
{
    char ready[7] = "";
    int ends[2];

    *server =
        (struct server){.folder = "/tmp/zmalloc-cache.XXXXXX", .address = {.sun_family = AF_UNIX}};
    child_check(mkdtemp(server->folder) != NULL && pipe(ends) == 0);
    snprintf(server->address.sun_path, sizeof server->address.sun_path, "%s/socket",
             server->folder);
    server->pid = fork();
    child_check(server->pid >= 0);
    if (server->pid == 0) {
        child_check(dup2(ends[1], STDOUT_FILENO) >= 0);
        run_server(server, limit, cache_bytes);
    }
    close(ends[1]);
    child_check(read(ends[0], ready, sizeof ready - 1) == sizeof ready - 1);
    close(ends[0]);
    child_check(strcmp(ready, "ready\n") == 0);
}

/* Its status is 0 only if nothing is left in use. */
static void stop_server(struct server *server, struct session *session)
{
    int status = -1;

    child_check(dprintf(session->fd, "STOP\n") > 0);
    child_check(waitpid(server->pid, &status, 0) == server->pid && status == 0);
    child_check(rmdir(server->folder) == 0);
}

/* ---- Sessions ---- */

static void open_session(const struct server *server, struct session *session)
{
    session->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    child_check(connect(session->fd, (const struct sockaddr *)&server->address,
                        sizeof server->address) == 0);
    session->answers = fdopen(session->fd, "r");
    child_check(session->answers != NULL);
}

static const char *next_line(struct session *session)
{
    child_check(fgets(session->line, sizeof session->line, session->answers) != NULL);
    return session->line;
}

static const char *put(struct session *session, size_t key, size_t size)
{
    child_check(dprintf(session->fd, "PUT key-%zu %0*d\n", key, (int)size, 7) > 0);
    return next_line(session);
}

static const char *get(struct session *session, size_t key)
{
    child_check(dprintf(session->fd, "GET key-%zu\n", key) > 0);
    return next_line(session);
}

struct figures {
    size_t server, sessions, cache, used, entries, evicted;
};

static void take_figure(struct figures *figures, const char *line)
{
    const struct {
        const char *name;
        size_t *figure;
    } all[] = {
        {"server", &figures->server},   {"sessions", &figures->sessions},
        {"cache", &figures->cache},     {"used", &figures->used},
        {"entries", &figures->entries}, {"evicted", &figures->evicted},
    };
    char name[20];
    size_t figure;

    child_check(sscanf(line, "%19s %zu", name, &figure) == 2);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(name, all[i].name) == 0)
            *all[i].figure = figure;
}

static struct figures ask_figures(struct session *session)
{
    struct figures figures = {0};

    child_check(dprintf(session->fd, "STATS\n") > 0);
    while (strcmp(next_line(session), "END\n") != 0)
        take_figure(&figures, session->line);
    child_check(figures.server == figures.sessions + figures.cache);
    child_check(figures.used == figures.server && figures.sessions > 0);
    return figures;
}

/* ---- The tests ---- */

static struct session first, second;

static void fill_beyond_the_soft_limit(void *argument)
{
    struct server server;
    struct figures figures;

    (void)argument;
    start_server(&server, "8M,soft:6M", "100000000");
    open_session(&server, &first);
    open_session(&server, &second);
    for (size_t i = 0; i < MANY; i++)
        child_check(strcmp(put(i % 2 == 0 ? &first : &second, i, VALUE_SIZE), "OK\n") == 0);

    figures = ask_figures(&first);
    child_check(figures.used > 4 * MIB && figures.used < 6 * MIB + 200 * KIB);
    child_check(figures.entries > 0 && figures.entries + figures.evicted == MANY);
    child_check(strcmp(get(&second, 0), "NONE\n") == 0);
    child_check(strncmp(get(&second, MANY - 1), "VALUE 000", 9) == 0);
    stop_server(&server, &second);
}

static void under_pressure_only_the_cache_gives_way(void **state)
{
    struct outcome outcome = run_child(fill_beyond_the_soft_limit, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

static void let_sessions_grow(void *argument)
{
    static struct session growing[40];
    struct server server;
    struct figures figures;

    (void)argument;
    start_server(&server, "16M,soft:2M", "100000000");
    open_session(&server, &first);
    for (size_t i = 0; i < 500; i++)
        child_check(strcmp(put(&first, i, VALUE_SIZE), "OK\n") == 0);
    child_check(ask_figures(&first).entries == 500);
    for (size_t i = 0; i < 40; i++) {
        open_session(&server, &growing[i]);
        child_check(dprintf(growing[i].fd, "PUT key %060000d", 7) > 0);
    }
    do
        figures = ask_figures(&first);
    while (figures.sessions < 40 * 64 * KIB);
    child_check(figures.entries == 0 && figures.evicted == 500);
    for (size_t i = 0; i < 40; i++) {
        child_check(dprintf(growing[i].fd, "\n") > 0);
        child_check(strcmp(next_line(&growing[i]), "OK\n") == 0);
    }
    stop_server(&server, &first);
}

static void sessions_get_what_the_cache_had(void **state)
{
    struct outcome outcome = run_child(let_sessions_grow, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

static void fill_beyond_the_limit_of_the_cache(void *argument)
{
    struct server server;
    struct figures figures;

    (void)argument;
    start_server(&server, "", "1000000");
    open_session(&server, &first);
    for (size_t i = 0; i < 2000; i++)
        child_check(strcmp(put(&first, i, VALUE_SIZE), "OK\n") == 0);
    figures = ask_figures(&first);
    child_check(figures.cache > 500000 && figures.cache <= 1000000);
    child_check(figures.entries > 0 && figures.entries + figures.evicted == 2000);

    child_check(strncmp(put(&first, 1, 60000), "OK", 2) == 0);
    stop_server(&server, &first);
}

static void the_cache_keeps_to_its_own_limit(void **state)
{
    struct outcome outcome = run_child(fill_beyond_the_limit_of_the_cache, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

static void put_what_does_not_fit(void *argument)
{
    struct server server;

    (void)argument;
    start_server(&server, "", "20000");
    open_session(&server, &first);
    child_check(strncmp(put(&first, 1, 40000), "ERR no room", 11) == 0);
    child_check(strncmp(put(&first, 1, 1000), "OK", 2) == 0);
    child_check(strncmp(get(&first, 1), "VALUE", 5) == 0);
    child_check(strncmp(get(&first, 2), "NONE", 4) == 0);
    child_check(dprintf(first.fd, "DELETE key-1\n") > 0);
    child_check(strncmp(next_line(&first), "ERR there are", 13) == 0);

    /* Too long a line ends a session, maybe while it is still being written. */
    signal(SIGPIPE, SIG_IGN);
    open_session(&server, &second);
    dprintf(second.fd, "PUT key %070000d", 7);
    child_check(fgetc(second.answers) == EOF);
    ask_figures(&first);
    stop_server(&server, &first);
}

static void what_does_not_fit_harms_nobody(void **state)
{
    struct outcome outcome = run_child(put_what_does_not_fit, NULL);

    (void)state;
    assert_exited_with(&outcome, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(under_pressure_only_the_cache_gives_way),
        zm_test(sessions_get_what_the_cache_had),
        zm_test(the_cache_keeps_to_its_own_limit),
        zm_test(what_does_not_fit_harms_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
