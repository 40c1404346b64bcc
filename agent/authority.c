// SPDX-License-Identifier: BSD-2-Clause
// Authority: what an operation on the life of a key may go on with when nobody touches.
#include "authority.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "key_name.h"
#include "loop.h"
#include "session.h"

#define KEPT_BYTES  32
#define DATE_MAX    8
#define REGION_MAX  63
#define ID_MAX      128
#define ENTRIES_MAX 64         /* as many keys as a vault can hold */
#define RIDE_S      (15 * 60u) /* for the rotation that rides on a touch */

static struct kept {
    uint8_t record_key[KEPT_BYTES], head[KEPT_BYTES];
    uint32_t lock_on; /* bits of enum lock_trigger, of all keys of the vault */
} * kept;

/* One block of the arena, the token behind it. */
struct entry {
    struct entry *next;
    char key[KEY_NAME_MAX + 1];
    char access_key_id[ID_MAX + 1], secret[ID_MAX + 1], signed_by[ID_MAX + 1];
    uint64_t issued, expiration; /* seconds since 1970 */
    uint64_t end_ms;             /* of clock_boot_ms() */
    uint64_t order;              /* see session_order() */
    uint32_t mfa;
    uint8_t day_key[KEPT_BYTES];
    char date[DATE_MAX + 1], region[REGION_MAX + 1];
    char token[];
};

static struct entry *entries;
static size_t count;
static struct timer expiry;

static struct entry **place_of(const char *key)
{
    struct entry **at = &entries;

    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

static void drop(struct entry **at)
{
    struct entry *entry = *at;

    if (!entry)
        return;
    *at = entry->next;
    arena_free(entry);
    count--;
}

static void on_expiry(struct timer *timer)
{
    uint64_t now = clock_boot_ms();

    for (struct entry **at = &entries; *at;)
        if ((*at)->end_ms <= now) {
            drop(at);
        } else {
            if ((*at)->end_ms < timer->deadline_ms)
                timer->deadline_ms = (*at)->end_ms;
            at = &(*at)->next;
        }
}

void authority_open(void)
{
    expiry.due = on_expiry;
    loop_time(&expiry);
}

/* In the place of what was there for this key. NULL: there is no room, and the next touch brings it
 * again. */
static struct entry *add(const char *key, const char *token, uint32_t seconds)
{
    struct entry *entry;

    drop(place_of(key));
    if (count == ENTRIES_MAX || !(entry = arena_alloc(sizeof *entry + strlen(token) + 1)))
        return NULL;
    strcpy(entry->key, key);
    strcpy(entry->token, token);
    entry->issued = clock_now_ms() / 1000;
    entry->order = session_order();
    entry->expiration = entry->issued + seconds;
    entry->end_ms = clock_boot_ms() + (uint64_t)seconds * 1000;
    if (entry->end_ms < expiry.deadline_ms)
        expiry.deadline_ms = entry->end_ms;
    entry->next = entries;
    entries = entry;
    count++;
    return entry;
}

static bool fits(const char *text, size_t max)
{
    return strlen(text) <= max;
}

int authority_keep(const struct frame *frame)
{
    struct msg_keep msg;

    if (message_get(frame, MSG_KEEP, &msg) < 0 || msg.record_key.len != KEPT_BYTES ||
        msg.head.len != KEPT_BYTES)
        return -EPROTO;
    if (!kept && !(kept = arena_alloc(sizeof *kept)))
        return 0;
    memcpy(kept->record_key, msg.record_key.data, KEPT_BYTES);
    memcpy(kept->head, msg.head.data, KEPT_BYTES);
    kept->lock_on = msg.lock_on;
    return 0;
}

int authority_day_key(const struct frame *frame)
{
    struct msg_day_key msg;
    struct entry *entry;

    if (message_get(frame, MSG_DAY_KEY, &msg) < 0 || msg.day_key.len != KEPT_BYTES ||
        !fits(msg.key, KEY_NAME_MAX) || !fits(msg.access_key_id, ID_MAX) ||
        !fits(msg.date, DATE_MAX) || !fits(msg.region, REGION_MAX))
        return -EPROTO;
    if (!(entry = add(msg.key, "", RIDE_S)))
        return 0;
    strcpy(entry->access_key_id, msg.access_key_id);
    strcpy(entry->signed_by, msg.access_key_id);
    strcpy(entry->date, msg.date);
    strcpy(entry->region, msg.region);
    memcpy(entry->day_key, msg.day_key.data, KEPT_BYTES);
    return 0;
}

void authority_session(const char *key, const struct msg_issued *issued)
{
    struct entry *entry;
    uint32_t seconds = issued->lifetime;

    if (issued->touch == TOUCH_USE && seconds > RIDE_S)
        seconds = RIDE_S;
    if (!fits(issued->access_key_id, ID_MAX) || !fits(issued->secret_access_key, ID_MAX) ||
        !fits(issued->signed_by, ID_MAX) || !(entry = add(key, issued->session_token, seconds)))
        return;
    strcpy(entry->access_key_id, issued->access_key_id);
    strcpy(entry->secret, issued->secret_access_key);
    strcpy(entry->signed_by, issued->signed_by);
    entry->mfa = issued->mfa;
}

static void fill_from_session(struct msg_granted *granted, const struct session *session)
{
    granted->access_key_id = session->access_key_id;
    granted->secret_access_key = session->secret_access_key;
    granted->session_token = session->session_token;
    granted->issued = session->issued;
    granted->expiration = session->expiration;
    granted->mfa = session->mfa;
    granted->signed_by = session->signed_by;
}

static void fill_from_entry(struct msg_granted *granted, const struct entry *entry)
{
    granted->access_key_id = entry->access_key_id;
    granted->secret_access_key = entry->secret;
    granted->session_token = entry->token;
    granted->issued = entry->issued;
    granted->expiration = entry->expiration;
    granted->mfa = entry->mfa;
    granted->signed_by = entry->signed_by;
    granted->date = entry->date;
    granted->region = entry->region;
    if (entry->date[0])
        granted->day_key = (struct bytes){entry->day_key, KEPT_BYTES};
}

/* The youngest of what there is: where the user's policy wants fresh MFA it is the one that has it.
 */
static void fill(struct msg_granted *granted, const char *key)
{
    const struct session *session = session_youngest(key);
    const struct entry *entry = *place_of(key);

    if (entry && entry->end_ms > clock_boot_ms() &&
        (!session || !session->mfa || entry->order > session->order))
        fill_from_entry(granted, entry);
    else if (session)
        fill_from_session(granted, session);
}

int authority_answer(struct peer *signer, const struct frame *frame)
{
    struct msg_granted granted = {0};
    struct msg_authority asked;

    if (message_get(frame, MSG_AUTHORITY, &asked) < 0)
        return -EPROTO;
    if (kept) {
        granted.record_key = (struct bytes){kept->record_key, KEPT_BYTES};
        granted.head = (struct bytes){kept->head, KEPT_BYTES};
    }
    fill(&granted, asked.key);
    peer_send(signer, MSG_GRANTED, &granted, -1);
    return 0;
}

bool authority_locks_on(enum lock_trigger trigger)
{
    return !kept || kept->lock_on & trigger;
}

void authority_each(void (*visit)(const char *key))
{
    char key[KEY_NAME_MAX + 1]; /* what is visited may be forgotten meanwhile */
    struct entry *entry, *next;

    for (entry = entries; entry; entry = next) {
        next = entry->next;
        visit(strcpy(key, entry->key));
    }
}

void authority_forget_record_key(void)
{
    arena_free(kept);
    kept = NULL;
}

void authority_forget(const char *key)
{
    if (key) {
        drop(place_of(key));
        return;
    }
    while (entries)
        drop(&entries);
    authority_forget_record_key();
}
