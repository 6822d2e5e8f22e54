/* SPDX-License-Identifier: BSD-3-Clause */

#include "environment.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"

/* Under the choice lock. */
static struct zm_variable *variables;

/* Values are kept one behind the other and never given back: another thread may be reading one that
 * has been replaced. Only a program that changes its variables between calls of zmalloc_init() that
 * fail makes them more. */
static char first_room[1024];
static char *room = first_room;
static size_t room_left = sizeof first_room;

#define ROOM_SIZE ((size_t)64 << 10)

static bool make_room(size_t size)
{
    size_t mapped = size > ROOM_SIZE ? size : ROOM_SIZE;
    void *memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return false;
    room = memory;
    room_left = mapped;
    return true;
}

/* Without memory it is the environment's own text. */
static const char *keep(const char *value)
{
    size_t size = strlen(value) + 1;
    char *kept;

    if (size > room_left && !make_room(size))
        return value;
    kept = memcpy(room, value, size);
    room += size;
    room_left -= size;
    return kept;
}

static void read_variable(struct zm_variable *variable)
{
    const char *value = secure_getenv(variable->name);

    if (value == NULL)
        variable->value = NULL;
    else if (variable->value == NULL || strcmp(variable->value, value) != 0)
        variable->value = keep(value);
}

const char *zm_variable_value(struct zm_variable *variable)
{
    const char *value;

    zm_choice_lock();
    if (!variable->is_known) {
        variable->is_known = true;
        variable->next = variables;
        variables = variable;
        read_variable(variable);
    }
    value = variable->value;
    zm_choice_unlock();
    return value;
}

void zm_environment_read(void)
{
    zm_choice_lock();
    for (struct zm_variable *each = variables; each != NULL; each = each->next)
        read_variable(each);
    zm_choice_unlock();
}
