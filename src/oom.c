/* SPDX-License-Identifier: BSD-3-Clause */

/* What happens when there is no memory: one handler, the program's or ours. */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "internal.h"

static void default_handler(size_t size)
{
    struct zm_message message = {0};

    zm_message_text(&message, "Out of memory trying to allocate ");
    zm_message_decimal(&message, size);
    zm_message_text(&message, " bytes");
    zm_message_send(&message);
    abort();
}

static void (*_Atomic oom_handler)(size_t size) = default_handler;

void zmalloc_set_oom_handler(void (*handler)(size_t size))
{
    atomic_store(&oom_handler, handler != NULL ? handler : default_handler);
}

void *zm_out_of_memory(size_t size)
{
    atomic_load (&oom_handler)(size);
    errno = ENOMEM;
    return NULL;
}
