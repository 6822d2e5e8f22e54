/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Functions and lines of addresses, by elfutils' libdw, which also finds debug files that are installed
 * apart. A build without it, and files without symbols, leave the object and the offset.
 */

#include "profile/symbols.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LIBDW
#include <elfutils/libdwfl.h>
#endif

#include "text.h"
#include "verb.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* ---- Names of C++ ---- */

/* The C++ library has the function, and is not linked for it. */
static char *demangle(const char *name)
{
    static char *(*function)(const char *name, char *buffer, size_t *length, int *status);
    static void *library;
    char *plain = NULL;
    int status = -1;

    if (strncmp(name, "_Z", 2) == 0 && library == NULL) {
        library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
        if (library != NULL)
            *(void **)(void *)&function = dlsym(library, "__cxa_demangle");
    }
    if (strncmp(name, "_Z", 2) == 0 && function != NULL)
        plain = function(name, NULL, NULL, &status);
    return status == 0 ? plain : text_format("%s", name);
}

/* ---- Frames, each once ---- */

static int compare_frames(const void *left, const void *right)
{
    const struct frame *a = left;
    const struct frame *b = right;
    int by_object = strcmp(a->object, b->object);

    if (by_object != 0)
        return by_object;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static void *frames;

/* The frame that is known there, or this one. */
static struct frame *intern(struct frame *frame)
{
    struct frame **found = tsearch(frame, &frames, compare_frames);

    if (found == NULL)
        abort();
    return *found;
}

/* ---- Finding ---- */

struct symbols {
    const struct heap_profile *profile;
#ifdef HAVE_LIBDW
    Dwfl *dwfl;
#endif
};

/* Where the beginning of the file is, whichever part of it is mapped there. */
static uint64_t base_of(const struct heap_profile *profile, const struct heap_mapping *mapping)
{
    for (size_t i = 0; i < profile->mapping_count; i++) {
        const struct heap_mapping *other = &profile->mappings[i];

        if (other->offset == 0 && other->begin <= mapping->begin &&
            mapping->begin - other->begin <= mapping->offset + (UINT64_C(1) << 32) &&
            strcmp(other->path, mapping->path) == 0)
            return other->begin;
    }
    return mapping->begin - mapping->offset;
}

#ifdef HAVE_LIBDW

/* Each file where its beginning is mapped. */
static void report_files(Dwfl *dwfl, const struct heap_profile *profile)
{
    for (size_t i = 0; i < profile->mapping_count; i++) {
        const struct heap_mapping *mapping = &profile->mappings[i];

        if (mapping->offset == 0 && access(mapping->path, R_OK) == 0)
            dwfl_report_elf(dwfl, base_name(mapping->path), mapping->path, -1, mapping->begin,
                            false);
    }
}

static void look_up(struct symbols *symbols, uint64_t address, struct frame *frame)
{
    Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, address);
    const char *name = module != NULL ? dwfl_module_addrname(module, address) : NULL;
    Dwfl_Line *line = module != NULL ? dwfl_module_getsrc(module, address) : NULL;
    const char *file =
        line != NULL ? dwfl_lineinfo(line, NULL, &frame->line, NULL, NULL, NULL) : NULL;

    if (name != NULL)
        frame->function = demangle(name);
    if (file != NULL)
        frame->file = text_format("%s", base_name(file));
}

static void open_files(struct symbols *symbols)
{
    static char *debug_path; /* the standard one */
    static const Dwfl_Callbacks callbacks = {
        .find_debuginfo = dwfl_standard_find_debuginfo,
        .section_address = dwfl_offline_section_address,
        .debuginfo_path = &debug_path,
    };

    /* What is not installed is not to be fetched from the network. */
    unsetenv("DEBUGINFOD_URLS");
    symbols->dwfl = dwfl_begin(&callbacks);
    if (symbols->dwfl == NULL)
        abort();
    dwfl_report_begin(symbols->dwfl);
    report_files(symbols->dwfl, symbols->profile);
    dwfl_report_end(symbols->dwfl, NULL, NULL);
}

#else

static void look_up(struct symbols *symbols, uint64_t address, struct frame *frame)
{
    (void)symbols;
    (void)address;
    (void)frame;
}

static void open_files(struct symbols *symbols)
{
    (void)symbols;
}

#endif

struct symbols *symbols_open(const struct heap_profile *profile)
{
    struct symbols *symbols = allocate(1, sizeof *symbols);

    symbols->profile = profile;
    open_files(symbols);
    return symbols;
}

void symbols_close(struct symbols *symbols)
{
#ifdef HAVE_LIBDW
    dwfl_end(symbols->dwfl);
#endif
    free(symbols);
}

const struct frame *symbols_frame(struct symbols *symbols, uint64_t address)
{
    uint64_t call = address - 1; /* it may be the last instruction of its function */
    const struct heap_mapping *mapping = heap_mapping_at(symbols->profile, call);
    struct frame *frame = allocate(1, sizeof *frame);
    struct frame *known;

    frame->object = text_format("%s", mapping != NULL ? base_name(mapping->path) : "?");
    frame->offset = mapping != NULL ? call - base_of(symbols->profile, mapping) : call;
    known = intern(frame);
    if (known != frame) {
        free(frame->object);
        free(frame);
        return known;
    }
    look_up(symbols, call, frame);
    return frame;
}

char *frame_name(const struct frame *frame)
{
    if (frame->function != NULL)
        return text_format("%s", frame->function);
    return text_format("%s+0x%llx", frame->object, (unsigned long long)frame->offset);
}
