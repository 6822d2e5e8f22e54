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
#include <dwarf.h>
#include <elfutils/libdw.h>
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

/* ---- Places, each once ---- */

struct known_place {
    struct place place; /* count 0: not looked up yet */
    char *object;
    uint64_t offset;
};

static int compare_places(const void *left, const void *right)
{
    const struct known_place *a = left;
    const struct known_place *b = right;
    int by_object = strcmp(a->object, b->object);

    if (by_object != 0)
        return by_object;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static struct known_place *place_at(const char *object, uint64_t offset)
{
    static void *places;
    struct known_place wanted = {.object = text_format("%s", object), .offset = offset};
    struct known_place **found = tfind(&wanted, &places, compare_places);
    struct known_place *place;

    if (found != NULL) {
        free(wanted.object);
        return *found;
    }
    place = allocate(1, sizeof *place);
    *place = wanted;
    if (tsearch(place, &places, compare_places) == NULL)
        abort();
    return place;
}

static struct frame *add_frame(struct known_place *at)
{
    struct frame *frame = allocate(1, sizeof *frame);

    frame->object = at->object;
    frame->offset = at->offset;
    at->place.frames =
        reallocarray(at->place.frames, at->place.count + 1, sizeof(const struct frame *));
    if (at->place.frames == NULL)
        abort();
    at->place.frames[at->place.count++] = frame;
    return frame;
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

        if (mapping->offset == 0 && !heap_is_zone(mapping->path) &&
            access(mapping->path, R_OK) == 0)
            dwfl_report_elf(dwfl, base_name(mapping->path), mapping->path, -1, mapping->begin,
                            false);
    }
}

static void set_source(struct frame *frame, const char *file, int line)
{
    if (file != NULL) {
        frame->file = text_format("%s", base_name(file));
        frame->line = line;
    }
}

static int number_in(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute found;
    Dwarf_Word number = 0;

    if (dwarf_attr(die, attribute, &found) != NULL)
        dwarf_formudata(&found, &number);
    return (int)number;
}

/* The file in which an inlined function was called; NULL if that is not known. */
static const char *calling_file(Dwarf_Die *unit, Dwarf_Die *die)
{
    Dwarf_Files *files;
    size_t count;
    int number = number_in(die, DW_AT_call_file);

    if (dwarf_getsrcfiles(unit, &files, &count) != 0 || (size_t)number >= count)
        return NULL;
    return dwarf_filesrc(files, (size_t)number, NULL, NULL);
}

static const char *linkage_name(Dwarf_Die *die)
{
    Dwarf_Attribute found;
    const char *name = NULL;

    if (dwarf_attr_integrate(die, DW_AT_linkage_name, &found) != NULL)
        name = dwarf_formstring(&found);
    return name != NULL ? name : dwarf_diename(die);
}

/* Functions that are inlined there. *file and *line are of the innermost, and then of the function that
 * has them all inside. */
static void add_inlined(Dwfl_Module *module, uint64_t address, struct known_place *at,
                        const char **file, int *line)
{
    Dwarf_Addr bias;
    Dwarf_Die *unit = dwfl_module_addrdie(module, address, &bias);
    Dwarf_Die *scopes = NULL;
    int count = unit != NULL ? dwarf_getscopes(unit, address - bias, &scopes) : 0;

    for (int i = 0; i < count && dwarf_tag(&scopes[i]) != DW_TAG_subprogram; i++) {
        const char *name;
        struct frame *frame;

        if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
            continue;
        name = linkage_name(&scopes[i]);
        frame = add_frame(at);
        frame->function = name != NULL ? demangle(name) : NULL;
        set_source(frame, *file, *line);
        *file = calling_file(unit, &scopes[i]);
        *line = number_in(&scopes[i], DW_AT_call_line);
    }
    free(scopes);
}

static void look_up_function(struct symbols *symbols, uint64_t address, struct known_place *at)
{
    Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, address);
    const char *name = module != NULL ? dwfl_module_addrname(module, address) : NULL;
    Dwfl_Line *source = module != NULL ? dwfl_module_getsrc(module, address) : NULL;
    const char *file = NULL;
    struct frame *frame;
    int line = 0;

    if (source != NULL) {
        file = dwfl_lineinfo(source, NULL, &line, NULL, NULL, NULL);
        add_inlined(module, address, at, &file, &line);
    }
    frame = add_frame(at);
    if (name != NULL)
        frame->function = demangle(name);
    set_source(frame, file, line);
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

static void look_up_function(struct symbols *symbols, uint64_t address, struct known_place *at)
{
    (void)symbols;
    (void)address;
    add_frame(at);
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

static void add_zone(struct known_place *at)
{
    struct frame *frame = add_frame(at);

    frame->function = at->object;
    frame->is_zone = true;
}

const struct place *symbols_place(struct symbols *symbols, uint64_t address)
{
    uint64_t call = address - 1; /* it may be the last instruction of its function */
    const struct heap_mapping *mapping = heap_mapping_at(symbols->profile, call);
    bool is_zone = mapping != NULL && heap_is_zone(mapping->path);
    struct known_place *at;

    if (is_zone)
        at = place_at(mapping->path, 0);
    else if (mapping != NULL)
        at = place_at(base_name(mapping->path), call - base_of(symbols->profile, mapping));
    else
        at = place_at("?", call);
    if (at->place.count == 0 && is_zone)
        add_zone(at);
    else if (at->place.count == 0)
        look_up_function(symbols, call, at);
    return &at->place;
}

char *frame_name(const struct frame *frame)
{
    if (frame->function != NULL)
        return text_format("%s", frame->function);
    return text_format("%s+0x%llx", frame->object, (unsigned long long)frame->offset);
}
