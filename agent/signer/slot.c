// SPDX-License-Identifier: BSD-2-Clause
// Slots: what a factor's secret opens, and how the vault's secret is sealed to it.
#include "slot.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

#include "arena.h"
#include "hash.h"
#include "message.h"
#include "printable.h"

/* Argon2id: the least that resists guessing, the most that a file may make us spend. */
#define OPSLIMIT_MIN crypto_pwhash_OPSLIMIT_INTERACTIVE
#define OPSLIMIT_MAX 16
#define MEMLIMIT_MIN crypto_pwhash_MEMLIMIT_INTERACTIVE
#define MEMLIMIT_MAX crypto_pwhash_MEMLIMIT_SENSITIVE

/* What is sealed to the slot. */
struct inside {
    struct vault_secret secret;
    uint8_t facts[HASH_BYTES];
};

struct pair {
    uint8_t seed[crypto_box_SEEDBYTES];
    uint8_t public_key[VAULT_KEY_BYTES];
    uint8_t private_key[VAULT_KEY_BYTES];
    uint8_t tag[VAULT_KEY_BYTES];
};

_Static_assert(SLOT_SEALED_BYTES == crypto_box_SEALBYTES + sizeof(struct inside),
               "a slot has room for what is sealed in it and nothing else");
_Static_assert(sizeof(struct inside) == 96, "what is sealed has no gaps");

static int put_string(struct buf *out, const void *data, size_t len)
{
    int r = buf_put_u32(out, (uint32_t)len);

    return r < 0 ? r : buf_put(out, data, len);
}

static int put_fido2(struct buf *out, const struct slot_fido2 *fido2)
{
    int r;

    if ((r = put_string(out, fido2->credential, fido2->credential_len)) < 0 ||
        (r = buf_put(out, fido2->public_key, sizeof(fido2->public_key))) < 0 ||
        (r = buf_put(out, fido2->salt, sizeof(fido2->salt))) < 0 ||
        (r = buf_put_u32(out, fido2->flags)) < 0 ||
        (r = buf_put(out, fido2->aaguid, sizeof(fido2->aaguid))) < 0)
        return r;
    return 0;
}

static int put_passphrase(struct buf *out, const struct slot_passphrase *passphrase)
{
    int r;

    if ((r = buf_put(out, passphrase->salt, sizeof(passphrase->salt))) < 0 ||
        (r = buf_put_u64(out, passphrase->opslimit)) < 0 ||
        (r = buf_put_u64(out, passphrase->memlimit)) < 0 ||
        (r = put_string(out, passphrase->totp, passphrase->totp_len)) < 0)
        return r;
    return 0;
}

static int put_facts(struct buf *out, const struct slot *slot)
{
    int r;

    if ((r = buf_put_u32(out, slot->id)) < 0 || (r = buf_put_u32(out, slot->kind)) < 0 ||
        (r = buf_put_u64(out, slot->created)) < 0 ||
        (r = put_string(out, slot->label, strlen(slot->label))) < 0 ||
        (r = buf_put(out, slot->public_key, sizeof(slot->public_key))) < 0)
        return r;
    if (slot->kind == FACTOR_FIDO2)
        return put_fido2(out, &slot->fido2);
    if (slot->kind == FACTOR_PASSPHRASE)
        return put_passphrase(out, &slot->passphrase);
    return 0;
}

int slot_put(struct buf *out, const struct slot *slot)
{
    int r;

    if ((r = put_facts(out, slot)) < 0 || (r = buf_put(out, slot->tag, sizeof(slot->tag))) < 0 ||
        (r = buf_put(out, slot->sealed, sizeof(slot->sealed))) < 0)
        return r;
    return 0;
}

static void get_fido2(struct reader *reader, struct slot_fido2 *fido2)
{
    fido2->credential_len = reader_string(reader, fido2->credential, sizeof(fido2->credential));
    reader_bytes(reader, fido2->public_key, sizeof(fido2->public_key));
    reader_bytes(reader, fido2->salt, sizeof(fido2->salt));
    fido2->flags = reader_u32(reader);
    reader_bytes(reader, fido2->aaguid, sizeof(fido2->aaguid));
}

static void get_passphrase(struct reader *reader, struct slot_passphrase *passphrase)
{
    reader_bytes(reader, passphrase->salt, sizeof(passphrase->salt));
    passphrase->opslimit = reader_u64(reader);
    passphrase->memlimit = reader_u64(reader);
    passphrase->totp_len = reader_string(reader, passphrase->totp, sizeof(passphrase->totp));
}

void slot_get(struct reader *reader, struct slot *slot)
{
    slot->id = reader_u32(reader);
    slot->kind = reader_u32(reader);
    slot->created = reader_u64(reader);
    reader_text(reader, slot->label, sizeof(slot->label));
    reader_bytes(reader, slot->public_key, sizeof(slot->public_key));
    if (slot->kind == FACTOR_FIDO2)
        get_fido2(reader, &slot->fido2);
    if (slot->kind == FACTOR_PASSPHRASE)
        get_passphrase(reader, &slot->passphrase);
    reader_bytes(reader, slot->tag, sizeof(slot->tag));
    reader_bytes(reader, slot->sealed, sizeof(slot->sealed));
}

static bool fido2_valid(const struct slot_fido2 *fido2)
{
    uint32_t known = FIDO_UP | FIDO_UV | FIDO_PIN;

    return fido2->credential_len != 0 && fido2->credential_len <= sizeof(fido2->credential) &&
           (fido2->flags & FIDO_UP) && !(fido2->flags & ~known) &&
           (!(fido2->flags & FIDO_PIN) || (fido2->flags & FIDO_UV));
}

static bool passphrase_valid(const struct slot_passphrase *passphrase)
{
    size_t totp = passphrase->totp_len;

    return passphrase->opslimit >= OPSLIMIT_MIN && passphrase->opslimit <= OPSLIMIT_MAX &&
           passphrase->memlimit >= MEMLIMIT_MIN && passphrase->memlimit <= MEMLIMIT_MAX &&
           (totp == 0 || (totp >= RECORD_SEALED_MIN && totp <= RECORD_SEALED_MAX));
}

bool slot_valid(const struct slot *slot)
{
    if (slot->id == 0 || !printable_valid(slot->label, strlen(slot->label)))
        return false;
    if (slot->kind == FACTOR_FIDO2)
        return fido2_valid(&slot->fido2);
    if (slot->kind == FACTOR_PASSPHRASE)
        return passphrase_valid(&slot->passphrase);
    return slot->kind == FACTOR_RECOVERY;
}

static int hash_facts(uint8_t out[HASH_BYTES], const struct slot *slot, const uint8_t *vault_id,
                      struct error *error)
{
    struct buf facts;
    int result;

    buf_init(&facts);
    result = put_facts(&facts, slot);
    if (result < 0)
        error_set(error, EXIT_FAILED, "no memory for a slot of the vault");
    else
        hash_labelled(
            out, NULL, "awstap 1 slot facts",
            (struct bytes[]){{vault_id, VAULT_ID_BYTES}, {buf_data(&facts), buf_len(&facts)}}, 2);
    buf_free(&facts);
    return result < 0 ? -1 : 0;
}

/* The pair that the factor's secret stands for in this slot of this vault; in the arena, NULL when
 * it is full. */
static struct pair *make_pair(uint32_t slot_id, const uint8_t *vault_id, const uint8_t *secret,
                              struct error *error)
{
    uint32_t id = htobe32(slot_id);
    struct pair *pair = arena_alloc(sizeof(*pair));

    if (!pair) {
        error_set(error, EXIT_FAILED, "no memory for a slot of the vault");
        return NULL;
    }
    hash_labelled(pair->seed, secret, "awstap 1 slot pair",
                  (struct bytes[]){{vault_id, VAULT_ID_BYTES}, {(const uint8_t *)&id, sizeof(id)}},
                  2);
    crypto_box_seed_keypair(pair->public_key, pair->private_key, pair->seed);
    return pair;
}

static void make_tag(uint8_t tag[VAULT_KEY_BYTES], uint32_t slot_id, const uint8_t *vault_id,
                     const uint8_t *secret, const struct vault_secret *inside)
{
    uint32_t id = htobe32(slot_id);

    hash_labelled(tag, secret, "awstap 1 slot tag",
                  (struct bytes[]){{vault_id, VAULT_ID_BYTES},
                                   {(const uint8_t *)&id, sizeof(id)},
                                   {inside->anchor, sizeof(inside->anchor)}},
                  3);
}

int slot_seal(struct slot *slot, const uint8_t vault_id[VAULT_ID_BYTES],
              const struct vault_secret *secret, struct error *error)
{
    struct inside *inside = arena_alloc(sizeof(*inside));
    int result = -1;

    if (!inside)
        return error_set(error, EXIT_FAILED, "no memory for a slot of the vault");
    inside->secret = *secret;
    if (hash_facts(inside->facts, slot, vault_id, error) < 0)
        goto out;
    if (crypto_box_seal(slot->sealed, (const uint8_t *)inside, sizeof(*inside), slot->public_key)) {
        error_set(error, EXIT_VAULT, "the vault is refused: the public key of slot %u is none",
                  slot->id);
        goto out;
    }
    result = 0;
out:
    arena_free(inside);
    return result;
}

int slot_enrol(struct slot *slot, const uint8_t vault_id[VAULT_ID_BYTES], const uint8_t *secret,
               const struct vault_secret *inside, struct error *error)
{
    struct pair *pair = make_pair(slot->id, vault_id, secret, error);

    if (!pair)
        return -1;
    memcpy(slot->public_key, pair->public_key, sizeof(slot->public_key));
    arena_free(pair);
    make_tag(slot->tag, slot->id, vault_id, secret, inside);
    return slot_seal(slot, vault_id, inside, error);
}

/* Open what is sealed and hold it against the slot's facts and tag. */
static int open_inside(const struct slot *slot, const uint8_t *vault_id, const uint8_t *secret,
                       struct pair *pair, struct inside *inside, struct error *error)
{
    uint8_t facts[HASH_BYTES];

    if (sodium_memcmp(pair->public_key, slot->public_key, sizeof(slot->public_key)) != 0)
        return error_set(error, EXIT_PERSON, "this is not the secret that slot %u was made with",
                         slot->id);
    if (hash_facts(facts, slot, vault_id, error) < 0)
        return -1;
    if (crypto_box_seal_open((uint8_t *)inside, slot->sealed, sizeof(slot->sealed),
                             slot->public_key, pair->private_key) < 0 ||
        sodium_memcmp(inside->facts, facts, sizeof(facts)) != 0)
        return error_set(error, EXIT_VAULT,
                         "the vault is refused: slot %u was changed by something else than awstap",
                         slot->id);
    make_tag(pair->tag, slot->id, vault_id, secret, &inside->secret);
    if (sodium_memcmp(pair->tag, slot->tag, sizeof(slot->tag)) != 0)
        return error_set(error, EXIT_VAULT,
                         "the vault is refused: slot %u leads into a vault that is not yours",
                         slot->id);
    return 0;
}

int slot_open(const struct slot *slot, const uint8_t vault_id[VAULT_ID_BYTES],
              const uint8_t *secret, struct vault_secret *out, struct error *error)
{
    struct pair *pair = make_pair(slot->id, vault_id, secret, error);
    struct inside *inside;
    int result = -1;

    if (!pair)
        return -1;
    inside = arena_alloc(sizeof(*inside));
    if (!inside)
        error_set(error, EXIT_FAILED, "no memory for a slot of the vault");
    else
        result = open_inside(slot, vault_id, secret, pair, inside, error);
    if (!result)
        *out = inside->secret;
    arena_free(inside);
    arena_free(pair);
    return result;
}

int slot_stretch(const struct slot *slot, const char *passphrase, size_t len, uint8_t *secret,
                 struct error *error)
{
    const struct slot_passphrase *facts = &slot->passphrase;

    if (!slot_valid(slot) || slot->kind != FACTOR_PASSPHRASE)
        return error_set(error, EXIT_VAULT, "the vault is refused: slot %u has no passphrase",
                         slot->id);
    if (crypto_pwhash(secret, VAULT_KEY_BYTES, passphrase, len, facts->salt, facts->opslimit,
                      (size_t)facts->memlimit, crypto_pwhash_ALG_ARGON2ID13) < 0)
        return error_set(error, EXIT_FAILED,
                         "no memory to check the passphrase: %llu MiB are needed",
                         (unsigned long long)facts->memlimit >> 20);
    return 0;
}
