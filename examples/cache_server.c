/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A cache behind a Unix socket that lives within the memory there is: docs/limits.md and docs/zones.md
 * explain it. Sessions and cache are zones. Above the soft limit the oldest entries go.
 * usage: cache_server SOCKET BYTES_FOR_THE_CACHE
 * Requests are lines: "PUT KEY VALUE" (answered with OK, or ERR and why), "GET KEY" (VALUE and the
 * value, or NONE), "STATS" (figures up to END), and "STOP", which ends the server.
 */

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmalloc.h>
#include <zmalloc_zone.h>

#define BUCKETS 1024
#define SESSIONS_MAX 64
#define LINE_FIRST 1024 /* bytes of room for a line */
#define LINE_LAST 65536

static struct zmalloc_zone *sessions_zone, *cache_zone;

/* ---- The cache ---- */

struct entry {
    struct entry *older_in_bucket;
    struct entry *newer;
    char key[]; /* and the value */
};

static struct {
    struct entry *buckets[BUCKETS]; /* the newest first */
    struct entry *oldest;
    struct entry *newest;
    size_t entries;
    size_t evicted;
} cache;

static struct entry **bucket_of(const char *key)
{
    uint32_t hash = 2166136261; /* FNV-1a */

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619;
    return &cache.buckets[hash % BUCKETS];
}

static void evict_oldest(void)
{
    struct entry *entry = cache.oldest;
    struct entry **place = bucket_of(entry->key);

    while (*place != entry)
        place = &(*place)->older_in_bucket;
    *place = NULL; /* no other there is older */
    cache.oldest = entry->newer;
    cache.entries--;
    cache.evicted++;
    zfree_in(cache_zone, entry);
}

static void relieve_pressure(void)
{
    while (cache.oldest != NULL && zmalloc_pressure())
        evict_oldest();
}

/* At the zone's limit the oldest make room. False if the entry does not fit even alone. An older value
 * of the key is hidden by the newer one, and goes before it. */
static bool put(const char *key, const char *value)
{
    size_t key_size = strlen(key) + 1;
    size_t value_size = strlen(value) + 1;
    size_t size = sizeof(struct entry) + key_size + value_size;
    struct entry **bucket = bucket_of(key);
    struct entry *entry;

    while ((entry = ztrymalloc_in(cache_zone, size)) == NULL && cache.oldest != NULL)
        evict_oldest();
    if (entry == NULL)
        return false;
    memcpy(entry->key, key, key_size);
    memcpy(entry->key + key_size, value, value_size);
    entry->newer = NULL;
    entry->older_in_bucket = *bucket;
    *bucket = entry;
    *(cache.oldest != NULL ? &cache.newest->newer : &cache.oldest) = entry;
    cache.newest = entry;
    cache.entries++;
    return true;
}

static const char *get(const char *key)
{
    for (const struct entry *entry = *bucket_of(key); entry != NULL; entry = entry->older_in_bucket)
        if (strcmp(entry->key, key) == 0)
            return entry->key + strlen(key) + 1;
    return NULL;
}

/* ---- Sessions ---- */

struct session {
    int fd;
    char *input;
    size_t size; /* of input */
    size_t used;
};

static struct session *sessions[SESSIONS_MAX];
static size_t session_count;
static bool stopped;

static void tell_figures(int fd)
{
    for (struct zmalloc_zone *zone = NULL; (zone = zmalloc_zone_next(zone)) != NULL;)
        dprintf(fd, "%s %zu peak %zu\n", zmalloc_zone_name(zone), zmalloc_zone_used(zone),
                zmalloc_zone_peak(zone));
    dprintf(fd, "used %zu\npressure %d\nentries %zu\nevicted %zu\nEND\n", zmalloc_used_memory(),
            zmalloc_pressure(), cache.entries, cache.evicted);
}

static void answer(int fd, char *line)
{
    const char *verb = strsep(&line, " ");
    const char *key = strsep(&line, " ");
    const char *value = key != NULL ? get(key) : NULL;

    if (strcmp(verb, "PUT") == 0 && key != NULL && line != NULL)
        dprintf(fd, put(key, line) ? "OK\n" : "ERR no room for it in the cache\n");
    else if (strcmp(verb, "GET") == 0 && key != NULL)
        dprintf(fd, value != NULL ? "VALUE %s\n" : "NONE\n", value);
    else if (strcmp(verb, "STATS") == 0)
        tell_figures(fd);
    else if (strcmp(verb, "STOP") == 0)
        stopped = true;
    else
        dprintf(fd, "ERR there are PUT KEY VALUE, GET KEY, STATS and STOP\n");
}

/* Sessions take no refusal: what they need is there, because the cache gives way before. */
static void open_session(int fd)
{
    struct session *session = zmalloc_in(sessions_zone, sizeof *session);
    char *input = zmalloc_in(sessions_zone, LINE_FIRST);

    *session = (struct session){.fd = fd, .input = input, .size = LINE_FIRST};
    sessions[session_count++] = session;
}

static void close_session(size_t i)
{
    struct session *session = sessions[i];

    sessions[i] = sessions[--session_count];
    close(session->fd);
    zfree_in(sessions_zone, session->input);
    zfree_in(sessions_zone, session);
}

/* Answers the lines that are complete. False if the session is over, or a line is too long. */
static bool read_session(struct session *session)
{
    char *line = session->input;
    char *newline;
    ssize_t got = read(session->fd, line + session->used, session->size - session->used);

    if (got <= 0)
        return false;
    session->used += (size_t)got;
    for (; (newline = memchr(line, '\n', session->used)) != NULL; line = newline + 1) {
        *newline = '\0';
        session->used -= (size_t)(newline + 1 - line);
        answer(session->fd, line);
    }
    memmove(session->input, line, session->used);
    if (session->used == session->size)
        session->input = zrealloc_in(sessions_zone, session->input, session->size *= 2);
    return session->size <= LINE_LAST;
}

/* ---- The server ---- */

/* Pressure that evicting cannot end must not keep the loop awake. */
static void serve(int listener)
{
    struct pollfd polled[2 + SESSIONS_MAX];
    int fd;

    polled[0] = (struct pollfd){cache.oldest != NULL ? zmalloc_pressure_fd() : -1, POLLIN, 0};
    polled[1] = (struct pollfd){session_count < SESSIONS_MAX ? listener : -1, POLLIN, 0};
    for (size_t i = 0; i < session_count; i++)
        polled[2 + i] = (struct pollfd){sessions[i]->fd, POLLIN, 0};
    poll(polled, 2 + session_count, -1);
    if (polled[0].revents != 0)
        relieve_pressure();
    for (size_t i = session_count; i > 0; i--)
        if (polled[1 + i].revents != 0 && !read_session(sessions[i - 1]))
            close_session(i - 1);
    if (polled[1].revents != 0 && (fd = accept(listener, NULL, NULL)) >= 0)
        open_session(fd);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 9) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return fd;
}

int main(int argc, char **argv)
{
    struct zmalloc_zone *server_zone = zmalloc_zone_create("server", NULL);
    int listener;

    sessions_zone = zmalloc_zone_create("sessions", server_zone);
    cache_zone = zmalloc_zone_create("cache", server_zone);
    if (argc != 3 || zmalloc_zone_set_limit(cache_zone, strtoul(argv[2], NULL, 10)) != 0) {
        fprintf(stderr, "usage: cache_server SOCKET BYTES_FOR_THE_CACHE\n");
        return EXIT_FAILURE;
    }
    if (zmalloc_get_soft_limit() == SIZE_MAX)
        zmalloc_set_soft_limit(zmalloc_get_memory_limit() / 2);

    listener = listen_at(argv[1]);
    signal(SIGPIPE, SIG_IGN); /* of clients that do not wait for their answer */
    dprintf(STDOUT_FILENO, "ready\n");
    while (!stopped)
        serve(listener);
    unlink(argv[1]);
    while (session_count > 0)
        close_session(0);
    while (cache.oldest != NULL)
        evict_oldest();
    return zmalloc_used_memory() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
