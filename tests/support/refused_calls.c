/* SPDX-License-Identifier: BSD-3-Clause */

#include "refused_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct refused_calls refused;
size_t protections;

#define FIND_REAL(name) (*(void **)&real = dlsym(RTLD_NEXT, name))

#define PROC "/proc/self/"

int open(const char *path, int flags, ...)
{
    char other[256];

    if (refused.proc != NULL && strncmp(path, PROC, strlen(PROC)) == 0) {
        snprintf(other, sizeof other, "%s/%s", refused.proc, path + strlen(PROC));
        path = other;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

ssize_t real_write(int fd, const void *bytes, size_t size)
{
    return syscall(SYS_write, fd, bytes, size);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return (refused.write != NULL ? refused.write : real_write)(fd, bytes, size);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (refused.no_reservation && protection == PROT_NONE) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
#ifdef SYS_mmap2
    /* On 32 bits SYS_mmap is an older call. This one counts the offset in units of 4096 bytes. */
    return (void *)syscall(SYS_mmap2, address, size, protection, flags, fd,
                           (unsigned long)(offset / 4096));
#elif defined __s390x__
    /* There the system takes the address of its arguments. */
    unsigned long arguments[] = {(unsigned long)address,    size,
                                 (unsigned long)protection, (unsigned long)flags,
                                 (unsigned long)fd,         (unsigned long)offset};

    return (void *)syscall(SYS_mmap, arguments);
#else
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
#endif
}

int mprotect(void *address, size_t size, int protection)
{
    protections++;
    return (int)syscall(SYS_mprotect, address, size, protection);
}

long sysconf(int name)
{
    long (*real)(int name);

    if (refused.pages != 0 && name == _SC_PHYS_PAGES)
        return refused.pages;
    if (refused.page_size != 0 && name == _SC_PAGESIZE)
        return refused.page_size;
    FIND_REAL("sysconf");
    return real(name);
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *value))
{
    int (*real)(pthread_key_t * key, void (*destructor)(void *value));

    if (refused.no_key)
        return EAGAIN;
    FIND_REAL("pthread_key_create");
    return real(key, destructor);
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    int (*real)(pthread_key_t key, const void *value);

    if (refused.no_value)
        return ENOMEM;
    FIND_REAL("pthread_setspecific");
    return real(key, value);
}

/* ---- The dynamic linker ---- */

static char *(*real_dlerror)(void);
static locale_t (*real_newlocale)(int mask, const char *name, locale_t base);

/* Looked up in advance: a lookup at the time of the call would itself be a successful call of the
 * linker, and there would be no error to report any more. */
__attribute__((constructor)) static void find_what_tells(void)
{
    *(void **)&real_dlerror = dlsym(RTLD_NEXT, "dlerror");
    *(void **)&real_newlocale = dlsym(RTLD_NEXT, "newlocale");
}

locale_t newlocale(int mask, const char *name, locale_t base)
{
    return refused.no_locale ? (locale_t)0 : real_newlocale(mask, name, base);
}

char *dlerror(void)
{
    char *said = real_dlerror();

    if (refused.complaint != NULL)
        said = (char *)(uintptr_t)refused.complaint;
    return refused.silent ? NULL : said;
}

int dlinfo(void *handle, int request, void *result)
{
    int (*real)(void *handle, int request, void *result);
    int status;

    if (refused.no_dlinfo == (request == RTLD_DI_SERINFOSIZE ? 1 : 2))
        return -1;
    FIND_REAL("dlinfo");
    status = real(handle, request, result);
    if (refused.search_path_size != 0)
        ((Dl_serinfo *)result)->dls_size = refused.search_path_size;
    return status;
}

int dladdr1(const void *address, Dl_info *info, void **extra, int flags)
{
    int (*real)(const void *address, Dl_info *info, void **extra, int flags);

    if (refused.no_map)
        return 0;
    FIND_REAL("dladdr1");
    return real(address, info, extra, flags);
}

int dladdr(const void *address, Dl_info *info)
{
    int (*real)(const void *address, Dl_info *info);
    int status;

    if (refused.unknown == address)
        return 0;
    FIND_REAL("dladdr");
    status = real(address, info);
    if (refused.renamed == address)
        info->dli_fname = refused.renamed_file;
    return status;
}

#ifdef DLFO_EH_SEGMENT_TYPE

int _dl_find_object(void *address, struct dl_find_object *found)
{
    static char name[PATH_MAX];
    static struct link_map map = {.l_addr = 1, .l_name = name};
    int (*real)(void *address, struct dl_find_object *found);
    int status;

    if (refused.unknown == address)
        return -1;
    FIND_REAL("_dl_find_object");
    status = real(address, found);
    if (refused.renamed == address) {
        snprintf(name, sizeof name, "%s", refused.renamed_file);
        found->dlfo_link_map = &map;
    }
    return status;
}

#endif
