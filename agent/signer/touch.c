// SPDX-License-Identifier: BSD-2-Clause
// One awstap-fido per security key: all of them blink, the first verified answer wins, the others
// are let go.
#include "touch.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"

#define DEVICES_MAX 16
#define LIST_MS     5000
#define SEND_MS     2000
#define TOUCH_MS    35000  /* awstap-fido itself gives up after 30 s */
#define ENROL_MS    100000 /* a choice, a touch and another one, of 30 s each */
#define SECRET_SIZE 32

/* Status codes by which a device says that it holds no credential of this vault (CTAP 2.1,
 * section 8.2). */
#define CTAP2_ERR_INVALID_CREDENTIAL 0x22
#define CTAP2_ERR_NO_CREDENTIALS     0x2e

struct device {
    char path[256], product[SLOT_LABEL_MAX + 1];
    struct channel fido;
};

struct devices {
    struct device list[DEVICES_MAX];
    size_t count;
};

static int helper_died(struct error *error)
{
    return error_set(error, EXIT_FAILED, "awstap-fido has ended unexpectedly; run it again");
}

static int add_device(struct devices *devices, const struct msg_fido_device *found,
                      struct error *error)
{
    struct device *device = &devices->list[devices->count];

    if (devices->count == DEVICES_MAX || strlen(found->path) >= sizeof device->path)
        return error_set(error, EXIT_PERSON, "more security keys than awstap can ask; unplug some");
    strcpy(device->path, found->path);
    snprintf(device->product, sizeof device->product, "%s", found->product);
    device->fido.fd = -1;
    devices->count++;
    return 0;
}

/* One frame of the answer to FIDO_LIST. 1: there is more; 0: that was the last; -1 with error. */
static int read_listed(struct channel *fido, struct devices *devices, struct error *error)
{
    struct msg_fido_device found;
    struct msg_fido_failed failed;
    struct frame frame;
    int r;

    if (channel_receive(fido, &frame, LIST_MS) != 1)
        return helper_died(error);
    if (message_get(&frame, MSG_FIDO_DEVICE, &found) == 0)
        r = add_device(devices, &found, error) < 0 ? -1 : 1;
    else if (message_get(&frame, MSG_FIDO_FAILED, &failed) == 0)
        r = error_set(error, EXIT_PERSON, "%s", failed.text);
    else
        r = frame.type == MSG_DONE ? 0 : helper_died(error);
    channel_drop(fido, &frame);
    return r;
}

static int list_devices(struct agent *agent, struct devices *devices, struct error *error)
{
    struct channel fido = {.fd = -1};
    int r;

    devices->count = 0;
    if (agent_need(agent, PROGRAM_FIDO, &fido, error) < 0)
        return -1;
    r = channel_send(&fido, MSG_FIDO_LIST, NULL, -1, SEND_MS) < 0 ? helper_died(error) : 1;
    while (r == 1)
        r = read_listed(&fido, devices, error);
    if (r == 0 && devices->count)
        devices->list[0].fido = fido; /* it serves on, for the first device */
    else
        channel_close(&fido);
    return r;
}

/* The device has an awstap-fido of its own after this. 0 or -1 with error. */
static int meet(struct agent *agent, struct device *device, struct error *error)
{
    return device->fido.fd >= 0 ? 0 : agent_need(agent, PROGRAM_FIDO, &device->fido, error);
}

/* Letting go of a conversation makes awstap-fido cancel, and its key stop blinking. */
static void let_go(struct devices *devices, const struct device *but)
{
    for (size_t i = 0; i < devices->count; i++)
        if (&devices->list[i] != but)
            channel_close(&devices->list[i].fido);
}

/* One device that can't be asked is no reason not to ask the others. */
static void give_up(struct device *device, struct error *error)
{
    if (!error->status)
        helper_died(error);
    channel_close(&device->fido);
}

/* Tell awstap-fido of the credentials of the vault: to choose from, or not to enrol again. */
static int send_credentials(struct channel *fido, const struct vault *vault)
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
            r = channel_send(fido, MSG_FIDO_CREDENTIAL, &credential, -1, SEND_MS);
    }
    return r;
}

/* What was learnt from all devices so far. */
struct wait {
    struct agent *agent;
    struct devices *devices;
    const struct touch_idle *idle;
    const char *purpose;
    bool said; /* the person has been told to touch */
};

static void say_touch(struct wait *wait)
{
    if (!wait->said)
        agent_progress(wait->agent, PROGRESS_TOUCH, "touch the %ssecurity key %s",
                       wait->devices->count > 1 ? "blinking " : "", wait->purpose);
    wait->said = true;
}

/* More is asked for than the person was told: say it anew. */
static void take_wants(struct wait *wait)
{
    wait->idle->wanted(wait->idle->context);
    if (wait->said) {
        wait->said = false;
        say_touch(wait);
    }
}

/* Keep the most telling failure: that of a key that is not enrolled tells least. */
static void note_failure(const struct msg_fido_failed *failed, struct error *error)
{
    bool stranger =
        failed->code == CTAP2_ERR_NO_CREDENTIALS || failed->code == CTAP2_ERR_INVALID_CREDENTIAL;

    if (error->status && stranger)
        return;
    error_set(error, EXIT_PERSON, "%s", failed->text);
}

/*
 * Take one frame of a device. 1: *answer is of the type awaited, and still to be dropped; 0: go on
 * waiting; the device may be closed after that, and error then has its reason.
 */
static int take_frame(struct wait *wait, struct device *device, enum message_type awaited,
                      struct frame *answer, struct error *error)
{
    struct msg_fido_failed failed;
    struct msg_fido_touch touch;
    int r;

    while ((r = channel_next(&device->fido, answer)) == 1) {
        if (answer->type == awaited)
            return 1;
        if (message_get(answer, MSG_FIDO_TOUCH, &touch) == 0) {
            say_touch(wait);
        } else if (message_get(answer, MSG_FIDO_FAILED, &failed) == 0) {
            note_failure(&failed, error);
            channel_close(&device->fido);
            return 0;
        } else {
            r = -1;
            break;
        }
        channel_drop(&device->fido, answer);
    }
    if (r < 0 || device->fido.ended)
        give_up(device, error);
    return 0;
}

static size_t collect(const struct wait *wait, struct pollfd *pollfds)
{
    size_t open = 0;

    for (size_t i = 0; i < wait->devices->count; i++) {
        pollfds[i] = (struct pollfd){.fd = wait->devices->list[i].fido.fd, .events = POLLIN};
        open += pollfds[i].fd >= 0;
    }
    pollfds[wait->devices->count] =
        (struct pollfd){.fd = wait->agent->channel.fd, .events = POLLIN};
    return open;
}

/* The device that has answered, or NULL: none yet. */
static struct device *look_at_devices(struct wait *wait, enum message_type awaited,
                                      struct frame *answer, struct error *error)
{
    for (size_t i = 0; i < wait->devices->count; i++) {
        struct device *device = &wait->devices->list[i];

        if (device->fido.fd >= 0 && channel_fill(&device->fido) < 0)
            device->fido.ended = true;
        if (device->fido.fd >= 0 && take_frame(wait, device, awaited, answer, error))
            return device;
    }
    return NULL;
}

/* Wait for the first device that answers as awaited. NULL with error: none will. */
static struct device *await_device(struct wait *wait, enum message_type awaited, int timeout_ms,
                                   struct frame *answer, struct error *error)
{
    struct pollfd pollfds[DEVICES_MAX + 1];
    uint64_t deadline = clock_deadline_ms(timeout_ms);
    struct device *device;

    while (collect(wait, pollfds)) {
        int left = clock_left_ms(deadline);

        if (!left) {
            error_set(error, EXIT_PERSON,
                      "no touch within 30 s; run it again and touch the blinking key");
            return NULL;
        }
        if (poll(pollfds, wait->devices->count + 1, left) <= 0)
            continue;
        if (pollfds[wait->devices->count].revents && agent_look(wait->agent) && wait->idle)
            take_wants(wait);
        if ((device = look_at_devices(wait, awaited, answer, error)))
            return device;
    }
    return NULL;
}

static int no_device(const struct vault *vault, struct error *error)
{
    const char *label = vault && vault->slot_count == 1 ? vault->slots[0].label : "";

    return error_set(error, EXIT_PERSON,
                     "no security key is plugged in; plug in %s%s%s and run it again",
                     label[0] ? "\"" : "one that is enrolled", label, label[0] ? "\"" : "");
}

/* Ask every device for the secret of its slot. 0 and *found, *secret; or -1 with error. */
static int derive(struct wait *wait, const struct vault *vault, uint32_t *slot, uint8_t *secret,
                  struct error *error)
{
    struct msg_fido_secret answer;
    struct device *device;
    struct frame frame;
    int r;

    for (size_t i = 0; i < wait->devices->count; i++) {
        const struct msg_fido_derive request = {wait->devices->list[i].path};

        if (meet(wait->agent, &wait->devices->list[i], error) == 0 &&
            (send_credentials(&wait->devices->list[i].fido, vault) < 0 ||
             channel_send(&wait->devices->list[i].fido, MSG_FIDO_DERIVE, &request, -1, SEND_MS) <
                 0))
            give_up(&wait->devices->list[i], error);
    }
    if (!(device = await_device(wait, MSG_FIDO_SECRET, TOUCH_MS, &frame, error)))
        return -1;
    r = message_get(&frame, MSG_FIDO_SECRET, &answer) < 0 || answer.secret.len != SECRET_SIZE
            ? helper_died(error)
            : 0;
    if (r == 0) {
        *slot = answer.slot;
        memcpy(secret, answer.secret.data, SECRET_SIZE);
    }
    channel_drop(&device->fido, &frame);
    return r;
}

struct devices *touch_list(struct agent *agent, const struct vault *vault, struct error *error)
{
    struct devices *devices = arena_alloc(sizeof *devices);

    if (!devices) {
        error_set(error, EXIT_FAILED, "out of memory");
    } else if (list_devices(agent, devices, error) < 0 ||
               (!devices->count && no_device(vault, error) < 0)) {
        touch_release(devices);
        devices = NULL;
    }
    return devices;
}

void touch_release(struct devices *devices)
{
    if (devices)
        let_go(devices, NULL);
    arena_free(devices);
}

static int unlock(struct wait *wait, struct vault *vault, struct error *error)
{
    uint8_t *secret = arena_alloc(SECRET_SIZE);
    uint32_t slot = 0;
    int r = -1;

    if (!secret)
        return error_set(error, EXIT_FAILED, "out of memory");
    if (derive(wait, vault, &slot, secret, error) == 0) {
        let_go(wait->devices, NULL);
        if (wait->idle)
            wait->idle->touched(wait->idle->context);
        r = vault_unlock(vault, slot, secret, error);
    }
    let_go(wait->devices, NULL);
    arena_free(secret);
    return r;
}

int touch_unlock(struct agent *agent, struct vault *vault, struct devices *devices,
                 const char *purpose, const struct touch_idle *idle, struct error *error)
{
    struct devices *listed = devices ? NULL : touch_list(agent, vault, error);
    struct wait wait = {
        .agent = agent, .devices = devices ? devices : listed, .idle = idle, .purpose = purpose};
    int r = wait.devices ? unlock(&wait, vault, error) : -1;

    touch_release(listed);
    return r;
}

/* Several devices: the one that is touched is meant. NULL with error. */
static struct device *choose(struct wait *wait, struct error *error)
{
    struct device *chosen;
    struct frame frame;

    for (size_t i = 0; i < wait->devices->count; i++) {
        const struct msg_fido_select request = {wait->devices->list[i].path};

        if (meet(wait->agent, &wait->devices->list[i], error) == 0 &&
            channel_send(&wait->devices->list[i].fido, MSG_FIDO_SELECT, &request, -1, SEND_MS) < 0)
            give_up(&wait->devices->list[i], error);
    }
    if (!(chosen = await_device(wait, MSG_DONE, TOUCH_MS, &frame, error)))
        return NULL;
    channel_drop(&chosen->fido, &frame);
    let_go(wait->devices, chosen);
    return chosen;
}

static int keep_enrolled(const struct msg_fido_enrolled *enrolled, struct slot *slot,
                         uint8_t *secret)
{
    struct slot_fido2 *fido2 = &slot->fido2;

    if (enrolled->id.len > sizeof fido2->credential ||
        enrolled->public_key.len != sizeof fido2->public_key ||
        enrolled->aaguid.len != sizeof fido2->aaguid || enrolled->secret.len != SECRET_SIZE)
        return -1;
    memcpy(fido2->credential, enrolled->id.data, enrolled->id.len);
    fido2->credential_len = enrolled->id.len;
    memcpy(fido2->public_key, enrolled->public_key.data, sizeof fido2->public_key);
    memcpy(fido2->aaguid, enrolled->aaguid.data, sizeof fido2->aaguid);
    fido2->flags = enrolled->flags;
    memcpy(secret, enrolled->secret.data, SECRET_SIZE);
    return 0;
}

static int enrol(struct wait *wait, const struct vault *vault, struct device *device,
                 struct slot *slot, uint8_t *secret, struct error *error)
{
    uint8_t user_id[32];
    const struct msg_fido_enrol request = {
        .path = device->path,
        .user_id = {user_id, sizeof user_id},
        .salt = {slot->fido2.salt, sizeof slot->fido2.salt},
        .flags = FIDO_UP,
    };
    struct msg_fido_enrolled enrolled;
    struct frame frame;
    int r;

    randombytes_buf(user_id, sizeof user_id);
    randombytes_buf(slot->fido2.salt, sizeof slot->fido2.salt);
    wait->said = false;
    if (send_credentials(&device->fido, vault) < 0 ||
        channel_send(&device->fido, MSG_FIDO_ENROL, &request, -1, SEND_MS) < 0)
        return helper_died(error);
    if (!await_device(wait, MSG_FIDO_ENROLLED, ENROL_MS, &frame, error))
        return -1;
    r = message_get(&frame, MSG_FIDO_ENROLLED, &enrolled) < 0 ||
                keep_enrolled(&enrolled, slot, secret) < 0
            ? helper_died(error)
            : 0;
    channel_drop(&device->fido, &frame);
    slot->kind = FACTOR_FIDO2;
    if (!slot->label[0])
        strcpy(slot->label, device->product);
    return r;
}

/* The device that a person named is the only one asked. */
static int find_devices(struct agent *agent, const char *device, struct devices *devices,
                        struct error *error)
{
    const struct msg_fido_device named = {device, "security key"};

    if (!device[0])
        return list_devices(agent, devices, error);
    devices->count = 0;
    return add_device(devices, &named, error);
}

int touch_enrol(struct agent *agent, const struct vault *vault, const char *device,
                struct slot *slot, uint8_t *secret, struct error *error)
{
    struct devices *devices = arena_alloc(sizeof *devices);
    struct wait wait = {.agent = agent, .devices = devices, .purpose = "to choose it"};
    struct device *chosen = NULL;
    int r = -1;

    if (!devices)
        return error_set(error, EXIT_FAILED, "out of memory");
    if (find_devices(agent, device, devices, error) == 0 && !devices->count)
        error_set(error, EXIT_PERSON,
                  "no security key is plugged in; plug one in and run it again");
    else if (devices->count > 1)
        chosen = choose(&wait, error);
    else if (devices->count == 1 && meet(agent, &devices->list[0], error) == 0)
        chosen = &devices->list[0];
    wait.purpose = "to enrol it, twice in a row";
    if (chosen)
        r = enrol(&wait, vault, chosen, slot, secret, error);
    touch_release(devices);
    return r;
}
