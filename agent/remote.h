// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_REMOTE_H
#define AWSTAP_REMOTE_H

#include <stdint.h>

#include "grant.h"

/*
 * Restricted sockets, one for each remote host to which SSH forwards it: only `get`, only the NAMEs
 * that the person allowed, and a yes at this end each time. Nothing that the far end says of itself
 * is believed, shown or used, but for the name and the duration.
 */
struct remote;

#define REMOTE_WHY 512

/*
 * Listen for each host that is in the state folder, beside the agent's own socket at this path;
 * knock is called with each connection, whose descriptor it takes over. The texts must stay.
 */
void remote_open(const char *socket, const char *state, void (*knock)(int fd, struct remote *from));

/* Take no more, and remove the sockets. */
void remote_close(void);

/* What does not work as it should; empty: nothing. */
const char *remote_trouble(void);

/*
 * Add a host, in place of one of that name. dropped is called for what is replaced or removed: no
 * connection may keep it. 0, or -1 with why.
 */
int remote_add(const struct grant *grant, void (*dropped)(const struct remote *remote),
               char why[REMOTE_WHY]);
int remote_remove(const char *host, void (*dropped)(const struct remote *remote),
                  char why[REMOTE_WHY]);

/* Call visit for each host. */
void remote_each(void (*visit)(const struct grant *grant, const char *path, void *context),
                 void *context);

const struct grant *remote_grant(const struct remote *remote);

/* Why anything but a GET is refused, for the far end. */
void remote_refusal(const struct remote *remote, char why[REMOTE_WHY]);

/*
 * Ask the person whether this connection, which is context, may have what get says, as grant_get()
 * has put it; name is what the far end called it. EXIT_DONE: it is asked, and answered is called
 * once, in a later round, with EXIT_DONE for yes, else an exit status and why not. Another exit
 * status: nobody is asked, and why tells the far end.
 */
uint32_t remote_ask(struct remote *remote, const char *name, const struct msg_get *get,
                    void (*answered)(void *context, uint32_t status, const char *text),
                    void *context, char why[REMOTE_WHY]);

/* The connection has gone: answered is not called. Harmless where nothing is asked for it. */
void remote_withdraw(struct remote *remote, const void *context);

#endif
