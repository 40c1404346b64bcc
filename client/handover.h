// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_HANDOVER_H
#define AWSTAP_HANDOVER_H

#include "import.h"
#include "shadow.h"

/*
 * The files of AWS tools, once their keys are sealed and proven: each profile asks awstap from then
 * on, and its key is taken out of the credentials file. All is done in an order in which a profile
 * works at every moment.
 */

/*
 * Whether the profile of this item can be handed over; why not, in words, where the files have
 * something that AWS tools would take before they ask awstap.
 */
bool handover_possible(const struct import *import, const struct import_item *item,
                       char why[SHADOW_SIZE]);

/* Hand over the proven items for which that is so: they are settled then. An exit status, and why
 * on stderr. */
int handover(struct import *import);

/* Name, on stdout, what still stands before awstap for the proven items. An exit status. */
int handover_shadows(const struct import *import);

#endif
