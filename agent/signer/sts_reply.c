// SPDX-License-Identifier: BSD-2-Clause
// The fields of STS's answers.
#include "sts_reply.h"

#include <stdio.h>

#include "ascii.h"

#define PATH_SIZE 96

const char *sts_field(const struct msg_net_reply *reply, const char *action, const char *path)
{
    char whole[PATH_SIZE];
    const char *value;

    snprintf(whole, sizeof whole, "%sResult/%s", action, path);
    value = list_find(&reply->fields, whole, NULL);
    return value && !list_find(&reply->fields, whole, value) ? value : "";
}

int sts_not_believed(const struct msg_net_reply *reply, const char *what, struct error *error)
{
    char request[81];

    return error_set(
        error, EXIT_AWS,
        "the answer of AWS is not as it should be (%s); check the endpoint URL and any "
        "proxy (request %s)",
        what, ascii_printable(request, sizeof request, reply->request_id));
}
