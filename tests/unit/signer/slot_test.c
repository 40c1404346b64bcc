// SPDX-License-Identifier: BSD-2-Clause
// Slots: opened by their own secret only, bound to all their facts; the recovery code; Argon2id.
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "recovery.h"
#include "vault_fixture.h"

static const uint8_t vault_id[VAULT_ID_BYTES] = "a vault's id";
static const uint8_t secret[32] = "a factor's secret of 32 bytes";

static struct vault_secret *made_up(void)
{
    struct vault_secret *inside = arena_alloc(sizeof(*inside));

    assert_non_null(inside);
    randombytes_buf(inside, sizeof(*inside));
    return inside;
}

/* Open the slot; 0 or the status of the error. */
static uint32_t open_status(const struct slot *slot, const uint8_t *id, const uint8_t *with,
                            const struct vault_secret *expected)
{
    struct vault_secret *inside = arena_alloc(sizeof(*inside));
    struct error error;
    int result = slot_open(slot, id, with, inside, &error);

    if (result == 0)
        assert_memory_equal(inside, expected, sizeof(*inside));
    else
        assert_int_equal(inside->private_key[0] | inside->anchor[0], 0);
    arena_free(inside);
    return result == 0 ? 0 : error.status;
}

static void enrol(struct slot *slot, const struct vault_secret *inside)
{
    struct error error;

    slot->id = 7;
    assert_true(slot_valid(slot));
    assert_int_equal(slot_enrol(slot, vault_id, secret, inside, &error), 0);
}

static void only_its_secret_opens(void **state)
{
    struct vault_secret *inside = made_up();
    struct slot slot = fixture_slot("label");
    uint8_t other[32] = "another factor's secret", other_id[VAULT_ID_BYTES] = "another vault";

    (void)state;
    enrol(&slot, inside);
    assert_int_equal(open_status(&slot, vault_id, secret, inside), 0);
    assert_int_equal(open_status(&slot, vault_id, other, inside), EXIT_PERSON);
    assert_int_equal(open_status(&slot, other_id, secret, inside), EXIT_PERSON);
    slot.id++;
    assert_int_equal(open_status(&slot, vault_id, secret, inside), EXIT_PERSON);
    arena_free(inside);
}

/* Every bit of an encoded slot counts: changed, it is refused by reader, check or opening. */
static void every_bit_counts(void **state)
{
    struct vault_secret *inside = made_up();
    struct slot slot = fixture_slot("label"), changed;
    struct buf bytes;

    (void)state;
    enrol(&slot, inside);
    buf_init(&bytes);
    assert_int_equal(slot_put(&bytes, &slot), 0);
    for (size_t bit = 0; bit < 8 * buf_len(&bytes); bit++) {
        struct reader reader = {.at = buf_data(&bytes), .left = buf_len(&bytes)};
        memset(&changed, 0, sizeof(changed));
        buf_data(&bytes)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        slot_get(&reader, &changed);
        if (!reader.bad && reader.left == 0 && slot_valid(&changed))
            assert_int_not_equal(open_status(&changed, vault_id, secret, inside), 0);
        buf_data(&bytes)[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    buf_free(&bytes);
    arena_free(inside);
}

/* Someone who knows the slot's public key seals a secret of his own to it. */
static void sealed_by_a_stranger(void **state)
{
    struct vault_secret *ours = made_up(), *theirs = made_up();
    struct slot slot = fixture_slot("label");
    struct error error;

    (void)state;
    enrol(&slot, ours);
    assert_int_equal(slot_seal(&slot, vault_id, theirs, &error), 0);
    assert_int_equal(open_status(&slot, vault_id, secret, theirs), EXIT_VAULT);
    memcpy(theirs->anchor, ours->anchor, sizeof(theirs->anchor));
    assert_int_equal(slot_seal(&slot, vault_id, theirs, &error), 0);
    assert_int_equal(open_status(&slot, vault_id, secret, theirs), 0);
    arena_free(ours);
    arena_free(theirs);
}

static void make_passphrase(struct slot *slot)
{
    memset(slot, 0, sizeof(*slot));
    slot->id = 1;
    slot->kind = FACTOR_PASSPHRASE;
    randombytes_buf(slot->passphrase.salt, sizeof(slot->passphrase.salt));
    slot->passphrase.opslimit = crypto_pwhash_OPSLIMIT_INTERACTIVE;
    slot->passphrase.memlimit = crypto_pwhash_MEMLIMIT_INTERACTIVE;
}

static void expect_again(const struct slot *slot)
{
    struct slot again = {0};
    struct buf bytes, twice;

    buf_init(&bytes);
    buf_init(&twice);
    assert_int_equal(slot_put(&bytes, slot), 0);
    struct reader reader = {.at = buf_data(&bytes), .left = buf_len(&bytes)};
    slot_get(&reader, &again);
    assert_true(!reader.bad && reader.left == 0 && slot_valid(&again));
    assert_int_equal(slot_put(&twice, &again), 0);
    assert_int_equal(buf_len(&twice), buf_len(&bytes));
    assert_memory_equal(buf_data(&twice), buf_data(&bytes), buf_len(&bytes));
    buf_free(&bytes);
    buf_free(&twice);
}

static void passphrase_encodes(void **state)
{
    struct slot slot;

    (void)state;
    make_passphrase(&slot);
    expect_again(&slot);
    slot.passphrase.totp_len = RECORD_SEALED_MAX;
    expect_again(&slot);
}

static void recovery_encodes(void **state)
{
    struct slot slot = {.id = 3, .kind = FACTOR_RECOVERY, .label = "Zettel für alle, im Tresor"};

    (void)state;
    expect_again(&slot);
}

static void fido2_encodes(void **state)
{
    struct slot slot = fixture_slot("");

    (void)state;
    slot.id = 1;
    slot.fido2.credential_len = SLOT_CREDENTIAL_MAX;
    expect_again(&slot);
}

static void passphrase_bounds(void **state)
{
    static const struct {
        uint64_t opslimit, memlimit;
        size_t totp_len;
        bool valid;
    } cases[] = {
        {2, 67108864, 0, true},
        {2, 67108863, 0, false},
        {2, UINT64_MAX, 0, false},
        {16, 1073741824, 0, true},
        {17, 67108864, 0, false},
        {1, 67108864, 0, false},
        {2, 67108864, RECORD_SEALED_MAX, true},
        {2, 67108864, 1, false},
        {2, 67108864, RECORD_SEALED_MAX + 1, false},
    };
    struct slot slot;

    (void)state;
    make_passphrase(&slot);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        slot.passphrase.opslimit = cases[i].opslimit;
        slot.passphrase.memlimit = cases[i].memlimit;
        slot.passphrase.totp_len = cases[i].totp_len;
        assert_int_equal(slot_valid(&slot), cases[i].valid);
    }
    make_passphrase(&slot);
    slot.kind = 4;
    assert_false(slot_valid(&slot));
}

static void fido2_bounds(void **state)
{
    struct slot slot = fixture_slot("label");

    (void)state;
    assert_false(slot_valid(&slot));
    slot.id = 1;
    assert_true(slot_valid(&slot));
    slot.fido2.flags = FIDO_UP | FIDO_PIN;
    assert_false(slot_valid(&slot));
    slot.fido2.flags = FIDO_UP | FIDO_UV | FIDO_PIN;
    assert_true(slot_valid(&slot));
    slot.fido2.flags = FIDO_UV;
    assert_false(slot_valid(&slot));
    slot.fido2.flags = FIDO_UP | 8;
    assert_false(slot_valid(&slot));
    slot.fido2.flags = FIDO_UP;
    slot.fido2.credential_len = 0;
    assert_false(slot_valid(&slot));
}

static void stretched(void **state)
{
    struct slot slot, fido2 = fixture_slot("label");
    uint8_t *first = arena_alloc(32), *second = arena_alloc(32);
    struct error error;

    (void)state;
    make_passphrase(&slot);
    assert_int_equal(slot_stretch(&slot, "correct horse", 13, first, &error), 0);
    assert_int_equal(slot_stretch(&slot, "correct horse", 13, second, &error), 0);
    assert_memory_equal(first, second, 32);
    assert_int_equal(slot_stretch(&slot, "correct horsf", 13, second, &error), 0);
    assert_memory_not_equal(first, second, 32);
    slot.passphrase.memlimit = UINT64_MAX;
    assert_int_equal(slot_stretch(&slot, "correct horse", 13, second, &error), -1);
    assert_int_equal(slot_stretch(&fido2, "correct horse", 13, second, &error), -1);
    arena_free(first);
    arena_free(second);
}

static void recovery_code(void **state)
{
    char text[RECOVERY_TEXT_SIZE], typed[2 * RECOVERY_TEXT_SIZE] = "";
    uint8_t again[32];
    struct error error;

    (void)state;
    recovery_print(secret, text);
    assert_int_equal(strlen(text), RECOVERY_TEXT_SIZE - 1);
    assert_int_equal(recovery_parse(text, strlen(text), again, &error), 0);
    assert_memory_equal(again, secret, 32);
    for (size_t i = 0; text[i]; i++) {
        char character = text[i] == '1' ? 'l' : text[i] == '0' ? 'o' : text[i];
        if (character >= 'A' && character <= 'Z')
            character = (char)(character + 32);
        typed[2 * i] = character == '-' ? ' ' : character;
        typed[2 * i + 1] = ' ';
    }
    strcat(typed, "\n");
    assert_int_equal(recovery_parse(typed, strlen(typed), again, &error), 0);
    assert_memory_equal(again, secret, 32);
}

static void recovery_mistyped(void **state)
{
    char text[RECOVERY_TEXT_SIZE];
    uint8_t again[32];
    struct error error;
    char group[9];

    (void)state;
    recovery_print(secret, text);
    for (size_t n = 0; n < strlen(text); n++)
        assert_int_equal(recovery_parse(text, n, again, &error), -1);
    memcpy(group, text + 9, 8);
    memcpy(text + 9, text + 18, 8);
    memcpy(text + 18, group, 8);
    assert_int_equal(recovery_parse(text, strlen(text), again, &error), -1);
    assert_int_equal(error.status, EXIT_PERSON);
    assert_non_null(strstr(error.text, "group 2 of 8"));
    assert_true(sodium_is_zero(again, sizeof(again)));
    recovery_print(secret, text);
    text[70] = '*';
    assert_int_equal(recovery_parse(text, strlen(text), again, &error), -1);
    assert_non_null(strstr(error.text, "group 8 of 8"));
    recovery_print(secret, text);
    text[71] = 'A';
    assert_int_equal(recovery_parse(text, sizeof(text), again, &error), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_secret_opens),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(sealed_by_a_stranger),
        cmocka_unit_test(passphrase_encodes),
        cmocka_unit_test(recovery_encodes),
        cmocka_unit_test(fido2_encodes),
        cmocka_unit_test(passphrase_bounds),
        cmocka_unit_test(fido2_bounds),
        cmocka_unit_test(stretched),
        cmocka_unit_test(recovery_code),
        cmocka_unit_test(recovery_mistyped),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
