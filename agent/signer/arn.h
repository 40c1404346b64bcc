// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ARN_H
#define AWSTAP_ARN_H

#include <stdbool.h>

/* An Amazon Resource Name of IAM or STS, which have no region:
 * arn:PARTITION:SERVICE::ACCOUNT:RESOURCE. */

#define ARN_MAX 2048 /* characters, as STS bounds its parameters */

struct arn {
    char partition[17], service[9];
    char account[13];     /* 12 digits, or "aws" for what AWS itself keeps */
    const char *resource; /* leads into the text; not empty, printable ASCII without spaces */
};

/* Read it. False for any other text, and for a partition unknown here. */
bool arn_read(const char *text, struct arn *arn);

#endif
