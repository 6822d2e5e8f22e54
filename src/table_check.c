/* SPDX-License-Identifier: BSD-3-Clause */

/* Checks of backend tables that are not ours: from the program, or from foreign modules. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "option_list.h"
#include "table_check.h"

#define PREFIX_MAX 4096

/* A larger size was never set. */
#define STRUCT_SIZE_MAX 4096

#define END_OF(type, member) (offsetof(type, member) + sizeof((type *)0)->member)
#define MANDATORY_SIZE END_OF(struct zmalloc_backend, usable_size)

bool zm_name_is_valid(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    return length > 0 && length <= ZM_NAME_MAX && name[length] == '\0';
}

bool zm_element_is_name(struct zm_element element, char name[ZM_NAME_MAX + 1])
{
    if (element.length > ZM_NAME_MAX)
        return false;
    memcpy(name, element.text, element.length);
    name[element.length] = '\0';
    return zm_name_is_valid(name);
}

/* Every member is a word, or half of one together with its neighbour. */
bool zm_struct_size_is_sound(size_t size, size_t least)
{
    return size >= least && size <= STRUCT_SIZE_MAX && size % sizeof(size_t) == 0;
}

static bool has_all_operations(const struct zmalloc_backend *table)
{
    return table->alloc != NULL && table->calloc != NULL && table->realloc != NULL &&
           table->aligned_alloc != NULL && table->free != NULL && table->free_sized != NULL &&
           table->usable_size != NULL;
}

/* An older table has neither. */
static bool has_both_or_none_past_the_cache(const struct zmalloc_backend *table)
{
    struct zmalloc_backend copy;

    zmalloc_backend_copy(&copy, table);
    return (copy.alloc_no_tcache == NULL) == (copy.free_no_tcache == NULL);
}

/* Every version of the table has abi_version in the same place. The rest may only be read if the
 * version is ours. */
static int check_version(const struct zmalloc_backend *table, char *why)
{
    if (table->struct_size >= END_OF(struct zmalloc_backend, abi_version) &&
        table->struct_size <= STRUCT_SIZE_MAX && table->abi_version != ZMALLOC_BACKEND_ABI) {
        snprintf(why, ZM_WHY_SIZE, "it has backend ABI %u, this library needs %u",
                 (unsigned)table->abi_version, (unsigned)ZMALLOC_BACKEND_ABI);
        return ENOTSUP;
    }
    if (!zm_struct_size_is_sound(table->struct_size, MANDATORY_SIZE)) {
        snprintf(why, ZM_WHY_SIZE, "its struct_size is %zu, not sizeof(struct zmalloc_backend)",
                 table->struct_size);
        return EINVAL;
    }
    return 0;
}

static int refuse(const char *what, char *why)
{
    snprintf(why, ZM_WHY_SIZE, "%s", what);
    return EINVAL;
}

int zm_table_check(const struct zmalloc_backend *table, char *why)
{
    int error = check_version(table, why);

    if (error != 0)
        return error;
    if (table->name == NULL || !zm_name_is_valid(table->name))
        return refuse("its name is not 1 to " ZMALLOC_QUOTE(ZM_NAME_MAX) " of [a-z0-9_-]", why);
    if (table->prefix_size > PREFIX_MAX)
        return refuse("its prefix_size is over " ZMALLOC_QUOTE(PREFIX_MAX), why);
    if (!has_all_operations(table))
        return refuse("it lacks a mandatory operation", why);
    if (!has_both_or_none_past_the_cache(table))
        return refuse("it has only one of alloc_no_tcache and free_no_tcache", why);
    return 0;
}
