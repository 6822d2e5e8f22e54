/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The target for ZMALLOC_BACKEND, ZMALLOC_FAIL, ZMALLOC_DEBUG and ZMALLOC_SAMPLE. An input is a byte of flags and
 * up to four texts separated by 0. A forked child, which has chosen nothing yet, gets the texts
 * and makes the choice. This checks that the child ended as it should.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "zmalloc.h"

#define CHOICE_MILLISECONDS 60000
#define OUTPUT_SIZE 65536
/* "zmalloc: ", what docs/environment.md allows a line, a newline. */
#define LINE_MAX_SIZE (9 + 1000 + 1)
/* docs/environment.md: no backend of the list can start. */
#define EXIT_REFUSED 78
#define LAYERS 3

/* Flags of the first byte. */
#define GIVEN_BY_PROGRAM 1 /* the list goes to zmalloc_init(), its variable is unset */

struct input {
    bool given_by_program;
    char text[INPUT_MAX + 1];
    const char *list; /* NULL if it is missing */
    const char *fail;
    const char *debug;
    const char *sample; /* no profile is written, because the child ends by _exit() */
};

/* What the child reports before it ends. */
static struct report {
    int result; /* of zmalloc_init() */
    int error;
    char name[256];
} * report;

static char output[OUTPUT_SIZE];
static bool has_been_refused;
static bool has_been_accepted;

/* ---- The input ---- */

static const char *next_text(const char **rest, const char *end)
{
    const char *text = *rest;

    if (text >= end)
        return NULL;
    *rest += strlen(text) + 1;
    return text;
}

static void read_input(struct input *input, const uint8_t *data, size_t size)
{
    const char *rest = input->text;
    const char *end;

    size = size < INPUT_MAX ? size : INPUT_MAX;
    input->given_by_program = size > 0 && (data[0] & GIVEN_BY_PROGRAM);
    size -= size > 0;
    memcpy(input->text, data + 1, size);
    input->text[size] = '\0';
    end = input->text + size;
    input->list = next_text(&rest, end);
    input->fail = next_text(&rest, end);
    input->debug = next_text(&rest, end);
    input->sample = next_text(&rest, end);
}

/* ---- What a list must lead to ---- */

static bool is_available(const char *name, size_t length)
{
    struct zmalloc_backend_info info = {.struct_size = sizeof info};

    for (size_t i = 0; zmalloc_get_backend_info(i, &info) == 0; i++)
        if (strlen(info.name) == length && memcmp(info.name, name, length) == 0)
            return info.state == ZMALLOC_BACKEND_BUILT_IN || info.state == ZMALLOC_BACKEND_LOADABLE;
    return false;
}

static bool begins_with(const char *text, size_t length, const char *word)
{
    return length >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

/* A valid element: layers, each at most once, and a backend. */
static bool can_be_chosen(const char *text, size_t length)
{
    static const char *const layers[LAYERS] = {"fail+", "debug+", "sample+"};
    bool seen[LAYERS] = {false};

    for (size_t i = 0; i < LAYERS; i++)
        if (!seen[i] && begins_with(text, length, layers[i])) {
            seen[i] = true;
            text += strlen(layers[i]);
            length -= strlen(layers[i]);
            i = (size_t)-1;
        }
    return is_available(text, length);
}

/* The first valid element. Its length is 0 if there is none. */
static const char *expected_choice(const char *list, size_t *length)
{
    static const char blanks[] = " \t\n\r";

    for (const char *end; *list != '\0'; list = *end != '\0' ? end + 1 : end) {
        size_t size;

        end = list + strcspn(list, ",");
        list += strspn(list, blanks);
        size = list < end ? (size_t)(end - list) : 0;
        while (size > 0 && strchr(blanks, list[size - 1]) != NULL)
            size--;
        *length = size;
        if (size > 0 && can_be_chosen(list, size))
            return list;
    }
    *length = 0;
    return list;
}

static bool names_nothing(const char *list)
{
    return list == NULL || strspn(list, ", \t\n\r") == strlen(list);
}

/* ---- In the child ---- */

static void set(const char *name, const char *value)
{
    if (value == NULL)
        unsetenv(name);
    else if (setenv(name, value, 1) != 0)
        _exit(1);
}

/* ZMALLOC_FAIL may make requests fail. */
static void use_memory(void)
{
    for (size_t size = 0; size < 200; size++)
        zfree(ztryrealloc(ztrymalloc(size), 2 * size + 1));
}

static void choose(const struct input *input)
{
    set("ZMALLOC_BACKEND", input->given_by_program ? NULL : input->list);
    set("ZMALLOC_FAIL", input->fail);
    set("ZMALLOC_DEBUG", input->debug);
    set("ZMALLOC_SAMPLE", input->sample);
    errno = 0;
    report->result = zmalloc_init(input->given_by_program ? input->list : NULL);
    report->error = errno;
    if (report->result != 0 && input->given_by_program)
        _exit(0);
    snprintf(report->name, sizeof report->name, "%s", zmalloc_backend_name());
    use_memory();
    _exit(0);
}

/* ---- The child, from outside ---- */

/* Reads everything that the child writes. False if it does not end. */
static bool collect(int fd)
{
    struct pollfd stream = {.fd = fd, .events = POLLIN};
    size_t length = 0;
    ssize_t got = 1;

    while (got > 0 && length < sizeof output - 1) {
        if (poll(&stream, 1, CHOICE_MILLISECONDS) == 0)
            return false;
        got = read(fd, output + length, sizeof output - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    output[length] = '\0';
    return true;
}

/* Returns the status of the child, or -1 if it hangs. */
static int run_child(const struct input *input)
{
    int pipes[2];
    int status = -1;
    bool ended;
    pid_t child;

    *report = (struct report){.result = -1};
    if (pipe(pipes) != 0 || (child = fork()) < 0) {
        perror("fuzz: a child");
        exit(2);
    }
    if (child == 0) {
        coverage_choose_lane(1);
        dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        choose(input);
    }
    close(pipes[1]);
    ended = collect(pipes[0]);
    if (!ended)
        kill(child, SIGKILL);
    close(pipes[0]);
    waitpid(child, &status, 0);
    return ended ? status : -1;
}

/* ---- Judging ---- */

static bool complain(const struct input *input, const char *what)
{
    fprintf(stderr,
            "fuzz: %s\nlist %s: "
            "\"%s\"\nZMALLOC_FAIL=\"%s\"\nZMALLOC_DEBUG=\"%s\"\nZMALLOC_SAMPLE=\"%s\"\n",
            what, input->given_by_program ? "of the program" : "of the operator",
            input->list != NULL ? input->list : "(unset)",
            input->fail != NULL ? input->fail : "(unset)",
            input->debug != NULL ? input->debug : "(unset)",
            input->sample != NULL ? input->sample : "(unset)");
    fprintf(stderr, "zmalloc_init: %d, errno %d; backend: %s; stderr:\n%s\n", report->result,
            report->error, report->name, output);
    return false;
}

/* Lines as the documentation has them, in printable characters. */
static bool is_decent(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        if (text[length] != '\n' || length >= LINE_MAX_SIZE ||
            !begins_with(text, length, "zmalloc: "))
            return false;
        for (size_t i = 0; i < length; i++)
            if (text[i] < ' ' || text[i] > '~')
                return false;
        text += length + 1;
    }
    return true;
}

/* An empty value counts as unset. */
static bool has_options(const char *options)
{
    return options != NULL && *options != '\0';
}

/* The backend's name, after the layers'. */
static bool ends_alike(const char *name, const char *element, size_t length)
{
    const char *backend = strrchr(name, '+');
    size_t start = length;

    backend = backend != NULL ? backend + 1 : name;
    while (start > 0 && element[start - 1] != '+')
        start--;
    return strlen(backend) == length - start &&
           memcmp(backend, element + start, length - start) == 0;
}

static bool judge_accepted(const struct input *input)
{
    size_t length = 0;
    const char *expected = expected_choice(input->list != NULL ? input->list : "", &length);

    has_been_accepted = true;
    if (*output != '\0')
        return complain(input, "a choice that was made and says something");
    if (names_nothing(input->list))
        return true;
    if (length == 0)
        return complain(input, "nothing of the list can be chosen, and something was");
    return ends_alike(report->name, expected, length) ||
           complain(input, "another was chosen than the first that can be");
}

static bool judge_refused(const struct input *input)
{
    size_t length = 0;

    has_been_refused = true;
    expected_choice(input->list != NULL ? input->list : "", &length);
    if (length > 0 && !has_options(input->fail) && !has_options(input->debug) &&
        !has_options(input->sample))
        return complain(input, "a list that can be chosen from was refused");
    return report->error != 0 || complain(input, "refused without an errno");
}

static bool judge(const struct input *input, int status)
{
    if (status == -1)
        return complain(input, "the choice hangs");
    if (!is_decent(output))
        return complain(input, "not lines of the library");
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED)
        return *output != '\0' ? judge_refused(input) : complain(input, "refused without a word");
    if (status != 0)
        return complain(input, "the process died");
    return report->result == 0 ? judge_accepted(input) : judge_refused(input);
}

/* ---- For engines ---- */

void fuzz_start(void)
{
    coverage_share();
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report != MAP_FAILED)
        return;
    perror("fuzz: memory for reports");
    exit(2);
}

bool fuzz_try(const uint8_t *data, size_t size)
{
    static struct input input;

    read_input(&input, data, size);
    return judge(&input, run_child(&input));
}

void fuzz_show(void)
{
    fprintf(stderr, "zmalloc_init: %d, errno %d; backend: %s\n%s", report->result, report->error,
            report->name, output);
}

bool fuzz_has_reached_all(void)
{
    if (has_been_refused && has_been_accepted)
        return true;
    fprintf(stderr, "fuzz: no input is %s\n", has_been_refused ? "accepted" : "refused");
    return false;
}
