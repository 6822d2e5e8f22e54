/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Statistics of backends that the program registers: texts with any bytes, figures of any size, and
 * who made the choice. Each test registers and chooses in its own child.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choice_support.h"
#include "zmalloc_backend.h"

#define REPORT_SIZE 65536

static char report[REPORT_SIZE];

static void holds(void (*body)(void *argument), void *argument)
{
    struct outcome outcome = run_child(body, argument);

    assert_prints(&outcome, "");
}

/* A copy of the toy backend. */
static struct zmalloc_backend backend;

static void bring_backend(void)
{
    child_check(zmalloc_register_backend(&backend) == 0);
    child_check(zmalloc_init("mine") == 0);
}

static void must_have(const char *part)
{
    if (strstr(report, part) == NULL)
        child_fail(part, report, 0);
}

static void write_report(int (*form)(char *buf, size_t size))
{
    int length = form(report, sizeof report);

    child_check(length > 0 && (size_t)length == strlen(report));
}

/* ---- Texts ---- */

struct text {
    const char *raw;
    const char *json; /* NULL: as raw */
    const char *prometheus;
    const char *text;
};

#define FFFD "\xef\xbf\xbd"

static const struct text texts[] = {
    {"5.3.0", NULL, NULL, NULL},
    {"", NULL, NULL, NULL},
    {"a\"b\\c", "a\\\"b\\\\c", "a\\\"b\\\\c", "a\\x22b\\x5cc"},
    {"a\nb\tc", "a\\u000ab\\u0009c", "a\\nb\tc", "a\\x0ab\\x09c"},
    {"\x01\x1f\x7f", "\\u0001\\u001f\x7f", "\x01\x1f\x7f", "\\x01\\x1f\\x7f"},
    /* The first and last characters of two, three and four bytes, and those beside the surrogates. */
    {"\xc2\x80\xdf\xbf", NULL, NULL, "\\xc2\\x80\\xdf\\xbf"},
    {"\xe0\xa0\x80\xef\xbf\xbf", NULL, NULL, "\\xe0\\xa0\\x80\\xef\\xbf\\xbf"},
    {"\xed\x9f\xbf\xee\x80\x80", NULL, NULL, "\\xed\\x9f\\xbf\\xee\\x80\\x80"},
    {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", NULL, NULL, "\\xf0\\x90\\x80\\x80\\xf4\\x8f\\xbf\\xbf"},
    /* Stray bytes, a surrogate, too long, too large, too short. */
    {"a\xff\x80z", "a" FFFD FFFD "z", "a" FFFD FFFD "z", "a\\xff\\x80z"},
    {"\xc1\xbf", FFFD FFFD, FFFD FFFD, "\\xc1\\xbf"},
    {"\xe0\x9f\xbf", FFFD FFFD FFFD, FFFD FFFD FFFD, "\\xe0\\x9f\\xbf"},
    {"\xed\xa0\x80", FFFD FFFD FFFD, FFFD FFFD FFFD, "\\xed\\xa0\\x80"},
    {"\xf0\x8f\xbf\xbf", FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD, "\\xf0\\x8f\\xbf\\xbf"},
    {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD, "\\xf4\\x90\\x80\\x80"},
    {"\xf5\x80", FFFD FFFD, FFFD FFFD, "\\xf5\\x80"},
    {"\xe2\x82", FFFD FFFD, FFFD FFFD, "\\xe2\\x82"},
    {"\xe2\x82\xac", NULL, NULL, "\\xe2\\x82\\xac"},
    {"\xe2z", FFFD "z", FFFD "z", "\\xe2z"},
};

static const char *version_text;

static const char *tell_version(void)
{
    return version_text;
}

static void must_have_version(const char *before, const char *version, const char *after)
{
    char part[128];

    snprintf(part, sizeof part, "%s%s%s", before, version, after);
    must_have(part);
}

static void version_is_escaped(void *argument)
{
    const struct text *text = argument;

    version_text = text->raw;
    backend.version = tell_version;
    bring_backend();
    write_report(zmalloc_stats_json);
    must_have_version(",\"version\":\"", text->json != NULL ? text->json : text->raw,
                      "\",\"origin\"");
    write_report(zmalloc_stats_prometheus);
    must_have_version(",backend_version=\"",
                      text->prometheus != NULL ? text->prometheus : text->raw, "\",origin=");
    write_report(zmalloc_stats_text);
    must_have_version("  version                   ", text->text != NULL ? text->text : text->raw,
                      "\n  origin");
}

static void texts_are_escaped_as_each_form_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct text text = texts[i];

        holds(version_is_escaped, &text);
    }
}

/* ---- Who has chosen ---- */

static void program_has_chosen(void *argument)
{
    (void)argument;
    child_check(zmalloc_register_backend(&backend) == 0);
    child_check(zmalloc_init(" none\t,mine") == 0 && zmalloc_init("mine") == 0);
    child_check(strcmp(zmalloc_backend_origin(), "registered by the program") == 0);
    write_report(zmalloc_stats_json);
    must_have("\"backend\":{\"name\":\"mine\",\"version\":\"1.0\",\"origin\":\"registered by the "
              "program\",\"prefix_bytes\":16,\"counts_by_itself\":false},");
    must_have("\"choice\":{\"by\":\"zmalloc_init\",\"value\":\" none\\u0009,mine\"},");
}

/* Also if the program asked before, in vain. */
static void build_has_chosen(void *argument)
{
    (void)argument;
    child_check(zmalloc_init("none") == -1 && errno == ENOENT && zmalloc_init(NULL) == 0);
    write_report(zmalloc_stats_json);
    must_have("\"choice\":{\"by\":\"default_backend\",\"value\":\"" DEFAULT_BACKEND "\"},");
}

static void nobody_has_chosen(void *argument)
{
    (void)argument;
    write_report(zmalloc_stats_json);
    must_have("\"choice\":{\"by\":\"default_backend\",\"value\":\"" DEFAULT_BACKEND "\"},");
}

static void operator_has_chosen(void *argument)
{
    (void)argument;
    setenv("ZMALLOC_BACKEND", "fail+libc", 1);
    child_check(zmalloc_init("libc") == 0);
    setenv("ZMALLOC_BACKEND", "native", 1);
    write_report(zmalloc_stats_json);
    must_have("\"backend\":{\"name\":\"fail+libc\",");
    must_have("\"choice\":{\"by\":\"ZMALLOC_BACKEND\",\"value\":\"fail+libc\"},");
}

static void a_report_says_who_has_chosen(void **state)
{
    (void)state;
    holds(program_has_chosen, NULL);
    holds(build_has_chosen, NULL);
    holds(nobody_has_chosen, NULL);
    holds(operator_has_chosen, NULL);
}

#define LIST_MAX 255

/* A list of that length, in which only the end counts. */
static void list_of_length(void *argument)
{
    size_t length = *(size_t *)argument;
    char list[400] = "";
    char part[500];

    memset(list, ',', length - strlen("libc"));
    snprintf(list + length - strlen("libc"), sizeof list - length + strlen("libc"), "libc");
    child_check(strlen(list) == length && zmalloc_init(list) == 0);
    write_report(zmalloc_stats_json);
    if (length > LIST_MAX)
        snprintf(list + LIST_MAX - strlen("..."), 4, "...");
    snprintf(part, sizeof part, "\"value\":\"%s\"}", list);
    must_have(part);
}

static void a_long_list_is_cut(void **state)
{
    (void)state;
    for (size_t length = LIST_MAX - 1; length < LIST_MAX + 4; length++)
        holds(list_of_length, &length);
}

/* ---- Figures ---- */

struct figures {
    size_t allocated, active;
    const char *fragmentation;
};

static struct figures figures;

static void tell_figures(size_t *allocated, size_t *active, size_t *resident, size_t *retained,
                         size_t *muzzy)
{
    (void)resident;
    (void)retained;
    *allocated = figures.allocated;
    *active = figures.active;
    *muzzy = 0;
}

static void ratio_is_as_expected(void *argument)
{
    char part[200];

    figures = *(struct figures *)argument;
    backend.allocator_info = tell_figures;
    bring_backend();
    write_report(zmalloc_stats_json);
    snprintf(part, sizeof part,
             "{\"allocated_bytes\":%zu,\"active_bytes\":%zu,\"resident_bytes\":null,"
             "\"retained_bytes\":null,\"muzzy_bytes\":0},",
             figures.allocated, figures.active);
    must_have(part);
    snprintf(part, sizeof part, "\"allocator_fragmentation\":%s,\"rss_overhead\":null}",
             figures.fragmentation);
    must_have(part);
}

static void ratios_are_rounded(void **state)
{
    static const struct figures cases[] = {
        {1, 0, "0.0000"},
        {1, 1, "1.0000"},
        {3, 1, "0.3333"},
        {3, 2, "0.6667"},
        {20000, 1, "0.0001"},
        {20001, 1, "0.0000"},
        {10000, 9999, "0.9999"},
        {20000, 19999, "1.0000"},
        {1000, 1051, "1.0510"},
        {7, 7000007, "1000001.0000"},
        {0, 5, "null"},
        {0, 0, "null"},
        {SIZE_MAX - 1, SIZE_MAX - 1, "1.0000"},
        {SIZE_MAX - 1, SIZE_MAX / 2, "0.5000"},
        {SIZE_MAX / 2, SIZE_MAX - 1, "2.0000"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct figures wanted = cases[i];

        holds(ratio_is_as_expected, &wanted);
    }
#if SIZE_MAX > UINT32_MAX
    holds(ratio_is_as_expected, &(struct figures){1, SIZE_MAX - 1, "null"});
#endif
}

/* The help text of the metric for used memory. */
struct amount {
    size_t bytes;
    const char *words;
};

static void amount_is_written_so(void *argument)
{
    const struct amount *amount = argument;
    char part[100];

    figures.active = amount->bytes;
    backend.allocator_info = tell_figures;
    bring_backend();
    write_report(zmalloc_stats_text);
    snprintf(part, sizeof part, "\n  active                    %s\n", amount->words);
    must_have(part);
}

static void bytes_have_a_unit_for_people(void **state)
{
    static const struct amount cases[] = {
        {0, "0 bytes"},
        {1023, "1023 bytes"},
        {1024, "1024 bytes (1.0 KiB)"},
        {1535, "1535 bytes (1.4 KiB)"},
        {1048575, "1048575 bytes (1023.9 KiB)"},
        {1048576, "1048576 bytes (1.0 MiB)"},
        {3221225472, "3221225472 bytes (3.0 GiB)"},
#if SIZE_MAX > UINT32_MAX
        {1099511627776, "1099511627776 bytes (1.0 TiB)"},
        {SIZE_MAX - 1, "18446744073709551614 bytes (15.9 EiB)"},
#endif
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct amount amount = cases[i];

        holds(amount_is_written_so, &amount);
    }
}

static void nothing_is_told(void *argument)
{
    (void)argument;
    bring_backend();
    write_report(zmalloc_stats_json);
    must_have("{\"allocated_bytes\":null,\"active_bytes\":null,\"resident_bytes\":null,"
              "\"retained_bytes\":null,\"muzzy_bytes\":null},");
    must_have("\"ratios\":{\"allocator_fragmentation\":null,\"rss_overhead\":null},");
    write_report(zmalloc_stats_text);
    must_have("\n  allocated                 unknown\n");
    write_report(zmalloc_stats_prometheus);
    child_check(strstr(report, "zmalloc_allocator") == NULL && strstr(report, "_ratio ") == NULL);
}

static void what_nobody_knows_is_not_invented(void **state)
{
    (void)state;
    holds(nothing_is_told, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_escaped_as_each_form_needs),
        cmocka_unit_test(a_report_says_who_has_chosen),
        cmocka_unit_test(a_long_list_is_cut),
        cmocka_unit_test(ratios_are_rounded),
        cmocka_unit_test(bytes_have_a_unit_for_people),
        cmocka_unit_test(what_nobody_knows_is_not_invented),
    };

    backend = zmalloc_backend_module;
    backend.name = "mine";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
