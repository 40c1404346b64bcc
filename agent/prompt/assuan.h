// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ASSUAN_H
#define AWSTAP_ASSUAN_H

#include <stddef.h>
#include <stdint.h>

/*
 * The lines that a pinentry and its caller send each other: the Assuan protocol, as far as a
 * pinentry needs it. Source: the Assuan manual, sections "Server responses" and "Client requests".
 */

#define ASSUAN_LINE_MAX  1000                  /* bytes of a line without its end */
#define ASSUAN_LINE_SIZE (ASSUAN_LINE_MAX + 2) /* with a newline and a NUL */

enum assuan_kind {
    ASSUAN_OK,
    ASSUAN_ERR,     /* code, and text: its description */
    ASSUAN_DATA,    /* text and len: bytes, decoded */
    ASSUAN_STATUS,  /* text: a keyword, and more */
    ASSUAN_INQUIRE, /* it wants to know something of us */
    ASSUAN_COMMENT, /* nothing that matters */
    ASSUAN_JUNK,    /* no line of this protocol */
};

struct assuan_line {
    enum assuan_kind kind;
    uint32_t
        code;   /* as libgpg-error has it: the low 16 bits tell the error, the others its source */
    char *text; /* leads into the line, and ends in a NUL */
    size_t len;
};

/*
 * Understand a line of len bytes in place; what it held is changed. line[len], where its newline
 * stood, is overwritten.
 */
void assuan_parse(char *line, size_t len, struct assuan_line *parsed);

/*
 * Make the line "COMMAND TEXT", its newline included, with TEXT percent-encoded, and none where it
 * is empty. Text that is too long is cut after a whole character, which "..." shows. Returns the
 * length.
 */
size_t assuan_command(char line[ASSUAN_LINE_SIZE], const char *command, const char *text);

#endif
