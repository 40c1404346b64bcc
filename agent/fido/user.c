// SPDX-License-Identifier: BSD-2-Clause
// The user that a security key verifies: the conversation about its PIN, and when there is one.
#include "user.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"

#define SEND_MS  5000
#define ALIVE_MS 500 /* how often a key is asked whether it is there still */
#define ASKS_MAX 32  /* more than any key has tries: one that says otherwise is ended with */

/* What a PIN may be, in bytes: CTAP 2.1, section 6.5.1. */
#define PIN_MIN 4
#define PIN_MAX 63

#define NOT_A_PIN "a PIN has 4 to 63 characters"
#define LAST_TRY                                                                                   \
    "this is the last try: after one more wrong PIN it is locked, and the reset that unlocks it "  \
    "destroys this factor"

int user_of(struct user *user, const struct token *token, uint32_t flags)
{
    *user = (struct user){.how = VERIFY_NOT, .problem = ""};
    if (!(flags & FIDO_UV))
        return FIDO_OK;
    user->how = token->has_sensor && !(flags & FIDO_PIN) ? VERIFY_SENSOR : VERIFY_PIN;
    return user->how == VERIFY_PIN && !token->has_pin ? FIDO_ERR_PIN_NOT_SET : FIDO_OK;
}

void user_forget(struct user *user)
{
    arena_free(user->pin);
    user->pin = NULL;
}

static int send_wanted(const struct user *user, struct token *token, int tries)
{
    char text[256];
    const struct msg_fido_pin_wanted wanted = {(uint32_t)tries, text};
    const char *join = user->problem[0] ? "; " : "";

    if (tries == 1)
        snprintf(text, sizeof text, "%s%s%s", user->problem, join, LAST_TRY);
    else if (user->wrong)
        snprintf(text, sizeof text, "%s, %d tries left", user->problem, tries);
    else
        snprintf(text, sizeof text, "%s", user->problem);
    return channel_send(token->channel, MSG_FIDO_PIN_WANTED, &wanted, -1, SEND_MS) < 0
               ? FIDO_ERR_KEEPALIVE_CANCEL
               : FIDO_OK;
}

/* Keep a PIN that could be one: a key takes a try off for any other, too. */
static void keep_pin(struct user *user, const struct bytes *typed)
{
    user->problem = NOT_A_PIN;
    user->wrong = false;
    if (typed->len < PIN_MIN || typed->len > PIN_MAX || memchr(typed->data, '\0', typed->len) ||
        !(user->pin = arena_alloc(PIN_MAX + 1)))
        return;
    memcpy(user->pin, typed->data, typed->len);
    user->problem = "";
}

/* Several keys may want their PIN: the signer finds out by a touch which of them is meant. */
static int be_selected(struct token *token)
{
    int r = token_select(token, TOKEN_TOUCH_MS);

    if (r == FIDO_OK &&
        channel_send(token->channel, MSG_DONE, &(struct msg_done){""}, -1, SEND_MS) < 0)
        r = FIDO_ERR_KEEPALIVE_CANCEL;
    return r == FIDO_ERR_ACTION_TIMEOUT ? FIDO_ERR_USER_ACTION_TIMEOUT : r;
}

/* The signer's word on the PIN, if there is one yet. *answered: it was FIDO_PIN. */
static int take_answer(struct user *user, struct token *token, bool *answered)
{
    struct msg_fido_select select;
    struct msg_fido_pin typed;
    struct frame frame;
    int tries, r = channel_receive(token->channel, &frame, ALIVE_MS);

    if (r == -ETIMEDOUT)
        return token_pin_tries(token, &tries);
    if (r != 1)
        return FIDO_ERR_KEEPALIVE_CANCEL;
    *answered = message_get(&frame, MSG_FIDO_PIN, &typed) == 0;
    r = *answered || message_get(&frame, MSG_FIDO_SELECT, &select) == 0 ? FIDO_OK
                                                                        : FIDO_ERR_KEEPALIVE_CANCEL;
    if (*answered)
        keep_pin(user, &typed.pin);
    channel_drop(token->channel, &frame);
    return r == FIDO_OK && !*answered ? be_selected(token) : r;
}

/* How long a person may take is the signer's to know: it closes the conversation. */
static int ask_pin(struct user *user, struct token *token)
{
    while (!user->pin) {
        bool answered = false;
        int tries, r = token_pin_tries(token, &tries);

        if (r == FIDO_OK && tries < 1)
            r = FIDO_ERR_PIN_BLOCKED;
        if (r == FIDO_OK)
            r = send_wanted(user, token, tries);
        while (r == FIDO_OK && !answered)
            r = take_answer(user, token, &answered);
        if (r != FIDO_OK)
            return r;
    }
    return FIDO_OK;
}

/* The sensor did not do, for a reason that the PIN may make up for. */
static bool try_pin_instead(struct user *user, const struct token *token, int r)
{
    if (user->how != VERIFY_SENSOR || !token->has_pin)
        return false;
    switch (r) {
    case FIDO_ERR_UV_INVALID:
        user->problem = "fingerprint not recognised; use the PIN";
        break;
    case FIDO_ERR_UV_BLOCKED:
        user->problem = "the fingerprint reader is locked; use the PIN, which unlocks it";
        break;
    case FIDO_ERR_PIN_REQUIRED:
    case FIDO_ERR_NOT_ALLOWED:
    case FIDO_ERR_INVALID_OPTION:
    case FIDO_ERR_UNSUPPORTED_OPTION:
        user->problem = "";
        break;
    default:
        return false;
    }
    user->how = VERIFY_PIN;
    return true;
}

static bool try_pin_again(struct user *user, int r)
{
    if (!user->pin || r != FIDO_ERR_PIN_INVALID)
        return false;
    user_forget(user);
    user->problem = "wrong PIN";
    user->wrong = true;
    return true;
}

int user_verified(struct user *user, struct token *token, user_call *call, void *what)
{
    for (int asks = 0; asks < ASKS_MAX; asks++) {
        int r = user->how == VERIFY_PIN ? ask_pin(user, token) : FIDO_OK;

        if (r == FIDO_OK)
            r = call(token, user, what);
        if (!try_pin_again(user, r) && !try_pin_instead(user, token, r))
            return r;
    }
    return FIDO_ERR_PIN_AUTH_BLOCKED;
}
