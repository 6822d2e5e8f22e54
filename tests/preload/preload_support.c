/* SPDX-License-Identifier: BSD-3-Clause */

#include "preload_support.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 60

static void *symbol_of_library(const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);

    if (symbol == NULL) {
        fprintf(stderr, "libzmalloc-preload.so is not in this process: no %s\n", name);
        exit(1);
    }
    return symbol;
}

const char *active_backend(void)
{
    const char *(*name)(void);
    void *symbol = symbol_of_library("zml_zmalloc_backend_name");

    memcpy(&name, &symbol, sizeof name);
    return name();
}

size_t used_memory(void)
{
    size_t (*used)(void);
    void *symbol = symbol_of_library("zml_zmalloc_used_memory");

    memcpy(&used, &symbol, sizeof used);
    return used();
}

bool is_on_c_library(void)
{
    const char *plus = strrchr(active_backend(), '+');
    const char *name = plus != NULL ? plus + 1 : active_backend();

    return strcmp(name, "libc") == 0 || strcmp(name, "native") == 0;
}

void assert_child_ends(void (*function)(void))
{
    int status = -1;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        alarm(SECONDS);
        function();
        exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}
