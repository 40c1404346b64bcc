// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_STS_REPLY_H
#define AWSTAP_STS_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "message.h"

/* What the readers of STS's and IAM's answers share. awstap-net parsed them; a net that was taken
 * over must gain nothing by what it sends here. */

/* The value at ACTIONResult/path of the answer; "" when it is missing, or is there twice. */
const char *sts_field(const struct msg_net_reply *reply, const char *action, const char *path);

/*
 * YYYY-MM-DDTHH:MM:SS[.fraction]Z as seconds since 1970; false for any other text, and for 30
 * February.
 */
bool sts_time(const char *text, uint64_t *time);

/* Say that the field called what is not one to be believed. Always -1, with error. */
int sts_not_believed(const struct msg_net_reply *reply, const char *what, struct error *error);

#endif
