/* SPDX-License-Identifier: BSD-3-Clause */

/* For LD_PRELOAD: a signal handler that forks may interrupt a thread that asks the dynamic linker
 * for its list. This does so, from the second time on that it is asked, a fixed number of times. */

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST 6

static bool in_child;

/* The child continues, too, and so does its memory. */
static void fork_here(void)
{
    int status = -1;
    pid_t pid = fork();

    in_child = pid == 0;
    if (pid != 0 && (waitpid(pid, &status, 0) != pid || status != 0))
        abort();
}

int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *info, size_t size, void *argument),
                    void *argument)
{
    static int calls;
    int (*real)(int (*visit)(struct dl_phdr_info * info, size_t size, void *argument),
                void *argument);

    *(void **)&real = dlsym(RTLD_NEXT, "dl_iterate_phdr");
    calls++;
    if (calls > 1 && calls <= LAST && !in_child)
        fork_here();
    return real(visit, argument);
}
