/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Profiles in the file that ZMALLOC_SAMPLE names: when the process ends, and whenever the signal comes.
 *
 * A profile is read under the lock, piece by piece. The handler of the signal may have interrupted its
 * thread under that lock, so it does not wait for it: whoever has it writes the profile later.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "layer_lock.h"
#include "message.h"
#include "os/signals.h"
#include "os/stay_loaded.h"
#include "os/thread.h"
#include "sample.h"
#include "text_writer.h"

static char pattern[ZM_SAMPLE_FILE_MAX + 1];
static bool is_wanted;

/* %p becomes the number of the process, %n that of the profile in it, from 1 on, and %% a %. */
static void write_path(struct zm_writer *writer)
{
    static unsigned profiles;
    unsigned number = __atomic_add_fetch(&profiles, 1, __ATOMIC_RELAXED);

    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at != '%' || strchr("pn%", at[1]) == NULL || at[1] == '\0')
            zm_writer_bytes(writer, at, 1);
        else if (*++at == 'p')
            zm_writer_decimal(writer, (uint64_t)getpid());
        else if (*at == 'n')
            zm_writer_decimal(writer, number);
        else
            zm_writer_text(writer, "%");
    }
    zm_writer_bytes(writer, "", 1);
}

static ZM_COLD void tell(const char *cannot, const char *path, int error)
{
    struct zm_message message = {0};

    zm_message_text(&message, "ZMALLOC_SAMPLE: cannot ");
    zm_message_text(&message, cannot);
    zm_message_text(&message, " ");
    zm_message_quoted(&message, path, strlen(path));
    zm_message_text(&message, ": ");
    zm_message_error(&message, error);
    zm_message_send(&message);
}

static void write_profile(void)
{
    char path[2 * ZM_SAMPLE_FILE_MAX];
    struct zm_writer writer = {.text = path, .room = sizeof path};
    int saved_errno = errno;
    int state = zm_cancel_off();
    int error;
    int fd;

    write_path(&writer);
    path[sizeof path - 1] = '\0';
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0) {
        tell("open", path, errno);
    } else {
        error = zm_sample_dump(fd);
        /* GCOVR_EXCL_START: on file systems that write when a file is closed */
        if (close(fd) != 0 && error == 0)
            error = errno;
        /* GCOVR_EXCL_STOP */
        if (error != 0)
            tell("write to", path, error);
    }
    zm_cancel_restore(state);
    errno = saved_errno;
}

void zm_sample_file_if_wanted(void)
{
    if (ZM_UNLIKELY(__atomic_load_n(&is_wanted, __ATOMIC_RELAXED)) &&
        __atomic_exchange_n(&is_wanted, false, __ATOMIC_RELAXED))
        write_profile();
}

static void handle(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    __atomic_store_n(&is_wanted, true, __ATOMIC_RELAXED);
    /* GCOVR_EXCL_START: whether the signal comes just then */
    if (!zm_leaf_try_lock())
        return;
    /* GCOVR_EXCL_STOP */
    zm_leaf_unlock();
    zm_sample_file_if_wanted();
}

void zm_sample_file_start(const char *file, int signal)
{
    memcpy(pattern, file, strlen(file) + 1);
    if (signal != 0) {
        zm_stay_loaded();
        zm_signal_handle(signal, handle);
    }
}

/* After the handlers of atexit() and the destructors of the program. */
__attribute__((destructor(101))) static void at_exit(void)
{
    if (pattern[0] != '\0')
        write_profile();
}
