/* SPDX-License-Identifier: BSD-3-Clause */

#include "environment.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base.h"
#include "choice_lock.h"

/* Under the choice lock. */
static struct zm_setting *settings;

/* Values are stored one after the other and never released, because another thread may be reading
 * one that was replaced. They only add up if a program changes its variables between calls of
 * zmalloc_init() that fail. */
static char first_room[1024];
static char *room = first_room;
static size_t room_left = sizeof first_room;

#define ROOM_SIZE ((size_t)64 << 10)

static bool make_room(size_t size)
{
    size_t mapped = size > ROOM_SIZE ? size : ROOM_SIZE;
    void *memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return false; /* GCOVR_EXCL_LINE: a program that is loaded with no memory left */
    room = memory;
    room_left = mapped;
    return true;
}

/* Without memory, the environment's own text has to do. */
static const char *keep(const char *value)
{
    size_t size = strlen(value) + 1;
    char *kept;

    if (size > room_left && !make_room(size))
        return value; /* GCOVR_EXCL_LINE: as above */
    kept = memcpy(room, value, size);
    room += size;
    room_left -= size;
    return kept;
}

static void read_setting(struct zm_setting *setting)
{
    const char *value = secure_getenv(setting->variable);

    if (value == NULL)
        setting->value = NULL;
    else if (setting->value == NULL || strcmp(setting->value, value) != 0)
        setting->value = keep(value);
}

const char *zm_setting_value(struct zm_setting *setting)
{
    const char *value;

    zm_choice_lock();
    if (!setting->is_known) {
        setting->is_known = true;
        setting->next = settings;
        settings = setting;
        read_setting(setting);
    }
    value = setting->value;
    zm_choice_unlock();
    return value;
}

void zm_environment_read(void)
{
    zm_choice_lock();
    for (struct zm_setting *each = settings; each != NULL; each = each->next)
        read_setting(each);
    zm_choice_unlock();
}
