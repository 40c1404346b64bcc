// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_IAM_CALL_H
#define AWSTAP_IAM_CALL_H

#include "iam.h"
#include "sts.h"

/* What the actions of IAM share: how they are sent, what an answer means, how it is read. */

#define IAM_MARKER_SIZE 1025

struct iam_parameter {
    const char *name, *value; /* "": left out */
};

/*
 * Ask for something that AWS may do twice without harm; while AWS is busy, and where no answer
 * came, it is asked for again. The list of parameters ends with one without a name. *reply is good
 * until the next call. As iam.h's calls.
 */
enum iam_verdict iam_ask(struct iam *iam, const char *action,
                         const struct iam_parameter *parameters, struct msg_net_reply *reply,
                         struct error *error);

/* Ask for something that may be asked for once only: IAM_UNKNOWN wherever AWS may have done it. */
enum iam_verdict iam_ask_once(struct iam *iam, const char *action,
                              const struct iam_parameter *parameters, struct msg_net_reply *reply,
                              struct error *error);

/* The same on the conversation of iam_prepare(); iam_created() ends that when reply has been read.
 */
enum iam_verdict iam_create(struct iam *iam, const char *action,
                            const struct iam_parameter *parameters, struct msg_net_reply *reply,
                            struct error *error);
void iam_created(struct iam *iam);

/* Reads one page of a list of what user has into *list, behind what is there. 0 or -1 with error.
 */
typedef int iam_page_read(const struct msg_net_reply *reply, const char *user, void *list,
                          struct error *error);

/* All pages of a list. */
enum iam_verdict iam_list(struct iam *iam, const char *action, iam_page_read *read, void *list,
                          struct error *error);

/*
 * NoSuchEntity does not say what is gone. Where it is the user, who may have been renamed, nothing
 * that was to be changed is gone: IAM_FAILED with error, else the verdict as it was.
 */
enum iam_verdict iam_confirm_gone(struct iam *iam, enum iam_verdict verdict, struct error *error);

/* Where the next page of the answer to action begins. 1; 0: this is the last one; -1 with error. */
int iam_marker_read(const struct msg_net_reply *reply, const char *action,
                    char marker[IAM_MARKER_SIZE], struct error *error);

/* The field of the nth member (0: the first) of a list at this path, or NULL. */
const char *iam_member(const struct msg_net_reply *reply, const char *path, size_t nth);

/* The readers of the answers that were IAM_OK. 0, or -1 with error and nothing to free. */
iam_page_read iam_keys_read, iam_devices_read;
int iam_created_key_read(const struct msg_net_reply *reply, const char *user,
                         struct access_key *created, struct error *error);
int iam_last_used_read(const struct msg_net_reply *reply, const char *user,
                       struct iam_last_used *used, struct error *error);
int iam_created_device_read(const struct msg_net_reply *reply, const char *serial,
                            struct seed *seed, struct error *error);

/* What an answer means, before any of its fields is believed. */
enum iam_verdict iam_verdict(const struct msg_net_reply *reply);

/* Whether the refusal is one that passes by itself, as patience_again() takes it. */
enum sts_verdict iam_patience(const struct msg_net_reply *reply);

/* Say for a person why AWS refused an action for this key, and what to do. */
void iam_explain(const struct iam *iam, const char *action, const struct msg_net_reply *reply,
                 struct error *error);

#endif
