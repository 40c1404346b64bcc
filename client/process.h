// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PROCESS_H
#define AWSTAP_PROCESS_H

#include <stdbool.h>

#include "words.h"

/* The credential_process of a profile by which AWS tools ask awstap. */

#define PROCESS_SIZE 1200

/* Whether the words are `awstap get …`, by whatever path. */
bool process_is_ours(const struct words *words);

/* The NAME of `awstap get NAME …` into name; false where the line is no such thing, or not right.
 */
bool process_name(const char *line, char *name, size_t size);

/* Whether the program of the line is there, where it is named by its whole path: else that path is
 * in program. */
bool process_is_there(const char *line, char program[PROCESS_SIZE]);

/* `/path/of/awstap get KEY`, with the path of this program. 0 or a negative errno; -EINVAL: its
 * path has a quote, and AWS tools would each read it otherwise. */
int process_write(const char *key, char process[PROCESS_SIZE]);

#endif
