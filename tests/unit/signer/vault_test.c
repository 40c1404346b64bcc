// SPDX-License-Identifier: BSD-2-Clause
// The vault: what goes in comes out; what is damaged, forged, rolled back or forked is refused.
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "vault_fixture.h"
#include "vault_format.h"
#include "vault_keys.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define SEED   "12345678901234567890"

static void expect_refused(struct fixture *fixture, const char *reason)
{
    struct vault *vault = NULL;

    assert_int_equal(vault_read(fixture->path, fixture->state, &vault, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_VAULT);
    if (!strstr(fixture->error.text, reason))
        fail_msg("%s: expected %s", fixture->error.text, reason);
}

/* The vault can be read, and its first factor's unlock is refused. */
static void expect_forged(struct fixture *fixture, const char *what)
{
    struct vault *vault = fixture_read(fixture);

    if (vault_unlock(vault, 1, fixture->first, &fixture->error) == 0)
        fail_msg("%s: the forgery was believed", what);
    assert_true(fixture->error.status == EXIT_VAULT || fixture->error.status == EXIT_PERSON);
    assert_null(vault->unlocked);
    vault_free(vault);
}

static void expect_secrets(struct fixture *fixture, struct vault *vault)
{
    struct key *work = vault_key(vault, "work", &fixture->error);
    struct record_secret *secret, *seed;

    assert_non_null(work);
    assert_int_equal(vault_open_access_key(vault, work, &secret, &fixture->error), 0);
    assert_string_equal(secret->data, SECRET);
    arena_free(secret);
    assert_int_equal(vault_open_seed(vault, work, &seed, &fixture->error), 0);
    assert_int_equal(seed->len, strlen(SEED));
    assert_memory_equal(seed->data, SEED, seed->len);
    arena_free(seed);
}

static void round_trip(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    struct key *work = vault_key(vault, "work", &fixture->error);
    struct key *home = vault_key(vault, "home", &fixture->error);
    struct key facts = fixture_key("work");

    assert_int_equal(vault->generation, 1);
    assert_int_equal(vault->slot_count, 2);
    assert_string_equal(vault->slots[1].label, "the second");
    assert_string_equal(work->arn, facts.arn);
    assert_string_equal(work->sts_url, facts.sts_url);
    assert_string_equal(work->mfa_serial, "arn:aws:iam::123456789012:mfa/alice");
    assert_int_equal(work->policy.duration, 43200);
    assert_string_equal(vault_access_key_id(vault, home), "AKIAI44QH8DHBEXAMPLE");
    assert_true(vault_has_seed(vault, work));
    assert_false(vault_has_seed(vault, home));
    expect_secrets(fixture, vault);
    vault_lock(vault);
    assert_int_equal(vault_unlock(vault, 2, fixture->second, &fixture->error), 0);
    expect_secrets(fixture, vault);
    vault_free(vault);
}

static void file_is_private_and_holds_no_secret(void **state)
{
    struct fixture *fixture = *state;
    struct stat st;
    size_t len;
    uint8_t *bytes = fixture_load(fixture->path, &len);

    assert_int_equal(stat(fixture->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_non_null(memmem(bytes, len, "AKIAIOSFODNN7EXAMPLE", 20));
    assert_null(memmem(bytes, len, SECRET, strlen(SECRET)));
    assert_null(memmem(bytes, len, SEED, strlen(SEED)));
    assert_null(memmem(bytes, len, fixture->first, sizeof(fixture->first)));
    free(bytes);
}

/* Written in place: making the file anew thousands of times is slow on some file systems. */
static void flipped_bits(void **state)
{
    struct fixture *fixture = *state;
    size_t len, now_len;
    uint8_t *bytes = fixture_load(fixture->path, &len);
    int fd = open(fixture->path, O_WRONLY | O_CLOEXEC);

    for (size_t bit = 0; bit < 8 * len; bit++) {
        uint8_t flipped = (uint8_t)(bytes[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)(bit / 8)), 1);
        expect_refused(fixture, "damaged");
        uint8_t *now = fixture_load(fixture->path, &now_len);
        assert_int_equal(now_len, len);
        assert_int_equal(now[bit / 8], flipped);
        now[bit / 8] = bytes[bit / 8];
        assert_memory_equal(now, bytes, len);
        free(now);
        assert_int_equal(pwrite(fd, bytes + bit / 8, 1, (off_t)(bit / 8)), 1);
    }
    close(fd);
    free(bytes);
    vault_free(fixture_unlock(fixture));
}

static void truncated(void **state)
{
    struct fixture *fixture = *state;
    struct stat st;

    assert_int_equal(stat(fixture->path, &st), 0);
    for (size_t n = (size_t)st.st_size; n-- > 0;) {
        assert_int_equal(truncate(fixture->path, (off_t)n), 0);
        expect_refused(fixture, "damaged");
    }
}

/* Truncated and with a trailing byte, the checksum made to fit: the decoder itself must refuse. */
static void cut_and_mended(void **state)
{
    struct fixture *fixture = *state;
    size_t len;
    uint8_t *bytes = fixture_load(fixture->path, &len);
    uint8_t *cut = malloc(len + 1 + VAULT_KEY_BYTES);

    assert_non_null(cut);
    for (size_t n = 0; n <= len - VAULT_KEY_BYTES + 1; n++) {
        if (n == len - VAULT_KEY_BYTES)
            continue;
        memcpy(cut, bytes, n);
        crypto_generichash(cut + n, VAULT_KEY_BYTES, cut, n, NULL, 0);
        fixture_store(fixture->path, cut, n + VAULT_KEY_BYTES);
        expect_refused(fixture, "refused");
    }
    free(cut);
    free(bytes);
}

static void unknown_version(void **state)
{
    struct fixture *fixture = *state;
    size_t len;
    uint8_t *bytes = fixture_load(fixture->path, &len);

    bytes[19] = 2;
    crypto_generichash(bytes + len - VAULT_KEY_BYTES, VAULT_KEY_BYTES, bytes, len - VAULT_KEY_BYTES,
                       NULL, 0);
    fixture_store(fixture->path, bytes, len);
    expect_refused(fixture, "a newer awstap wrote it");
    free(bytes);
}

static void change_name(struct vault *vault)
{
    strcpy(vault->keys[0].name, "play");
}

static void change_arn(struct vault *vault)
{
    vault->keys[0].arn[14] = '9';
}

static void change_endpoint(struct vault *vault)
{
    strcpy(vault->keys[0].sts_url, "http://127.0.0.1:9999");
}

static void change_serial(struct vault *vault)
{
    vault->keys[0].mfa_serial[0] = 'b';
}

static void change_policy(struct vault *vault)
{
    vault->keys[0].policy.serve = SERVE_ROLES;
}

static void change_machine(struct vault *vault)
{
    vault->machine[0] ^= 1;
}

static void change_generation(struct vault *vault)
{
    vault->generation += 1000;
}

static void change_journal(struct vault *vault)
{
    vault->journal_len = 1;
}

static void change_label(struct vault *vault)
{
    strcpy(vault->slots[1].label, "another");
}

static void change_flags(struct vault *vault)
{
    vault->slots[0].fido2.flags = FIDO_UP | FIDO_UV;
}

static void change_public_key(struct vault *vault)
{
    uint8_t private_key[VAULT_KEY_BYTES];

    crypto_box_keypair(vault->public_key, private_key);
}

static void change_slot_public_key(struct vault *vault)
{
    memcpy(vault->slots[1].public_key, vault->public_key, VAULT_KEY_BYTES);
}

static void change_access_key_id(struct vault *vault)
{
    vault->records[2].subject[4] = 'X';
}

static void remove_last_key(struct vault *vault)
{
    vault->key_count--;
    memmove(&vault->records[1], &vault->records[2], sizeof(vault->records[0]));
    vault->record_count--;
}

static void remove_record(struct vault *vault)
{
    vault->record_count--;
}

static void remove_slot(struct vault *vault)
{
    vault->slot_count--;
}

/* The sealed parts of the access keys of "home" and "work" change places. */
static void swap_sealed(struct vault *vault)
{
    uint8_t kept[RECORD_SEALED_MAX];

    memcpy(kept, vault->records[1].sealed, sizeof(kept));
    memcpy(vault->records[1].sealed, vault->records[2].sealed, sizeof(kept));
    memcpy(vault->records[2].sealed, kept, sizeof(kept));
}

/* The records change keys, everything else stays. */
static void swap_record_keys(struct vault *vault)
{
    uint32_t kept = vault->records[1].key;

    vault->records[1].key = vault->records[2].key;
    vault->records[2].key = kept;
}

static void swap_slots(struct vault *vault)
{
    struct slot kept = vault->slots[0];

    vault->slots[0] = vault->slots[1];
    vault->slots[1] = kept;
    vault->slots[0].id = 1;
    vault->slots[1].id = 2;
}

static void forged(void **state)
{
    static const struct {
        const char *what;
        void (*change)(struct vault *vault);
    } forgeries[] = {
        {"name", change_name},
        {"ARN", change_arn},
        {"endpoint", change_endpoint},
        {"MFA serial", change_serial},
        {"policy", change_policy},
        {"machine", change_machine},
        {"generation", change_generation},
        {"journal", change_journal},
        {"label", change_label},
        {"flags", change_flags},
        {"public key", change_public_key},
        {"slot's public key", change_slot_public_key},
        {"access key id", change_access_key_id},
        {"key removed", remove_last_key},
        {"record removed", remove_record},
        {"slot removed", remove_slot},
        {"sealed parts swapped", swap_sealed},
        {"records swapped", swap_record_keys},
        {"slots swapped", swap_slots},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
        struct vault *good = fixture_read(fixture), *bad = fixture_read(fixture);
        forgeries[i].change(bad);
        fixture_store_forged(fixture, bad);
        expect_forged(fixture, forgeries[i].what);
        fixture_store_forged(fixture, good);
        vault_free(fixture_unlock(fixture));
        vault_free(good);
        vault_free(bad);
    }
}

/* A record moved by one who has K_rec is refused when it is opened. */
static void record_moved_with_k_rec(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    struct record_secret *secret;

    swap_record_keys(vault);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    assert_int_equal(vault_open_access_key(vault, &vault->keys[0], &secret, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_VAULT);
    vault_free(vault);
}

/* The head of one write under the records of the next, each with its own good MAC. */
static void mixed_writes(void **state)
{
    struct fixture *fixture = *state;
    struct vault *old = fixture_read(fixture), *vault = fixture_unlock(fixture);

    vault->keys[0].policy.serve = SERVE_ROLES;
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault->keys[0].policy = old->keys[0].policy;
    memcpy(vault->head_mac, old->head_mac, sizeof(vault->head_mac));
    fixture_store_forged(fixture, vault);
    expect_forged(fixture, "mixed writes");
    vault_free(vault);
    vault_free(old);
}

/* A whole vault of the attacker's, sealed to our slot, with MACs that fit: only the anchor tells.
 */
static void vault_of_a_stranger(void **state)
{
    struct fixture *fixture = *state;
    struct vault *ours = fixture_read(fixture), *vault = fixture_unlock(fixture);
    uint8_t *anchor = vault->unlocked->secret.anchor;

    crypto_box_keypair(vault->public_key, vault->unlocked->secret.private_key);
    randombytes_buf(anchor, VAULT_KEY_BYTES);
    vault_keys_derive(vault->unlocked, vault->record_key, vault->id);
    vault->record_count = vault->key_count = 0;
    assert_int_equal(
        slot_seal(&vault->slots[0], vault->id, &vault->unlocked->secret, &fixture->error), 0);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    fixture_forget(fixture);
    expect_forged(fixture, "a stranger's vault");
    assert_non_null(strstr(fixture->error.text, "not yours"));
    vault_free(vault);
    vault_free(ours);
}

static void wrong_secret(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_read(fixture);

    assert_int_equal(vault_unlock(vault, 1, fixture->second, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_PERSON);
    assert_int_equal(vault_unlock(vault, 3, fixture->first, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_FAILED);
    assert_null(vault->unlocked);
    vault_free(vault);
}

static void rolled_back(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault;
    size_t len;
    uint8_t *old = fixture_load(fixture->path, &len);

    vault = fixture_unlock(fixture);
    assert_int_equal(vault_remove_key(vault, "home", &fixture->error), 0);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
    fixture_store(fixture->path, old, len);
    expect_refused(fixture, "older");
    expect_refused(fixture, "awstap vault adopt");
    free(old);
}

static void forked(void **state)
{
    struct fixture *fixture = *state;
    struct vault *here = fixture_unlock(fixture), *there;
    size_t len;
    uint8_t *start = fixture_load(fixture->path, &len);

    assert_int_equal(vault_write(here, &fixture->error), 0);
    fixture_store(fixture->path, start, len);
    char *state_here = strdup(fixture->state);
    strcat(fixture->state, "-elsewhere");
    there = fixture_unlock(fixture);
    assert_int_equal(vault_remove_key(there, "home", &fixture->error), 0);
    assert_int_equal(vault_write(there, &fixture->error), 0);
    strcpy(fixture->state, state_here);
    expect_refused(fixture, "two places");
    vault_free(here);
    vault_free(there);
    free(state_here);
    free(start);
}

/* A newer file is taken, remembered by the unlock and not by the reading. */
static void newer_than_remembered(void **state)
{
    struct fixture *fixture = *state;
    char memory[512], hex[2 * VAULT_ID_BYTES + 1];
    struct vault *vault = fixture_unlock(fixture);
    size_t len, now_len;

    sodium_bin2hex(hex, sizeof(hex), vault->id, sizeof(vault->id));
    snprintf(memory, sizeof(memory), "%s/vault-%s", fixture->state, hex);
    uint8_t *before = fixture_load(memory, &len);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    uint8_t *after = fixture_load(memory, &now_len);
    fixture_store(memory, before, len);
    vault_free(vault);

    vault_free(fixture_read(fixture));
    uint8_t *read_only = fixture_load(memory, &now_len);
    assert_memory_equal(read_only, before, len);
    vault_free(fixture_unlock(fixture));
    uint8_t *unlocked = fixture_load(memory, &now_len);
    assert_memory_equal(unlocked, after, now_len);

    fixture_store(memory, after, now_len - 1);
    expect_refused(fixture, "damaged");
    free(before);
    free(after);
    free(read_only);
    free(unlocked);
}

static void written_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    struct vault *first = fixture_unlock(fixture), *second = fixture_unlock(fixture);

    assert_int_equal(vault_write(first, &fixture->error), 0);
    assert_int_equal(vault_write(second, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_FAILED);
    assert_non_null(strstr(fixture->error.text, "run it again"));
    assert_int_equal(vault_create(fixture->path, fixture->state, &second, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_FAILED);
    vault_free(first);
    vault_free(second);
}

/* Damage that comes between reading and writing is left as it is. */
static void damaged_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    size_t len, now_len;
    uint8_t *bytes = fixture_load(fixture->path, &len);

    bytes[len / 2] ^= 4;
    fixture_store(fixture->path, bytes, len);
    assert_int_equal(vault_write(vault, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_VAULT);
    uint8_t *now = fixture_load(fixture->path, &now_len);
    assert_int_equal(now_len, len);
    assert_memory_equal(now, bytes, len);
    vault_free(vault);
    free(bytes);
    free(now);
}

static void removed_slot_opens_no_more(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    struct slot third = fixture_slot("the third");
    struct vault_secret *inside = arena_alloc(sizeof(*inside));
    uint8_t old_key[VAULT_KEY_BYTES], secret[32] = {3};
    struct slot removed = vault->slots[1];
    uint32_t id;

    memcpy(old_key, vault->public_key, sizeof(old_key));
    assert_int_equal(vault_remove_slot(vault, 2, &fixture->error), 0);
    assert_int_equal(vault_add_slot(vault, &third, secret, &id, &fixture->error), 0);
    assert_int_equal(id, 3);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);

    vault = fixture_unlock(fixture);
    expect_secrets(fixture, vault);
    assert_memory_not_equal(vault->public_key, old_key, sizeof(old_key));
    assert_int_equal(vault_unlock(vault, 2, fixture->second, &fixture->error), -1);
    assert_int_equal(vault_unlock(vault, 3, secret, &fixture->error), 0);
    expect_secrets(fixture, vault);
    assert_int_equal(slot_open(&removed, vault->id, fixture->second, inside, &fixture->error), 0);
    assert_memory_not_equal(inside->private_key, vault->unlocked->secret.private_key, 32);
    arena_free(inside);

    assert_int_equal(vault_remove_slot(vault, 1, &fixture->error), 0);
    assert_int_equal(vault_remove_slot(vault, 3, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_FAILED);
    vault_free(vault);
}

/* The other factors' slots still lead in after a new vault key, made without their secrets. */
static void rekeyed_for_all(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    struct slot third = fixture_slot("the third");
    uint8_t secret[32] = {3};

    assert_int_equal(vault_add_slot(vault, &third, secret, NULL, &fixture->error), 0);
    assert_int_equal(vault_remove_slot(vault, 1, &fixture->error), 0);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
    vault = fixture_read(fixture);
    assert_int_equal(vault_unlock(vault, 2, fixture->second, &fixture->error), 0);
    expect_secrets(fixture, vault);
    assert_int_equal(vault_unlock(vault, 3, secret, &fixture->error), 0);
    expect_secrets(fixture, vault);
    vault_free(vault);
}

/* A passphrase's TOTP seed, sealed to the vault key inside its slot. */
static void seal_slot_seed(struct fixture *fixture, const struct vault *vault, struct slot *slot)
{
    struct record seed = {.key = vault->next_slot, .type = RECORD_SLOT_SEED};

    assert_int_equal(
        record_seal(&seed, vault->id, vault->public_key, SEED, strlen(SEED), &fixture->error), 0);
    memcpy(slot->passphrase.totp, seed.sealed, seed.sealed_len);
    slot->passphrase.totp_len = seed.sealed_len;
}

static void expect_slot_seed(struct fixture *fixture, const struct vault *vault,
                             const struct slot *slot)
{
    struct record seed = {.key = slot->id, .type = RECORD_SLOT_SEED};
    struct record_secret *secret;

    seed.sealed_len = slot->passphrase.totp_len;
    memcpy(seed.sealed, slot->passphrase.totp, seed.sealed_len);
    assert_int_equal(record_open(&seed, vault->id, vault->public_key,
                                 vault->unlocked->secret.private_key, &secret, &fixture->error),
                     0);
    assert_memory_equal(secret->data, SEED, strlen(SEED));
    arena_free(secret);
}

static void rekeyed_with_a_seed_in_a_slot(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    struct slot slot = {.kind = FACTOR_PASSPHRASE,
                        .passphrase = {.opslimit = 2, .memlimit = (uint64_t)64 << 20}};
    uint8_t secret[32] = {4}, before[RECORD_SEALED_MAX];

    seal_slot_seed(fixture, vault, &slot);
    memcpy(before, slot.passphrase.totp, sizeof(before));
    assert_int_equal(vault_add_slot(vault, &slot, secret, NULL, &fixture->error), 0);
    assert_int_equal(vault_remove_slot(vault, 1, &fixture->error), 0);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
    vault = fixture_read(fixture);
    assert_int_equal(vault_unlock(vault, 3, secret, &fixture->error), 0);
    assert_memory_not_equal(vault->slots[1].passphrase.totp, before, sizeof(before));
    expect_slot_seed(fixture, vault, &vault->slots[1]);
    expect_secrets(fixture, vault);
    vault_free(vault);
}

/* A record that does not open stops the change of the vault key, and nothing can be written then.
 */
static void rekeying_stops(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);

    vault->records[0].sealed[60] ^= 1;
    assert_int_equal(vault_remove_slot(vault, 2, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_VAULT);
    assert_null(vault->unlocked);
    vault_free(vault);
    vault_free(fixture_unlock(fixture));
}

static void removed_key_is_gone(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    struct key again = fixture_key("work");

    assert_int_equal(vault_remove_key(vault, "work", &fixture->error), 0);
    assert_int_equal(vault->record_count, 1);
    assert_int_equal(vault_remove_key(vault, "work", &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_FAILED);
    assert_int_equal(vault_add_key(vault, &again, "AKIAI44QH8DHBEXAMPLE", "s", &fixture->error),
                     -1);
    assert_int_equal(vault_add_key(vault, &again, "AKIAIOSFODNN7EXAMPLE", "s", &fixture->error), 0);
    assert_int_equal(vault_key(vault, "work", &fixture->error)->id, 3);
    assert_int_equal(vault_add_key(vault, &again, "AKIAANOTHERONEXAMPLE", "s", &fixture->error),
                     -1);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
    vault_free(fixture_unlock(fixture));
}

static void bad_slots(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    struct slot slot = fixture_slot("no touch");
    uint8_t secret[32] = {9};

    slot.fido2.flags = 0;
    assert_int_equal(vault_add_slot(vault, &slot, secret, NULL, &fixture->error), -1);
    slot = fixture_slot("a\033[31m");
    assert_int_equal(vault_add_slot(vault, &slot, secret, NULL, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_USAGE);
    assert_int_equal(vault->slot_count, 2);
    vault_free(vault);
}

static void bad_keys(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    struct key key = fixture_key("a\nb");

    assert_int_equal(vault_add_key(vault, &key, "AKIAX", "s", &fixture->error), -1);
    strcpy(key.name, "short");
    assert_int_equal(vault_add_key(vault, &key, "AKIAX", "", &fixture->error), -1);
    assert_int_equal(vault_add_key(vault, &key, "", "s", &fixture->error), -1);
    key.policy.duration = 899;
    assert_int_equal(vault_add_key(vault, &key, "AKIAX", "s", &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_USAGE);
    assert_int_equal(vault->key_count, 2);
    assert_int_equal(vault->record_count, 3);
    vault_free(vault);
}

static void full(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    char name[16], id[32];

    while (vault->key_count < VAULT_KEYS_MAX) {
        snprintf(name, sizeof(name), "key-%zu", vault->key_count);
        snprintf(id, sizeof(id), "AKIA%zu", vault->key_count);
        struct key key = fixture_key(name);
        assert_int_equal(vault_add_key(vault, &key, id, SECRET, &fixture->error), 0);
        assert_int_equal(vault_set_mfa(vault, vault_key(vault, name, &fixture->error), "serial",
                                       SEED, strlen(SEED), &fixture->error),
                         0);
    }
    struct key more = fixture_key("more");
    assert_int_equal(vault_add_key(vault, &more, "AKIAMORE", SECRET, &fixture->error), -1);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
    vault = fixture_unlock(fixture);
    assert_int_equal(vault->key_count, VAULT_KEYS_MAX);
    expect_secrets(fixture, vault);
    vault_free(vault);
}

static void not_there(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = NULL;

    unlink(fixture->path);
    assert_int_equal(vault_read(fixture->path, fixture->state, &vault, &fixture->error), 1);
    assert_int_equal(fixture->error.status, EXIT_FAILED);
    assert_non_null(strstr(fixture->error.text, "awstap factor add"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(round_trip),
        TEST(file_is_private_and_holds_no_secret),
        TEST(flipped_bits),
        TEST(truncated),
        TEST(cut_and_mended),
        TEST(unknown_version),
        TEST(forged),
        TEST(record_moved_with_k_rec),
        TEST(mixed_writes),
        TEST(vault_of_a_stranger),
        TEST(wrong_secret),
        TEST(rolled_back),
        TEST(forked),
        TEST(newer_than_remembered),
        TEST(written_meanwhile),
        TEST(damaged_meanwhile),
        TEST(removed_slot_opens_no_more),
        TEST(rekeyed_for_all),
        TEST(rekeyed_with_a_seed_in_a_slot),
        TEST(rekeying_stops),
        TEST(removed_key_is_gone),
        TEST(bad_slots),
        TEST(bad_keys),
        TEST(full),
        TEST(not_there),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
