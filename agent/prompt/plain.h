// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PLAIN_H
#define AWSTAP_PLAIN_H

#include <stdbool.h>

/*
 * Text that every pinentry shows as it stands. Names of programs and folders are in it, which
 * anyone can choose: neither may they steer a terminal, nor be read as markup (Qt takes what looks
 * like HTML for HTML; GTK and curses take '_' in a label for the mark of a shortcut).
 */

/* Make lines of text plain in place: newlines stay. ascii: without anything but ASCII, for a
 * terminal that can't show more. */
void plain_lines(char *text, bool ascii);

/* Make a label plain in place: one line. */
void plain_label(char *text, bool ascii);

#endif
