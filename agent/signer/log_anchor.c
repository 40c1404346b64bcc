// SPDX-License-Identifier: BSD-2-Clause
// The log's anchor: a few lines of text and a MAC.
#include "log_anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "hash.h"
#include "vault_keys.h"

#define ANCHOR_FILE "log.anchor"
#define ANCHOR_MAX  8192 /* bytes: 32 entries of up to 119, and two lines */
#define TITLE       "awstap log anchor 1"
#define ID_HEX      (2 * LOG_ID_BYTES)
#define KEY_HEX     (2 * LOG_KEY_BYTES)
#define MAC_HEX     (2 * HASH_BYTES)

/* What waits for log_anchor_write(): the process has one request, and so one anchor. */
static struct {
    char path[FILE_PATH_MAX], log[FILE_PATH_MAX];
    char text[ANCHOR_MAX];
    size_t len;
} pending;

static int path_of(char path[FILE_PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(path, FILE_PATH_MAX, "%s/%s", folder, name);

    return n < 0 || n >= FILE_PATH_MAX ? -ENAMETOOLONG : 0;
}

static void mac_of(const struct vault *vault, const char *text, size_t len, char hex[MAC_HEX + 1])
{
    const struct bytes part = {(const uint8_t *)text, len};
    uint8_t mac[HASH_BYTES];

    hash_labelled(mac, vault->unlocked->log, "awstap 1 log anchor", &part, 1);
    sodium_bin2hex(hex, MAC_HEX + 1, mac, sizeof mac);
}

static size_t print(const struct vault *vault, const struct log_anchor *anchor,
                    char text[ANCHOR_MAX])
{
    char id[KEY_HEX + 1], key[KEY_HEX + 1], mac[MAC_HEX + 1];
    size_t len;

    sodium_bin2hex(id, sizeof id, vault->id, sizeof vault->id);
    len = (size_t)snprintf(text, ANCHOR_MAX, TITLE " %s %" PRIu64 "\n", id, anchor->since);
    for (size_t i = 0; i < anchor->count; i++) {
        const struct log_anchor_entry *entry = &anchor->entries[i];

        sodium_bin2hex(id, sizeof id, entry->id, sizeof entry->id);
        sodium_bin2hex(key, sizeof key, entry->public_key, sizeof entry->public_key);
        len += (size_t)snprintf(text + len, ANCHOR_MAX - len, "%s %" PRIu64 " %s\n", id,
                                entry->count, key);
    }
    mac_of(vault, text, len, mac);
    return len + (size_t)snprintf(text + len, ANCHOR_MAX - len, "%s\n", mac);
}

static int parse_entry(const char *line, struct log_anchor_entry *entry)
{
    char id[ID_HEX + 1], key[KEY_HEX + 1];

    if (sscanf(line, "%32[0-9a-f] %20" SCNu64 " %64[0-9a-f]", id, &entry->count, key) != 3)
        return -EPROTO;
    if (sodium_hex2bin(entry->id, sizeof entry->id, id, strlen(id), NULL, NULL, NULL) < 0 ||
        sodium_hex2bin(entry->public_key, sizeof entry->public_key, key, strlen(key), NULL, NULL,
                       NULL) < 0)
        return -EPROTO;
    return 0;
}

/* What print() prints, and nothing else: the MAC is compared with the rest. text is a C string. */
static int parse(const struct vault *vault, const char *text, struct log_anchor *anchor)
{
    static char again[ANCHOR_MAX];
    const char *line = strchr(text, '\n');
    size_t len = strlen(text);

    *anchor = (struct log_anchor){0};
    if (!line || sscanf(text, TITLE " %*32[0-9a-f] %20" SCNu64, &anchor->since) != 1)
        return -EPROTO;
    for (line++; strchr(line, ' ') && anchor->count < LOG_ANCHOR_ENTRIES; anchor->count++) {
        if (parse_entry(line, &anchor->entries[anchor->count]) < 0 || !(line = strchr(line, '\n')))
            return -EPROTO;
        line++;
    }
    return print(vault, anchor, again) == len && sodium_memcmp(again, text, len) == 0 ? 0 : -EPROTO;
}

int log_anchor_read(const struct vault *vault, struct log_anchor *anchor, struct error *error)
{
    char path[FILE_PATH_MAX];
    struct buf content;
    const char *text;
    int r;

    if (path_of(path, vault->state, ANCHOR_FILE) < 0)
        return error_set(error, EXIT_FAILED, "the path of the state folder is too long");
    buf_init(&content);
    r = file_read(path, ANCHOR_MAX - 1, &content, error);
    if (r == 0 && (!(text = buf_text(&content)) || parse(vault, text, anchor) < 0))
        r = error_set(error, EXIT_VAULT,
                      "%s is not as this vault left it: it was changed, or is another vault's",
                      path);
    buf_free(&content);
    return r;
}

static struct log_anchor_entry *find(struct log_anchor *anchor, const uint8_t id[LOG_ID_BYTES])
{
    for (size_t i = 0; i < anchor->count; i++)
        if (memcmp(anchor->entries[i].id, id, LOG_ID_BYTES) == 0)
            return &anchor->entries[i];
    return NULL;
}

static struct log_anchor_entry *add(struct log_anchor *anchor, const struct agent *agent)
{
    struct log_anchor_entry *entry;

    if (anchor->count == LOG_ANCHOR_ENTRIES)
        memmove(anchor->entries, anchor->entries + 1, --anchor->count * sizeof *anchor->entries);
    entry = &anchor->entries[anchor->count++];
    *entry = (struct log_anchor_entry){0};
    memcpy(entry->id, agent->log_id, LOG_ID_BYTES);
    memcpy(entry->public_key, agent->log_key, LOG_KEY_BYTES);
    return entry;
}

void log_anchor_note(struct log_anchor *anchor, const struct agent *agent)
{
    struct log_anchor_entry *entry;

    if (!agent->logs || agent->log_count == 0)
        return;
    if (!(entry = find(anchor, agent->log_id)))
        entry = add(anchor, agent);
    if (agent->log_count > entry->count)
        entry->count = agent->log_count;
}

void log_anchor_make(const struct agent *agent, const struct vault *vault)
{
    static struct log_anchor anchor; /* too large for the stack */
    struct error error = {0};

    if (path_of(pending.path, vault->state, ANCHOR_FILE) < 0 ||
        path_of(pending.log, vault->state, LOG_FILE) < 0)
        return;
    if (log_anchor_read(vault, &anchor, &error) != 0)
        anchor = (struct log_anchor){.since = clock_now_ms() / 1000};
    log_anchor_note(&anchor, agent);
    pending.len = print(vault, &anchor, pending.text);
}

/* Else a power cut could leave an anchor whose lines are not on the disk. */
static void sync_log(void)
{
    int fd = open(pending.log, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return;
    fdatasync(fd);
    close(fd);
}

void log_anchor_write(void)
{
    struct error error = {0};

    if (!pending.len)
        return;
    sync_log();
    file_replace(pending.path, pending.text, pending.len, FILE_NO_SYNC, &error);
    pending.len = 0;
}
