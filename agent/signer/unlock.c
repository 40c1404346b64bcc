// SPDX-License-Identifier: BSD-2-Clause
// Opening the vault: every security key that is plugged in is asked, a dialog stands in for those
// that are not, and the first answer that opens the vault wins.
#include "unlock.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "devices.h"
#include "keep.h"
#include "log_anchor.h"
#include "pin.h"
#include "typed.h"

#define TOUCH_MS  35000  /* awstap-fido itself gives up after 30 s */
#define DIALOG_MS 300000 /* awstap-prompt gives up before that */
#define PLUG_MS   30000
#define LIST_MS   1000 /* how often to look for keys where nobody tells of them */
#define DECIDE_MS 3000 /* a key that does not say what it wants holds up others so long */
#define REDRAW_MS 1000 /* what is at stake in a dialog changes no more often */

enum dialog { DIALOG_NONE, DIALOG_PIN, DIALOG_TYPED };

struct unlocking {
    struct agent *agent;
    struct vault *vault;
    struct devices *devices;
    const struct purpose *purpose;
    const struct unlock_idle *idle;
    struct prompt prompt;
    enum dialog dialog;
    struct device *chosen;  /* whose PIN is asked for; it alone is asked from then on */
    bool by_key, by_typing; /* what factors the vault has */
    bool said, fingerprint; /* the person has been told to touch, with a finger that it knows */
    bool awaits_plug;
    uint64_t deadline, decide_at, list_at, redraw_at; /* CLOCK_FOREVER: never */
    char shown[PROMPT_STAKE_SIZE];                    /* the stake in the dialog */
    uint32_t slot;                                    /* that has opened the vault */
};

static bool due(uint64_t deadline_ms)
{
    return clock_left_ms(deadline_ms) == 0;
}

/* A dialog asks from now on. */
static void begin_dialog(struct unlocking *unlocking, enum dialog dialog)
{
    unlocking->dialog = dialog;
    unlocking->deadline = clock_deadline_ms(DIALOG_MS);
    unlocking->redraw_at = CLOCK_FOREVER;
    snprintf(unlocking->shown, sizeof unlocking->shown, "%s", unlocking->purpose->stake);
}

static void end_dialog(struct unlocking *unlocking)
{
    prompt_close(&unlocking->prompt);
    unlocking->dialog = DIALOG_NONE;
    unlocking->redraw_at = CLOCK_FOREVER;
}

static int ask_pin(struct unlocking *unlocking, struct device *device, struct error *error)
{
    unlocking->chosen = device;
    devices_let_go(unlocking->devices, device);
    begin_dialog(unlocking, DIALOG_PIN);
    return pin_ask(&unlocking->prompt, unlocking->agent, device,
                   device_name(device, unlocking->vault), unlocking->shown, error);
}

static int ask_typed(struct unlocking *unlocking, const char *problem, struct error *error)
{
    char store[PROMPT_STAKE_SIZE], before[DEVICES_EXCUSE_SIZE] = "";
    struct question question;

    begin_dialog(unlocking, DIALOG_TYPED);
    unlocking->list_at = unlocking->by_key ? clock_deadline_ms(LIST_MS) : CLOCK_FOREVER;
    if (unlocking->by_key)
        devices_excuse(unlocking->devices, before);
    if (typed_question(unlocking->vault, before, unlocking->shown, problem, store, &question,
                       error) < 0)
        return -1;
    return prompt_begin(&unlocking->prompt, unlocking->agent, &question, error);
}

static int no_key(const struct unlocking *unlocking, struct error *error)
{
    char name[DEVICES_NAME_SIZE];

    devices_enrolled(unlocking->vault, name);
    return error_set(error, EXIT_PERSON,
                     "no security key is plugged in; plug in %s and run it again", name);
}

static void await_plug(struct unlocking *unlocking)
{
    char name[DEVICES_NAME_SIZE];

    devices_enrolled(unlocking->vault, name);
    agent_progress(unlocking->agent, PROGRESS_PLUG, "no security key is plugged in; plug in %s %s",
                   name, unlocking->purpose->touch);
    unlocking->awaits_plug = true;
    unlocking->deadline = clock_deadline_ms(PLUG_MS);
    unlocking->list_at = clock_deadline_ms(LIST_MS);
}

/* Ask the device for the secret of its slot. */
static void ask_device(struct unlocking *unlocking, struct device *device)
{
    const struct msg_fido_derive request = {device->path};
    struct error failure = {0};

    unlocking->awaits_plug = false;
    unlocking->decide_at = clock_deadline_ms(DECIDE_MS);
    if (unlocking->dialog == DIALOG_NONE) {
        unlocking->list_at = CLOCK_FOREVER;
        unlocking->deadline = clock_deadline_ms(TOUCH_MS);
    }
    if (devices_meet(unlocking->devices, unlocking->agent, device, &failure) < 0 ||
        devices_send_credentials(device, unlocking->vault) < 0 ||
        channel_send(&device->fido, MSG_FIDO_DERIVE, &request, -1, DEVICES_SEND_MS) < 0)
        devices_give_up(unlocking->devices, device, &failure);
}

static void ask_fresh(struct unlocking *unlocking)
{
    for (size_t i = 0; i < DEVICES_MAX; i++) {
        struct device *device = &unlocking->devices->list[i];

        if (device->path[0] && device->fresh)
            ask_device(unlocking, device);
        device->fresh = false;
    }
}

/* Look for keys that have been plugged in meanwhile. */
static int list_again(struct unlocking *unlocking, struct error *error)
{
    unlocking->list_at = clock_deadline_ms(LIST_MS);
    if (devices_list(unlocking->devices, unlocking->agent, error) < 0)
        return -1;
    ask_fresh(unlocking);
    return 0;
}

/* No key is being asked, and no dialog: what else there is to do. */
static int go_on(struct unlocking *unlocking, struct error *error)
{
    struct devices *devices = unlocking->devices;

    unlocking->chosen = NULL;
    if (unlocking->by_typing && devices->blame != BLAME_PERSON)
        return ask_typed(unlocking, "", error);
    if (devices->blame != BLAME_NOBODY) {
        *error = devices->failure;
        return -1;
    }
    if (!unlocking->awaits_plug)
        await_plug(unlocking);
    return 0;
}

static void say_touch(struct unlocking *unlocking)
{
    const char *key = unlocking->fingerprint ? "fingerprint reader of the security key"
                      : devices_count(unlocking->devices) > 1 ? "blinking security key"
                                                              : "security key";

    if (!unlocking->said)
        agent_progress(unlocking->agent, PROGRESS_TOUCH, "touch the %s %s", key,
                       unlocking->purpose->touch);
    unlocking->said = true;
}

/* A PIN goes to one device: the only one that is there, or the one that is touched. */
static int decide(struct unlocking *unlocking, struct error *error)
{
    struct device *list = unlocking->devices->list;
    size_t thinking = 0;

    for (size_t i = 0; i < DEVICES_MAX; i++)
        thinking += list[i].fido.fd >= 0 && list[i].state == DEVICE_THINKS;
    if (thinking && !due(unlocking->decide_at))
        return 0;
    for (size_t i = 0; i < DEVICES_MAX; i++) {
        if (list[i].fido.fd < 0 || list[i].state != DEVICE_WANTS_PIN)
            continue;
        if (devices_asked(unlocking->devices) == 1)
            return ask_pin(unlocking, &list[i], error);
        if (devices_select(&list[i]) < 0)
            devices_give_up(unlocking->devices, &list[i], &(struct error){0});
    }
    return 0;
}

static bool looks_for_keys(const struct unlocking *unlocking)
{
    return unlocking->by_key && (unlocking->dialog == DIALOG_TYPED || unlocking->awaits_plug);
}

/* See to all that is due. 0, or -1 with error: it is over. */
static int settle(struct unlocking *unlocking, struct error *error)
{
    if (unlocking->chosen && unlocking->chosen->fido.fd < 0 && unlocking->dialog == DIALOG_PIN)
        end_dialog(unlocking);
    if (looks_for_keys(unlocking) && (agent_plugged(unlocking->agent) || due(unlocking->list_at)) &&
        list_again(unlocking, error) < 0)
        return -1;
    if (unlocking->dialog != DIALOG_PIN && decide(unlocking, error) < 0)
        return -1;
    if (unlocking->dialog == DIALOG_NONE && !devices_asked(unlocking->devices) &&
        go_on(unlocking, error) < 0)
        return -1;
    if (!due(unlocking->deadline))
        return 0;
    return unlocking->awaits_plug
               ? no_key(unlocking, error)
               : error_set(error, EXIT_PERSON,
                           "no touch within 30 s; run it again and touch the blinking key");
}

/*
 * More is asked for than the person was told: say it anew. A dialog is drawn anew, too, though not
 * for each of many that ask at once.
 */
static void take_wants(struct unlocking *unlocking)
{
    char before[sizeof unlocking->purpose->touch];

    snprintf(before, sizeof before, "%s", unlocking->purpose->touch);
    unlocking->idle->wanted(unlocking->idle->context);
    if (unlocking->said && strcmp(before, unlocking->purpose->touch) != 0) {
        unlocking->said = false;
        say_touch(unlocking);
    }
    if (unlocking->dialog != DIALOG_NONE && unlocking->redraw_at == CLOCK_FOREVER &&
        strcmp(unlocking->shown, unlocking->purpose->stake) != 0)
        unlocking->redraw_at = clock_deadline_ms(REDRAW_MS);
}

static int redraw(struct unlocking *unlocking, struct error *error)
{
    return unlocking->dialog == DIALOG_PIN ? ask_pin(unlocking, unlocking->chosen, error)
                                           : ask_typed(unlocking, "", error);
}

/*
 * 1: the vault is unlocked; 0: that was no secret of it, which only a device that lies gives; -1
 * with error.
 */
static int take_secret(struct unlocking *unlocking, const struct frame *frame, struct error *error)
{
    struct msg_fido_secret answer;
    uint8_t *secret;
    int r;

    if (message_get(frame, MSG_FIDO_SECRET, &answer) < 0 || answer.secret.len != DEVICES_SECRET)
        return 0;
    if (!(secret = arena_alloc(DEVICES_SECRET)))
        return error_set(error, EXIT_FAILED, "out of memory");
    memcpy(secret, answer.secret.data, DEVICES_SECRET);
    unlocking->slot = answer.slot;
    r = vault_unlock(unlocking->vault, answer.slot, secret, error);
    arena_free(secret);
    if (r == 0)
        return 1;
    return error->status == EXIT_VAULT ? -1 : 0;
}

/* What a key says about itself. 1: the vault is unlocked; 0; -1 with error. */
static int take_frame(struct unlocking *unlocking, struct device *device, const struct frame *frame,
                      struct error *error)
{
    struct msg_fido_touch touch;
    struct error failure = {0};
    int r;

    if (message_get(frame, MSG_FIDO_TOUCH, &touch) == 0) {
        if (device->state != DEVICE_SELECTS)
            device->state = DEVICE_BLINKS;
        end_dialog(unlocking);
        unlocking->deadline = clock_deadline_ms(TOUCH_MS);
        unlocking->fingerprint = touch.fingerprint && devices_asked(unlocking->devices) == 1;
        say_touch(unlocking);
        return 0;
    }
    if (frame->type == MSG_FIDO_PIN_WANTED) {
        unlocking->said = false;
        device->state = DEVICE_WANTS_PIN;
        return device == unlocking->chosen ? ask_pin(unlocking, device, error) : 0;
    }
    if (frame->type == MSG_DONE && device->state == DEVICE_SELECTS) {
        unlocking->said = false;
        device->state = DEVICE_WANTS_PIN;
        return ask_pin(unlocking, device, error);
    }
    if ((r = take_secret(unlocking, frame, &failure)) == 0)
        devices_give_up(unlocking->devices, device, &failure);
    else if (r < 0)
        *error = failure;
    return r;
}

static int take_frames(struct unlocking *unlocking, struct error *error)
{
    struct device *device;
    struct frame frame;
    int r = 0;

    while (r == 0 && (device = devices_next(unlocking->devices, &frame))) {
        r = take_frame(unlocking, device, &frame, error);
        if (device->fido.fd >= 0)
            channel_drop(&device->fido, &frame);
    }
    return r;
}

/* What was typed, as take_frame(). */
static int take_answer(struct unlocking *unlocking, struct error *error)
{
    struct answer *answer = NULL;
    char problem[sizeof error->text];
    int r = prompt_look(&unlocking->prompt, &answer, error);

    if (r != 1)
        return r;
    if (unlocking->dialog == DIALOG_PIN) {
        unlocking->dialog = DIALOG_NONE;
        unlocking->redraw_at = CLOCK_FOREVER;
        unlocking->deadline = clock_deadline_ms(TOUCH_MS);
        unlocking->chosen->state = DEVICE_THINKS;
        if (pin_give(unlocking->chosen, answer) < 0)
            devices_give_up(unlocking->devices, unlocking->chosen, &(struct error){0});
        return 0;
    }
    /* Its end is awaited now, not while the vault is open. */
    prompt_close(&unlocking->prompt);
    r = typed_unlock(unlocking->agent, unlocking->vault, &unlocking->prompt, answer,
                     &unlocking->slot, error);
    arena_free(answer);
    if (r != 0)
        return r;
    snprintf(problem, sizeof problem, "%s", error->text);
    *error = (struct error){0};
    return ask_typed(unlocking, problem, error);
}

/* Until the next thing is due. The dialog and the keys have their own clocks. */
static uint64_t next_due(const struct unlocking *unlocking)
{
    const uint64_t times[] = {unlocking->deadline, unlocking->decide_at, unlocking->list_at,
                              unlocking->redraw_at};
    uint64_t next = CLOCK_FOREVER;

    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (times[i] < next && !due(times[i]))
            next = times[i];
    return next;
}

/* 0: the vault is unlocked; or -1 with error. */
static int run(struct unlocking *unlocking, struct error *error)
{
    int r = 0;

    ask_fresh(unlocking);
    while (r == 0 && (r = settle(unlocking, error)) == 0) {
        devices_wait(unlocking->devices, unlocking->agent, &unlocking->prompt, next_due(unlocking));
        if (agent_look(unlocking->agent) && unlocking->idle)
            take_wants(unlocking);
        r = take_frames(unlocking, error);
        if (r == 0 && unlocking->prompt.asked)
            r = take_answer(unlocking, error);
        if (r == 0 && due(unlocking->redraw_at))
            r = redraw(unlocking, error);
    }
    return r == 1 ? 0 : -1;
}

/* Where the vault is opened by typing alone, that dialog is confirmation enough. */
static int confirm(struct unlocking *unlocking, struct error *error)
{
    const struct question question = {PROMPT_CONFIRM, unlocking->purpose->stake, "", ""};

    if (!unlocking->purpose->confirm || !unlocking->by_key)
        return 0;
    return prompt_ask(unlocking->agent, &question, NULL, error);
}

/* The anchor of the log is made while the vault is open, and the agent gets what it may keep; then
 * who asked before is let in. */
static int open_vault(struct unlocking *unlocking, uint32_t *slot, struct error *error)
{
    int r;

    prompt_init(&unlocking->prompt);
    for (size_t i = 0; i < unlocking->vault->slot_count; i++)
        unlocking->by_key |= unlocking->vault->slots[i].kind == FACTOR_FIDO2;
    unlocking->by_typing = typed_any(unlocking->vault);
    r = confirm(unlocking, error);
    if (r == 0)
        r = run(unlocking, error);
    prompt_close(&unlocking->prompt);
    devices_let_go(unlocking->devices, NULL);
    if (r < 0)
        return -1;
    if (!unlocking->vault->apart) {
        log_anchor_make(unlocking->agent, unlocking->vault);
        keep(unlocking->agent, unlocking->vault);
    }
    if (slot)
        *slot = unlocking->slot;
    if (unlocking->idle)
        unlocking->idle->answered(unlocking->idle->context);
    return 0;
}

int unlock(struct agent *agent, struct vault *vault, struct devices *devices,
           const struct purpose *purpose, const struct unlock_idle *idle, uint32_t *slot,
           struct error *error)
{
    static struct unlocking unlocking; /* too large for the stack */
    struct devices *listed = devices ? NULL : touch_list(agent, vault, error);
    int r = -1;

    memset(&unlocking, 0, sizeof unlocking);
    unlocking.agent = agent;
    unlocking.vault = vault;
    unlocking.devices = devices ? devices : listed;
    unlocking.purpose = purpose;
    unlocking.idle = idle;
    unlocking.deadline = unlocking.decide_at = CLOCK_FOREVER;
    unlocking.list_at = unlocking.redraw_at = CLOCK_FOREVER;
    if (unlocking.devices)
        r = open_vault(&unlocking, slot, error);
    touch_release(listed);
    return r;
}
