/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Two allocators meet here. What the server hands out is the server's, and goes back with
 * RedisModule_Free(); the sets are zmalloc's.
 */

#include "type.h"

#include <errno.h>
#include <string.h>

#define ENCODING 0 /* of sets in files of the server */

RedisModuleType *type_phrases;

void type_heed_limit(void)
{
    const int accepted_before = REDISMODULE_CTX_FLAGS_LOADING | REDISMODULE_CTX_FLAGS_SLAVE;

    phrases_heed_limit((RedisModule_GetContextFlags(NULL) & accepted_before) == 0);
}

/* ---- Files of the server ---- */

static void save(RedisModuleIO *file, void *value)
{
    const struct phrases *set = value;

    RedisModule_SaveUnsigned(file, phrases_count(set));
    for (size_t i = 0; i < phrases_count(set); i++) {
        const struct phrase *phrase = phrases_at(set, i);

        RedisModule_SaveStringBuffer(file, phrase->text, phrase->length);
        RedisModule_SaveUnsigned(file, phrase->count);
    }
}

static void log_not_added(RedisModuleIO *file)
{
    RedisModule_LogIOError(file, "warning", "phrases have %zu bytes, and no more can be added: %s",
                           zmalloc_zone_used(phrases_zone), strerror(errno));
}

static bool load_phrase(RedisModuleIO *file, struct phrases *set)
{
    size_t length;
    char *text = RedisModule_LoadStringBuffer(file, &length);
    uint64_t count = RedisModule_LoadUnsigned(file);
    bool done = false;

    if (text == NULL || RedisModule_IsIOError(file))
        RedisModule_LogIOError(file, "warning", "the file ends within a set of phrases");
    else if (count == 0 || count > PHRASES_COUNT_MAX)
        RedisModule_LogIOError(file, "warning", "a phrase has the count %llu",
                               (unsigned long long)count);
    else if (phrases_add(set, text, length, count) == 0)
        log_not_added(file);
    else
        done = true;
    if (text != NULL)
        RedisModule_Free(text);
    return done;
}

/* What is left out after the first that failed is not read: the server gives the file up. */
static bool load_phrases(RedisModuleIO *file, struct phrases *set)
{
    uint64_t count = RedisModule_LoadUnsigned(file);

    while (count > 0 && load_phrase(file, set))
        count--;
    return count == 0;
}

static void *load(RedisModuleIO *file, int encoding)
{
    struct phrases *set;

    if (encoding != ENCODING) {
        RedisModule_LogIOError(file, "warning", "phrases of a newer version, %d", encoding);
        return NULL;
    }
    type_heed_limit();
    set = phrases_new();
    if (set == NULL)
        log_not_added(file);
    else if (!load_phrases(file, set)) {
        phrases_free(set);
        return NULL;
    }
    return set;
}

static void rewrite(RedisModuleIO *file, RedisModuleString *key, void *value)
{
    const struct phrases *set = value;

    for (size_t i = 0; i < phrases_count(set); i++) {
        const struct phrase *phrase = phrases_at(set, i);

        RedisModule_EmitAOF(file, "PHRASES.ADD", "sbl", key, phrase->text, phrase->length,
                            (long long)phrase->count);
    }
}

/* ---- What else it asks about a set ---- */

static void free_set(void *value)
{
    phrases_free(value);
}

/* By this the server decides whether a thread of its own frees the set. */
static size_t effort_to_free(RedisModuleString *key, const void *value)
{
    (void)key;
    return phrases_count(value);
}

static size_t memory_of(const void *value)
{
    return phrases_bytes(value);
}

static void *copy(RedisModuleString *from, RedisModuleString *to, const void *value)
{
    struct phrases *set;

    (void)from, (void)to;
    type_heed_limit();
    set = phrases_new();
    for (size_t i = 0; set != NULL && i < phrases_count(value); i++) {
        const struct phrase *phrase = phrases_at(value, i);

        if (phrases_add(set, phrase->text, phrase->length, phrase->count) != 0)
            continue;
        phrases_free(set);
        set = NULL;
    }
    return set;
}

static void digest(RedisModuleDigest *sum, void *value)
{
    for (size_t i = 0; i < phrases_count(value); i++) {
        const struct phrase *phrase = phrases_at(value, i);

        RedisModule_DigestAddStringBuffer(sum, phrase->text, phrase->length);
        RedisModule_DigestAddLongLong(sum, (long long)phrase->count);
        RedisModule_DigestEndSequence(sum);
    }
}

bool type_create(RedisModuleCtx *ctx)
{
    RedisModuleTypeMethods methods = {
        .version = REDISMODULE_TYPE_METHOD_VERSION,
        .rdb_load = load,
        .rdb_save = save,
        .aof_rewrite = rewrite,
        .mem_usage = memory_of,
        .digest = digest,
        .free = free_set,
        .free_effort = effort_to_free,
        .copy = copy,
    };

    type_phrases = RedisModule_CreateDataType(ctx, "zphrases1", ENCODING, &methods);
    return type_phrases != NULL;
}
