// SPDX-License-Identifier: BSD-2-Clause
// The log's files, line by line: each segment's chain of keys is walked along with its lines.
#include "log_file.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "log_chain.h"
#include "vault_keys.h"

#define SEGMENTS_MAX 4096               /* one for each start of an agent; more is no log of ours */
#define STEPS_MAX    (16 * 1024 * 1024) /* along chains, for all lines together: some seconds */
#define WHY_MISSING  " (removed, or the disk was full then)"

/* The first key of a chain must not come out, nor must that of the running agent's next line. */
struct segment {
    uint8_t id[LOG_ID_BYTES];
    uint8_t public_key[LOG_KEY_BYTES];
    uint8_t key[LOG_KEY_BYTES]; /* of line number next */
    uint64_t next;
    bool closed; /* sealed to an earlier key of the vault: its lines can't be checked */
};

struct walk {
    const struct vault *vault;
    const struct log_file *files;
    const struct log_file *file; /* this one now */
    size_t number, offset;       /* of the line in it */
    struct segment *segments;    /* in the arena, and behind the last of them, trial */
    struct segment *trial;       /* a segment as it is when the line at hand is one of its */
    size_t count;
    uint64_t steps;
    struct log_report *report;
};

static __attribute__((format(printf, 2, 3))) void fault(struct walk *walk, const char *format, ...)
{
    va_list args;

    if (walk->report->faults++)
        return;
    va_start(args, format);
    vsnprintf(walk->report->text, sizeof walk->report->text, format, args);
    va_end(args);
}

static void line_fault(struct walk *walk, const char *what)
{
    fault(walk, "line %zu of %s %s", walk->number, walk->file->name, what);
}

static struct segment *find(struct walk *walk, const uint8_t *id, size_t len)
{
    for (size_t i = walk->count; i > 0; i--)
        if (memcmp(walk->segments[i - 1].id, id, len) == 0)
            return &walk->segments[i - 1];
    return NULL;
}

/* The first key, which only the vault can open, and which the id is made of. */
static int open_sealed(const struct walk *walk, const struct log_begin *begin,
                       struct segment *segment)
{
    const struct vault *vault = walk->vault;
    uint8_t id[LOG_ID_BYTES];

    if (crypto_box_seal_open(segment->key, begin->sealed, sizeof begin->sealed, vault->public_key,
                             vault->unlocked->secret.private_key) < 0)
        return -1;
    log_chain_id(segment->key, id);
    return memcmp(id, begin->id, sizeof id) == 0 ? 0 : -1;
}

/* A segment is met. NULL: it is not what an agent would have begun. */
static struct segment *meet(struct walk *walk, const struct log_line *line)
{
    const struct log_begin *begin = &line->begin;
    struct segment *segment;

    if (walk->count == SEGMENTS_MAX)
        return NULL;
    segment = &walk->segments[walk->count];
    *segment = (struct segment){0};
    memcpy(segment->id, begin->id, sizeof segment->id);
    memcpy(segment->public_key, begin->public_key, sizeof segment->public_key);
    segment->closed =
        memcmp(begin->public_key, walk->vault->public_key, sizeof begin->public_key) != 0;
    if (!segment->closed && open_sealed(walk, begin, segment) < 0)
        return NULL;
    walk->count++;
    return segment;
}

/* What stood before a part begins: the file up to it, or the older file. */
static bool is_pinned(const struct walk *walk, const uint8_t before[LOG_HASH_BYTES])
{
    const struct log_file *older = &walk->files[0];
    const char *data = walk->file->data;
    size_t size = walk->offset;
    uint8_t hash[LOG_HASH_BYTES];

    if (size == 0) {
        if (walk->file == older)
            return true; /* what it followed is gone: the log is bounded */
        data = older->data;
        size = older->data ? older->size : 0;
    }
    crypto_generichash(hash, sizeof hash, (const uint8_t *)data, size, NULL, 0);
    return memcmp(hash, before, sizeof hash) == 0;
}

/* Lines of a segment may be gone with what stood before the older file, which is bounded. */
static bool may_begin_late(const struct walk *walk, const struct segment *segment)
{
    return segment->next == 0 && walk->files[0].data;
}

/* Walk the chain to the line's key. -1: it is not to be reached. */
static int reach(struct walk *walk, struct segment *segment, uint64_t count)
{
    if (count < segment->next)
        return -1;
    for (; !segment->closed && segment->next < count; segment->next++) {
        if (++walk->steps > STEPS_MAX)
            return -1;
        log_chain_step(segment->key);
    }
    segment->next = count;
    return 0;
}

static bool has_its_mac(const struct segment *segment, const char *data,
                        const struct log_line *line)
{
    uint8_t mac[LOG_MAC_BYTES];

    log_chain_mac(segment->key, data, line->covered, mac);
    return sodium_memcmp(mac, line->mac, sizeof mac) == 0;
}

static void accept(struct walk *walk, const struct segment *segment, const struct log_line *line)
{
    struct log_report *report = walk->report;
    uint64_t missing = line->count - segment->next;

    if (missing && !may_begin_late(walk, segment))
        fault(walk, "%" PRIu64 " %s missing before line %zu of %s" WHY_MISSING, missing,
              missing == 1 ? "line is" : "lines are", walk->number, walk->file->name);
    if (segment->closed)
        report->unchecked++;
    else
        report->lines++;
    if (!segment->closed && !report->first)
        report->first = line->time;
    if (line->is_begin && !is_pinned(walk, line->begin.before))
        fault(walk, "what stood before line %zu of %s was changed or removed", walk->number,
              walk->file->name);
}

/* A line that was changed where it stands keeps its turn; one that comes from elsewhere has none.
 */
static void take_turn(struct walk *walk, struct segment *segment, const char *data,
                      const struct log_line *line)
{
    struct segment *trial = walk->trial;
    bool in_turn = line->count == segment->next;

    *trial = *segment;
    if (reach(walk, trial, line->count) < 0) {
        line_fault(walk, "was added or moved");
        return;
    }
    if (trial->closed || has_its_mac(trial, data, line)) {
        accept(walk, segment, line);
    } else {
        line_fault(walk, in_turn ? "was changed" : "was added or moved");
        if (!in_turn)
            return;
    }
    *segment = *trial;
    log_chain_step(segment->key);
    segment->next++;
}

static void take_line(struct walk *walk, const char *data, size_t len)
{
    struct log_line line;
    struct segment *segment;

    if (log_line_parse(data, len, &line) < 0) {
        line_fault(walk, "is damaged");
        return;
    }
    segment = line.is_begin ? find(walk, line.begin.id, LOG_ID_BYTES)
                            : find(walk, line.tag, LOG_TAG_BYTES);
    if (!segment && line.is_begin)
        segment = meet(walk, &line);
    if (segment)
        take_turn(walk, segment, data, &line);
    else
        line_fault(walk, "was changed, added or moved");
}

static void take_file(struct walk *walk, const struct log_file *file)
{
    const char *end;

    walk->file = file;
    walk->number = 0;
    for (walk->offset = 0; file->data && walk->offset < file->size;
         walk->offset = (size_t)(end - file->data) + 1) {
        const char *line = file->data + walk->offset;

        walk->number++;
        end = memchr(line, '\n', file->size - walk->offset);
        if (!end) {
            line_fault(walk, "is damaged");
            break;
        }
        take_line(walk, line, (size_t)(end - line));
    }
}

/* Segments that the anchor knows, the newest last: once one is there, all after it must be. */
static void check_end(struct walk *walk, const struct log_anchor_entry *entry, bool *seen)
{
    const struct segment *segment = find(walk, entry->id, LOG_ID_BYTES);
    uint64_t missing = entry->count - (segment ? segment->next : 0);

    if (!segment && !*seen && walk->files[0].data)
        return; /* older than the log reaches back */
    if (segment && segment->next >= entry->count)
        missing = 0;
    if (missing)
        fault(walk, "%" PRIu64 " %s missing at the end of what an agent logged" WHY_MISSING,
              missing, missing == 1 ? "line is" : "lines are");
    if (segment && memcmp(segment->public_key, entry->public_key, LOG_KEY_BYTES) != 0)
        fault(walk, "a line that begins a segment was changed: it names another key");
    *seen = *seen || segment;
}

int log_file_check(const struct vault *vault, const struct log_file files[2],
                   const struct log_anchor *anchor, struct log_report *report, struct error *error)
{
    struct walk walk = {.vault = vault, .files = files, .report = report};
    bool seen = false;

    *report = (struct log_report){0};
    if (!(walk.segments = arena_alloc((SEGMENTS_MAX + 1) * sizeof *walk.segments)))
        return error_set(error, EXIT_FAILED, "out of memory");
    walk.trial = &walk.segments[SEGMENTS_MAX];
    take_file(&walk, &files[0]);
    take_file(&walk, &files[1]);
    for (size_t i = 0; i < anchor->count; i++)
        check_end(&walk, &anchor->entries[i], &seen);
    arena_free(walk.segments);
    return 0;
}
