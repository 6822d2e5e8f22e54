/* SPDX-License-Identifier: BSD-3-Clause */

/* Lua builds tables and strings in memory from zmalloc, and says LUA_ERRMEM when that runs out. */

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "adapters_support.h"
#include "zmalloc_adapters.h"

#if LUA_VERSION_NUM >= 505
#define new_state(zone) lua_newstate(zmalloc_lua_alloc, zone, 1)
#else
#define new_state(zone) lua_newstate(zmalloc_lua_alloc, zone)
#endif

static const char script[] = "local words, sum = {}, 0\n"
                             "for i = 1, 5000 do\n"
                             "    words[i] = { name = 'word number ' .. i, length = i }\n"
                             "end\n"
                             "for _, word in ipairs(words) do sum = sum + word.length end\n"
                             "all = table.concat({ words[1].name, words[5000].name }, ', ')\n"
                             "keep = words\n"
                             "return sum, string.rep('x', 100000)\n";

#define LEAST_OF_THE_TABLES ((size_t)5000 * 80)

/* What Lua itself counts: sizes as it asked for them. */
static size_t bytes_of_lua(lua_State *state)
{
    return (size_t)lua_gc(state, LUA_GCCOUNT, 0) * 1024 + (size_t)lua_gc(state, LUA_GCCOUNTB, 0);
}

static void tables_and_strings_are_counted(void **unused)
{
    lua_State *state = new_state(NULL);

    (void)unused;
    assert_non_null(state);
    luaL_openlibs(state);
    assert_int_equal(luaL_loadstring(state, script), 0);
    assert_int_equal(lua_pcall(state, 0, 2, 0), 0);
    assert_int_equal(lua_tointeger(state, -2), 5000 * 5001 / 2);
    lua_getglobal(state, "all");
    assert_string_equal(lua_tostring(state, -1), "word number 1, word number 5000");
    assert_true(zmalloc_used_memory() >= LEAST_OF_THE_TABLES);
    assert_true(zmalloc_used_memory() >= bytes_of_lua(state));
    lua_close(state);
}

static void what_it_collects_is_given_back(void **unused)
{
    lua_State *state = new_state(NULL);
    size_t used;

    (void)unused;
    assert_non_null(state);
    luaL_openlibs(state);
    assert_int_equal(luaL_loadstring(state, script), 0);
    assert_int_equal(lua_pcall(state, 0, 0, 0), 0);
    lua_gc(state, LUA_GCCOLLECT, 0);
    used = zmalloc_used_memory();
    lua_pushnil(state);
    lua_setglobal(state, "keep");
    lua_gc(state, LUA_GCCOLLECT, 0);
    assert_true(zmalloc_used_memory() + LEAST_OF_THE_TABLES < used);
    lua_close(state);
}

/* Small, and in protected mode from the start, so an error does not end the process. */
static int build_a_few(lua_State *state)
{
    luaL_openlibs(state);
    if (luaL_loadstring(state, "local t = {}\n"
                               "for i = 1, 30 do t[i] = { 'item ' .. i } end\n"
                               "for i = 1, 30 do t[i] = nil end\n"
                               "return #string.rep('x', 3000)\n") != 0)
        return lua_error(state);
    lua_call(state, 0, 1);
    return 1;
}

static bool run_a_small_script(void)
{
    lua_State *state = new_state(NULL);
    int status;

    if (state == NULL)
        return false;
#if LUA_VERSION_NUM >= 502
    lua_pushcfunction(state, build_a_few);
    status = lua_pcall(state, 0, 1, 0);
#else
    status = lua_cpcall(state, build_a_few, NULL);
#endif
    if (status != 0)
        assert_string_equal(lua_tostring(state, -1), "not enough memory");
    lua_close(state);
    return status == 0;
}

static void without_memory_it_says_so(void **unused)
{
    (void)unused;
    need_fail_layer();
    fails_cleanly(run_a_small_script);
}

/* Lua collects its garbage and asks once more. */
static void it_recovers_from_one_failure(void **unused)
{
    (void)unused;
    need_fail_layer();
    fails_cleanly_with("nth", run_a_small_script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        zm_test(tables_and_strings_are_counted),
        zm_test(what_it_collects_is_given_back),
        zm_test(without_memory_it_says_so),
        zm_test(it_recovers_from_one_failure),
    };

    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
