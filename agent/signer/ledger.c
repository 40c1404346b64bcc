// SPDX-License-Identifier: BSD-2-Clause
// The ledger of used TOTP steps: a text file of the state folder, one line per MFA serial, replaced
// as a whole under a lock. The serial "*", which no device has, stands for all: it marks a ledger
// begun anew.
#include "ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "file.h"

#define FILE_NAME   "totp"
#define FILE_MAX    ((size_t)64 * 1024)
#define LOCK_MS     2000 /* it is held for the writing of one small file */
#define STEP_DIGITS 12u
#define SERIAL_MAX  256u
#define ALL         "*"

/* A code is sent in its own step or in the one before, and clocks differ by some seconds. */
#define STEPS_AHEAD 2u

/* AWS takes no code that is as old as this, so its line is of no use any more. */
#define STEPS_BEHIND 20u

struct line {
    uint64_t step;
    const char *serial;
    size_t len;
};

struct ledger {
    struct buf path; /* a text: buf_text() never fails once it has succeeded */
    struct buf text;
    int lock; /* or -1 */
    bool damaged;
};

/* Split "STEP SERIAL\n" off [*at, end). 1; 0 at the end; -EPROTO for anything else. */
static int next_line(const char **at, const char *end, struct line *line)
{
    const char *c = *at;
    const char *newline = c < end ? memchr(c, '\n', (size_t)(end - c)) : NULL;

    if (c == end)
        return 0;
    if (!newline)
        return -EPROTO;
    line->step = 0;
    for (; c < newline && *c >= '0' && *c <= '9' && c - *at < (ptrdiff_t)STEP_DIGITS; c++)
        line->step = line->step * 10 + (uint64_t)(*c - '0');
    if (c == *at || **at == '0' || c == newline || *c != ' ')
        return -EPROTO;
    line->serial = ++c;
    line->len = (size_t)(newline - c);
    if (line->len == 0 || line->len > SERIAL_MAX)
        return -EPROTO;
    for (; c < newline; c++)
        if (*c <= ' ' || *c > '~')
            return -EPROTO;
    *at = newline + 1;
    return 1;
}

static bool line_is(const struct line *line, const char *serial)
{
    return strlen(serial) == line->len && memcmp(line->serial, serial, line->len) == 0;
}

static bool text_is_sound(const char *at, size_t n, uint64_t now)
{
    const char *end = at + n;
    struct line line;
    int r;

    while ((r = next_line(&at, end, &line)) == 1)
        if (line.step > now + STEPS_AHEAD)
            return false;
    return r == 0;
}

/*
 * A file that may not be trusted (too large, a link, another's) is damaged too, and replaced like
 * one.
 */
static int ledger_load(struct ledger *ledger, uint64_t now, struct error *error)
{
    if (file_read(buf_text(&ledger->path), FILE_MAX, &ledger->text, error) < 0) {
        ledger->damaged = error->status == EXIT_VAULT;
        return ledger->damaged ? 0 : -1;
    }
    if (!buf_text(&ledger->text))
        return error_set(error, EXIT_FAILED, "out of memory");
    ledger->damaged =
        !text_is_sound((const char *)buf_data(&ledger->text), buf_len(&ledger->text), now);
    return 0;
}

/* Nothing that stands in it is believed, but that some code of this step or an earlier one was
 * used. */
static int ledger_begin_anew(struct ledger *ledger, uint64_t now, struct error *error)
{
    buf_trim(&ledger->text, buf_len(&ledger->text));
    if (buf_printf(&ledger->text, "%" PRIu64 " " ALL "\n", now) < 0)
        return error_set(error, EXIT_FAILED, "out of memory");
    ledger->damaged = false;
    return file_replace(buf_text(&ledger->path), buf_data(&ledger->text), buf_len(&ledger->text),
                        FILE_NO_SYNC, error);
}

/* Load what no other signer can change until the ledger is closed, and which is sound. */
static int ledger_take(struct ledger *ledger, uint64_t now, struct error *error)
{
    int r;

    if ((ledger->lock = file_lock(buf_text(&ledger->path), LOCK_MS, error)) < 0)
        return -1;
    buf_trim(&ledger->text, buf_len(&ledger->text));
    r = ledger_load(ledger, now, error);
    return r == 0 && ledger->damaged ? ledger_begin_anew(ledger, now, error) : r;
}

/* The caller closes it, even after a failure. */
static int ledger_open(struct ledger *ledger, const char *state_dir, struct error *error)
{
    *ledger = (struct ledger){.lock = -1};
    buf_init(&ledger->path);
    buf_init(&ledger->text);
    if (buf_printf(&ledger->path, "%s/" FILE_NAME, state_dir) < 0 || !buf_text(&ledger->path))
        return error_set(error, EXIT_FAILED, "out of memory");
    return 0;
}

static void ledger_close(struct ledger *ledger)
{
    if (ledger->lock >= 0)
        close(ledger->lock);
    buf_free(&ledger->path);
    buf_free(&ledger->text);
}

static uint64_t last_used(const struct ledger *ledger, const char *serial)
{
    const char *at = (const char *)buf_data(&ledger->text);
    const char *end = at + buf_len(&ledger->text);
    uint64_t last = 0;
    struct line line;

    while (next_line(&at, end, &line) == 1)
        if ((line_is(&line, serial) || line_is(&line, ALL)) && line.step > last)
            last = line.step;
    return last;
}

/* The ledger with this step in it, and without the lines that are of no use any more. */
static int put_with_step(const struct ledger *ledger, const char *serial, uint64_t now,
                         uint64_t step, struct buf *out)
{
    const char *at = (const char *)buf_data(&ledger->text);
    const char *end = at + buf_len(&ledger->text);
    struct line line;
    int r = 0;

    while (r == 0 && next_line(&at, end, &line) == 1)
        if (line.step + STEPS_BEHIND >= now && !line_is(&line, serial))
            r = buf_printf(out, "%" PRIu64 " %.*s\n", line.step, (int)line.len, line.serial);
    return r < 0 ? r : buf_printf(out, "%" PRIu64 " %s\n", step, serial);
}

static int ledger_write(struct ledger *ledger, const char *serial, uint64_t now, uint64_t step,
                        struct error *error)
{
    struct buf text;
    int r;

    buf_init(&text);
    if (put_with_step(ledger, serial, now, step, &text) < 0 || buf_len(&text) > FILE_MAX)
        r = error_set(error, EXIT_FAILED, "too many MFA codes at once; try again in a minute");
    else
        r = file_replace(buf_text(&ledger->path), buf_data(&text), buf_len(&text), FILE_NO_SYNC,
                         error);
    buf_free(&text);
    return r;
}

/*
 * A damaged ledger is begun anew here, and not only when a step is used: its "now" would move on
 * with the clock, and no code would ever be unused.
 */
int ledger_last(const char *state_dir, const char *serial, uint64_t now, uint64_t *last,
                struct error *error)
{
    struct ledger ledger;
    int r;

    if ((r = ledger_open(&ledger, state_dir, error)) == 0 &&
        (r = ledger_load(&ledger, now, error)) == 0 && ledger.damaged)
        r = ledger_take(&ledger, now, error);
    if (r == 0)
        *last = last_used(&ledger, serial);
    ledger_close(&ledger);
    return r;
}

int ledger_use(const char *state_dir, const char *serial, uint64_t now, uint64_t step,
               struct error *error)
{
    struct ledger ledger;
    int r;

    if ((r = ledger_open(&ledger, state_dir, error)) < 0 ||
        (r = ledger_take(&ledger, now, error)) < 0)
        goto out;
    if (step <= last_used(&ledger, serial))
        r = 0;
    else if ((r = ledger_write(&ledger, serial, now, step, error)) == 0)
        r = 1;
out:
    ledger_close(&ledger);
    return r;
}
