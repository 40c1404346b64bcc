// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WATCHER_H
#define AWSTAP_WATCHER_H

#include <stdbool.h>

/*
 * The agent's side of awstap-watch: it is started, talked to, and started again when it has died.
 * Nothing here waits, and everything may be called while it does not run.
 */

/* What it has seen. Called from the loop; those that are NULL are not. */
struct watcher_events {
    void (*added)(void);   /* a security key was plugged in */
    void (*removed)(void); /* a security key was pulled */
    void (*locked)(void);  /* the screen has been locked */
    void (*unlocked)(void);
    void (*sleep)(void); /* the machine is about to sleep: watcher_ready() lets it */
    void (*wake)(void);  /* it has woken up, or did not sleep after all */
    /* It ran and has died: what it would have seen from here on is not seen. Not called where it
     * can't be started at all. */
    void (*died)(void);
};

/* Start it; helper_open() comes first, and events must stay. That it can't be started is no
 * failure, but watcher_trouble(). */
void watcher_open(const struct watcher_events *events);

/* The agent is about to end: end it too. No callback is called any more. */
void watcher_close(void);

/* Show a notification, in place of the one that is shown, or take it away. */
void watcher_show(const char *title, const char *body);
void watcher_hide(void);

/* All is forgotten that sleep must not find. */
void watcher_ready(void);

bool watcher_runs(void);

/* Whether the screen is known to be locked. */
bool watcher_screen_locked(void);

/* Why nobody is asked for anything now, in a line for who wants it; NULL: nothing is in the way. */
const char *watcher_nobody(void);

/* Why it does not run, in a line for a person that ends in what to do; empty: it runs, or is being
 * started. */
const char *watcher_trouble(void);

#endif
