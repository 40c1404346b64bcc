// SPDX-License-Identifier: BSD-2-Clause
// What a key leaves behind at AWS.
#include "remains.h"

#include <stdio.h>
#include <string.h>

static void add(struct remains *remains, const struct vault *vault, const struct key *key,
                const char *what)
{
    if (!*what || vault_other_key(vault, key, what))
        return;
    for (size_t i = 0; i < remains->own_count; i++)
        if (strcmp(remains->own[i], what) == 0)
            return;
    if (remains->own_count < REMAINS_OWN_MAX)
        remains->own[remains->own_count++] = what;
}

static void add_records(struct remains *remains, const struct vault *vault, const struct key *key,
                        enum record_type type)
{
    const struct record *record;

    for (unsigned nth = 0; (record = vault_record(vault, key, type, nth)); nth++)
        add(remains, vault, key, record->subject);
}

static void add_task(struct remains *remains, const struct vault *vault, const struct key *key,
                     const struct task *task)
{
    add(remains, vault, key, task->old_id);
    add(remains, vault, key, task->new_id);
    add(remains, vault, key, task->serial);
}

void remains_find(const struct vault *vault, const struct key *key, struct remains *remains)
{
    static struct journal journal; /* its texts are handed out */
    struct error unreadable = {0};

    *remains = (struct remains){0};
    add_records(remains, vault, key, RECORD_ACCESS_KEY);
    add_records(remains, vault, key, RECORD_TOTP_SEED);
    if (journal_read(vault, &journal, &unreadable) < 0)
        return;
    for (size_t i = 0; i < journal.task_count; i++)
        if (journal.tasks[i].key == key->id)
            add_task(remains, vault, key, &journal.tasks[i]);
    for (size_t i = 0; i < journal.stranger_count; i++)
        if (journal.strangers[i].key == key->id)
            remains->strangers[remains->stranger_count++] = journal.strangers[i].what;
}

const char *remains_list(const char *const *what, size_t count, char out[REMAINS_TEXT_SIZE])
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < count && used < REMAINS_TEXT_SIZE; i++)
        used += (size_t)snprintf(out + used, REMAINS_TEXT_SIZE - used, "%s%s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " and "
                                                  : ", ",
                                 what[i]);
    if (used >= REMAINS_TEXT_SIZE)
        snprintf(out + REMAINS_TEXT_SIZE - sizeof "…", sizeof "…", "…");
    return out;
}
