/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TYPE_H
#define TYPE_H

/* Sets of phrases as a type of the server's keys: how it saves, loads, copies, measures and frees them. */

#include "phrases.h"
#include "redismodule.h"

extern RedisModuleType *type_phrases;

/* False if the server has such a type already. */
bool type_create(RedisModuleCtx *ctx);

/*
 * To call before anything is added. A client may be refused at the limit. What comes from a file of the
 * server, or to a replica, was accepted before; to refuse it would lose it.
 */
void type_heed_limit(void);

#endif
