/* SPDX-License-Identifier: BSD-3-Clause */

/* Texts of the command: wrapped, made harmless, sizes; lists of names and what the dynamic linker
 * prints, taken apart. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends.h"
#include "program.h"
#include "support.h"
#include "text.h"

static void assert_text(char *text, const char *expected)
{
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void sizes_have_the_largest_unit(void **state)
{
    (void)state;
    assert_text(text_bytes(0), "0 bytes");
    assert_text(text_bytes(1023), "1023 bytes");
    assert_text(text_bytes(1024), "1 KiB");
    assert_text(text_bytes(1536), "1.5 KiB");
    assert_text(text_bytes(1024 * 1024 - 1), "1023.9 KiB");
    assert_text(text_bytes(16ULL << 30), "16 GiB");
    assert_text(text_bytes(~0ULL), "15.9 EiB");
}

static void control_characters_are_made_harmless(void **state)
{
    (void)state;
    assert_text(text_harmless("a\033[31mb\nc\177\t\303\244"), "a?[31mb?c??\303\244");
}

static char *wrapped(int indent, const char *text)
{
    char *result = NULL;
    size_t size;
    FILE *to = open_memstream(&result, &size);

    assert_non_null(to);
    text_print_wrapped(to, indent, indent, text);
    fclose(to);
    return result;
}

static void lines_are_as_long_as_they_may_be(void **state)
{
    char ten[101] = "";
    char expected[256];

    (void)state;
    for (int i = 0; i < 10; i++)
        strcat(ten, i < 9 ? "123456789 " : "123456789");
    assert_text(wrapped(0, ""), "\n");
    assert_text(wrapped(4, "  a   b\nc "), "a b c\n");
    snprintf(expected, sizeof expected, "%s\n", ten);
    assert_text(wrapped(0, ten), expected);
    assert_text(wrapped(1, ten), expected);
    snprintf(expected, sizeof expected, "%.89s\n  123456789\n", ten);
    assert_text(wrapped(2, ten), expected);
}

/* Nor is one cut that is too long for a line. */
static void words_are_not_cut(void **state)
{
    char word[151];
    char text[160];
    char expected[170];

    (void)state;
    memset(word, 'w', 150);
    word[150] = '\0';
    snprintf(text, sizeof text, "a %s b", word);
    snprintf(expected, sizeof expected, "a\n  %s\n  b\n", word);
    assert_text(wrapped(2, text), expected);
}

/* A character counts, not its bytes. */
static void columns_are_characters(void **state)
{
    char text[256] = "";
    char expected[260];

    (void)state;
    for (int i = 0; i < 49; i++)
        strcat(text, "\303\244 ");
    strcat(text, "\303\244");
    snprintf(expected, sizeof expected, "%s\n", text);
    assert_text(wrapped(0, text), expected);
}

static char *on_columns(const char *columns, int column, int indent, const char *text)
{
    char *result = NULL;
    size_t size;
    FILE *to = open_memstream(&result, &size);

    assert_non_null(to);
    setenv("COLUMNS", columns, 1);
    text_print_wrapped(to, column, indent, text);
    unsetenv("COLUMNS");
    fclose(to);
    return result;
}

static void characters_are_not_cut(void **state)
{
    (void)state;
    assert_int_equal(text_fitting("abc", 5), 3);
    assert_int_equal(text_fitting("abc", 2), 2);
    assert_int_equal(text_fitting("a\303\244c", 1), 1);
    assert_int_equal(text_fitting("a\303\244c", 2), 3);
    assert_int_equal(text_fitting("a\303\244c", 0), 0);
}

static void columns_may_be_fewer(void **state)
{
    (void)state;
    assert_text(on_columns("24", 0, 2, "one two three four five six seven"),
                "one two three four five\n  six seven\n");
    assert_text(on_columns("24", 20, 2, "one two three four five six seven"),
                "one\n  two three four five\n  six seven\n");
    /* A first word that does not fit where the cursor is begins the next line. */
    assert_text(on_columns("24", 20, 2, "seventeen"), "\n  seventeen\n");
    assert_text(on_columns("24", 0, 0, "longer-than-any-line-may-be x"),
                "longer-than-any-line-may-be\nx\n");
}

/* Nor is what is no number of columns taken for one. */
static void columns_have_bounds(void **state)
{
    static const char *const nonsense[] = {"", "0", "x", "40x", "-40", "99999999999999999999"};
    char *usual;

    (void)state;
    usual = wrapped(0, "one two three four five six seven eight nine ten eleven twelve thirteen "
                       "fourteen fifteen sixteen seventeen eighteen");
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        assert_text(on_columns(nonsense[i], 0, 0,
                               "one two three four five six seven eight nine ten eleven twelve "
                               "thirteen fourteen fifteen sixteen seventeen eighteen"),
                    usual);
    free(usual);
    assert_text(on_columns("1", 0, 0, "eighteen characters x y"), "eighteen characters\nx y\n");
}

static void a_line_is_found_by_its_beginning(void **state)
{
    static const char text[] = "ERROR: zmalloc: no\nzmalloc: yes\nzmalloc: too late\n";

    (void)state;
    assert_ptr_equal(text_find_line(text, "zmalloc: "), strstr(text, "zmalloc: yes"));
    assert_ptr_equal(text_find_line(text, "ERROR"), text);
    assert_null(text_find_line(text, "no"));
    assert_null(text_find_line("", "no"));
}

static void what_is_no_utf8_becomes_json_all_the_same(void **state)
{
    json_t *good = text_json("a\303\244");
    json_t *bad = text_json("a\377\303b");

    (void)state;
    assert_string_equal(json_string_value(good), "a\303\244");
    assert_string_equal(json_string_value(bad), "a??b");
    json_decref(good);
    json_decref(bad);
}

static void assert_names(const char *value, const char *const *names)
{
    char *name;

    for (; *names != NULL; names++)
        assert_text(backend_next_named(&value), *names);
    name = backend_next_named(&value);
    assert_null(name);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void lists_are_read_as_the_library_reads_them(void **state)
{
    (void)state;
    assert_names("", NAMES(NULL));
    assert_names(" ,, \t\n,", NAMES(NULL));
    assert_names("libc", NAMES("libc"));
    assert_names(" jemalloc , debug+fail+libc,\ta b ,", NAMES("jemalloc", "libc", "a b"));
}

static void libraries_are_found_in_the_linkers_list(void **state)
{
    static const char list[] = "\tlinux-vdso.so.1 (0x00007ffd)\n"
                               "\tlibabsent.so.1 => not found\n"
                               "\tlibzmalloc-x.so => /opt/libzmalloc-x.so (0x00007f)\n"
                               "\tlibzmalloc.so.1 => /nowhere/my libs/libzmalloc.so.1 (0x00007f)\n"
                               "\t/nowhere/libpreloaded.so (0x00007f)\n";

    (void)state;
    assert_text(loader_find(list, "libzmalloc.so"), "/nowhere/my libs/libzmalloc.so.1");
    assert_text(loader_find(list, "libpreloaded"), "/nowhere/libpreloaded.so");
    assert_null(loader_find(list, "libabsent.so"));
    assert_null(loader_find(list, "libc.so"));
    assert_null(loader_find("", "libc.so"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_the_largest_unit),
        cmocka_unit_test(control_characters_are_made_harmless),
        cmocka_unit_test(lines_are_as_long_as_they_may_be),
        cmocka_unit_test(words_are_not_cut),
        cmocka_unit_test(columns_are_characters),
        cmocka_unit_test(characters_are_not_cut),
        cmocka_unit_test(columns_may_be_fewer),
        cmocka_unit_test(columns_have_bounds),
        cmocka_unit_test(a_line_is_found_by_its_beginning),
        cmocka_unit_test(what_is_no_utf8_becomes_json_all_the_same),
        cmocka_unit_test(lists_are_read_as_the_library_reads_them),
        cmocka_unit_test(libraries_are_found_in_the_linkers_list),
    };

    unsetenv("COLUMNS");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
