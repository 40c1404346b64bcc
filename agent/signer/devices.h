// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_DEVICES_H
#define AWSTAP_DEVICES_H

#include "agent.h"
#include "prompt.h"
#include "vault.h"

/*
 * The security keys that are plugged in, and an awstap-fido for each that is asked something.
 * Functions that can fail return 0, or -1 with the reason in *error.
 */

#define DEVICES_MAX     16
#define DEVICES_SEND_MS 2000
#define DEVICES_SECRET  32 /* bytes of what a key derives */

#define DEVICES_NAME_SIZE   (SLOT_LABEL_MAX + 3)
#define DEVICES_EXCUSE_SIZE 256

/* What a key that is asked for a vault's secret is about. */
enum device_state {
    DEVICE_THINKS,    /* it has not said yet whether it can help */
    DEVICE_BLINKS,    /* a touch, and it answers */
    DEVICE_WANTS_PIN, /* before it blinks */
    DEVICE_SELECTS,   /* it wants its PIN, and blinks to find out whether it is the one meant */
};

struct device {
    char path[256]; /* empty: no device */
    char product[SLOT_LABEL_MAX + 1];
    struct channel fido; /* fd -1: it is not asked anything */
    enum device_state state;
    uint32_t tries; /* of DEVICE_WANTS_PIN: how many there are, and what was wrong before */
    char problem[256];
    bool listed; /* in the last listing */
    bool fresh;  /* and in none before */
};

/* Whose doing a failure is, the least telling first. */
enum blame {
    BLAME_NOBODY,   /* there was none */
    BLAME_STRANGER, /* a key that holds no credential of the vault */
    BLAME_KEY,
    BLAME_PERSON, /* who did not touch, or refused */
};

struct devices {
    struct device list[DEVICES_MAX];
    struct channel lister; /* the awstap-fido that has listed them, or fd -1 */
    enum blame blame;      /* the most telling failure of all keys that were asked */
    struct error failure;
};

/* None yet, in the arena; NULL with error. devices_free() lets go of all. NULL is allowed. */
struct devices *devices_new(struct error *error);
void devices_free(struct devices *devices);

/* List those plugged in. Those that are gone are let go, those that stay go on. */
int devices_list(struct devices *devices, struct agent *agent, struct error *error);

/* Add one by its path, as a person named it. */
int devices_add(struct devices *devices, const char *path, const char *product,
                struct error *error);

/* How many are plugged in; how many of them are asked. */
size_t devices_count(const struct devices *devices);
size_t devices_asked(const struct devices *devices);

/* Give the device an awstap-fido of its own, if it has none. */
int devices_meet(struct devices *devices, struct agent *agent, struct device *device,
                 struct error *error);

/* Have it blink to find out whether it is the one meant. The answer is DONE. 0 or -1. */
int devices_select(struct device *device);

/* Tell its awstap-fido of the vault's credentials, before FIDO_DERIVE and FIDO_ENROL. 0 or -1. */
int devices_send_credentials(struct device *device, const struct vault *vault);

/* The device that can't be asked (error has no reason: its awstap-fido died) is asked no longer. */
void devices_give_up(struct devices *devices, struct device *device, const struct error *error);

/* Letting go of a conversation makes awstap-fido cancel, and its key stop blinking. */
void devices_let_go(struct devices *devices, const struct device *but);

/*
 * Wait until one that is asked, the agent or the dialog, if there is one, has something to say, or
 * until the deadline of clock_boot_ms().
 */
void devices_wait(const struct devices *devices, const struct agent *agent,
                  const struct prompt *prompt, uint64_t deadline_ms);

/*
 * The next frame of any of them, without waiting: FIDO_PIN_WANTED, which the device keeps the facts
 * of, FIDO_TOUCH, or an answer; to be dropped from the device's conversation. NULL: none. Failures
 * are noted and the device is asked no longer.
 */
struct device *devices_next(struct devices *devices, struct frame *frame);

/* What a person calls the device: the label of its slot, where that can be only one. */
const char *device_name(const struct device *device, const struct vault *vault);

/* What to plug in: the quoted label of the vault's one security key, or "one that is enrolled". */
void devices_enrolled(const struct vault *vault, char name[DEVICES_NAME_SIZE]);

/* A sentence on why no security key opens the vault now. */
void devices_excuse(const struct devices *devices, char excuse[DEVICES_EXCUSE_SIZE]);

#endif
