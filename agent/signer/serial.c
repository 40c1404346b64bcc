// SPDX-License-Identifier: BSD-2-Clause
// Another MFA serial for a key: allowed while the vault is open, put in when it is narrowed.
#include "serial.h"

#include <stdio.h>
#include <string.h>

#include "vault_keys.h"

/* The MAC and the hash of the head as the vault has it in memory. 0 or -1 with error. */
static int seal_head(const struct vault *vault, struct allowed_serial *allowed, struct error *error)
{
    struct vault_sections sections;
    struct buf bytes;
    int result = 0;

    buf_init(&bytes);
    if (vault_encode(vault, &bytes, &sections) < 0) {
        result = error_set(error, EXIT_FAILED, "no memory to change the vault");
    } else {
        vault_keys_head_mac(vault_keys_of(vault), buf_data(&bytes), &sections, allowed->mac);
        vault_keys_head_hash(buf_data(&bytes), &sections, allowed->hash);
    }
    buf_free(&bytes);
    return result;
}

int serial_allow(struct vault *vault, struct key *key, const char *serial,
                 struct allowed_serial *allowed, struct error *error)
{
    char now[sizeof key->mfa_serial];
    int result;

    if (strlen(serial) >= sizeof allowed->serial)
        return error_set(error, EXIT_FAILED, "the MFA serial %s is too long", serial);
    snprintf(allowed->serial, sizeof allowed->serial, "%s", serial);
    memcpy(allowed->before, vault->head_mac, sizeof allowed->before);
    memcpy(now, key->mfa_serial, sizeof now);
    memcpy(key->mfa_serial, allowed->serial, sizeof key->mfa_serial);
    result = seal_head(vault, allowed, error);
    memcpy(key->mfa_serial, now, sizeof now);
    return result;
}

int serial_put(struct vault *vault, struct key *key, const struct allowed_serial *allowed,
               struct error *error)
{
    if (memcmp(vault->head_mac, allowed->before, sizeof allowed->before) != 0)
        return error_set(error, EXIT_FAILED,
                         "the vault has been changed since it was opened; run it again");
    memcpy(key->mfa_serial, allowed->serial, sizeof key->mfa_serial);
    memcpy(vault->head_mac, allowed->mac, sizeof allowed->mac);
    memcpy(vault->head_hash, allowed->hash, sizeof allowed->hash);
    return 0;
}
