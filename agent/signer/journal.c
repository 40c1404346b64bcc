// SPDX-License-Identifier: BSD-2-Clause
// The journal's bytes, as VAULT.md has them: written in one way only and read in no other.
#include "journal.h"

#include <string.h>

#include "printable.h"

static bool text_valid(const char *text)
{
    return printable_valid(text, strlen(text));
}

static bool key_known(const struct vault *vault, uint32_t id)
{
    for (size_t i = 0; i < vault->key_count; i++) {
        if (vault->keys[i].id == id)
            return true;
    }
    return false;
}

static bool task_valid(const struct vault *vault, const struct task *task)
{
    return key_known(vault, task->key) && task->kind >= TASK_ROTATE && task->kind <= TASK_EXPOSED &&
           task->phase > PHASE_NONE && task->phase <= PHASE_DELETING &&
           (task->kind != TASK_EXPOSED || task->phase == PHASE_INTENT) &&
           text_valid(task->old_id) && text_valid(task->new_id) && text_valid(task->serial);
}

static bool stranger_valid(const struct vault *vault, const struct stranger *stranger)
{
    return key_known(vault, stranger->key) && stranger->what[0] != '\0' &&
           text_valid(stranger->what);
}

/* The order in which they stand: less than 0 where a is before b, 0 where one is in the other's
 * place. */
static int task_order(const struct task *a, const struct task *b)
{
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

static int stranger_order(const struct stranger *a, const struct stranger *b)
{
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return strcmp(a->what, b->what);
}

static const char *check(const struct vault *vault, const struct journal *journal)
{
    for (size_t i = 0; i < journal->task_count; i++) {
        const struct task *task = &journal->tasks[i];
        if (!task_valid(vault, task) || (i > 0 && task_order(task - 1, task) >= 0))
            return "a task in it is wrong";
    }
    for (size_t i = 0; i < journal->stranger_count; i++) {
        const struct stranger *stranger = &journal->strangers[i];
        if (!stranger_valid(vault, stranger) ||
            (i > 0 && stranger_order(stranger - 1, stranger) >= 0))
            return "a stranger in it is wrong";
    }
    return NULL;
}

static size_t get_count(struct reader *reader, size_t max)
{
    uint32_t count = reader_u32(reader);

    if (count > max)
        reader->bad = true;
    return reader->bad ? 0 : count;
}

static void get_task(struct reader *reader, struct task *task)
{
    task->key = reader_u32(reader);
    task->kind = reader_u32(reader);
    task->phase = reader_u32(reader);
    task->begun = reader_u64(reader);
    task->moved = reader_u64(reader);
    reader_text(reader, task->old_id, sizeof(task->old_id));
    reader_text(reader, task->new_id, sizeof(task->new_id));
    reader_text(reader, task->serial, sizeof(task->serial));
}

static void get_stranger(struct reader *reader, struct stranger *stranger)
{
    stranger->key = reader_u32(reader);
    reader_text(reader, stranger->what, sizeof(stranger->what));
    stranger->seen = reader_u64(reader);
}

/* A journal with nothing in it has one form: no bytes. */
static const char *decode(struct reader *reader, struct journal *journal)
{
    if (reader->left == 0)
        return NULL;
    journal->task_count = get_count(reader, JOURNAL_TASKS_MAX);
    for (size_t i = 0; i < journal->task_count; i++)
        get_task(reader, &journal->tasks[i]);
    journal->stranger_count = get_count(reader, JOURNAL_STRANGERS_MAX);
    for (size_t i = 0; i < journal->stranger_count; i++)
        get_stranger(reader, &journal->strangers[i]);
    if (reader->bad || reader->left != 0)
        return "its length is wrong";
    return journal->task_count + journal->stranger_count == 0 ? "it says nothing" : NULL;
}

int journal_read(const struct vault *vault, struct journal *journal, struct error *error)
{
    struct reader reader = {.at = vault->journal, .left = vault->journal_len};
    const char *wrong;

    memset(journal, 0, sizeof(*journal));
    wrong = decode(&reader, journal);
    if (!wrong)
        wrong = check(vault, journal);
    if (!wrong)
        return 0;
    memset(journal, 0, sizeof(*journal));
    return error_set(
        error, EXIT_VAULT,
        "the journal in the vault %s is refused: %s; was it written by a newer awstap? "
        "nothing was changed",
        vault->path, wrong);
}

static int put_text(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    int r = buf_put_u32(out, (uint32_t)len);

    return r < 0 ? r : buf_put(out, text, len);
}

static int put_task(struct buf *out, const struct task *task)
{
    int r;

    if ((r = buf_put_u32(out, task->key)) < 0 || (r = buf_put_u32(out, task->kind)) < 0 ||
        (r = buf_put_u32(out, task->phase)) < 0 || (r = buf_put_u64(out, task->begun)) < 0 ||
        (r = buf_put_u64(out, task->moved)) < 0 || (r = put_text(out, task->old_id)) < 0 ||
        (r = put_text(out, task->new_id)) < 0 || (r = put_text(out, task->serial)) < 0)
        return r;
    return 0;
}

static int put_stranger(struct buf *out, const struct stranger *stranger)
{
    int r;

    if ((r = buf_put_u32(out, stranger->key)) < 0 || (r = put_text(out, stranger->what)) < 0 ||
        (r = buf_put_u64(out, stranger->seen)) < 0)
        return r;
    return 0;
}

static int encode(const struct journal *journal, struct buf *out)
{
    int r;

    if (journal->task_count + journal->stranger_count == 0)
        return 0;
    if ((r = buf_put_u32(out, (uint32_t)journal->task_count)) < 0)
        return r;
    for (size_t i = 0; i < journal->task_count; i++) {
        if ((r = put_task(out, &journal->tasks[i])) < 0)
            return r;
    }
    if ((r = buf_put_u32(out, (uint32_t)journal->stranger_count)) < 0)
        return r;
    for (size_t i = 0; i < journal->stranger_count; i++) {
        if ((r = put_stranger(out, &journal->strangers[i])) < 0)
            return r;
    }
    return 0;
}

int journal_put(struct vault *vault, const struct journal *journal, struct error *error)
{
    const char *wrong = check(vault, journal);
    struct buf bytes;
    int result = 0;

    if (wrong)
        return error_set(error, EXIT_FAILED,
                         "the journal can't be kept: %s; was its key removed meanwhile?", wrong);
    buf_init(&bytes);
    if (encode(journal, &bytes) < 0) {
        result = error_set(error, EXIT_FAILED, "no memory for the journal of the vault");
    } else if (buf_len(&bytes) > sizeof(vault->journal)) {
        result = error_set(error, EXIT_FAILED,
                           "the journal of the vault is full; let what is unfinished come to its "
                           "end first: awstap status shows it");
    } else {
        vault->journal_len = buf_len(&bytes);
        if (vault->journal_len)
            memcpy(vault->journal, buf_data(&bytes), vault->journal_len);
    }
    buf_free(&bytes);
    return result;
}

struct task *journal_task(struct journal *journal, uint32_t key, enum task_kind kind)
{
    for (size_t i = 0; i < journal->task_count; i++) {
        if (journal->tasks[i].key == key && journal->tasks[i].kind == kind)
            return &journal->tasks[i];
    }
    return NULL;
}

int journal_set(struct journal *journal, const struct task *task, struct error *error)
{
    size_t at = 0;

    while (at < journal->task_count && task_order(&journal->tasks[at], task) < 0)
        at++;
    struct task *place = &journal->tasks[at];
    bool there = at < journal->task_count && task_order(place, task) == 0;
    size_t behind = journal->task_count - at;
    if (there && task->phase == PHASE_NONE) {
        memmove(place, place + 1, (behind - 1) * sizeof(*place));
        journal->task_count--;
        return 0;
    }
    if (task->phase == PHASE_NONE)
        return 0;
    if (!there && journal->task_count == JOURNAL_TASKS_MAX)
        return error_set(error, EXIT_FAILED,
                         "%d operations are unfinished; let one of them come to its end first",
                         JOURNAL_TASKS_MAX);
    if (!there) {
        memmove(place + 1, place, behind * sizeof(*place));
        journal->task_count++;
    }
    *place = *task;
    return 0;
}

static bool is_stranger(const struct journal *journal, uint32_t key, const char *what)
{
    for (size_t i = 0; i < journal->stranger_count; i++) {
        if (journal->strangers[i].key == key && strcmp(journal->strangers[i].what, what) == 0)
            return true;
    }
    return false;
}

/* Whether the strangers of this key are these already. */
static bool same_strangers(const struct journal *journal, uint32_t key,
                           const struct stranger *strangers, size_t count)
{
    size_t old_count = 0;

    for (size_t i = 0; i < journal->stranger_count; i++)
        old_count += journal->strangers[i].key == key;
    for (size_t i = 0; i < count; i++) {
        if (!is_stranger(journal, key, strangers[i].what))
            return false;
    }
    return count == old_count;
}

static void drop_strangers(struct journal *journal, uint32_t key)
{
    size_t kept = 0;

    for (size_t i = 0; i < journal->stranger_count; i++) {
        if (journal->strangers[i].key != key)
            journal->strangers[kept++] = journal->strangers[i];
    }
    journal->stranger_count = kept;
}

/* Put it where it belongs. One too many, or one that is there, is left out. */
static void insert_stranger(struct journal *journal, const struct stranger *stranger)
{
    size_t at = 0;

    if (journal->stranger_count == JOURNAL_STRANGERS_MAX ||
        is_stranger(journal, stranger->key, stranger->what))
        return;
    while (at < journal->stranger_count && stranger_order(&journal->strangers[at], stranger) < 0)
        at++;
    struct stranger *place = &journal->strangers[at];
    memmove(place + 1, place, (journal->stranger_count - at) * sizeof(*place));
    *place = *stranger;
    journal->stranger_count++;
}

bool journal_set_strangers(struct journal *journal, uint32_t key, const struct stranger *strangers,
                           size_t count)
{
    if (same_strangers(journal, key, strangers, count))
        return false;
    drop_strangers(journal, key);
    for (size_t i = 0; i < count; i++) {
        struct stranger stranger = strangers[i];
        stranger.key = key;
        insert_stranger(journal, &stranger);
    }
    return true;
}

void journal_forget(struct journal *journal, uint32_t key)
{
    size_t kept = 0;

    for (size_t i = 0; i < journal->task_count; i++) {
        if (journal->tasks[i].key != key)
            journal->tasks[kept++] = journal->tasks[i];
    }
    journal->task_count = kept;
    drop_strangers(journal, key);
}
