// SPDX-License-Identifier: BSD-2-Clause
// CTAPHID framing: 64-byte reports of a host, in and out, on any number of its channels.
#ifndef SOFTKEY_CTAPHID_H
#define SOFTKEY_CTAPHID_H

#include "authenticator.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPORT_SIZE   64
#define CTAPHID_QUEUE 64 /* reports kept for a host that does not read; more are dropped */

/* What a report asks the key to do. */
enum ctaphid_event {
    CTAPHID_NOTHING,
    CTAPHID_COMMAND, /* a CTAP command is complete: message, size */
    CTAPHID_CANCEL,  /* the command being done is to end */
};

enum ctaphid_phase {
    CTAPHID_IDLE,
    CTAPHID_RECEIVING,
    CTAPHID_WORKING, /* until ctaphid_reply or ctaphid_refuse */
};

/* All zeros to begin with. */
struct ctaphid {
    uint8_t open_error; /* answer INIT with this error; 0: do not */
    uint32_t channels;  /* handed out: 1 to this */
    enum ctaphid_phase phase;
    uint32_t channel; /* of the message being received or worked on */
    uint8_t command;
    uint8_t sequence;
    size_t size;     /* of the message, as announced */
    size_t received; /* bytes of it */
    uint8_t message[MESSAGE_MAX];
    size_t first, queued;
    uint8_t queue[CTAPHID_QUEUE][REPORT_SIZE];
};

enum ctaphid_event ctaphid_receive(struct ctaphid *hid, const uint8_t report[REPORT_SIZE]);

/* End the command that CTAPHID_COMMAND gave: with a CTAP reply, or with a CTAPHID error code. */
void ctaphid_reply(struct ctaphid *hid, const uint8_t *reply, size_t size);
void ctaphid_refuse(struct ctaphid *hid, uint8_t code);

/* Say that the person is awaited. */
void ctaphid_keepalive(struct ctaphid *hid);

/* The next report for the host. False: none. */
bool ctaphid_next(struct ctaphid *hid, uint8_t report[REPORT_SIZE]);

#endif
