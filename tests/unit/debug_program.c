/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * For test_debug_options.c: does what its arguments say, one after the other, with one block of 100
 * bytes at hand.
 *
 *   alloc          allocates the block
 *   free           frees it; the pointer stays
 *   write N        writes a byte at N
 *   other N        allocates and frees N other blocks, of 1000 bytes each
 *   large N        allocates N bytes and frees them
 *   purge          zmalloc_purge()
 *   leak           forgets three blocks, of 1 and 2 bytes from one place and 50 from another
 *   sites N        allocates and frees from N places
 *   leak-sites N   forgets a block from each of N places, of 1 to 1000 bytes
 *   plugin-a       opens that plug-in, which allocates 100 bytes and forgets them, and closes it; or
 *                  prints "no plug-ins"
 *   plugin-b       the same for another one
 *   seconds N      ends it after so much time of the processor
 *   fork           goes on in a child, and then in the parent
 *   fork-beside    the same, while another thread is about to allocate; the program looks whether it
 *                  waits for the fork, or prints "no handlers" where it cannot look
 *   no-memory      has the system refuse memory from now on
 *   memory         has it no longer do so
 *   exhaust        allocates until there is no memory; then frees everything
 *   init LIST      zmalloc_init(LIST), and prints 0 or errno
 *   canaries LIST  in four children, the last two without getrandom(): zmalloc_init(LIST), and prints
 *                  where the bytes behind a block are, and those
 *   used           prints zmalloc_used_memory()
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
/* A compiler for another C library may not have the kernel's headers. */
#ifdef HAVE_SECCOMP
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#endif

#include "support.h"

#define SIZE 100
#define BLOCKS_MAX 100000

static char *volatile block;
static void *volatile forgotten;

static void free_one(size_t size)
{
    void *volatile other = zmalloc(size);

    zfree(other);
}

static void forget_blocks(size_t unused)
{
    (void)unused;
    for (volatile size_t size = 1; size <= 2; size++)
        forgotten = zmalloc(size);
    forgotten = zcalloc(50);
    forgotten = NULL;
}

/* Always 0, but the compiler does not know that, so it does not merge the two calls. */
static volatile unsigned nothing;

/* Each bit of the number makes another call, so each number has its own trace. */
static __attribute__((noinline)) void free_from(unsigned bits, unsigned place)
{
    if (bits == 0)
        free_one(1);
    else if (place & 1)
        free_from(bits - 1, place >> 1);
    else
        free_from(bits - 1 + nothing, place >> 1);
    __asm__ volatile(""); /* no tail calls */
}

/* The lowest bit makes the innermost call: frames beyond those that are kept are the same. */
static __attribute__((noinline)) void forget_from(unsigned bits, unsigned place, size_t size)
{
    if (bits == 0)
        forgotten = zmalloc(size);
    else if (place >> (bits - 1) & 1) {
        __asm__ volatile("" : : "i"(1)); /* keeps it different from the other's call */
        forget_from(bits - 1, place, size);
        __asm__ volatile("" : : "i"(1)); /* no tail calls */
    } else {
        forget_from(bits - 1 + nothing, place, size);
        __asm__ volatile("" : : "i"(2));
    }
}

static void forget_from_places(size_t count)
{
    for (size_t i = 0; i < count; i++)
        forget_from(15, (unsigned)i, 1 + i * 7919 % 1000);
}

static void limit_seconds(size_t seconds)
{
    struct rlimit limit = {seconds, seconds};

    setrlimit(RLIMIT_CPU, &limit);
}

static void visit_plugin(const char *file)
{
    void *plugin = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    void *(*allocate)(void *(*from)(size_t size), size_t size);

    if (plugin == NULL) {
        puts("no plug-ins");
        return;
    }
    *(void **)&allocate = dlsym(plugin, "debug_plugin_allocate");
    forgotten = allocate(zmalloc, SIZE);
    dlclose(plugin);
}

static void visit_plugin_a(size_t unused)
{
    (void)unused;
    visit_plugin("debug-plugin-a.so");
}

static void visit_plugin_b(size_t unused)
{
    (void)unused;
    visit_plugin("debug-plugin-b.so");
}

static void go_on_in_child(size_t unused)
{
    pid_t pid = fork();
    int status = -1;

    (void)unused;
    if (pid > 0 && (waitpid(pid, &status, 0) != pid || status != 0))
        exit(EXIT_FAILURE);
}

#define STACK_SIZE (256 << 10)

/* The allocator keeps what it has by now, and this thread's stack has already grown. */
static void refuse_memory(size_t unused)
{
    char stack[STACK_SIZE];
    struct rlimit limit;

    (void)unused;
    memset(stack, 0, sizeof stack);
    __asm__ volatile("" : : "r"(stack) : "memory");
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_AS, &limit);
}

static void give_memory(size_t unused)
{
    struct rlimit limit;

    (void)unused;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_AS, &limit);
}

static void exhaust(size_t unused)
{
    static void *blocks[BLOCKS_MAX];
    size_t count = 0;

    (void)unused;
    while (count < BLOCKS_MAX && (blocks[count] = ztrymalloc(SIZE)) != NULL)
        count++;
    if (count == BLOCKS_MAX)
        exit(EXIT_FAILURE);
    while (count > 0)
        zfree(blocks[--count]);
}

/* ---- Handlers of fork from before all of the library's, which run inside of those ---- */

#if !UNDER_SANITIZER && defined(__linux__)

static bool handlers_are_there;

/* Another thread, which allocates on request in the middle of a fork. */
static struct beside {
    bool is_wanted;
    pid_t id; /* of the kernel; 0 until it is ready */
    bool is_told;
    bool is_done;
} beside;

static bool has_set(const bool *flag)
{
    return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set(bool *flag)
{
    __atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static void *allocate_when_told(void *argument)
{
    free_one(SIZE);
    __atomic_store_n(&beside.id, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
    while (!has_set(&beside.is_told))
        ;
    free_one(SIZE);
    set(&beside.is_done);
    return argument;
}

/* The letter of its state, after the program's name in parentheses. stdio would allocate. */
static bool is_asleep(pid_t id)
{
    char path[64];
    char line[256];
    const char *state;
    ssize_t length;
    int file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)id);
    file = open(path, O_RDONLY);
    length = read(file, line, sizeof line - 1);
    close(file);
    if (length <= 0)
        _exit(EXIT_FAILURE);
    line[length] = '\0';
    state = strrchr(line, ')');
    return state != NULL && strncmp(state, ") S", 3) == 0;
}

/* A thread that allocates now must wait until the fork is over, and must sleep meanwhile. */
static void look_beside(void)
{
    set(&beside.is_told);
    while (!is_asleep(beside.id))
        if (has_set(&beside.is_done))
            _exit(EXIT_FAILURE);
}

/* Does not allocate, because the allocator's locks are held as well; and does not choose a
 * backend. */
static void look_in_fork(void)
{
    if (block != NULL && zmalloc_size(block) % SIZE != 0)
        _exit(EXIT_FAILURE);
}

static void prepare_fork(void)
{
    look_in_fork();
    if (beside.is_wanted)
        look_beside();
}

static void watch_fork(void)
{
    pthread_atfork(prepare_fork, look_in_fork, look_in_fork);
    handlers_are_there = true;
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = watch_fork;

static void go_on_in_child_beside(size_t unused)
{
    pid_t parent = getpid();
    pthread_t thread;

    if (pthread_create(&thread, NULL, allocate_when_told, NULL) != 0)
        exit(EXIT_FAILURE);
    while (__atomic_load_n(&beside.id, __ATOMIC_ACQUIRE) == 0)
        ;
    beside.is_wanted = handlers_are_there;
    go_on_in_child(unused);
    set(&beside.is_told);
    if (getpid() == parent && pthread_join(thread, NULL) != 0)
        exit(EXIT_FAILURE);
    if (!handlers_are_there)
        puts("no handlers");
}

#else

static void go_on_in_child_beside(size_t unused)
{
    go_on_in_child(unused);
    puts("no handlers");
}

#endif

/* ---- Words ---- */

static void allocate(size_t unused)
{
    (void)unused;
    block = zmalloc(SIZE);
}

static void release(size_t unused)
{
    (void)unused;
    zfree(block);
}

/* A negative number was read as a size. */
static void write_at(size_t position)
{
    ((volatile char *)block)[(ptrdiff_t)position] = 'A';
}

static void free_others(size_t count)
{
    for (size_t i = 0; i < count; i++)
        free_one(1000);
}

static void free_from_places(size_t count)
{
    for (size_t i = 0; i < count; i++)
        free_from(12, (unsigned)i);
}

static void purge(size_t unused)
{
    (void)unused;
    zmalloc_purge();
}

static void print_used(size_t unused)
{
    (void)unused;
    printf("%zu\n", zmalloc_used_memory());
}

static const struct word {
    const char *name;
    void (*act)(size_t number);
    bool has_number;
} words[] = {
    {"alloc", allocate, false},
    {"free", release, false},
    {"write", write_at, true},
    {"other", free_others, true},
    {"large", free_one, true},
    {"purge", purge, false},
    {"leak", forget_blocks, false},
    {"sites", free_from_places, true},
    {"fork", go_on_in_child, false},
    {"no-memory", refuse_memory, false},
    {"memory", give_memory, false},
    {"exhaust", exhaust, false},
    {"used", print_used, false},
    {"fork-beside", go_on_in_child_beside, false},
    {"leak-sites", forget_from_places, true},
    {"seconds", limit_seconds, true},
    {"plugin-a", visit_plugin_a, false},
    {"plugin-b", visit_plugin_b, false},
};

static const struct word *find_word(const char *name)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].name, name) == 0)
            return &words[i];
    fprintf(stderr, "%s: not a word\n", name);
    exit(EXIT_FAILURE);
}

/* Without stdio, which needs memory. */
static void init(const char *list)
{
    int error = zmalloc_init(list) == 0 ? 0 : errno;
    char line[16];
    int length = snprintf(line, sizeof line, "%d\n", error);

    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        exit(EXIT_FAILURE);
}

/* ---- Canaries ---- */

#ifdef HAVE_SECCOMP

static void refuse_random_bytes(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        fprintf(stderr, "no filter of system calls: %s\n", strerror(errno));
}

#else

static void refuse_random_bytes(void)
{
}

#endif

static void print_canary(const char *list)
{
    const unsigned char *behind;

    if (zmalloc_init(list) != 0)
        _exit(EXIT_FAILURE);
    block = zmalloc(SIZE);
    behind = (const unsigned char *)block + SIZE;
    __asm__("" : "+r"(behind));
    printf("%p ", (const void *)behind);
    for (size_t i = 0; i < 32; i++)
        printf("%02x", behind[i]);
    putchar('\n');
    fflush(stdout);
    _exit(EXIT_SUCCESS);
}

static void print_canaries(const char *list)
{
    for (int i = 0; i < 4; i++) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0) {
            if (i >= 2)
                refuse_random_bytes();
            print_canary(list);
        }
        if (waitpid(pid, &status, 0) != pid || status != 0)
            exit(EXIT_FAILURE);
    }
}

/* Returns how many arguments belong to the word. After the last one there is NULL. */
static int act(char **arguments)
{
    const struct word *word;

    if (strcmp(arguments[0], "init") == 0) {
        init(arguments[1]);
        return arguments[1] != NULL;
    }
    if (strcmp(arguments[0], "canaries") == 0) {
        print_canaries(arguments[1]);
        return 1;
    }
    word = find_word(arguments[0]);
    if (!word->has_number || arguments[1] == NULL) {
        word->act(0);
        return 0;
    }
    word->act(strtoul(arguments[1], NULL, 10));
    return 1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        i += act(argv + i);
    return 0;
}
