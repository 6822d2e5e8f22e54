/* SPDX-License-Identifier: BSD-3-Clause */

/* SQLite keeps a table in memory from zmalloc, agrees on how much it is, and says SQLITE_NOMEM. */

#include <sqlite3.h>
#include <stdio.h>

#include "adapters_support.h"
#include "zmalloc_adapters.h"

static struct zmalloc_zone *zone;
ZMALLOC_ADAPTERS_IN(zoned, zone);

#define ROWS 10000
#define LEAST_OF_A_ROW 20

static const char fill[] = "CREATE TABLE words(id INTEGER PRIMARY KEY, word TEXT);"
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT "
                           "10000) INSERT INTO words SELECT i, 'word number ' || i FROM n;"
                           "CREATE INDEX by_word ON words(word);";

static void run(sqlite3 *database, const char *sql)
{
    char *message = NULL;

    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
}

static int number(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement;
    int value;

    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    return value;
}

/* SQLite counts what xSize says of each block, zmalloc the prefix of some backends besides. */
static void assert_both_count_the_same(void)
{
    size_t counted = (size_t)sqlite3_memory_used();
    int blocks, most;

    assert_int_equal(sqlite3_status(SQLITE_STATUS_MALLOC_COUNT, &blocks, &most, 0), SQLITE_OK);
    assert_int_equal(zmalloc_used_memory(),
                     counted + (size_t)blocks * zmalloc_backend_prefix_size());
}

static void keep_a_table(void)
{
    sqlite3 *database;

    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    run(database, fill);
    assert_true(zmalloc_used_memory() > (size_t)ROWS * LEAST_OF_A_ROW);
    assert_both_count_the_same();
    assert_int_equal(number(database, "SELECT count(*) FROM words"), ROWS);
    assert_int_equal(number(database, "SELECT id FROM words WHERE word = 'word number 77'"), 77);
    run(database, "DELETE FROM words WHERE id % 2; VACUUM;");
    assert_int_equal(number(database, "SELECT count(*) FROM words"), ROWS / 2);
    assert_both_count_the_same();
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* sqlite3_config() works only while SQLite is shut down. */
static void restart_with(const sqlite3_mem_methods *methods)
{
    assert_int_equal(sqlite3_shutdown(), SQLITE_OK);
    assert_int_equal(zmalloc_used_memory(), 0);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, methods), SQLITE_OK);
    /* A system may have built it without. */
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1), SQLITE_OK);
    assert_int_equal(sqlite3_initialize(), SQLITE_OK);
}

static void a_table_in_memory_is_counted(void **state)
{
    (void)state;
    restart_with(zmalloc_sqlite_methods());
    keep_a_table();
    sqlite3_shutdown();
}

static void a_table_in_a_zone_is_counted(void **state)
{
    (void)state;
    restart_with(zoned_sqlite_methods());
    keep_a_table();
    sqlite3_shutdown();
}

static void its_blocks_are_as_large_as_it_thinks(void **state)
{
    (void)state;
    restart_with(zmalloc_sqlite_methods());
    for (int size = 1; size < 5000; size += 37) {
        char *text = sqlite3_malloc(size);

        assert_non_null(text);
        assert_int_equal(sqlite3_msize(text), zmalloc_usable_size(text));
        text = sqlite3_realloc(text, 2 * size);
        assert_non_null(text);
        assert_int_equal(sqlite3_msize(text), zmalloc_usable_size(text));
        assert_null(sqlite3_realloc(text, 0));
    }
    sqlite3_shutdown();
}

static bool is_no_memory(int status)
{
    if (status != SQLITE_OK)
        assert_int_equal(status & 0xff, SQLITE_NOMEM);
    return status != SQLITE_OK;
}

/* With a table of few rows: each request fails once. */
static bool keep_a_small_table(void)
{
    sqlite3 *database = NULL;
    int status = sqlite3_initialize();

    if (status == SQLITE_OK)
        status = sqlite3_open(":memory:", &database);
    if (status == SQLITE_OK)
        status = sqlite3_exec(database,
                              "CREATE TABLE words(id INTEGER PRIMARY KEY, word TEXT);"
                              "INSERT INTO words VALUES(1, 'one'), (2, printf('%.3000c', '2'));"
                              "SELECT group_concat(word) FROM words ORDER BY length(word);",
                              NULL, NULL, NULL);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    assert_int_equal(sqlite3_shutdown(), SQLITE_OK);
    return !is_no_memory(status);
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    need_fail_layer();
    restart_with(zmalloc_sqlite_methods());
    sqlite3_shutdown();
    fails_cleanly(keep_a_small_table);
    fails_cleanly_with("nth", keep_a_small_table);
}

/* sqlite3_config() takes them no more. */
static void too_late_is_an_error(void **state)
{
    (void)state;
    restart_with(zmalloc_sqlite_methods());
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, zmalloc_sqlite_methods()), SQLITE_MISUSE);
    sqlite3_shutdown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(a_table_in_memory_is_counted),
        zm_test(a_table_in_a_zone_is_counted),
        zm_test(its_blocks_are_as_large_as_it_thinks),
        zm_test(without_memory_it_says_so),
        zm_test(too_late_is_an_error),
    };

    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
