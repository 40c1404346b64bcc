// SPDX-License-Identifier: BSD-2-Clause
// What the virtual MFA devices that awstap makes are called.
#include "mfa_name.h"

#include <stdio.h>

#include "iam.h"

const char *mfa_name(const struct key *key, unsigned nth, char out[MFA_NAME_SIZE])
{
    const char *user = iam_user_name(key);

    if (nth == 0)
        snprintf(out, MFA_NAME_SIZE, "%s", user);
    else if (nth == 1)
        snprintf(out, MFA_NAME_SIZE, "%s-awstap", user);
    else
        snprintf(out, MFA_NAME_SIZE, "%s-awstap-%u", user, nth);
    return out;
}

const char *mfa_name_serial(const struct key *key, unsigned nth, char out[KEY_SERIAL_MAX + 1])
{
    char name[MFA_NAME_SIZE];

    snprintf(out, KEY_SERIAL_MAX + 1, "arn:%s:iam::%s:mfa/%s", key->partition, key->account,
             mfa_name(key, nth, name));
    return out;
}
