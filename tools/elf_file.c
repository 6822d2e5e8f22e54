/* SPDX-License-Identifier: BSD-3-Clause */

#include "elf_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_BYTE_ORDER ELFDATA2LSB
#else
#define OWN_BYTE_ORDER ELFDATA2MSB
#endif

/* ---- Bytes ---- */

struct image {
    const unsigned char *bytes;
    size_t length;
    bool is_64;
    Elf64_Ehdr header; /* a 32-bit file's as well, as are all structures below */
};

/* A part of the file, and empty where it would not be wholly inside. */
struct part {
    const unsigned char *bytes;
    size_t length;
};

static struct part part_of(const struct image *image, uint64_t offset, uint64_t length)
{
    if (offset > image->length || length > image->length - offset)
        return (struct part){0};
    return (struct part){image->bytes + offset, (size_t)length};
}

/* Copies a structure, which may not be aligned in the file. */
static bool copy_from(const struct image *image, uint64_t offset, void *to, size_t size)
{
    struct part part = part_of(image, offset, size);

    if (part.length != size)
        return false;
    memcpy(to, part.bytes, size);
    return true;
}

static void copy_text(char *to, size_t size, const void *text, size_t length)
{
    size_t end = strnlen(text, length);

    if (end > size - 1)
        end = size - 1;
    memcpy(to, text, end);
    to[end] = '\0';
}

/* ---- Structures of both classes ---- */

static bool read_header(struct image *image)
{
    Elf32_Ehdr small;

    if (image->is_64)
        return copy_from(image, 0, &image->header, sizeof image->header);
    if (!copy_from(image, 0, &small, sizeof small))
        return false;
    image->header = (Elf64_Ehdr){
        .e_type = small.e_type,
        .e_machine = small.e_machine,
        .e_phoff = small.e_phoff,
        .e_shoff = small.e_shoff,
        .e_phentsize = small.e_phentsize,
        .e_phnum = small.e_phnum,
        .e_shentsize = small.e_shentsize,
        .e_shnum = small.e_shnum,
    };
    return true;
}

static bool read_segment(const struct image *image, size_t index, Elf64_Phdr *segment)
{
    uint64_t offset = image->header.e_phoff + index * image->header.e_phentsize;
    Elf32_Phdr small;

    if (image->is_64)
        return copy_from(image, offset, segment, sizeof *segment);
    if (!copy_from(image, offset, &small, sizeof small))
        return false;
    *segment = (Elf64_Phdr){
        .p_type = small.p_type,
        .p_offset = small.p_offset,
        .p_vaddr = small.p_vaddr,
        .p_filesz = small.p_filesz,
    };
    return true;
}

static bool read_section(const struct image *image, size_t index, Elf64_Shdr *section)
{
    uint64_t offset = image->header.e_shoff + index * image->header.e_shentsize;
    Elf32_Shdr small;

    if (image->is_64)
        return copy_from(image, offset, section, sizeof *section);
    if (!copy_from(image, offset, &small, sizeof small))
        return false;
    *section = (Elf64_Shdr){
        .sh_type = small.sh_type,
        .sh_offset = small.sh_offset,
        .sh_size = small.sh_size,
        .sh_link = small.sh_link,
    };
    return true;
}

static bool read_dynamic(const struct image *image, struct part table, size_t index,
                         Elf64_Dyn *entry)
{
    size_t size = image->is_64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
    Elf32_Dyn small;

    if (index >= table.length / size)
        return false;
    if (image->is_64) {
        memcpy(entry, table.bytes + index * size, sizeof *entry);
        return true;
    }
    memcpy(&small, table.bytes + index * size, sizeof small);
    *entry = (Elf64_Dyn){.d_tag = small.d_tag, .d_un.d_val = small.d_un.d_val};
    return true;
}

static bool read_symbol(const struct image *image, struct part table, size_t index,
                        Elf64_Sym *symbol)
{
    size_t size = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    Elf32_Sym small;

    if (index >= table.length / size)
        return false;
    if (image->is_64) {
        memcpy(symbol, table.bytes + index * size, sizeof *symbol);
        return true;
    }
    memcpy(&small, table.bytes + index * size, sizeof small);
    *symbol = (Elf64_Sym){.st_name = small.st_name, .st_shndx = small.st_shndx};
    return true;
}

/* ---- Libraries ---- */

/* Where the file has what will be at an address. Its length is what is left of that segment. */
static struct part part_at_address(const struct image *image, uint64_t address)
{
    Elf64_Phdr segment;

    for (size_t i = 0; i < image->header.e_phnum && read_segment(image, i, &segment); i++)
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_filesz)
            return part_of(image, segment.p_offset + (address - segment.p_vaddr),
                           segment.p_filesz - (address - segment.p_vaddr));
    return (struct part){0};
}

static struct part strings_of_dynamic(const struct image *image, struct part table)
{
    Elf64_Dyn entry;

    for (size_t i = 0; read_dynamic(image, table, i, &entry) && entry.d_tag != DT_NULL; i++)
        if (entry.d_tag == DT_STRTAB)
            return part_at_address(image, entry.d_un.d_ptr);
    return (struct part){0};
}

/* gcc's runtime. */
static bool is_sanitizer(const char *library)
{
    static const char *const names[] = {"libasan.so", "libtsan.so", "liblsan.so", "libhwasan.so"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(library, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* What it is linked with, and whether others may be with it. */
static void read_needed(const struct image *image, struct part table, struct elf_file *file)
{
    struct part strings = strings_of_dynamic(image, table);
    Elf64_Dyn entry;

    for (size_t i = 0; read_dynamic(image, table, i, &entry) && entry.d_tag != DT_NULL; i++) {
        uint64_t at = entry.d_un.d_val;

        file->is_library |= entry.d_tag == DT_SONAME;
        if (entry.d_tag != DT_NEEDED || at >= strings.length ||
            file->needed_count == ELF_NEEDED_MAX)
            continue;
        copy_text(file->needed[file->needed_count++], ELF_TEXT_SIZE, strings.bytes + at,
                  strings.length - at);
        file->is_sanitized |= is_sanitizer(file->needed[file->needed_count - 1]);
    }
}

/* ---- The library inside ---- */

static size_t aligned(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* Notes are 32-bit words in files of both classes. src/zmalloc.c has ours. */
static void read_notes(struct part notes, struct elf_file *file)
{
    static const char owner[] = "zmalloc";
    static const char go[] = "Go";

    while (notes.length >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        size_t size;

        memcpy(&note, notes.bytes, sizeof note);
        size = sizeof note + aligned(note.n_namesz) + aligned(note.n_descsz);
        if (note.n_namesz > notes.length || note.n_descsz > notes.length || size > notes.length)
            return;
        file->is_go |=
            note.n_namesz == sizeof go && memcmp(notes.bytes + sizeof note, go, sizeof go) == 0;
        if (note.n_namesz == sizeof owner &&
            memcmp(notes.bytes + sizeof note, owner, sizeof owner) == 0)
            copy_text(file->zmalloc_version, sizeof file->zmalloc_version,
                      notes.bytes + sizeof note + aligned(note.n_namesz), note.n_descsz);
        notes.bytes += size;
        notes.length -= size;
    }
}

static bool is_name_at(struct part strings, uint64_t at, const char *name)
{
    size_t size = strlen(name) + 1;

    return at < strings.length && size <= strings.length - at &&
           memcmp(strings.bytes + at, name, size) == 0;
}

static void read_symbols(const struct image *image, const Elf64_Shdr *section,
                         struct elf_file *file)
{
    /* clang links its runtime into the program. */
    static const char *const sanitizers[] = {"__asan_init", "__tsan_init", "__msan_init",
                                             "__lsan_init", "__hwasan_init"};
    struct part table = part_of(image, section->sh_offset, section->sh_size);
    struct part strings;
    Elf64_Shdr names;
    Elf64_Sym symbol;

    if (!read_section(image, section->sh_link, &names))
        return;
    strings = part_of(image, names.sh_offset, names.sh_size);
    for (size_t i = 0; read_symbol(image, table, i, &symbol); i++) {
        if (symbol.st_shndx == SHN_UNDEF)
            continue;
        if (is_name_at(strings, symbol.st_name, "zmalloc"))
            file->defines_zmalloc = true;
        if (is_name_at(strings, symbol.st_name, "zml_zmalloc_init"))
            file->defines_zmalloc_init = true;
        if (is_name_at(strings, symbol.st_name, "malloc"))
            file->defines_malloc = true;
        for (size_t k = 0; k < sizeof sanitizers / sizeof *sanitizers; k++)
            file->is_sanitized |= is_name_at(strings, symbol.st_name, sanitizers[k]);
    }
}

/* ---- The file ---- */

/* False where a segment is not in the file. */
static bool read_segments(const struct image *image, struct elf_file *file)
{
    for (size_t i = 0; i < image->header.e_phnum; i++) {
        Elf64_Phdr segment;
        struct part part;

        if (!read_segment(image, i, &segment))
            return false;
        part = part_of(image, segment.p_offset, segment.p_filesz);
        if (part.length != segment.p_filesz)
            return false;
        if (segment.p_type == PT_INTERP && part.length > 0)
            copy_text(file->interpreter, sizeof file->interpreter, part.bytes, part.length);
        else if (segment.p_type == PT_DYNAMIC)
            read_needed(image, part, file);
        else if (segment.p_type == PT_NOTE)
            read_notes(part, file);
    }
    return image->header.e_phnum > 0;
}

static void read_sections(const struct image *image, struct elf_file *file)
{
    Elf64_Shdr section;

    for (size_t i = 0; i < image->header.e_shnum && read_section(image, i, &section); i++)
        if (section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM)
            read_symbols(image, &section, file);
}

static bool is_program(const struct image *image)
{
    return image->header.e_type == ET_EXEC || image->header.e_type == ET_DYN;
}

static void parse_elf(struct image *image, struct elf_file *file)
{
    file->kind = ELF_DAMAGED;
    if (image->length < EI_NIDENT)
        return;
    image->is_64 = image->bytes[EI_CLASS] == ELFCLASS64;
    file->bits = image->is_64 ? 64 : 32;
    file->is_foreign = image->bytes[EI_DATA] != OWN_BYTE_ORDER;
    if (!read_header(image))
        return;
    file->machine = image->header.e_machine;
    if (!file->is_foreign && !is_program(image))
        return;
    if (file->is_foreign) {
        file->kind = ELF_PROGRAM;
    } else if (read_segments(image, file)) {
        file->kind = ELF_PROGRAM;
        file->is_library = file->is_library && *file->interpreter == '\0';
        read_sections(image, file);
    }
}

/* "#!/usr/bin/env python3 -u" is run by "/usr/bin/env python3 -u". */
static void parse_script(const struct image *image, struct elf_file *file)
{
    const unsigned char *begin = image->bytes + 2;
    const unsigned char *end = memchr(begin, '\n', image->length - 2);
    size_t length = end != NULL ? (size_t)(end - begin) : image->length - 2;

    file->kind = ELF_SCRIPT;
    while (length > 0 && (*begin == ' ' || *begin == '\t')) {
        begin++;
        length--;
    }
    copy_text(file->interpreter, sizeof file->interpreter, begin, length);
}

void elf_file_parse(const void *bytes, size_t length, struct elf_file *file)
{
    struct image image = {.bytes = bytes, .length = length};

    *file = (struct elf_file){.kind = ELF_OTHER};
    if (length >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0)
        parse_elf(&image, file);
    else if (length >= 2 && memcmp(bytes, "#!", 2) == 0)
        parse_script(&image, file);
}

static int parse_open(int fd, struct elf_file *file)
{
    struct stat status;
    void *bytes;

    if (fstat(fd, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EACCES;
    if (status.st_size == 0) {
        elf_file_parse("", 0, file);
        return 0;
    }
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return errno;
    elf_file_parse(bytes, (size_t)status.st_size, file);
    munmap(bytes, (size_t)status.st_size);
    return 0;
}

int elf_file_read(const char *path, struct elf_file *file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error;

    *file = (struct elf_file){.kind = ELF_OTHER};
    if (fd < 0)
        return errno;
    error = parse_open(fd, file);
    close(fd);
    return error;
}

/* ---- What it says ---- */

bool elf_file_has_zmalloc(const struct elf_file *file)
{
    return *file->zmalloc_version != '\0' || file->defines_zmalloc_init;
}

const char *elf_file_needed_zmalloc(const struct elf_file *file)
{
    static const char name[] = "libzmalloc.so";

    for (size_t i = 0; i < file->needed_count; i++) {
        const char *rest = file->needed[i] + sizeof name - 1;

        if (strncmp(file->needed[i], name, sizeof name - 1) == 0 && (*rest == '\0' || *rest == '.'))
            return file->needed[i];
    }
    return NULL;
}

const char *elf_machine_name(uint16_t machine)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {
        {EM_386, "x86"},     {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},      {EM_AARCH64, "AArch64"},
        {EM_PPC64, "POWER"}, {EM_S390, "s390"},     {EM_RISCV, "RISC-V"}, {EM_MIPS, "MIPS"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].machine == machine)
            return names[i].name;
    return "another processor";
}
