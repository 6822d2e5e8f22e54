/* SPDX-License-Identifier: BSD-3-Clause */

/* What `zmalloc doctor` reads of the system, and what it makes of it, for systems that are folders
 * beside this file. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "support.h"

static const size_t gib = (size_t)1 << 30;

static struct system_facts facts_of(const char *system)
{
    struct system_facts facts;
    char root[512];

    memset(&facts, 0xff, sizeof facts);
    snprintf(root, sizeof root, "%s/%s", SYSTEMS, system);
    system_facts_read(&facts, root);
    facts.page_size = 4096;
    facts.memory = 16 * gib;
    facts.limit = 16 * gib;
    facts.address_space = FACT_UNKNOWN;
    return facts;
}

/* ---- Reading ---- */

static void each_setting_is_read(void **state)
{
    struct system_facts facts = facts_of("server");

    (void)state;
    assert_string_equal(facts.huge_pages, "always");
    assert_int_equal(facts.overcommit, 1);
    assert_int_equal(facts.map_count, 262144);
    assert_int_equal(facts.commit_limit, 12341808LL * 1024);
    assert_int_equal(facts.committed, 1024000LL * 1024);
    facts = facts_of("strict");
    assert_string_equal(facts.huge_pages, "never");
    assert_int_equal(facts.overcommit, 2);
}

static void what_is_missing_or_no_number_is_unknown(void **state)
{
    const char *const systems[] = {"odd", "nowhere"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct system_facts facts = facts_of(systems[i]);

        assert_string_equal(facts.huge_pages, "");
        assert_int_equal(facts.overcommit, FACT_UNKNOWN);
        assert_int_equal(facts.map_count, FACT_UNKNOWN);
        assert_int_equal(facts.commit_limit, FACT_UNKNOWN);
        assert_int_equal(facts.committed, FACT_UNKNOWN);
    }
}

static void the_process_is_asked_for_the_rest(void **state)
{
    struct system_facts facts = {0};

    (void)state;
    system_facts_ask(&facts);
    assert_true(facts.page_size >= 4096 && (facts.page_size & (facts.page_size - 1)) == 0);
    assert_int_equal(facts.memory, zmalloc_get_memory_size());
    assert_int_equal(facts.limit, zmalloc_get_memory_limit());
}

/* ---- Judging ---- */

struct judgement {
    unsigned counts[LEVELS];
    char *text;
};

static struct judgement judge(const struct system_facts *facts)
{
    struct judgement judgement = {0};
    struct findings findings = {0};
    size_t size;
    FILE *to;

    to = open_memstream(&judgement.text, &size);
    assert_non_null(to);
    unsetenv("COLUMNS");
    examine_system(&findings, facts);
    findings_print(&findings, true, to);
    fclose(to);
    memcpy(judgement.counts, findings.counts, sizeof judgement.counts);
    findings_free(&findings);
    return judgement;
}

/* Everything is told of, and with so many notes and warnings. */
static void assert_judged(const struct system_facts *facts, unsigned notes, unsigned warnings,
                          const char *const *texts)
{
    struct judgement judgement = judge(facts);

    assert_int_equal(judgement.counts[LEVEL_NOTE], notes);
    assert_int_equal(judgement.counts[LEVEL_WARNING], warnings);
    for (; *texts != NULL; texts++)
        assert_non_null(strstr(judgement.text, *texts));
    free(judgement.text);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_usual_system_has_a_note_on_fork(void **state)
{
    struct system_facts facts = facts_of("plain");

    (void)state;
    assert_judged(&facts, 1, 0,
                  TEXTS("  note     vm.overcommit_memory is 0:", "sysctl",
                        "  ok       Transparent huge pages are for memory that asks",
                        "  ok       vm.max_map_count is 65530:",
                        "  ok       The machine has 16 GiB, and no control group limits it.",
                        "  ok       A page has 4 KiB."));
}

static void a_server_has_a_note_on_huge_pages(void **state)
{
    struct system_facts facts = facts_of("server");

    (void)state;
    assert_judged(
        &facts, 1, 0,
        TEXTS("  note     Transparent huge pages are on for all memory (always).", "thp:never",
              "  ok       vm.overcommit_memory is 1:", "  ok       vm.max_map_count is 262144:"));
}

static void strict_accounting_is_a_warning_where_little_is_left(void **state)
{
    struct system_facts facts = facts_of("strict");

    (void)state;
    assert_judged(&facts, 0, 2,
                  TEXTS("  ok       Transparent huge pages are off (never).",
                        "  warning  vm.overcommit_memory is 2: the kernel promises 1 GiB at most, "
                        "and has promised 1023.4",
                        "  warning  vm.max_map_count is 1000:", "fewer than usual",
                        "vm.max_map_count=65530"));
    facts.committed = facts.commit_limit / 2;
    assert_judged(&facts, 1, 1, TEXTS("  note     vm.overcommit_memory is 2:"));
}

static void the_map_count_may_be_the_usual_one_but_not_less(void **state)
{
    struct system_facts facts = facts_of("server");

    (void)state;
    facts.map_count = 65529;
    assert_judged(&facts, 1, 1, TEXTS("  warning  vm.max_map_count is 65529:"));
    facts.map_count = 65530;
    assert_judged(&facts, 1, 0, TEXTS("  ok       vm.max_map_count is 65530:"));
}

static void a_control_group_is_noted(void **state)
{
    struct system_facts facts = facts_of("server");

    (void)state;
    facts.limit = gib + gib / 2;
    assert_judged(&facts, 2, 0,
                  TEXTS("  note     A control group limits memory to 1.5 GiB of the machine's 16 "
                        "GiB.",
                        "zmalloc_get_memory_limit()"));
    facts.limit = 0;
    assert_judged(&facts, 2, 0, TEXTS("How much memory there is cannot be read."));
}

static void a_limit_of_address_space_is_a_warning(void **state)
{
    struct system_facts facts = facts_of("server");

    (void)state;
    facts.address_space = (long long)(4 * gib);
    assert_judged(&facts, 1, 1,
                  TEXTS("  warning  The address space is limited to 4 GiB (ulimit -v)."));
}

static void large_pages_are_noted(void **state)
{
    struct system_facts facts = facts_of("server");

    (void)state;
    facts.page_size = 65536;
    assert_judged(&facts, 2, 0, TEXTS("  note     A page has 64 KiB.", "jemalloc"));
}

static void what_is_unknown_is_noted(void **state)
{
    struct system_facts facts = facts_of("nowhere");

    (void)state;
    assert_judged(&facts, 3, 0,
                  TEXTS("/sys/kernel/mm/transparent_hugepage/enabled cannot be read.",
                        "/proc/sys/vm/overcommit_memory cannot be read.",
                        "/proc/sys/vm/max_map_count cannot be read."));
}

/* Lines fit the page, and every finding has its three parts. */
static void a_report_has_its_form(void **state)
{
    struct system_facts facts = facts_of("strict");
    struct judgement judgement = judge(&facts);
    size_t parts = 0;
    size_t findings = 0;

    (void)state;
    for (char *line = strtok(judgement.text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 100);
        findings += strncmp(line, "  ok ", 5) == 0 || strncmp(line, "  warning ", 10) == 0;
        parts += strstr(line, "           means  ") == line;
        parts += strstr(line, "           to do  ") == line;
    }
    assert_int_equal(findings, 5);
    assert_int_equal(parts, 2 * findings);
    free(judgement.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_is_read),
        cmocka_unit_test(what_is_missing_or_no_number_is_unknown),
        cmocka_unit_test(the_process_is_asked_for_the_rest),
        cmocka_unit_test(a_usual_system_has_a_note_on_fork),
        cmocka_unit_test(a_server_has_a_note_on_huge_pages),
        cmocka_unit_test(strict_accounting_is_a_warning_where_little_is_left),
        cmocka_unit_test(the_map_count_may_be_the_usual_one_but_not_less),
        cmocka_unit_test(a_control_group_is_noted),
        cmocka_unit_test(a_limit_of_address_space_is_a_warning),
        cmocka_unit_test(large_pages_are_noted),
        cmocka_unit_test(what_is_unknown_is_noted),
        cmocka_unit_test(a_report_has_its_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
