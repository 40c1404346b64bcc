// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TEXT_H
#define AWSTAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts for people and programs: spans, names of variables. */

#define TEXT_SPAN 40

/* A span in words, to the two largest units: `11 h 58 min`, `45 s`. */
void text_span(uint64_t seconds, char out[TEXT_SPAN]);

/* Whether variable (NAME=VALUE, or a name alone) is called one of the count names. */
bool text_is_variable(const char *const *names, size_t count, const char *variable);

#endif
