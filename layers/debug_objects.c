/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Addresses as OBJECT+0xOFFSET, which mean the same in every run and are what addr2line wants. The
 * list of loaded objects is the dynamic linker's; to read it needs no memory.
 */

#include <errno.h>
#include <link.h>
#include <string.h>

#include "debug.h"
#include "debug_unwind.h"

/* An object, and the part of it that holds the address. */
struct object {
    uintptr_t address;
    const char *name;
    uintptr_t base;
    bool found;
};

static int look_for_address(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct object *object = argument;

    (void)size;
    for (size_t i = 0; !object->found && i < info->dlpi_phnum; i++) {
        uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

        object->found = info->dlpi_phdr[i].p_type == PT_LOAD &&
                        object->address - begin < info->dlpi_phdr[i].p_memsz;
    }
    object->name = info->dlpi_name;
    object->base = info->dlpi_addr;
    return object->found;
}

static struct object object_with(uintptr_t address)
{
    struct object object = {.address = address};

    dl_iterate_phdr(look_for_address, &object);
    return object;
}

/* The program itself has no name, or in a static one of musl's this. */
static const char *short_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (*path == '\0' || strcmp(path, "/proc/self/exe") == 0)
        return program_invocation_short_name;
    return slash != NULL ? slash + 1 : path;
}

bool zm_debug_message_object(struct zm_message *message, const char *before, uintptr_t address)
{
    struct object object = object_with(address);

    if (object.found) {
        zm_message_text(message, before);
        zm_message_text(message, short_name(object.name));
        zm_message_text(message, "+");
        zm_message_pointer(message, (const void *)(address - object.base));
    }
    return object.found;
}

/* ---- The library itself, where it is an object of its own ---- */

static uintptr_t library_begin;
static size_t library_size;

static int look_for_library(struct dl_phdr_info *info, size_t size, void *argument)
{
    const struct object *object = argument;
    uintptr_t end = info->dlpi_addr;

    (void)size;
    if (info->dlpi_addr != object->base)
        return 0;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];

        if (header->p_type == PT_LOAD && end < object->base + header->p_vaddr + header->p_memsz)
            end = object->base + header->p_vaddr + header->p_memsz;
    }
    library_begin = object->base;
    library_size = end - object->base;
    return 1;
}

void zm_debug_objects_start(void)
{
    struct object object = object_with((uintptr_t)&library_begin);

    if (zm_debug_library_is_apart())
        dl_iterate_phdr(look_for_library, &object);
}

bool zm_debug_is_ours(uintptr_t address)
{
    return address - library_begin < library_size;
}
