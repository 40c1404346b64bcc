// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CHOICE_H
#define AWSTAP_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "beside.h"
#include "message.h"

/* Which pinentry is asked, and what it finds in its environment. */

#define CHOICE_MAX 4

struct candidate {
    const char *path;
    bool on_terminal; /* its dialog is on the terminal, as far as we know */
};

struct choice {
    struct candidate list[CHOICE_MAX]; /* in the order in which they are to be tried */
    size_t count;
    bool fixed;              /* somebody has chosen: there is no other */
    char beside[BESIDE_MAX]; /* the path of the one beside us */
};

/* Whether there is a display to show a dialog on. */
bool choice_has_display(const struct msg_context *context);

/*
 * The one that the person named to the agent; else the one called pinentry beside us, where an
 * administrator has put one; else those of the system, for the display if there is one, and for the
 * terminal if there is one. The context must stay.
 */
void choice_make(struct choice *choice, const struct msg_context *context, bool has_terminal);

/* The environment of a pinentry. It lives as long as we do; NULL when memory is short. */
char **choice_environment(const struct msg_context *context);

#endif
