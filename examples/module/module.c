/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A module for Redis 7 and Valkey: sets of phrases as a type of keys, with the memory of zmalloc.
 * README.md describes its commands. The server has a zmalloc() of its own, which it exports to its
 * modules; what is called here is libzmalloc's, whose symbols are others.
 */

#include "type.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BEST_USUAL 10
#define BEST_MAX 100

/* ---- Commands ---- */

__attribute__((format(printf, 2, 3))) static int refuse(RedisModuleCtx *ctx, const char *format,
                                                        ...)
{
    char message[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    return RedisModule_ReplyWithError(ctx, message);
}

static int refuse_memory(RedisModuleCtx *ctx)
{
    if (phrases_limit() == SIZE_MAX)
        return refuse(ctx, "OOM no memory for the phrase; phrases have %zu bytes and no limit",
                      zmalloc_zone_used(phrases_zone));
    return refuse(ctx, "OOM no memory for the phrase: phrases have %zu bytes, their limit is %zu",
                  zmalloc_zone_used(phrases_zone), phrases_limit());
}

static int refuse_count(RedisModuleCtx *ctx, long long count)
{
    return refuse(ctx, "ERR count '%lld': the phrase would have more than %lld", count,
                  (long long)PHRASES_COUNT_MAX);
}

/* A whole number from 1 to max, or an error to the client. */
static bool take_number(RedisModuleCtx *ctx, const char *what, RedisModuleString *given,
                        long long max, long long *number)
{
    size_t length;
    const char *text = RedisModule_StringPtrLen(given, &length);

    if (RedisModule_StringToLongLong(given, number) == REDISMODULE_OK && *number >= 1 &&
        *number <= max)
        return true;
    refuse(ctx, "ERR %s '%.*s': not a number from 1 to %lld", what, length < 40 ? (int)length : 40,
           text, max);
    return false;
}

/* The set of a key, NULL if there is no such key. False if the key has another type, which the client
 * is told. */
static bool open_set(RedisModuleCtx *ctx, RedisModuleString *name, int mode, RedisModuleKey **key,
                     struct phrases **set)
{
    *key = RedisModule_OpenKey(ctx, name, mode);
    *set = NULL;
    if (RedisModule_KeyType(*key) == REDISMODULE_KEYTYPE_EMPTY)
        return true;
    if (RedisModule_ModuleTypeGetType(*key) != type_phrases) {
        RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
        return false;
    }
    *set = RedisModule_ModuleTypeGetValue(*key);
    return true;
}

/* To the set of the key, or a new one. 0 with errno if that fails; then there is no new key. */
static uint64_t add_to_key(RedisModuleKey *key, struct phrases *set, RedisModuleString *phrase,
                           uint64_t count)
{
    size_t length;
    const char *text = RedisModule_StringPtrLen(phrase, &length);
    struct phrases *to = set != NULL ? set : phrases_new();
    uint64_t now = to != NULL ? phrases_add(to, text, length, count) : 0;

    if (set == NULL && now != 0)
        RedisModule_ModuleTypeSetValue(key, type_phrases, to);
    else if (set == NULL && to != NULL)
        phrases_free(to);
    return now;
}

/* PHRASES.ADD key phrase [count] */
static int command_add(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;
    struct phrases *set;
    long long count = 1;
    uint64_t now;

    RedisModule_AutoMemory(ctx);
    if (argc != 3 && argc != 4)
        return RedisModule_WrongArity(ctx);
    if (argc == 4 && !take_number(ctx, "count", argv[3], PHRASES_COUNT_MAX, &count))
        return REDISMODULE_OK;
    if (!open_set(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE, &key, &set))
        return REDISMODULE_OK;
    type_heed_limit();
    now = add_to_key(key, set, argv[2], (uint64_t)count);
    if (now == 0)
        return errno == EOVERFLOW ? refuse_count(ctx, count) : refuse_memory(ctx);
    RedisModule_ReplicateVerbatim(ctx);
    return RedisModule_ReplyWithLongLong(ctx, (long long)now);
}

/* PHRASES.REMOVE key phrase */
static int command_remove(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;
    struct phrases *set;
    size_t length;
    const char *text;

    RedisModule_AutoMemory(ctx);
    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    if (!open_set(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE, &key, &set))
        return REDISMODULE_OK;
    text = RedisModule_StringPtrLen(argv[2], &length);
    if (set == NULL || !phrases_remove(set, text, length))
        return RedisModule_ReplyWithLongLong(ctx, 0);
    if (phrases_count(set) == 0)
        RedisModule_DeleteKey(key);
    RedisModule_ReplicateVerbatim(ctx);
    return RedisModule_ReplyWithLongLong(ctx, 1);
}

/* PHRASES.COMPLETE key prefix [most] */
static int command_complete(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    const struct phrase *best[BEST_MAX];
    RedisModuleKey *key;
    struct phrases *set;
    long long most = BEST_USUAL;
    size_t length, found;
    const char *prefix;

    RedisModule_AutoMemory(ctx);
    if (argc != 3 && argc != 4)
        return RedisModule_WrongArity(ctx);
    if (argc == 4 && !take_number(ctx, "most", argv[3], BEST_MAX, &most))
        return REDISMODULE_OK;
    if (!open_set(ctx, argv[1], REDISMODULE_READ, &key, &set))
        return REDISMODULE_OK;
    prefix = RedisModule_StringPtrLen(argv[2], &length);
    found = set != NULL ? phrases_complete(set, prefix, length, best, (size_t)most) : 0;
    RedisModule_ReplyWithArray(ctx, 2 * (long)found);
    for (size_t i = 0; i < found; i++) {
        RedisModule_ReplyWithStringBuffer(ctx, best[i]->text, best[i]->length);
        RedisModule_ReplyWithLongLong(ctx, (long long)best[i]->count);
    }
    return REDISMODULE_OK;
}

/* PHRASES.COUNT key */
static int command_count(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;
    struct phrases *set;

    RedisModule_AutoMemory(ctx);
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    if (!open_set(ctx, argv[1], REDISMODULE_READ, &key, &set))
        return REDISMODULE_OK;
    return RedisModule_ReplyWithLongLong(ctx, set != NULL ? (long long)phrases_count(set) : 0);
}

static void tell_text(RedisModuleCtx *ctx, const char *name, const char *text)
{
    RedisModule_ReplyWithCString(ctx, name);
    RedisModule_ReplyWithCString(ctx, text);
}

static void tell_bytes(RedisModuleCtx *ctx, const char *name, size_t bytes)
{
    RedisModule_ReplyWithCString(ctx, name);
    RedisModule_ReplyWithLongLong(ctx, (long long)bytes);
}

/* PHRASES.MEMORY */
static int command_memory(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    if (argc != 1)
        return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithMap(ctx, 7);
    tell_text(ctx, "backend", zmalloc_backend_name());
    tell_text(ctx, "version", zmalloc_backend_version());
    tell_bytes(ctx, "phrases", zmalloc_zone_used(phrases_zone));
    tell_bytes(ctx, "phrases-peak", zmalloc_zone_peak(phrases_zone));
    tell_bytes(ctx, "phrases-limit", phrases_limit() == SIZE_MAX ? 0 : phrases_limit());
    tell_bytes(ctx, "process", zmalloc_used_memory());
    tell_bytes(ctx, "process-peak", zmalloc_peak_memory());
    return REDISMODULE_OK;
}

/* ---- Loading ---- */

static bool create_commands(RedisModuleCtx *ctx)
{
    static const struct {
        const char *name;
        int (*function)(RedisModuleCtx *ctx, RedisModuleString **argv, int argc);
        const char *flags;
        int key; /* which argument is the key; 0 for none */
    } commands[] = {
        {"phrases.add", command_add, "write deny-oom", 1},
        {"phrases.remove", command_remove, "write", 1},
        {"phrases.complete", command_complete, "readonly", 1},
        {"phrases.count", command_count, "readonly fast", 1},
        {"phrases.memory", command_memory, "fast", 0},
    };

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (RedisModule_CreateCommand(ctx, commands[i].name, commands[i].function,
                                      commands[i].flags, commands[i].key, commands[i].key,
                                      commands[i].key) == REDISMODULE_ERR)
            return false;
    return true;
}

/* Nothing, or "limit BYTES". */
static bool take_limit(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, size_t *limit)
{
    long long bytes;

    *limit = SIZE_MAX;
    if (argc == 0)
        return true;
    if (argc != 2 || strcasecmp(RedisModule_StringPtrLen(argv[0], NULL), "limit") != 0) {
        RedisModule_Log(ctx, "warning", "'%s': the only argument there is, is limit BYTES",
                        RedisModule_StringPtrLen(argv[0], NULL));
        return false;
    }
    if (RedisModule_StringToLongLong(argv[1], &bytes) == REDISMODULE_ERR || bytes < 1) {
        RedisModule_Log(ctx, "warning", "limit '%s': not a number of bytes from 1 on",
                        RedisModule_StringPtrLen(argv[1], NULL));
        return false;
    }
    *limit = (size_t)bytes;
    return true;
}

__attribute__((visibility("default"))) int RedisModule_OnLoad(RedisModuleCtx *ctx,
                                                              RedisModuleString **argv, int argc)
{
    size_t limit;

    if (RedisModule_Init(ctx, "phrases", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR ||
        !take_limit(ctx, argv, argc, &limit))
        return REDISMODULE_ERR;
    RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS);
    if (!phrases_begin(limit)) {
        RedisModule_Log(ctx, "warning", "no zone for phrases: %s", strerror(errno));
        return REDISMODULE_ERR;
    }
    if (!type_create(ctx) || !create_commands(ctx)) {
        RedisModule_Log(ctx, "warning", "another module has such a type or such commands");
        phrases_end();
        return REDISMODULE_ERR;
    }
    RedisModule_Log(ctx, "notice", "the memory of phrases is that of %s", zmalloc_lib());
    return REDISMODULE_OK;
}
