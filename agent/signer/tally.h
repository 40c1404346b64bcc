// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TALLY_H
#define AWSTAP_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

/*
 * Small files of the state folder that count something by name: lines of a time, a count where the
 * kind of file has one, and a name, replaced as a whole under a lock. They are no secret. A file
 * that is damaged, or that speaks of times that have not come (a clock was wrong), is believed in
 * nothing and begun anew with one line, dated now, for the name "*": it stands for all.
 */

#define TALLY_ALL "*"

struct tally_kind {
    const char *file; /* its name in the state folder */
    bool counts;      /* its lines have a count */
    uint64_t anew;    /* the count of the line for all */
    uint64_t ahead;   /* a time may be so far after now, in the file's own unit */
    uint64_t behind;  /* a line that is so old is of no use any more */
    const char *full; /* what to say where it has no room for another line */
};

struct tally_line {
    uint64_t time, count;
    const char *name; /* len bytes, no NUL behind them */
    size_t len;
};

struct tally {
    const struct tally_kind *kind;
    uint64_t now;
    struct buf path; /* a text: buf_text() never fails once it has succeeded */
    struct buf text;
    int lock; /* or -1 */
    bool damaged;
};

/*
 * Read the file; lock: and let nobody else change it until tally_close(), which is due whatever
 * comes. now is in the unit of the file's times. 0 or -1 with error.
 */
int tally_open(struct tally *tally, const struct tally_kind *kind, const char *state_dir,
               uint64_t now, bool lock, struct error *error);
void tally_close(struct tally *tally);

/* The line at *at (0: the first), which moves on to the next. false: there is none. */
bool tally_next(const struct tally *tally, size_t *at, struct tally_line *line);
bool tally_is(const struct tally_line *line, const char *name);

/*
 * Write this line in the place of that with its name; the last thing to be done with the tally,
 * which must be locked. 0 or -1 with error.
 */
int tally_put(struct tally *tally, const char *name, uint64_t time, uint64_t count,
              struct error *error);

/* Whether these n bytes are lines of this kind, none of them ahead of now. */
bool tally_sound(const struct tally_kind *kind, const char *text, size_t n, uint64_t now);

#endif
