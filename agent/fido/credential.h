// SPDX-License-Identifier: BSD-2-Clause
// The credentials of the vault, as the signer sends them before an enrolment or a derivation.
#ifndef AWSTAP_FIDO_CREDENTIAL_H
#define AWSTAP_FIDO_CREDENTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

#define CREDENTIAL_MAX    64 /* more slots than anybody has keys */
#define CREDENTIAL_ID_MAX 1024
#define PUBLIC_KEY_SIZE   64 /* x and y of P-256 */
#define SALT_SIZE         32
#define SECRET_SIZE       32
#define AAGUID_SIZE       16

struct credential {
    uint32_t slot, flags; /* flags: enum fido_flag */
    size_t id_len;
    uint8_t id[CREDENTIAL_ID_MAX];
    uint8_t public_key[PUBLIC_KEY_SIZE], salt[SALT_SIZE], aaguid[AAGUID_SIZE];
};

struct credentials {
    size_t count;
    struct credential list[CREDENTIAL_MAX];
};

/* Append a copy. 0, -EPROTO where a field has not its size, -E2BIG. */
int credentials_add(struct credentials *credentials, const struct msg_fido_credential *msg);

#endif
