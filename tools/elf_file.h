/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_ELF_FILE_H
#define TOOLS_ELF_FILE_H

/* What a program's file says of the program, without running it. The file may be any, damaged or
 * made to deceive: what it says is checked against its length. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_TEXT_SIZE 256
#define ELF_NEEDED_MAX 64

enum elf_kind {
    ELF_PROGRAM,
    ELF_SCRIPT,  /* begins with #! */
    ELF_OTHER,   /* neither */
    ELF_DAMAGED, /* it begins as an ELF file and is none, or no program */
};

/* All texts are cut to size; empty where there is none. */
struct elf_file {
    enum elf_kind kind;
    char interpreter[ELF_TEXT_SIZE]; /* the dynamic linker; of a script, what runs it */

    /* The rest is for programs. Where is_foreign is set only this far: */
    int bits;         /* 32 or 64 */
    uint16_t machine; /* EM_ of elf.h */
    bool is_foreign;  /* its byte order is not this machine's */

    bool is_library;     /* it has a name for others to link with, and names no linker */
    size_t needed_count; /* libraries that it is linked with, as many as there is room for */
    char needed[ELF_NEEDED_MAX][ELF_TEXT_SIZE];
    char zmalloc_version[32]; /* of the library that is a part of the file */
    bool is_go;               /* it was made by Go's own linker */
    bool is_sanitized;        /* with a sanitizer that has to be the malloc of the process */
    /* Where the file still has its symbols: */
    bool defines_zmalloc;      /* a function of that name, which is not this library's */
    bool defines_zmalloc_init; /* this library's */
    bool defines_malloc;
};

/* Returns 0, or an errno value where it cannot be read. */
int elf_file_read(const char *path, struct elf_file *file);

/* As elf_file_read, of a file in memory. */
void elf_file_parse(const void *bytes, size_t length, struct elf_file *file);

/* Whether the library is a part of the file. */
bool elf_file_has_zmalloc(const struct elf_file *file);

/* The library that is needed as libzmalloc.so, or libzmalloc.so.N; NULL where none is. */
const char *elf_file_needed_zmalloc(const struct elf_file *file);

/* "x86-64", or the number. The text is static. */
const char *elf_machine_name(uint16_t machine);

#endif
