// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_AWS_CLI_H
#define AWSTAP_AWS_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define AWS_CLI_WORDS 24

/* A call of the AWS CLI, to be run or to be shown. The words are the caller's, and must stay. */
struct aws_cli {
    const char *words[AWS_CLI_WORDS + 1]; /* `aws` first, NULL behind the last */
    size_t count;
};

/* `aws` and, where they are not NULL or empty, --profile, --region, --endpoint-url, --ca-bundle. */
void aws_cli_begin(struct aws_cli *cli, const char *profile, const char *region, const char *url,
                   const char *ca_bundle);

/* Add words, up to the NULL behind the last. One for which there is no room is a fault of ours and
 * ends the process. */
void aws_cli_add(struct aws_cli *cli, ...) __attribute__((sentinel));

/* Append it as one line for a shell, without a newline. 0 or a negative errno. */
int aws_cli_show(const struct aws_cli *cli, struct buf *out);

/* Whether there is an `aws` in PATH. */
bool aws_cli_is_there(void);

/*
 * Run it and wait; stdin and stderr are ours, so that it can ask and say why it failed. Its stdout
 * goes into out, of size bytes, up to the first newline; NULL and 0: nowhere. 0: it ended with 0;
 * above: its exit status, or 128 and the signal; or a negative errno: it could not be run.
 */
int aws_cli_run(const struct aws_cli *cli, char *out, size_t size);

#endif
