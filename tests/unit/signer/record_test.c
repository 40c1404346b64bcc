// SPDX-License-Identifier: BSD-2-Clause
// Records: sealed with the public key alone, opened with the private key, bound to all their facts.
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "record.h"
#include "vault_fixture.h"

static const uint8_t vault_id[VAULT_ID_BYTES] = "a vault's id";
static uint8_t public_key[VAULT_KEY_BYTES], private_key[VAULT_KEY_BYTES];

static struct record sealed(const void *secret, size_t len)
{
    struct record record = {
        .id = 5, .key = 2, .type = RECORD_ACCESS_KEY, .created = 1700000000, .subject = "AKIAX"};
    struct error error;

    crypto_box_keypair(public_key, private_key);
    assert_int_equal(record_seal(&record, vault_id, public_key, secret, len, &error), 0);
    return record;
}

/* Whether the record opens; then it must hold the word "secret". */
static bool opens(const struct record *record, const uint8_t *id)
{
    struct record_secret *secret = NULL;
    struct error error;

    if (record_open(record, id, public_key, private_key, &secret, &error) < 0) {
        assert_int_equal(error.status, EXIT_VAULT);
        assert_null(secret);
        return false;
    }
    assert_int_equal(secret->len, 6);
    assert_string_equal(secret->data, "secret");
    arena_free(secret);
    return true;
}

static void bound_to_its_facts(void **state)
{
    struct record record = sealed("secret", 6), moved = record;
    uint8_t other_id[VAULT_ID_BYTES] = "another vault";

    (void)state;
    assert_true(record_valid(&record));
    assert_true(opens(&record, vault_id));
    assert_false(opens(&record, other_id));
    moved.id++;
    assert_false(opens(&moved, vault_id));
    moved = record;
    moved.key++;
    assert_false(opens(&moved, vault_id));
    moved = record;
    moved.type = RECORD_TOTP_SEED;
    assert_false(opens(&moved, vault_id));
    moved = record;
    moved.created++;
    assert_false(opens(&moved, vault_id));
    moved = record;
    moved.subject[0] = 'B';
    assert_false(opens(&moved, vault_id));
}

static void every_sealed_bit_counts(void **state)
{
    struct record record = sealed("secret", 6);

    (void)state;
    for (size_t bit = 0; bit < 8 * record.sealed_len; bit++) {
        record.sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(opens(&record, vault_id));
        record.sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < record.sealed_len; len++) {
        struct record cut = record;
        cut.sealed_len = len;
        assert_false(opens(&cut, vault_id));
    }
    record.sealed_len = RECORD_SEALED_MAX + 1;
    assert_false(opens(&record, vault_id));
    assert_false(record_valid(&record));
}

static void another_key_opens_nothing(void **state)
{
    struct record record = sealed("secret", 6);

    (void)state;
    crypto_box_keypair(public_key, private_key);
    assert_false(opens(&record, vault_id));
}

static void sizes(void **state)
{
    uint8_t longest[RECORD_SECRET_MAX + 1] = {0};
    struct record record = sealed(longest, RECORD_SECRET_MAX);
    struct record_secret *secret;
    struct error error;

    (void)state;
    assert_int_equal(record_open(&record, vault_id, public_key, private_key, &secret, &error), 0);
    assert_int_equal(secret->len, RECORD_SECRET_MAX);
    arena_free(secret);
    assert_int_equal(record_seal(&record, vault_id, public_key, longest, 0, &error), -1);
    assert_int_equal(record_seal(&record, vault_id, public_key, longest, sizeof(longest), &error),
                     -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_to_its_facts),
        cmocka_unit_test(every_sealed_bit_counts),
        cmocka_unit_test(another_key_opens_nothing),
        cmocka_unit_test(sizes),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
