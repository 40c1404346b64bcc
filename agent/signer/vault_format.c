// SPDX-License-Identifier: BSD-2-Clause
// The vault's bytes, written in one way only and read in no other.
#include "vault_format.h"

#include <sodium.h>
#include <string.h>

#include "vault_header.h"

static const uint8_t magic[16] = VAULT_MAGIC;

static int put_head(const struct vault *vault, struct buf *out)
{
    int r;

    if ((r = buf_put(out, vault->public_key, sizeof(vault->public_key))) < 0 ||
        (r = buf_put(out, vault->machine, sizeof(vault->machine))) < 0 ||
        (r = buf_put_u32(out, vault->next_slot)) < 0 ||
        (r = buf_put_u32(out, vault->next_key)) < 0 ||
        (r = buf_put_u32(out, (uint32_t)vault->slot_count)) < 0)
        return r;
    for (size_t i = 0; i < vault->slot_count; i++) {
        if ((r = slot_put(out, &vault->slots[i])) < 0)
            return r;
    }
    if ((r = buf_put_u32(out, (uint32_t)vault->key_count)) < 0)
        return r;
    for (size_t i = 0; i < vault->key_count; i++) {
        if ((r = key_put(out, &vault->keys[i])) < 0)
            return r;
    }
    return 0;
}

static int put_records(const struct vault *vault, struct buf *out)
{
    int r;

    if ((r = buf_put_u64(out, vault->generation)) < 0 ||
        (r = buf_put_u32(out, vault->next_record)) < 0 ||
        (r = buf_put_u32(out, (uint32_t)vault->record_count)) < 0)
        return r;
    for (size_t i = 0; i < vault->record_count; i++) {
        if ((r = record_put(out, &vault->records[i])) < 0)
            return r;
    }
    if ((r = buf_put_u32(out, (uint32_t)vault->journal_len)) < 0)
        return r;
    return buf_put(out, vault->journal, vault->journal_len);
}

int vault_encode(const struct vault *vault, struct buf *out, struct vault_sections *sections)
{
    int r;

    if ((r = buf_put(out, magic, sizeof(magic))) < 0 || (r = buf_put_u32(out, VAULT_VERSION)) < 0 ||
        (r = buf_put(out, vault->id, sizeof(vault->id))) < 0)
        return r;
    sections->head = buf_len(out);
    if ((r = put_head(vault, out)) < 0)
        return r;
    sections->records = buf_len(out);
    if ((r = put_records(vault, out)) < 0)
        return r;
    sections->end = buf_len(out);
    return 0;
}

int vault_encode_end(const struct vault *vault, struct buf *out, uint8_t hash[VAULT_KEY_BYTES])
{
    int r;

    if ((r = buf_put(out, vault->head_mac, sizeof(vault->head_mac))) < 0 ||
        (r = buf_put(out, vault->record_mac, sizeof(vault->record_mac))) < 0)
        return r;
    crypto_generichash(hash, VAULT_KEY_BYTES, buf_data(out), buf_len(out), NULL, 0);
    return buf_put(out, hash, VAULT_KEY_BYTES);
}

bool vault_checksum(const uint8_t *data, size_t len, uint8_t hash[VAULT_KEY_BYTES])
{
    if (len < VAULT_KEY_BYTES)
        return false;
    crypto_generichash(hash, VAULT_KEY_BYTES, data, len - VAULT_KEY_BYTES, NULL, 0);
    return memcmp(hash, data + len - VAULT_KEY_BYTES, VAULT_KEY_BYTES) == 0;
}

static size_t get_count(struct reader *reader, size_t max)
{
    uint32_t count = reader_u32(reader);

    if (count > max)
        reader->bad = true;
    return reader->bad ? 0 : count;
}

/* Ids rise from slot to slot, so that none comes twice. */
static const char *get_slots(struct vault *vault, struct reader *reader)
{
    uint32_t last = 0;

    vault->slot_count = get_count(reader, VAULT_SLOTS_MAX);
    for (size_t i = 0; i < vault->slot_count; i++) {
        struct slot *slot = &vault->slots[i];
        slot_get(reader, slot);
        if (reader->bad || !slot_valid(slot) || slot->id <= last || slot->id >= vault->next_slot)
            return "a slot in it is wrong";
        last = slot->id;
    }
    return vault->slot_count == 0 ? "it has no slot, or too many" : NULL;
}

static bool name_taken(const struct vault *vault, size_t before, const char *name)
{
    for (size_t i = 0; i < before; i++) {
        if (strcmp(vault->keys[i].name, name) == 0)
            return true;
    }
    return false;
}

static const char *get_keys(struct vault *vault, struct reader *reader)
{
    uint32_t last = 0;

    vault->key_count = get_count(reader, VAULT_KEYS_MAX);
    for (size_t i = 0; i < vault->key_count; i++) {
        struct key *key = &vault->keys[i];
        key_get(reader, key);
        if (reader->bad || !key_valid(key) || key->id <= last || key->id >= vault->next_key ||
            name_taken(vault, i, key->name))
            return "a key in it is wrong";
        last = key->id;
    }
    return reader->bad ? "it has too many keys" : NULL;
}

static bool key_known(const struct vault *vault, uint32_t id)
{
    for (size_t i = 0; i < vault->key_count; i++) {
        if (vault->keys[i].id == id)
            return true;
    }
    return false;
}

/* At most two of a type per key: one in use, one being rotated. */
static bool record_fits(const struct vault *vault, size_t index)
{
    const struct record *record = &vault->records[index];
    int like = 0;

    for (size_t i = 0; i < index; i++) {
        if (vault->records[i].key == record->key && vault->records[i].type == record->type)
            like++;
    }
    return like < 2 && key_known(vault, record->key);
}

/* Ids fall from record to record: the newest stands first. */
static const char *get_records(struct vault *vault, struct reader *reader)
{
    uint32_t last = vault->next_record;

    vault->record_count = get_count(reader, VAULT_RECORDS_MAX);
    for (size_t i = 0; i < vault->record_count; i++) {
        struct record *record = &vault->records[i];
        record_get(reader, record);
        if (reader->bad || !record_valid(record) || record->id >= last || !record_fits(vault, i))
            return "a record in it is wrong";
        last = record->id;
    }
    return reader->bad ? "it has too many records" : NULL;
}

static const char *get_prefix(struct vault *vault, struct reader *reader)
{
    uint8_t start[sizeof(magic)];

    reader_bytes(reader, start, sizeof(start));
    if (reader->bad || memcmp(start, magic, sizeof(magic)) != 0)
        return "it is no vault of awstap";
    uint32_t version = reader_u32(reader);
    if (version > VAULT_VERSION)
        return "a newer awstap wrote it, in a format that this one does not know; install that one";
    if (version != VAULT_VERSION)
        return "its format is none that there ever was";
    reader_bytes(reader, vault->id, sizeof(vault->id));
    return NULL;
}

static const char *get_sections(struct vault *vault, struct reader *reader)
{
    const char *wrong;

    reader_bytes(reader, vault->public_key, sizeof(vault->public_key));
    reader_bytes(reader, vault->machine, sizeof(vault->machine));
    vault->next_slot = reader_u32(reader);
    vault->next_key = reader_u32(reader);
    if (vault->next_slot == 0 || vault->next_key == 0)
        return "its next ids are wrong";
    if ((wrong = get_slots(vault, reader)) || (wrong = get_keys(vault, reader)))
        return wrong;
    vault->generation = reader_u64(reader);
    vault->next_record = reader_u32(reader);
    if (vault->generation == 0 || vault->next_record == 0)
        return "its counts are wrong";
    if ((wrong = get_records(vault, reader)))
        return wrong;
    vault->journal_len = reader_string(reader, vault->journal, sizeof(vault->journal));
    reader_bytes(reader, vault->head_mac, sizeof(vault->head_mac));
    reader_bytes(reader, vault->record_mac, sizeof(vault->record_mac));
    if (reader->bad || reader->left != 0)
        return "its length is wrong";
    return NULL;
}

int vault_decode(struct vault *vault, const uint8_t *data, size_t len, struct error *error)
{
    struct reader reader = {.at = data, .left = len - VAULT_KEY_BYTES};
    const char *wrong;

    if (!vault_checksum(data, len, vault->hash))
        return error_set(error, EXIT_VAULT,
                         "damaged: its checksum does not fit; nothing was "
                         "changed; put a good copy in its place");
    wrong = get_prefix(vault, &reader);
    if (!wrong)
        wrong = get_sections(vault, &reader);
    if (wrong)
        return error_set(error, EXIT_VAULT, "refused: %s; nothing was changed", wrong);
    return 0;
}
