// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_INI_H
#define AWSTAP_INI_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The lines of a file like ~/.aws/config, as Python's configparser takes them, since botocore reads
 * it so: full-line comments only, `=` or `:`, and a line indented deeper than the key above it
 * belongs to that key's value. Nothing is copied, and nothing changed.
 */

/* Some characters of a text; at may be NULL where len is 0. */
struct span {
    const char *at;
    size_t len;
};

bool span_is(struct span span, const char *text);

/* As span_is(), in whatever case, as keys are. */
bool span_is_key(struct span span, const char *key);

/* The characters and a NUL into out. False where size is too small. */
bool span_copy(struct span span, char *out, size_t size);

enum ini_kind {
    INI_BLANK,
    INI_COMMENT,
    INI_SECTION, /* name: what is between the brackets, empty where they are not closed */
    INI_SETTING, /* name and value, without blanks around them */
    INI_MORE,    /* value: more of the value of the setting above */
    INI_OTHER,   /* what the AWS CLI refuses the file for */
};

struct ini_line {
    enum ini_kind kind;
    struct span whole; /* with its line end */
    size_t indent;     /* blanks before it */
    struct span name, value;
};

/* On the way through a text. */
struct ini {
    const char *at, *end;
    size_t indent;  /* of the section or key that was last */
    bool after_key; /* that was a key */
};

/* text need not end in a NUL; a byte order mark is passed over. A NUL ends a line as a newline
 * does. */
void ini_begin(struct ini *ini, const char *text, size_t len);

/* The next line; false at the end. */
bool ini_next(struct ini *ini, struct ini_line *line);

#endif
