/* SPDX-License-Identifier: BSD-3-Clause */

#include "uses.h"

#include <zmalloc.h>

volatile size_t ignored;

void use_free(void *ptr)
{
    zfree(ptr);
}

static void use_free_usable(void *ptr)
{
    zfree_usable(ptr, NULL);
}

static void use_free_with_size(void *ptr)
{
    zfree_with_size(ptr, SIZE);
}

void use_realloc(void *ptr)
{
    ignored = zmalloc_size(zrealloc(ptr, SIZE * 2));
}

static void use_realloc_to_nothing(void *ptr)
{
    ignored = zmalloc_size(zrealloc(ptr, 0));
}

void use_size(void *ptr)
{
    ignored = zmalloc_size(ptr);
}

static void use_usable_size(void *ptr)
{
    ignored = zmalloc_usable_size(ptr);
}

const struct use uses[USES] = {{"free of", use_free},
                               {"free of", use_free_usable},
                               {"free of", use_free_with_size},
                               {"realloc of", use_realloc},
                               {"free of", use_realloc_to_nothing},
                               {"size of", use_size},
                               {"size of", use_usable_size}};
