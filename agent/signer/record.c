// SPDX-License-Identifier: BSD-2-Clause
// Records: sealed secrets that open only in the vault, key and place they were made for.
#include "record.h"

#include <sodium.h>
#include <string.h>

#include "arena.h"
#include "hash.h"
#include "printable.h"

_Static_assert(RECORD_SEALED_MAX == crypto_box_SEALBYTES + HASH_BYTES + RECORD_SECRET_MAX,
               "a sealed record has room for the longest secret and nothing else");
_Static_assert(RECORD_SEALED_MIN == crypto_box_SEALBYTES + HASH_BYTES + 1,
               "the shortest secret is one byte");

/* What is sealed: the hash of the record's facts, then the secret. */
struct inside {
    uint8_t facts[HASH_BYTES];
    uint8_t secret[RECORD_SECRET_MAX];
};

static int put_facts(struct buf *out, const struct record *record)
{
    size_t len = strlen(record->subject);
    int r;

    if ((r = buf_put_u32(out, record->id)) < 0 || (r = buf_put_u32(out, record->key)) < 0 ||
        (r = buf_put_u32(out, record->type)) < 0 || (r = buf_put_u64(out, record->created)) < 0 ||
        (r = buf_put_u32(out, (uint32_t)len)) < 0 || (r = buf_put(out, record->subject, len)) < 0)
        return r;
    return 0;
}

int record_put(struct buf *out, const struct record *record)
{
    int r;

    if ((r = put_facts(out, record)) < 0 ||
        (r = buf_put_u32(out, (uint32_t)record->sealed_len)) < 0 ||
        (r = buf_put(out, record->sealed, record->sealed_len)) < 0)
        return r;
    return 0;
}

void record_get(struct reader *reader, struct record *record)
{
    record->id = reader_u32(reader);
    record->key = reader_u32(reader);
    record->type = reader_u32(reader);
    record->created = reader_u64(reader);
    reader_text(reader, record->subject, sizeof(record->subject));
    record->sealed_len = reader_string(reader, record->sealed, sizeof(record->sealed));
}

bool record_valid(const struct record *record)
{
    size_t len = strlen(record->subject);

    return record->id != 0 && record->key != 0 &&
           (record->type == RECORD_ACCESS_KEY || record->type == RECORD_TOTP_SEED) && len != 0 &&
           printable_valid(record->subject, len) && record->sealed_len >= RECORD_SEALED_MIN &&
           record->sealed_len <= RECORD_SEALED_MAX;
}

static int hash_facts(uint8_t out[HASH_BYTES], const struct record *record, const uint8_t *vault_id,
                      struct error *error)
{
    struct buf facts;
    int result;

    buf_init(&facts);
    result = put_facts(&facts, record);
    if (result < 0)
        error_set(error, EXIT_FAILED, "no memory for a record of the vault");
    else
        hash_labelled(
            out, NULL, "awstap 1 record facts",
            (struct bytes[]){{vault_id, VAULT_ID_BYTES}, {buf_data(&facts), buf_len(&facts)}}, 2);
    buf_free(&facts);
    return result < 0 ? -1 : 0;
}

int record_seal(struct record *record, const uint8_t vault_id[VAULT_ID_BYTES],
                const uint8_t public_key[VAULT_KEY_BYTES], const void *secret, size_t len,
                struct error *error)
{
    int result = -1;

    if (len == 0 || len > RECORD_SECRET_MAX)
        return error_set(error, EXIT_FAILED, "a secret of %zu bytes can't be kept: 1 to %d can",
                         len, RECORD_SECRET_MAX);
    struct inside *inside = arena_alloc(sizeof(*inside));
    if (!inside)
        return error_set(error, EXIT_FAILED, "no memory for a record of the vault");
    if (hash_facts(inside->facts, record, vault_id, error) < 0)
        goto out;
    memcpy(inside->secret, secret, len);
    if (crypto_box_seal(record->sealed, (const uint8_t *)inside, HASH_BYTES + len, public_key) <
        0) {
        error_set(error, EXIT_VAULT, "the vault is refused: its public key is none");
        goto out;
    }
    record->sealed_len = crypto_box_SEALBYTES + HASH_BYTES + len;
    result = 0;
out:
    arena_free(inside);
    return result;
}

int record_open(const struct record *record, const uint8_t vault_id[VAULT_ID_BYTES],
                const uint8_t public_key[VAULT_KEY_BYTES],
                const uint8_t private_key[VAULT_KEY_BYTES], struct record_secret **secret,
                struct error *error)
{
    uint8_t facts[HASH_BYTES];
    struct inside *inside = NULL;
    struct record_secret *opened = NULL;
    int result = -1;

    if (hash_facts(facts, record, vault_id, error) < 0)
        return -1;
    inside = arena_alloc(sizeof(*inside));
    opened = arena_alloc(sizeof(*opened));
    if (!inside || !opened) {
        error_set(error, EXIT_FAILED, "no memory for a record of the vault");
        goto out;
    }
    if (record->sealed_len < RECORD_SEALED_MIN || record->sealed_len > RECORD_SEALED_MAX ||
        crypto_box_seal_open((uint8_t *)inside, record->sealed, record->sealed_len, public_key,
                             private_key) < 0 ||
        sodium_memcmp(inside->facts, facts, sizeof(facts)) != 0) {
        error_set(error, EXIT_VAULT,
                  "the vault is refused: the record of %s was not made for this place",
                  record->subject);
        goto out;
    }
    opened->len = record->sealed_len - crypto_box_SEALBYTES - HASH_BYTES;
    memcpy(opened->data, inside->secret, opened->len);
    *secret = opened;
    opened = NULL;
    result = 0;
out:
    arena_free(opened);
    arena_free(inside);
    return result;
}
