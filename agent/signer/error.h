// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ERROR_H
#define AWSTAP_ERROR_H

#include <stdint.h>

#include "message.h"

/* Why something failed, as it goes to the person: an exit status of awstap and one line of text. */
struct error {
    uint32_t status; /* enum exit_status */
    char text[512];
};

/*
 * Say what failed, why, and what to do, in one line without a newline; a longer text is cut.
 * Names from outside may be among the arguments, by printable_clean(); no secret may. Always -1, to
 * be returned.
 */
int error_set(struct error *error, uint32_t exit_status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
