/* SPDX-License-Identifier: BSD-3-Clause */

/* What a program's file says of the program: files of this build, files made here of either class,
 * and files that are damaged in every way that comes to mind. */

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf_file.h"
#include "support.h"

/* The arguments: a program that is linked with the library, one with it inside, and the library (a
 * dash where this build has none). */
static const char *linked_program;
static const char *whole_program;
static const char *library;

static struct elf_file read_elf(const char *path)
{
    struct elf_file file;

    assert_int_equal(elf_file_read(path, &file), 0);
    return file;
}

/* ---- Files of this build ---- */

static void a_program_names_its_libraries(void **state)
{
    struct elf_file file = read_elf(linked_program);

    (void)state;
    assert_int_equal(file.kind, ELF_PROGRAM);
    assert_int_equal(file.bits, 8 * sizeof(void *));
    assert_false(file.is_foreign);
    assert_false(file.is_library);
    if (strcmp(library, "-") == 0)
        return;
    assert_string_equal(elf_file_needed_zmalloc(&file), "libzmalloc.so.1");
    assert_string_equal(file.zmalloc_version, "");
    assert_false(file.defines_zmalloc_init);
    assert_true(file.interpreter[0] == '/');
}

static void a_program_with_the_library_inside_tells_its_version(void **state)
{
    struct elf_file file = read_elf(whole_program);

    (void)state;
    assert_int_equal(file.kind, ELF_PROGRAM);
    assert_string_equal(file.zmalloc_version, VERSION);
    assert_false(file.defines_zmalloc);
    assert_true(file.defines_zmalloc_init);
    assert_null(elf_file_needed_zmalloc(&file));
}

static void the_library_tells_its_version(void **state)
{
    struct elf_file file;

    (void)state;
    if (strcmp(library, "-") == 0)
        skip();
    file = read_elf(library);
    assert_string_equal(file.zmalloc_version, VERSION);
    assert_true(file.is_library);
}

static void what_cannot_be_read_is_an_error(void **state)
{
    struct elf_file file;

    (void)state;
    assert_int_equal(elf_file_read("/nowhere", &file), ENOENT);
    assert_int_equal(elf_file_read("/", &file), EACCES);
    assert_int_equal(elf_file_read("/dev/null", &file), EACCES);
}

/* ---- Files made here ---- */

#define INTERPRETER "/lib/ld-made.so"

/* What a linker makes, the same for both classes: everything is mapped from address BASE on. */
#define BASE 0x10000
#define DEFINE_MADE(bits)                                                                          \
    struct made##bits {                                                                            \
        Elf##bits##_Ehdr header;                                                                   \
        Elf##bits##_Phdr segments[4];                                                              \
        Elf##bits##_Dyn dynamic[5];                                                                \
        Elf##bits##_Shdr sections[2];                                                              \
        Elf##bits##_Sym symbols[3];                                                                \
        char strings[64];                                                                          \
        char interpreter[16];                                                                      \
        struct {                                                                                   \
            Elf64_Nhdr head;                                                                       \
            char owner[8];                                                                         \
            char text[8];                                                                          \
        } note;                                                                                    \
    };                                                                                             \
    static struct made##bits make##bits(void)                                                      \
    {                                                                                              \
        struct made##bits made = {                                                                 \
            .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS##bits, OWN_ORDER, EV_CURRENT},    \
                       .e_type = ET_DYN,                                                           \
                       .e_machine = EM_386,                                                        \
                       .e_phoff = offsetof(struct made##bits, segments),                           \
                       .e_phentsize = sizeof(Elf##bits##_Phdr),                                    \
                       .e_phnum = 4,                                                               \
                       .e_shoff = offsetof(struct made##bits, sections),                           \
                       .e_shentsize = sizeof(Elf##bits##_Shdr),                                    \
                       .e_shnum = 2},                                                              \
            .segments = {{.p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof made},            \
                         {.p_type = PT_INTERP,                                                     \
                          .p_offset = offsetof(struct made##bits, interpreter),                    \
                          .p_filesz = sizeof made.interpreter},                                    \
                         {.p_type = PT_DYNAMIC,                                                    \
                          .p_offset = offsetof(struct made##bits, dynamic),                        \
                          .p_filesz = sizeof made.dynamic},                                        \
                         {.p_type = PT_NOTE,                                                       \
                          .p_offset = offsetof(struct made##bits, note),                           \
                          .p_filesz = sizeof made.note}},                                          \
            .dynamic = {{.d_tag = DT_NEEDED, .d_un.d_val = 1},                                     \
                        {.d_tag = DT_NEEDED, .d_un.d_val = 11},                                    \
                        {.d_tag = DT_STRTAB,                                                       \
                         .d_un.d_ptr = BASE + offsetof(struct made##bits, strings)},               \
                        {.d_tag = DT_NULL},                                                        \
                        {.d_tag = DT_NEEDED, .d_un.d_val = 1}},                                    \
            .sections = {{.sh_type = SHT_SYMTAB,                                                   \
                          .sh_offset = offsetof(struct made##bits, symbols),                       \
                          .sh_size = sizeof made.symbols,                                          \
                          .sh_link = 1},                                                           \
                         {.sh_type = SHT_STRTAB,                                                   \
                          .sh_offset = offsetof(struct made##bits, strings),                       \
                          .sh_size = sizeof made.strings}},                                        \
            .symbols = {{.st_name = 0},                                                            \
                        {.st_name = 29, .st_shndx = 1},                                            \
                        {.st_name = 37, .st_shndx = SHN_UNDEF}},                                   \
            .strings = "\0libc.so.6\0libzmalloc.so.77\0.zmalloc\0zml_zmalloc_init",                \
            .interpreter = INTERPRETER,                                                            \
            .note = {{.n_namesz = 8, .n_descsz = 6, .n_type = 1}, "zmalloc", "9.8.7"},             \
        };                                                                                         \
        return made;                                                                               \
    }

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_ORDER ELFDATA2LSB
#define OTHER_ORDER ELFDATA2MSB
#else
#define OWN_ORDER ELFDATA2MSB
#define OTHER_ORDER ELFDATA2LSB
#endif

DEFINE_MADE(32)
DEFINE_MADE(64)

/* From a copy that ends where the file does, so that whoever reads on is found out. */
static struct elf_file parse(const void *bytes, size_t length)
{
    struct elf_file file;
    void *copy = malloc(length > 0 ? length : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    elf_file_parse(copy, length, &file);
    free(copy);
    return file;
}

static void assert_made(const struct elf_file *file, int bits)
{
    assert_int_equal(file->kind, ELF_PROGRAM);
    assert_int_equal(file->bits, bits);
    assert_int_equal(file->machine, EM_386);
    assert_string_equal(elf_machine_name(file->machine), "x86");
    assert_string_equal(file->interpreter, INTERPRETER);
    assert_int_equal(file->needed_count, 2);
    assert_string_equal(file->needed[0], "libc.so.6");
    assert_string_equal(elf_file_needed_zmalloc(file), "libzmalloc.so.77");
    assert_string_equal(file->zmalloc_version, "9.8.7");
    assert_true(file->defines_zmalloc);
    assert_false(file->defines_zmalloc_init);
}

static void both_classes_are_read(void **state)
{
    struct made32 made32 = make32();
    struct made64 made64 = make64();
    struct elf_file file;

    (void)state;
    file = parse(&made32, sizeof made32);
    assert_made(&file, 32);
    file = parse(&made64, sizeof made64);
    assert_made(&file, 64);
}

static void only_libzmalloc_is_zmalloc(void **state)
{
    static const char *const others[] = {"libzmalloc.sox", "libzmalloc-toy.so", "xlibzmalloc.so",
                                         "libzmalloc"};
    struct elf_file file = {.needed_count = 1};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        strcpy(file.needed[0], others[i]);
        assert_null(elf_file_needed_zmalloc(&file));
    }
    strcpy(file.needed[0], "libzmalloc.so");
    assert_non_null(elf_file_needed_zmalloc(&file));
}

static void another_byte_order_is_read_no_further(void **state)
{
    struct made64 made = make64();
    struct elf_file file;

    (void)state;
    made.header.e_ident[EI_DATA] = OTHER_ORDER;
    file = parse(&made, sizeof made);
    assert_int_equal(file.kind, ELF_PROGRAM);
    assert_true(file.is_foreign);
    assert_int_equal(file.needed_count, 0);
}

static void an_object_file_is_no_program(void **state)
{
    struct made64 made = make64();

    (void)state;
    made.header.e_type = ET_REL;
    assert_int_equal(parse(&made, sizeof made).kind, ELF_DAMAGED);
    made = make64();
    made.header.e_phnum = 0;
    assert_int_equal(parse(&made, sizeof made).kind, ELF_DAMAGED);
}

/* ---- Other files ---- */

static void scripts_name_what_runs_them(void **state)
{
    static const char script[] = "#! \t/usr/bin/env python3 -u\nprint()\n";
    struct elf_file file = parse(script, sizeof script - 1);

    (void)state;
    assert_int_equal(file.kind, ELF_SCRIPT);
    assert_string_equal(file.interpreter, "/usr/bin/env python3 -u");
    file = parse("#!/bin/sh", 9);
    assert_int_equal(file.kind, ELF_SCRIPT);
    assert_string_equal(file.interpreter, "/bin/sh");
    assert_int_equal(parse("#!", 2).kind, ELF_SCRIPT);
}

static void the_rest_is_something_else(void **state)
{
    (void)state;
    assert_int_equal(parse("", 0).kind, ELF_OTHER);
    assert_int_equal(parse("#", 1).kind, ELF_OTHER);
    assert_int_equal(parse("\x7f"
                           "ELG",
                           4)
                         .kind,
                     ELF_OTHER);
    assert_int_equal(parse("\x7f"
                           "ELF",
                           4)
                         .kind,
                     ELF_DAMAGED);
}

/* ---- Damage ---- */

/* The dynamic linker maps whole segments: a file that ends earlier is none. */
static void a_file_cut_short_is_damaged(void **state)
{
    struct made32 made32 = make32();
    struct made64 made64 = make64();

    (void)state;
    for (size_t length = 4; length < sizeof made32; length++)
        assert_int_equal(parse(&made32, length).kind, ELF_DAMAGED);
    for (size_t length = 4; length < sizeof made64; length++)
        assert_int_equal(parse(&made64, length).kind, ELF_DAMAGED);
}

/* Nothing outside of the file is read, which valgrind and the sanitizer see, and texts have ends. */
static void a_damaged_file_does_no_harm(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct made64 made = make64();
        struct elf_file file;

        for (unsigned i = 0; i <= round % 4; i++)
            ((unsigned char *)&made)[4 + next_random(&seed) % (sizeof made - 4)] =
                (unsigned char)next_random(&seed);
        file = parse(&made, sizeof made);
        assert_true(file.needed_count <= ELF_NEEDED_MAX);
        for (size_t i = 0; i < file.needed_count; i++)
            assert_true(strlen(file.needed[i]) < ELF_TEXT_SIZE);
        assert_true(strlen(file.interpreter) < ELF_TEXT_SIZE);
        assert_true(strlen(file.zmalloc_version) < sizeof file.zmalloc_version);
    }
}

static void every_byte_may_be_the_largest(void **state)
{
    (void)state;
    for (size_t i = 4; i < sizeof(struct made64); i++) {
        struct made64 made = make64();

        ((unsigned char *)&made)[i] = 0xff;
        parse(&made, sizeof made);
    }
    for (size_t i = 4; i < sizeof(struct made32); i++) {
        struct made32 made = make32();

        ((unsigned char *)&made)[i] = 0xff;
        parse(&made, sizeof made);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_names_its_libraries),
        cmocka_unit_test(a_program_with_the_library_inside_tells_its_version),
        cmocka_unit_test(the_library_tells_its_version),
        cmocka_unit_test(what_cannot_be_read_is_an_error),
        cmocka_unit_test(both_classes_are_read),
        cmocka_unit_test(only_libzmalloc_is_zmalloc),
        cmocka_unit_test(another_byte_order_is_read_no_further),
        cmocka_unit_test(an_object_file_is_no_program),
        cmocka_unit_test(scripts_name_what_runs_them),
        cmocka_unit_test(the_rest_is_something_else),
        cmocka_unit_test(a_file_cut_short_is_damaged),
        cmocka_unit_test(a_damaged_file_does_no_harm),
        cmocka_unit_test(every_byte_may_be_the_largest),
    };

    if (argc != 4) {
        fputs("usage: test-elf_file LINKED WHOLE LIBRARY\n", stderr);
        return 2;
    }
    linked_program = argv[1];
    whole_program = argv[2];
    library = argv[3];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
