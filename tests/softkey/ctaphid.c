// SPDX-License-Identifier: BSD-2-Clause
// CTAPHID framing: 64-byte reports of a host, in and out, on any number of its channels.
#include "ctaphid.h"

#include <fido.h>
#include <string.h>

#define CTAPHID_ERROR       0x3f
#define KEEPALIVE_UP_NEEDED 2
#define NONCE_LEN           8
#define INIT_REPLY_LEN      17
#define PROTOCOL_VERSION    2

#define FIRST_DATA (REPORT_SIZE - CTAP_INIT_HEADER_LEN)
#define NEXT_DATA  (REPORT_SIZE - CTAP_CONT_HEADER_LEN)

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/* A cleared report at the end of the queue; NULL when it is full. */
static uint8_t *append(struct ctaphid *hid, uint32_t channel)
{
    uint8_t *report;

    if (hid->queued == CTAPHID_QUEUE)
        return NULL;
    report = hid->queue[(hid->first + hid->queued++) % CTAPHID_QUEUE];
    memset(report, 0, REPORT_SIZE);
    put_u32(report, channel);
    return report;
}

static void send(struct ctaphid *hid, uint32_t channel, uint8_t command, const uint8_t *data,
                 size_t size)
{
    uint8_t *report = append(hid, channel);
    size_t sent = size < FIRST_DATA ? size : FIRST_DATA;

    if (report == NULL)
        return;
    report[4] = CTAP_FRAME_INIT | command;
    report[5] = (uint8_t)(size >> 8);
    report[6] = (uint8_t)size;
    memcpy(report + CTAP_INIT_HEADER_LEN, data, sent);
    for (uint8_t sequence = 0; sent < size; sequence++) {
        size_t part = size - sent < NEXT_DATA ? size - sent : NEXT_DATA;

        report = append(hid, channel);
        if (report == NULL)
            return;
        report[4] = sequence;
        memcpy(report + CTAP_CONT_HEADER_LEN, data + sent, part);
        sent += part;
    }
}

static enum ctaphid_event error(struct ctaphid *hid, uint32_t channel, uint8_t code)
{
    send(hid, channel, CTAPHID_ERROR, &code, 1);
    return CTAPHID_NOTHING;
}

static enum ctaphid_event receive_init(struct ctaphid *hid, uint32_t channel, const uint8_t *data,
                                       size_t size)
{
    uint8_t reply[INIT_REPLY_LEN] = {0};
    uint32_t given = channel;

    if (size != NONCE_LEN)
        return error(hid, channel, FIDO_ERR_INVALID_LENGTH);
    if (hid->open_error != 0)
        return error(hid, channel, hid->open_error);
    if (hid->phase == CTAPHID_RECEIVING)
        hid->phase = CTAPHID_IDLE;
    if (channel == CTAP_CID_BROADCAST)
        given = ++hid->channels;
    memcpy(reply, data, NONCE_LEN);
    put_u32(reply + NONCE_LEN, given);
    reply[12] = PROTOCOL_VERSION;
    reply[13] = 1;
    reply[16] = FIDO_CAP_WINK | FIDO_CAP_CBOR | FIDO_CAP_NMSG;
    send(hid, channel, CTAP_CMD_INIT, reply, sizeof(reply));
    return CTAPHID_NOTHING;
}

static enum ctaphid_event complete(struct ctaphid *hid)
{
    hid->phase = CTAPHID_IDLE;
    switch (hid->command) {
    case CTAP_CMD_CBOR:
        hid->phase = CTAPHID_WORKING;
        return CTAPHID_COMMAND;
    case CTAP_CMD_PING:
        send(hid, hid->channel, CTAP_CMD_PING, hid->message, hid->size);
        return CTAPHID_NOTHING;
    case CTAP_CMD_WINK:
        send(hid, hid->channel, CTAP_CMD_WINK, hid->message, 0);
        return CTAPHID_NOTHING;
    default:
        return error(hid, hid->channel, FIDO_ERR_INVALID_COMMAND);
    }
}

static enum ctaphid_event take(struct ctaphid *hid, const uint8_t *data, size_t max)
{
    size_t part = hid->size - hid->received < max ? hid->size - hid->received : max;

    memcpy(hid->message + hid->received, data, part);
    hid->received += part;
    return hid->received == hid->size ? complete(hid) : CTAPHID_NOTHING;
}

static enum ctaphid_event receive_first(struct ctaphid *hid, uint32_t channel,
                                        const uint8_t *report)
{
    uint8_t command = report[4] & (uint8_t)~CTAP_FRAME_INIT;
    size_t size = (size_t)report[5] << 8 | report[6];

    if (channel != CTAP_CID_BROADCAST && (channel == 0 || channel > hid->channels))
        return error(hid, channel, FIDO_ERR_INVALID_CHANNEL);
    if (command == CTAP_CMD_INIT)
        return receive_init(hid, channel, report + CTAP_INIT_HEADER_LEN, size);
    if (channel == CTAP_CID_BROADCAST)
        return error(hid, channel, FIDO_ERR_INVALID_CHANNEL);
    if (command == CTAP_CMD_CANCEL)
        return hid->phase == CTAPHID_WORKING && channel == hid->channel ? CTAPHID_CANCEL
                                                                        : CTAPHID_NOTHING;
    if (hid->phase != CTAPHID_IDLE)
        return error(hid, channel, FIDO_ERR_CHANNEL_BUSY);
    if (size > sizeof(hid->message))
        return error(hid, channel, FIDO_ERR_INVALID_LENGTH);
    hid->phase = CTAPHID_RECEIVING;
    hid->channel = channel;
    hid->command = command;
    hid->sequence = 0;
    hid->size = size;
    hid->received = 0;
    return take(hid, report + CTAP_INIT_HEADER_LEN, FIRST_DATA);
}

static enum ctaphid_event receive_next(struct ctaphid *hid, uint32_t channel, const uint8_t *report)
{
    if (hid->phase != CTAPHID_RECEIVING || channel != hid->channel)
        return CTAPHID_NOTHING;
    if (report[4] != hid->sequence) {
        hid->phase = CTAPHID_IDLE;
        return error(hid, channel, FIDO_ERR_INVALID_SEQ);
    }
    hid->sequence++;
    return take(hid, report + CTAP_CONT_HEADER_LEN, NEXT_DATA);
}

enum ctaphid_event ctaphid_receive(struct ctaphid *hid, const uint8_t report[REPORT_SIZE])
{
    uint32_t channel = get_u32(report);

    return report[4] & CTAP_FRAME_INIT ? receive_first(hid, channel, report)
                                       : receive_next(hid, channel, report);
}

void ctaphid_reply(struct ctaphid *hid, const uint8_t *reply, size_t size)
{
    hid->phase = CTAPHID_IDLE;
    send(hid, hid->channel, CTAP_CMD_CBOR, reply, size);
}

void ctaphid_refuse(struct ctaphid *hid, uint8_t code)
{
    hid->phase = CTAPHID_IDLE;
    error(hid, hid->channel, code);
}

void ctaphid_keepalive(struct ctaphid *hid)
{
    const uint8_t status = KEEPALIVE_UP_NEEDED;

    send(hid, hid->channel, CTAP_KEEPALIVE, &status, sizeof(status));
}

bool ctaphid_next(struct ctaphid *hid, uint8_t report[REPORT_SIZE])
{
    if (hid->queued == 0)
        return false;
    memcpy(report, hid->queue[hid->first], REPORT_SIZE);
    hid->first = (hid->first + 1) % CTAPHID_QUEUE;
    hid->queued--;
    return true;
}
