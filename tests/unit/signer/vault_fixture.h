// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TEST_VAULT_FIXTURE_H
#define AWSTAP_TEST_VAULT_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "vault.h"

/* A folder of its own with a vault, its state folder, and the secrets of the factors that open it.
 */
struct fixture {
    char folder[64], path[128], state[128];
    uint8_t first[32], second[32]; /* the secrets of slots 1 and 2 */
    struct error error;
};

/* cmocka's group setup and teardown: arena, clock and libsodium. */
int fixture_group_setup(void **state);
int fixture_group_teardown(void **state);

/* A test's setup and teardown. The vault has slots 1 and 2, the key "work" with a TOTP seed, the
 * key "home". */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The facts of a FIDO2 factor and of a key, all of them made up. */
struct slot fixture_slot(const char *label);
struct key fixture_key(const char *name);

/* Read the vault, and unlock it by the first slot; each must succeed. The caller's to vault_free().
 */
struct vault *fixture_read(struct fixture *fixture);
struct vault *fixture_unlock(struct fixture *fixture);

/* Forget what the state folder remembers, as on a machine that never saw the vault. */
void fixture_forget(struct fixture *fixture);

/* A file's bytes, the caller's to free(); and put bytes in its place. */
uint8_t *fixture_load(const char *path, size_t *len);
void fixture_store(const char *path, const uint8_t *data, size_t len);

/* Put the vault in its place as it is in memory, with whatever MACs it has and a checksum that
 * fits; and forget what was seen of it. */
void fixture_store_forged(struct fixture *fixture, const struct vault *vault);

#endif
