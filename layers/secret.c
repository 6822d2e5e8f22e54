/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Anyone who reads one of the debug layer's canaries can work out the numbers it was made from. So those
 * must be worthless elsewhere. In particular they must not be the random bytes that the system gives each process at
 * its start, from which the C library derives its stack and pointer guards.
 *
 * If the system has no other random bytes, or refuses them to this process, we use those bytes as
 * the key of SipHash (Aumasson and Bernstein), which cannot be inverted.
 */

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "secret.h"

static uint64_t rotate(uint64_t word, unsigned by)
{
    return word << by | word >> (64 - by);
}

static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-2-4 of one word. */
static uint64_t hash_of(const uint64_t key[2], uint64_t word)
{
    const uint64_t words[] = {word, (uint64_t)sizeof word << 56};
    uint64_t v[] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                    key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};

    for (unsigned i = 0; i < 2; i++) {
        v[3] ^= words[i];
        mix(v);
        mix(v);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 4; i++)
        mix(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Not by getrandom(), which is a cancellation point; and without waiting for the system's
 * entropy. */
static int ask_system(uint64_t secret[2])
{
#ifdef SYS_getrandom
    const unsigned do_not_wait = 1;

    return syscall(SYS_getrandom, secret, 2 * sizeof *secret, do_not_wait) ==
           (long)(2 * sizeof *secret);
#else
    (void)secret;
    return 0;
#endif
}

static void make_own(uint64_t secret[2])
{
    const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
    uint64_t key[2] = {0};
    struct timespec now = {0};
    uint64_t word;

    if (random != NULL)
        memcpy(key, random, sizeof key);
    clock_gettime(CLOCK_MONOTONIC, &now);
    word = (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&word;
    secret[0] = hash_of(key, word);
    secret[1] = hash_of(key, ~word);
}

void zm_draw_secret(uint64_t secret[2])
{
    int saved_errno = errno;

    if (!ask_system(secret))
        make_own(secret);
    errno = saved_errno;
}
