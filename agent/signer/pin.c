// SPDX-License-Identifier: BSD-2-Clause
// The PIN of a security key, between the dialog and its awstap-fido.
#include "pin.h"

#include <stdio.h>

#include "arena.h"

#define STAKE_MAX 780 /* a pinentry is told 1000 bytes at most, the question itself among them */

int pin_ask(struct prompt *prompt, struct agent *agent, const struct device *device,
            const char *name, const char *stake, struct error *error)
{
    char text[PROMPT_STAKE_SIZE];
    const struct question question = {
        .kind = PROMPT_PIN, .stake = text, .label = "PIN:", .problem = device->problem};

    snprintf(text, sizeof text, "%.*s\n\nThe PIN of the security key \"%s\": %u %s left", STAKE_MAX,
             stake, name, device->tries, device->tries == 1 ? "try" : "tries");
    return prompt_begin(prompt, agent, &question, error);
}

int pin_give(struct device *device, struct answer *answer)
{
    const struct msg_fido_pin pin = {{(const uint8_t *)answer->text, answer->len}};
    int r = channel_send(&device->fido, MSG_FIDO_PIN, &pin, -1, DEVICES_SEND_MS);

    arena_free(answer);
    return r < 0 ? -1 : 0;
}
