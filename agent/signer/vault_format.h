// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_VAULT_FORMAT_H
#define AWSTAP_VAULT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "vault.h"

/* The vault's bytes: prefix, head section, record section, two MACs, checksum. VAULT.md has them
 * one by one. */

#define VAULT_PREFIX_BYTES (16 + 4 + VAULT_ID_BYTES) /* magic, version, vault id */

/* Where the sections that the MACs cover lie: [0, head) prefix, [head, records) head, [records,
 * end) records. */
struct vault_sections {
    size_t head, records, end;
};

/* Append prefix and both sections to out, which must be empty. 0 or a negative errno. */
int vault_encode(const struct vault *vault, struct buf *out, struct vault_sections *sections);

/* Append the MACs that the vault has, and the checksum, which also goes to hash. 0 or a negative
 * errno. */
int vault_encode_end(const struct vault *vault, struct buf *out, uint8_t hash[VAULT_KEY_BYTES]);

/* Whether these bytes end in their checksum; *hash is it. */
bool vault_checksum(const uint8_t *data, size_t len, uint8_t hash[VAULT_KEY_BYTES]);

/*
 * Fill the vault (zeroed by the caller; path and state are kept) from the bytes of a file. 0 or -1
 * with EXIT_VAULT and a reason that fits behind "the vault PATH is".
 */
int vault_decode(struct vault *vault, const uint8_t *data, size_t len, struct error *error);

#endif
