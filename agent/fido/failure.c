// SPDX-License-Identifier: BSD-2-Clause
// What a person is told when a security key fails: one line per FIDO_ERR_ that libfido2, a key or
// this program returns.
#include "failure.h"

#include <fido.h>
#include <stdio.h>

#define SEND_MS 5000

#define ENROLLED_ELSEWHERE "this is not a key enrolled for this vault; plug in one that is"
#define UNPLUGGED                                                                                  \
    "the security key was unplugged or does not answer; plug it in again and run it again"
#define NONSENSE                                                                                   \
    "the security key's answer makes no sense; unplug it, plug it in again and run it again"
#define NO_SECRETS "this security key cannot derive secrets (FIDO2 hmac-secret); use another model"

static const struct {
    int code;
    const char *text;
} LINES[] = {
    {FIDO_ERR_NO_CREDENTIALS, ENROLLED_ELSEWHERE},
    {FIDO_ERR_INVALID_CREDENTIAL, ENROLLED_ELSEWHERE},
    {FIDO_ERR_USER_ACTION_TIMEOUT, "no touch within 30 s; run it again and touch the blinking key"},
    {FIDO_ERR_ACTION_TIMEOUT,
     "no touch within 15 s; run it again and touch the blinking key of your choice"},
    {FIDO_ERR_KEEPALIVE_CANCEL, "cancelled"},
    {FIDO_ERR_OPERATION_DENIED, "refused on the security key; run it again and touch it to agree"},
    {FIDO_ERR_NOT_ALLOWED, "refused by the security key; unplug it, plug it in and run it again"},
    {FIDO_ERR_PIN_REQUIRED,
     "this security key asks for its PIN now, and did not when it was enrolled; use another "
     "factor, and enrol this key anew"},
    {FIDO_ERR_PIN_NOT_SET,
     "this factor needs a PIN on the security key, and none is set; set one and run it again"},
    {FIDO_ERR_PIN_AUTH_INVALID,
     "the security key did not accept its PIN; unplug it, plug it in again and run it again"},
    {FIDO_ERR_PIN_POLICY_VIOLATION,
     "the security key wants its PIN changed first; change it and run it again"},
    {FIDO_ERR_PIN_AUTH_BLOCKED,
     "too many wrong PINs in a row; unplug the security key, plug it in again and run it again"},
    {FIDO_ERR_PIN_BLOCKED,
     "the security key's PIN is locked, and a reset would destroy this factor; use another factor"},
    {FIDO_ERR_UV_BLOCKED,
     "the security key's fingerprint reader is locked; set a PIN on it, which unlocks it"},
    {FIDO_ERR_UV_INVALID, "fingerprint not recognised; run it again"},
    {FIDO_ERR_CREDENTIAL_EXCLUDED,
     "this security key is enrolled already; plug in another one, or remove its factor first"},
    {FIDO_ERR_USER_PRESENCE_REQUIRED,
     "this security key gives its secret without a touch; use another model"},
    {FAILURE_TOUCHLESS,
     "this security key gives its secret without a touch; set a PIN on it and run it again, or use "
     "another model"},
    {FAILURE_UNPROTECTED,
     "this security key has a PIN, but can't keep a secret behind it (credProtect); use another "
     "model"},
    {FAILURE_ALWAYS_VERIFIES,
     "this security key always asks for its PIN now, and did not when it was enrolled; use another "
     "factor, and enrol this key anew"},
    {FIDO_ERR_UNSUPPORTED_EXTENSION, NO_SECRETS},
    {FIDO_ERR_UNSUPPORTED_ALGORITHM, "this security key cannot sign with ES256; use another model"},
    {FIDO_ERR_INVALID_LENGTH,
     "the security key gave no secret, as some do once a PIN is set; use another factor, and enrol "
     "this key anew"},
    {FIDO_ERR_INVALID_SIG,
     "the security key's signature is wrong: it is not the key it claims to be; use another one"},
    {FIDO_ERR_CHANNEL_BUSY,
     "another program is using the security key; wait for it or close it, and run it again"},
    {FIDO_ERR_NOTFOUND, "no security key there; plug it in and run it again"},
    {FIDO_ERR_UNAUTHORIZED_PERM,
     "you may not open the security key; log in at this machine, or see its udev rule"},
    {FIDO_ERR_INVALID_ARGUMENT, "that is not a security key; give the path of one below /dev"},
    {FIDO_ERR_INTERNAL, UNPLUGGED},
    {FIDO_ERR_RX, UNPLUGGED},
    {FIDO_ERR_TX, UNPLUGGED},
    {FIDO_ERR_RX_NOT_CBOR, NONSENSE},
    {FIDO_ERR_RX_INVALID_CBOR, NONSENSE},
    {FIDO_ERR_INVALID_CBOR, NONSENSE},
    {FIDO_ERR_INVALID_PARAM, NONSENSE},
};

void failure_send(struct channel *channel, int code)
{
    char other[160];
    struct msg_fido_failed failed = {.code = (uint32_t)code, .text = other};

    snprintf(other, sizeof other,
             "the security key failed (%s); unplug it, plug it in again and run it again",
             fido_strerr(code));
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++)
        if (LINES[i].code == code)
            failed.text = LINES[i].text;
    (void)channel_send(channel, MSG_FIDO_FAILED, &failed, -1, SEND_MS);
}
