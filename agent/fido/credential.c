// SPDX-License-Identifier: BSD-2-Clause
// The credentials of the vault, as the signer sends them before an enrolment or a derivation.
#include "credential.h"

#include <errno.h>
#include <string.h>

int credentials_add(struct credentials *credentials, const struct msg_fido_credential *msg)
{
    struct credential *added;

    if (msg->id.len == 0 || msg->id.len > CREDENTIAL_ID_MAX ||
        msg->public_key.len != PUBLIC_KEY_SIZE || msg->salt.len != SALT_SIZE ||
        msg->aaguid.len != AAGUID_SIZE)
        return -EPROTO;
    if (credentials->count == CREDENTIAL_MAX)
        return -E2BIG;
    added = &credentials->list[credentials->count++];
    *added = (struct credential){.slot = msg->slot, .flags = msg->flags, .id_len = msg->id.len};
    memcpy(added->id, msg->id.data, msg->id.len);
    memcpy(added->public_key, msg->public_key.data, PUBLIC_KEY_SIZE);
    memcpy(added->salt, msg->salt.data, SALT_SIZE);
    memcpy(added->aaguid, msg->aaguid.data, AAGUID_SIZE);
    return 0;
}
