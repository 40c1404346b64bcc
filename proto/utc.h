// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_UTC_H
#define AWSTAP_UTC_H

#include <stdint.h>

/* Times as programs write them: YYYY-MM-DDTHH:MM:SSZ. Libc's gmtime() would read the time zone's
 * file. */

#define UTC_SIZE 21 /* with its NUL */

/* seconds since 1970, at most those of the year 9999 (later ones are written as its end). */
void utc_print(uint64_t seconds, char out[UTC_SIZE]);

/* What utc_print() prints, and nothing else, at the beginning of text. 0 and *seconds, or -EPROTO.
 */
int utc_parse(const char *text, uint64_t *seconds);

#endif
