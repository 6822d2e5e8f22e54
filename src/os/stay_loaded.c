/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Only in the archive; the shared library is linked so that it is never closed. A plug-in with the
 * archive inside may be closed while threads that used it are still to end, and will then call the
 * destructors of their keys: code of ours or of an allocator.
 */

#include <dlfcn.h>

#include "base.h"
#include "os/stay_loaded.h"
#include "os/thread.h"

#if defined(__GLIBC__)
#include <link.h>
#endif

/*
 * A program linked with -static may have none of these and must not get them because of us. They have
 * names of their own here, so that calls of dladdr() elsewhere are no weak ones if all is compiled as
 * one file. dlopen is looked up by dlsym(): naming it makes the linker warn.
 */
static __typeof__(dlsym) weak_dlsym __attribute__((weakref("dlsym")));
static __typeof__(dlerror) weak_dlerror __attribute__((weakref("dlerror")));
#if defined(__GLIBC__)
static __typeof__(dladdr1) weak_dladdr1 __attribute__((weakref("dladdr1")));
#else
static __typeof__(dladdr) weak_dladdr __attribute__((weakref("dladdr")));
#endif

/* The file of the object that contains this code. NULL if it is the program, which is never closed.
 * */
static const char *own_file(void)
{
    static const char here;
    Dl_info info;

#if defined(__GLIBC__)
    struct link_map *map = NULL;

    /* GCOVR_EXCL_BR_START: with -static, or in a plug-in: consumers/installed.sh, copies.sh */
    if (weak_dladdr1 == NULL || weak_dladdr1(&here, &info, (void **)&map, RTLD_DL_LINKMAP) == 0)
        return NULL; /* GCOVR_EXCL_LINE: as above */
    return map != NULL && *map->l_name != '\0' ? map->l_name : NULL;
    /* GCOVR_EXCL_BR_STOP */
#else
    return weak_dladdr != NULL && weak_dladdr(&here, &info) != 0 ? info.dli_fname : NULL;
#endif
}

/* Loads nothing. A failure is not left for the program's next dlerror(). */
void zm_stay_loaded(void)
{
    void *(*open_again)(const char *file, int mode);
    const char *file = own_file();
    int state;

    /* GCOVR_EXCL_BR_START: as above */
    if (file == NULL || weak_dlsym == NULL || weak_dlerror == NULL)
        return;
    /* GCOVR_EXCL_BR_STOP */
    /* GCOVR_EXCL_START: within a plug-in: consumers/copies.sh */
    state = zm_cancel_off();
    *(void **)&open_again = weak_dlsym(RTLD_DEFAULT, "dlopen");
    if (open_again == NULL || open_again(file, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) == NULL)
        weak_dlerror();
    zm_cancel_restore(state);
    /* GCOVR_EXCL_STOP */
}
