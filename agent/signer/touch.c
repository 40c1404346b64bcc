// SPDX-License-Identifier: BSD-2-Clause
// Enrolling a security key: chosen by a touch where there are several, then its PIN, where it has
// one, and two touches.
#include "touch.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "devices.h"
#include "pin.h"

#define STEP_MS 35000 /* awstap-fido itself gives up after 30 s */

struct enrolment {
    struct agent *agent;
    struct devices *devices;
    struct prompt prompt;
    const char *purpose; /* completes "touch the security key …" */
    bool said;           /* the person has been told to touch */
    uint64_t deadline;
};

struct devices *touch_list(struct agent *agent, const struct vault *vault, struct error *error)
{
    struct devices *devices = devices_new(error);
    bool wanted = false;

    for (size_t i = 0; i < vault->slot_count; i++)
        wanted |= vault->slots[i].kind == FACTOR_FIDO2;
    if (devices && wanted && devices_list(devices, agent, error) < 0) {
        devices_free(devices);
        return NULL;
    }
    return devices;
}

void touch_release(struct devices *devices)
{
    devices_free(devices);
}

static void step(struct enrolment *enrolment)
{
    enrolment->deadline = clock_deadline_ms(STEP_MS);
}

static void say_touch(struct enrolment *enrolment, const struct frame *frame)
{
    struct msg_fido_touch touch = {0};

    (void)message_get(frame, MSG_FIDO_TOUCH, &touch);
    prompt_close(&enrolment->prompt);
    if (!enrolment->said)
        agent_progress(enrolment->agent, PROGRESS_TOUCH, "touch the %s %s",
                       touch.fingerprint ? "fingerprint reader of the security key"
                       : devices_count(enrolment->devices) > 1 ? "blinking security key"
                                                               : "security key",
                       enrolment->purpose);
    enrolment->said = true;
}

static int ask_pin(struct enrolment *enrolment, const struct device *device, struct error *error)
{
    char stake[160];

    snprintf(stake, sizeof stake,
             "Enrol the security key \"%s\": it will open the vault, with its PIN and a touch",
             device->product);
    enrolment->said = false;
    enrolment->deadline = CLOCK_FOREVER; /* the dialog has its own */
    return pin_ask(&enrolment->prompt, enrolment->agent, device, device->product, stake, error);
}

/* 0, or -1 with error: there is no PIN. */
static int take_pin(struct enrolment *enrolment, struct device *device, struct error *error)
{
    struct answer *answer = NULL;
    int r = prompt_look(&enrolment->prompt, &answer, error);

    if (r != 1)
        return r;
    step(enrolment);
    if (pin_give(device, answer) < 0)
        devices_give_up(enrolment->devices, device, &(struct error){0});
    return 0;
}

/*
 * Take what has come. *found: the device that answers as awaited, its answer still to be dropped;
 * NULL: none yet. A PIN is for pinned alone. 0, or -1 with error: none will.
 */
static int look(struct enrolment *enrolment, enum message_type awaited, const struct device *pinned,
                struct frame *frame, struct device **found, struct error *error)
{
    while ((*found = devices_next(enrolment->devices, frame)) && frame->type != awaited) {
        struct device *device = *found;
        int r = 0;

        if (frame->type == MSG_FIDO_TOUCH) {
            step(enrolment);
            say_touch(enrolment, frame);
        } else if (frame->type == MSG_FIDO_PIN_WANTED && device == pinned) {
            r = ask_pin(enrolment, device, error);
        } else {
            devices_give_up(enrolment->devices, device, &(struct error){0});
            continue;
        }
        channel_drop(&device->fido, frame);
        if (r < 0)
            return -1;
    }
    return 0;
}

/* Wait for the first device that answers as awaited; pinned is the one that may want its PIN (NULL:
 * none may). NULL with error: none will. */
static struct device *await(struct enrolment *enrolment, enum message_type awaited,
                            struct device *pinned, struct frame *frame, struct error *error)
{
    struct device *found;

    step(enrolment);
    while (devices_asked(enrolment->devices)) {
        if (look(enrolment, awaited, pinned, frame, &found, error) < 0)
            return NULL;
        if (found)
            return found;
        if (enrolment->prompt.asked && take_pin(enrolment, pinned, error) < 0)
            return NULL;
        if (!clock_left_ms(enrolment->deadline)) {
            error_set(error, EXIT_PERSON,
                      "no touch within 30 s; run it again and touch the blinking key");
            return NULL;
        }
        if (!devices_asked(enrolment->devices))
            break;
        devices_wait(enrolment->devices, enrolment->agent, &enrolment->prompt, enrolment->deadline);
        agent_look(enrolment->agent);
    }
    *error = enrolment->devices->failure;
    return NULL;
}

/* Several devices: the one that is touched is meant. NULL with error. */
static struct device *choose(struct enrolment *enrolment, struct error *error)
{
    struct devices *devices = enrolment->devices;
    struct device *chosen;
    struct frame frame;

    enrolment->purpose = "to choose it";
    for (size_t i = 0; i < DEVICES_MAX; i++) {
        struct device *device = &devices->list[i];
        struct error failure = {0};

        if (device->path[0] && (devices_meet(devices, enrolment->agent, device, &failure) < 0 ||
                                devices_select(device) < 0))
            devices_give_up(devices, device, &failure);
    }
    if (!(chosen = await(enrolment, MSG_DONE, NULL, &frame, error)))
        return NULL;
    channel_drop(&chosen->fido, &frame);
    devices_let_go(devices, chosen);
    enrolment->said = false;
    return chosen;
}

/* The device that a person named is the only one asked. NULL with error. */
static struct device *find_device(struct enrolment *enrolment, const char *named,
                                  struct error *error)
{
    struct devices *devices = enrolment->devices;
    int r = named[0] ? devices_add(devices, named, "security key", error)
                     : devices_list(devices, enrolment->agent, error);

    if (r < 0)
        return NULL;
    if (devices_count(devices) > 1)
        return choose(enrolment, error);
    if (devices_count(devices) == 1) /* the first one of a new list */
        return devices_meet(devices, enrolment->agent, &devices->list[0], error) < 0
                   ? NULL
                   : &devices->list[0];
    error_set(error, EXIT_PERSON, "no security key is plugged in; plug one in and run it again");
    return NULL;
}

static int keep_enrolled(const struct msg_fido_enrolled *enrolled, struct slot *slot,
                         uint8_t *secret)
{
    struct slot_fido2 *fido2 = &slot->fido2;

    if (enrolled->id.len > sizeof fido2->credential ||
        enrolled->public_key.len != sizeof fido2->public_key ||
        enrolled->aaguid.len != sizeof fido2->aaguid || enrolled->secret.len != DEVICES_SECRET)
        return -1;
    memcpy(fido2->credential, enrolled->id.data, enrolled->id.len);
    fido2->credential_len = enrolled->id.len;
    memcpy(fido2->public_key, enrolled->public_key.data, sizeof fido2->public_key);
    memcpy(fido2->aaguid, enrolled->aaguid.data, sizeof fido2->aaguid);
    fido2->flags = enrolled->flags;
    memcpy(secret, enrolled->secret.data, DEVICES_SECRET);
    return 0;
}

static int request_enrolment(struct device *device, const struct vault *vault,
                             const struct slot *slot)
{
    uint8_t user_id[32];
    const struct msg_fido_enrol request = {
        .path = device->path,
        .user_id = {user_id, sizeof user_id},
        .salt = {slot->fido2.salt, sizeof slot->fido2.salt},
    };

    randombytes_buf(user_id, sizeof user_id);
    if (devices_send_credentials(device, vault) < 0 ||
        channel_send(&device->fido, MSG_FIDO_ENROL, &request, -1, DEVICES_SEND_MS) < 0)
        return -1;
    return 0;
}

static int enrol(struct enrolment *enrolment, const struct vault *vault, struct device *device,
                 struct slot *slot, uint8_t *secret, struct error *error)
{
    struct msg_fido_enrolled enrolled;
    struct frame frame;
    int r;

    enrolment->purpose = "to enrol it, twice in a row";
    randombytes_buf(slot->fido2.salt, sizeof slot->fido2.salt);
    if (request_enrolment(device, vault, slot) < 0)
        devices_give_up(enrolment->devices, device, &(struct error){0});
    if (!await(enrolment, MSG_FIDO_ENROLLED, device, &frame, error))
        return -1;
    r = message_get(&frame, MSG_FIDO_ENROLLED, &enrolled) < 0 ||
                keep_enrolled(&enrolled, slot, secret) < 0
            ? error_set(error, EXIT_FAILED, "the security key's facts make no sense; try another")
            : 0;
    channel_drop(&device->fido, &frame);
    slot->kind = FACTOR_FIDO2;
    if (!slot->label[0])
        strcpy(slot->label, device->product);
    return r;
}

int touch_enrol(struct agent *agent, const struct vault *vault, const char *device,
                struct slot *slot, uint8_t *secret, struct error *error)
{
    struct enrolment enrolment = {.agent = agent, .devices = devices_new(error)};
    struct device *chosen;
    int r = -1;

    if (!enrolment.devices)
        return -1;
    prompt_init(&enrolment.prompt);
    if ((chosen = find_device(&enrolment, device, error)))
        r = enrol(&enrolment, vault, chosen, slot, secret, error);
    prompt_close(&enrolment.prompt);
    devices_free(enrolment.devices);
    return r;
}
