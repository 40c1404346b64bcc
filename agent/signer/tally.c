// SPDX-License-Identifier: BSD-2-Clause
// Tallies: small text files of the state folder that count something by name.
#include "tally.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

#define FILE_MAX   ((size_t)64 * 1024)
#define LOCK_MS    2000 /* it is held for the writing of one small file */
#define DIGITS_MAX 12
#define LABEL_MAX  256u

/* A number as printf() writes it, and the blank behind it. 0 or -EPROTO. */
static int take_number(const char **at, const char *end, uint64_t *number)
{
    const char *c = *at;

    *number = 0;
    for (; c < end && *c >= '0' && *c <= '9' && c - *at < DIGITS_MAX; c++)
        *number = *number * 10 + (uint64_t)(*c - '0');
    if (c == *at || (**at == '0' && c - *at > 1) || c == end || *c != ' ')
        return -EPROTO;
    *at = c + 1;
    return 0;
}

/* Split a line off [*at, end). 1; 0 at the end; -EPROTO for anything else. */
static int next_line(const struct tally_kind *kind, const char **at, const char *end,
                     struct tally_line *line)
{
    const char *newline = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;

    if (*at == end)
        return 0;
    line->count = 0;
    if (!newline || take_number(at, newline, &line->time) < 0 || !line->time ||
        (kind->counts && take_number(at, newline, &line->count) < 0))
        return -EPROTO;
    line->name = *at;
    line->len = (size_t)(newline - *at);
    if (line->len == 0 || line->len > LABEL_MAX)
        return -EPROTO;
    for (const char *c = *at; c < newline; c++)
        if (*c <= ' ' || *c > '~')
            return -EPROTO;
    *at = newline + 1;
    return 1;
}

bool tally_sound(const struct tally_kind *kind, const char *text, size_t n, uint64_t now)
{
    const char *end = text + n;
    struct tally_line line;
    int r;

    while ((r = next_line(kind, &text, end, &line)) == 1)
        if (line.time > now + kind->ahead)
            return false;
    return r == 0;
}

bool tally_next(const struct tally *tally, size_t *at, struct tally_line *line)
{
    const char *begin = (const char *)buf_data(&tally->text), *c = begin + *at;

    if (next_line(tally->kind, &c, begin + buf_len(&tally->text), line) != 1)
        return false;
    *at = (size_t)(c - begin);
    return true;
}

bool tally_is(const struct tally_line *line, const char *name)
{
    return strlen(name) == line->len && memcmp(line->name, name, line->len) == 0;
}

/* A file that may not be trusted (too large, a link, another's) is damaged too. */
static int load(struct tally *tally, struct error *error)
{
    buf_trim(&tally->text, buf_len(&tally->text));
    tally->damaged = false;
    if (file_read(buf_text(&tally->path), FILE_MAX, &tally->text, error) < 0) {
        tally->damaged = error->status == EXIT_VAULT;
        return tally->damaged ? 0 : -1;
    }
    if (!buf_text(&tally->text))
        return error_set(error, EXIT_FAILED, "out of memory");
    tally->damaged = !tally_sound(tally->kind, (const char *)buf_data(&tally->text),
                                  buf_len(&tally->text), tally->now);
    return 0;
}

static int put_line(const struct tally_kind *kind, struct buf *out, const struct tally_line *line)
{
    int r = buf_printf(out, "%" PRIu64 " ", line->time);

    if (r == 0 && kind->counts)
        r = buf_printf(out, "%" PRIu64 " ", line->count);
    return r < 0 ? r : buf_printf(out, "%.*s\n", (int)line->len, line->name);
}

/* Nothing that stands in the file is believed, but the one line that stands for all. */
static int begin_anew(struct tally *tally, struct error *error)
{
    const struct tally_line all = {tally->now, tally->kind->anew, TALLY_ALL, strlen(TALLY_ALL)};

    buf_trim(&tally->text, buf_len(&tally->text));
    if (put_line(tally->kind, &tally->text, &all) < 0)
        return error_set(error, EXIT_FAILED, "out of memory");
    tally->damaged = false;
    return file_replace(buf_text(&tally->path), buf_data(&tally->text), buf_len(&tally->text),
                        FILE_NO_SYNC, error);
}

/* What is loaded under the lock can't be changed by others, and is sound afterwards. */
static int take(struct tally *tally, struct error *error)
{
    int r;

    if (file_make_parent(buf_text(&tally->path), error) < 0 ||
        (tally->lock = file_lock(buf_text(&tally->path), LOCK_MS, error)) < 0)
        return -1;
    r = load(tally, error);
    return r == 0 && tally->damaged ? begin_anew(tally, error) : r;
}

/*
 * A damaged file is begun anew even by those that only read: its "now" would move on with the
 * clock, and no code would ever be unused, no wait ever be over.
 */
int tally_open(struct tally *tally, const struct tally_kind *kind, const char *state_dir,
               uint64_t now, bool lock, struct error *error)
{
    *tally = (struct tally){.kind = kind, .now = now, .lock = -1};
    buf_init(&tally->path);
    buf_init(&tally->text);
    if (buf_printf(&tally->path, "%s/%s", state_dir, kind->file) < 0 || !buf_text(&tally->path))
        return error_set(error, EXIT_FAILED, "out of memory");
    if (!lock && load(tally, error) < 0)
        return -1;
    return lock || tally->damaged ? take(tally, error) : 0;
}

void tally_close(struct tally *tally)
{
    if (tally->lock >= 0)
        close(tally->lock);
    buf_free(&tally->path);
    buf_free(&tally->text);
}

/* All lines but that of the new one's name and those that are of no use, then the new one. */
static int put_all(const struct tally *tally, const struct tally_line *fresh, const char *name,
                   struct buf *out)
{
    struct tally_line line;
    size_t at = 0;
    int r = 0;

    while (r == 0 && tally_next(tally, &at, &line))
        if (line.time + tally->kind->behind >= tally->now && !tally_is(&line, name))
            r = put_line(tally->kind, out, &line);
    return r < 0 ? r : put_line(tally->kind, out, fresh);
}

int tally_put(struct tally *tally, const char *name, uint64_t time, uint64_t count,
              struct error *error)
{
    const struct tally_line fresh = {time, count, name, strlen(name)};
    struct buf text;
    int r;

    buf_init(&text);
    if (put_all(tally, &fresh, name, &text) < 0 || buf_len(&text) > FILE_MAX)
        r = error_set(error, EXIT_FAILED, "%s", tally->kind->full);
    else
        r = file_replace(buf_text(&tally->path), buf_data(&text), buf_len(&text), FILE_NO_SYNC,
                         error);
    buf_free(&text);
    return r;
}
