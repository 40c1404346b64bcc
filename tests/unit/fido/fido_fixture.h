// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TEST_FIDO_FIXTURE_H
#define AWSTAP_TEST_FIDO_FIXTURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel.h"

/*
 * awstap-fido with the software key: the test build of it in the folder AWSTAP_BIN_DIR runs in a
 * folder of its own, and is spoken to as the signer does. Whatever is not as expected fails the
 * test.
 */

#define PATIENCE_MS 10000 /* no test waits so long but for a fault */
#define END_MS      1500  /* a helper whose conversation closed is gone by then */
#define KEY         "softkey:one"

/* What an enrolment gave; what a vault would keep, and the secret. */
struct enrolled {
    uint8_t id[1024], public_key[64], salt[32], aaguid[16], secret[32];
    size_t id_len;
    uint32_t flags;
};

struct helper {
    pid_t pid;
    struct channel channel;
};

/* cmocka's group setup and teardown; a test's setup: a new key, plugged in, touched at once. */
int open_folder(void **unused);
int close_folder(void **unused);
int plug_in(void **unused);

/* The files of the software key, by their names in the folder. */
void put_file(const char *name, const char *text);
void append_file(const char *name, const char *text);
void remove_file(const char *name);

/* A value of NAME.state; 0 where the key remembers nothing yet. Wait until it is so. */
unsigned long long state(const char *file_name, const char *name);
void await_state(const char *file_name, const char *name, unsigned long long value);

/* The helper and its conversation. await_end() gives its exit status, or 128 and the signal. */
void start(struct helper *helper);
int await_end(const struct helper *helper, int timeout_ms);
void stop(struct helper *helper);
void tell(struct helper *helper, enum message_type type, const void *msg);

/* The next message, which must be of this type; msg (or NULL) points into it. */
void expect(struct helper *helper, enum message_type type, void *msg);
void expect_and_drop(struct helper *helper, enum message_type type);

/* Everything up to the answer, to be dropped; touches counts the FIDO_TOUCHes. */
void answer(struct helper *helper, struct frame *frame, int *touches);

/* FIDO_FAILED with this code and a line, after so many touches. */
void expect_failure(struct helper *helper, int code, int touches);

/* Requests. */
void tell_credential(struct helper *helper, uint32_t slot, const struct enrolled *e);
void ask_enrol(struct helper *helper, const char *path, uint32_t flags);
void ask_derive(struct helper *helper, const char *path);

/* Answers, after two touches and after one. */
void expect_enrolled(struct helper *helper, struct enrolled *e);
void expect_secret(struct helper *helper, uint32_t slot, const struct enrolled *e);

/* A fresh conversation that fails; one that enrols. */
void refuse_enrol(const char *path, uint32_t flags, int code, int touches);
void refuse_derive(const char *path, const struct enrolled *e, int code, int touches);
void enrol_key(const char *path, struct enrolled *e);

/* The helper says that the key blinks, and it does. */
void expect_blinking(struct helper *helper);

/* A derivation that waits for a touch, or for the PIN. */
void begin_derive(struct helper *helper, const struct enrolled *e);

#endif
