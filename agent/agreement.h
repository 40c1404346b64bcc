// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_AGREEMENT_H
#define AWSTAP_AGREEMENT_H

#include <stdint.h>

/* A question to the person at this end, answered by yes or no, that no client of ours has put: by a
 * signer that asks for a dialog and nothing else. */
struct agreement;

/*
 * Ask. stake says in lines what is at stake. answered is called once, in a later round, unless it
 * is cancelled before: status 0 for yes, else an exit status and a line that says why not. NULL:
 * memory is short.
 */
struct agreement *agreement_ask(const char *stake,
                                void (*answered)(void *context, uint32_t status, const char *text),
                                void *context);

/* Take the question back; answered is not called. */
void agreement_cancel(struct agreement *agreement);

#endif
