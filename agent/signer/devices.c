// SPDX-License-Identifier: BSD-2-Clause
// The security keys that are plugged in: listed by an awstap-fido, met by one each. What one of
// them says or fails to say is no reason not to hear the others.
#include "devices.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"

#define LIST_MS 5000

/* Codes of CTAP 2.1, section 8.2: the key holds no credential of this vault; the person let the
 * time pass, or refused. */
#define CTAP2_ERR_INVALID_CREDENTIAL  0x22
#define CTAP2_ERR_OPERATION_DENIED    0x27
#define CTAP2_ERR_KEEPALIVE_CANCEL    0x2d
#define CTAP2_ERR_NO_CREDENTIALS      0x2e
#define CTAP2_ERR_USER_ACTION_TIMEOUT 0x2f
#define CTAP2_ERR_ACTION_TIMEOUT      0x3a

static int helper_died(struct error *error)
{
    return error_set(error, EXIT_FAILED, "awstap-fido has ended unexpectedly; run it again");
}

struct devices *devices_new(struct error *error)
{
    struct devices *devices = arena_alloc(sizeof *devices);

    if (!devices) {
        error_set(error, EXIT_FAILED, "out of memory");
        return NULL;
    }
    devices->lister.fd = -1;
    for (size_t i = 0; i < DEVICES_MAX; i++)
        devices->list[i].fido.fd = -1;
    return devices;
}

void devices_free(struct devices *devices)
{
    if (!devices)
        return;
    devices_let_go(devices, NULL);
    channel_close(&devices->lister);
    arena_free(devices);
}

static struct device *find(struct devices *devices, const char *path)
{
    for (size_t i = 0; i < DEVICES_MAX; i++)
        if (strcmp(devices->list[i].path, path) == 0)
            return &devices->list[i];
    return NULL;
}

int devices_add(struct devices *devices, const char *path, const char *product, struct error *error)
{
    struct device *device = find(devices, path);

    if (!device) {
        if (!(device = find(devices, "")) || strlen(path) >= sizeof device->path)
            return error_set(error, EXIT_PERSON,
                             "more security keys than awstap can ask; unplug some");
        strcpy(device->path, path);
        snprintf(device->product, sizeof device->product, "%s", product);
        device->fresh = true;
    }
    device->listed = true;
    return 0;
}

/* One frame of the answer to FIDO_LIST. 1: there is more; 0: that was the last; -1 with error. */
static int read_listed(struct devices *devices, struct error *error)
{
    struct msg_fido_device found;
    struct msg_fido_failed failed;
    struct frame frame;
    int r;

    if (channel_receive(&devices->lister, &frame, LIST_MS) != 1)
        return helper_died(error);
    if (message_get(&frame, MSG_FIDO_DEVICE, &found) == 0)
        r = devices_add(devices, found.path, found.product, error) < 0 ? -1 : 1;
    else if (message_get(&frame, MSG_FIDO_FAILED, &failed) == 0)
        r = error_set(error, EXIT_PERSON, "%s", failed.text);
    else
        r = frame.type == MSG_DONE ? 0 : helper_died(error);
    channel_drop(&devices->lister, &frame);
    return r;
}

static void forget(struct device *device)
{
    channel_close(&device->fido);
    *device = (struct device){.fido = {.fd = -1}};
}

int devices_list(struct devices *devices, struct agent *agent, struct error *error)
{
    int r;

    if (devices->lister.fd < 0 && agent_need(agent, PROGRAM_FIDO, &devices->lister, error) < 0)
        return -1;
    for (size_t i = 0; i < DEVICES_MAX; i++)
        devices->list[i].listed = devices->list[i].fresh = false;
    r = channel_send(&devices->lister, MSG_FIDO_LIST, NULL, -1, DEVICES_SEND_MS) < 0
            ? helper_died(error)
            : 1;
    while (r == 1)
        r = read_listed(devices, error);
    for (size_t i = 0; r == 0 && i < DEVICES_MAX; i++)
        if (!devices->list[i].listed)
            forget(&devices->list[i]);
    return r;
}

size_t devices_count(const struct devices *devices)
{
    size_t count = 0;

    for (size_t i = 0; i < DEVICES_MAX; i++)
        count += devices->list[i].path[0] != '\0';
    return count;
}

size_t devices_asked(const struct devices *devices)
{
    size_t count = 0;

    for (size_t i = 0; i < DEVICES_MAX; i++)
        count += devices->list[i].fido.fd >= 0;
    return count;
}

int devices_meet(struct devices *devices, struct agent *agent, struct device *device,
                 struct error *error)
{
    device->state = DEVICE_THINKS;
    if (device->fido.fd >= 0)
        return 0;
    if (devices->lister.fd < 0)
        return agent_need(agent, PROGRAM_FIDO, &device->fido, error);
    device->fido = devices->lister; /* it serves on */
    devices->lister.fd = -1;
    return 0;
}

int devices_select(struct device *device)
{
    const struct msg_fido_select request = {device->path};

    device->state = DEVICE_SELECTS;
    return channel_send(&device->fido, MSG_FIDO_SELECT, &request, -1, DEVICES_SEND_MS) < 0 ? -1 : 0;
}

int devices_send_credentials(struct device *device, const struct vault *vault)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < vault->slot_count; i++) {
        const struct slot *slot = &vault->slots[i];
        const struct msg_fido_credential credential = {
            .slot = slot->id,
            .id = {slot->fido2.credential, slot->fido2.credential_len},
            .public_key = {slot->fido2.public_key, sizeof slot->fido2.public_key},
            .salt = {slot->fido2.salt, sizeof slot->fido2.salt},
            .flags = slot->fido2.flags,
            .aaguid = {slot->fido2.aaguid, sizeof slot->fido2.aaguid},
        };

        if (slot->kind == FACTOR_FIDO2)
            r = channel_send(&device->fido, MSG_FIDO_CREDENTIAL, &credential, -1, DEVICES_SEND_MS);
    }
    return r < 0 ? -1 : 0;
}

static void note(struct devices *devices, enum blame blame, const struct error *failure)
{
    if (blame < devices->blame)
        return;
    devices->blame = blame;
    devices->failure = *failure;
}

void devices_give_up(struct devices *devices, struct device *device, const struct error *error)
{
    struct error failure = *error;

    if (!failure.status)
        helper_died(&failure);
    note(devices, BLAME_KEY, &failure);
    channel_close(&device->fido);
}

void devices_let_go(struct devices *devices, const struct device *but)
{
    for (size_t i = 0; i < DEVICES_MAX; i++)
        if (&devices->list[i] != but)
            channel_close(&devices->list[i].fido);
}

static void note_failure(struct devices *devices, const struct msg_fido_failed *failed)
{
    struct error failure;
    enum blame blame;

    error_set(&failure, EXIT_PERSON, "%s", failed->text);
    switch (failed->code) {
    case CTAP2_ERR_INVALID_CREDENTIAL:
    case CTAP2_ERR_NO_CREDENTIALS:
        blame = BLAME_STRANGER;
        break;
    case CTAP2_ERR_OPERATION_DENIED:
    case CTAP2_ERR_KEEPALIVE_CANCEL:
    case CTAP2_ERR_USER_ACTION_TIMEOUT:
    case CTAP2_ERR_ACTION_TIMEOUT:
        blame = BLAME_PERSON;
        break;
    default:
        blame = BLAME_KEY;
    }
    note(devices, blame, &failure);
}

void devices_wait(const struct devices *devices, const struct agent *agent,
                  const struct prompt *prompt, uint64_t deadline_ms)
{
    int dialog = prompt->asked ? prompt->channel.fd : -1;
    struct pollfd pollfds[DEVICES_MAX + 2];

    for (size_t i = 0; i < DEVICES_MAX; i++)
        pollfds[i] = (struct pollfd){.fd = devices->list[i].fido.fd, .events = POLLIN};
    pollfds[DEVICES_MAX] = (struct pollfd){.fd = agent->channel.fd, .events = POLLIN};
    pollfds[DEVICES_MAX + 1] = (struct pollfd){.fd = dialog, .events = POLLIN};
    (void)poll(pollfds, DEVICES_MAX + 2, clock_left_ms(deadline_ms));
}

/* The next frame of this device. 1: *frame; 0: none now; -1: it is over with its awstap-fido. */
static int next_of(struct device *device, struct frame *frame)
{
    int r = channel_next(&device->fido, frame);

    if (r == 0 && (r = channel_fill(&device->fido)) >= 0)
        r = channel_next(&device->fido, frame);
    return r < 0 || (r == 0 && device->fido.ended) ? -1 : r;
}

/* What every caller would do with the frame. Whether it is to be handed on. */
static bool take(struct devices *devices, struct device *device, const struct frame *frame)
{
    struct msg_fido_pin_wanted wanted;
    struct msg_fido_failed failed;

    if (message_get(frame, MSG_FIDO_FAILED, &failed) == 0) {
        note_failure(devices, &failed);
        channel_close(&device->fido);
        return false;
    }
    if (message_get(frame, MSG_FIDO_PIN_WANTED, &wanted) == 0) {
        device->tries = wanted.tries;
        snprintf(device->problem, sizeof device->problem, "%s", wanted.problem);
    }
    return true;
}

struct device *devices_next(struct devices *devices, struct frame *frame)
{
    for (size_t i = 0; i < DEVICES_MAX; i++) {
        struct device *device = &devices->list[i];
        int r = device->fido.fd < 0 ? 0 : next_of(device, frame);

        if (r == 1 && take(devices, device, frame))
            return device;
        if (r < 0)
            devices_give_up(devices, device, &(struct error){0});
    }
    return NULL;
}

const char *device_name(const struct device *device, const struct vault *vault)
{
    const char *name = "";
    size_t count = 0;

    for (size_t i = 0; i < vault->slot_count; i++) {
        const struct slot *slot = &vault->slots[i];

        if (slot->kind != FACTOR_FIDO2 || !(slot->fido2.flags & FIDO_UV))
            continue;
        name = slot->label;
        count++;
    }
    return count == 1 && name[0] ? name : device->product;
}

void devices_enrolled(const struct vault *vault, char name[DEVICES_NAME_SIZE])
{
    size_t count = 0;

    for (size_t i = 0; i < vault->slot_count; i++)
        if (vault->slots[i].kind == FACTOR_FIDO2 && count++ == 0)
            snprintf(name, DEVICES_NAME_SIZE, "\"%s\"", vault->slots[i].label);
    if (count != 1)
        snprintf(name, DEVICES_NAME_SIZE, "one that is enrolled");
}

void devices_excuse(const struct devices *devices, char excuse[DEVICES_EXCUSE_SIZE])
{
    /* What to do about it stands behind the semicolon: here it is in the dialog. */
    int cause = (int)strcspn(devices->failure.text, ";");

    if (devices->blame == BLAME_NOBODY || !devices_count(devices))
        snprintf(excuse, DEVICES_EXCUSE_SIZE, "No security key is plugged in.");
    else if (devices->blame == BLAME_STRANGER)
        snprintf(excuse, DEVICES_EXCUSE_SIZE,
                 "The security key that is plugged in is not enrolled.");
    else
        snprintf(excuse, DEVICES_EXCUSE_SIZE, "%.*s.", cause, devices->failure.text);
    excuse[0] = (char)toupper((unsigned char)excuse[0]);
}
