/* SPDX-License-Identifier: BSD-3-Clause */

/* OpenSSL hashes and encrypts in memory from zmalloc, and its functions fail when that runs out. */

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "adapters_support.h"
#include "zmalloc_adapters.h"

static int accepted;

/* Of "abc", as FIPS 180-2 has it. */
static const unsigned char hash_of_abc[] = {
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};

static bool hash(void)
{
    unsigned char found[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, "abc", 3) == 1 &&
                EVP_DigestFinal_ex(context, found, &size) == 1;

    EVP_MD_CTX_free(context);
    if (done) {
        assert_int_equal(size, sizeof hash_of_abc);
        assert_memory_equal(found, hash_of_abc, size);
    }
    return done;
}

static const unsigned char key[32] = "thirty-two bytes that are a key.";
static const unsigned char start[16] = "sixteen of start";
static const char message[] = "what nobody else is to read";

/* One direction: 1 encrypts. Returns how many bytes came out, 0 if it failed. */
static size_t cipher(int direction, const unsigned char *from, size_t size, unsigned char *to)
{
    int first = 0, last = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = context != NULL &&
                EVP_CipherInit_ex(context, EVP_aes_256_cbc(), NULL, key, start, direction) == 1 &&
                EVP_CipherUpdate(context, to, &first, from, (int)size) == 1 &&
                EVP_CipherFinal_ex(context, to + first, &last) == 1;

    EVP_CIPHER_CTX_free(context);
    return done ? (size_t)(first + last) : 0;
}

static bool encrypt_and_decrypt(void)
{
    unsigned char secret[64], clear[64];
    size_t size = cipher(1, (const unsigned char *)message, sizeof message, secret);

    if (size == 0)
        return false;
    assert_int_equal(size, 32);
    assert_memory_not_equal(secret, message, sizeof message);
    size = cipher(0, secret, size, clear);
    if (size == 0)
        return false;
    assert_int_equal(size, sizeof message);
    assert_memory_equal(clear, message, size);
    return true;
}

static void it_takes_the_functions(void **state)
{
    CRYPTO_malloc_fn malloc_function;
    CRYPTO_realloc_fn realloc_function;
    CRYPTO_free_fn free_function;

    (void)state;
    assert_int_equal(accepted, 1);
    CRYPTO_get_mem_functions(&malloc_function, &realloc_function, &free_function);
    assert_true(malloc_function == zmalloc_openssl_malloc);
    assert_true(realloc_function == zmalloc_openssl_realloc);
    assert_true(free_function == zmalloc_openssl_free);
}

static void its_blocks_are_counted(void **state)
{
    char *block = OPENSSL_malloc(1000);
    size_t used = zmalloc_used_memory();

    (void)state;
    assert_non_null(block);
    assert_true(used >= 1000);
    assert_null(OPENSSL_malloc(0));
    block = OPENSSL_realloc(block, 5000);
    assert_true(zmalloc_used_memory() >= used + 4000);
    block = OPENSSL_clear_realloc(block, 5000, 9000);
    assert_true(zmalloc_used_memory() >= used + 8000);
    assert_null(OPENSSL_realloc(block, 0));
    assert_true(zmalloc_used_memory() <= used - 1000);
}

static void a_hash_and_a_cipher_are_counted(void **state)
{
    (void)state;
    assert_true(hash());
    assert_true(encrypt_and_decrypt());
    /* What it has fetched and loaded stays until it ends. */
    assert_true(zmalloc_used_memory() > 1000);
}

/* What it allocates once is there by now. */
static void without_memory_they_fail(void **state)
{
    (void)state;
    need_fail_layer();
    assert_true(hash());
    assert_true(encrypt_and_decrypt());
    ERR_clear_error();
    fails_cleanly(hash);
    fails_cleanly(encrypt_and_decrypt);
    ERR_clear_error();
}

static void nothing_is_left_at_its_end(void **state)
{
    (void)state;
    OPENSSL_cleanup();
    assert_int_equal(zmalloc_used_memory(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_the_functions),
        cmocka_unit_test(its_blocks_are_counted),
        cmocka_unit_test(a_hash_and_a_cipher_are_counted),
        cmocka_unit_test(without_memory_they_fail),
        zm_test(nothing_is_left_at_its_end),
    };

    accepted = CRYPTO_set_mem_functions(zmalloc_openssl_malloc, zmalloc_openssl_realloc,
                                        zmalloc_openssl_free);
    return cmocka_run_group_tests(tests, forbid_oom_handler, NULL);
}
