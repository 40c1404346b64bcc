// SPDX-License-Identifier: BSD-2-Clause
// What calls to IAM are signed with: asked of the agent, or derived at an open vault.
#include "authority.h"

#include <string.h>

#include "arena.h"
#include "ascii.h"
#include "endpoint.h"

#define GOOD_S      120u /* a step of an operation and its repetitions may take so long */
#define ACCESS_KEYS 2    /* the one in use, and in a rotation the one that it replaces */

static int keep_record_key(struct authority *authority, const struct msg_granted *granted)
{
    if (granted->record_key.len == 0)
        return 0;
    if (granted->record_key.len != sizeof authority->record_key ||
        granted->head.len != sizeof authority->head)
        return -1;
    memcpy(authority->record_key, granted->record_key.data, sizeof authority->record_key);
    memcpy(authority->head, granted->head.data, sizeof authority->head);
    authority->kept = true;
    return 0;
}

static int keep_day(struct sigv4_day *day, const struct msg_granted *granted)
{
    if (granted->day_key.len == 0)
        return 0;
    if (granted->day_key.len != sizeof day->key ||
        !ascii_consists_of(granted->date, ASCII_DIGITS, 8, 8) ||
        strlen(granted->region) >= sizeof day->region)
        return -1;
    memcpy(day->key, granted->day_key.data, sizeof day->key);
    strcpy(day->date, granted->date);
    strcpy(day->region, granted->region);
    strcpy(day->service, "iam");
    return 0;
}

static int keep_session(struct authority *authority, const struct msg_granted *granted)
{
    if (strlen(granted->access_key_id) >= sizeof authority->access_key_id ||
        strlen(granted->secret_access_key) >= sizeof authority->secret ||
        strlen(granted->signed_by) >= sizeof authority->signed_by)
        return -1;
    strcpy(authority->access_key_id, granted->access_key_id);
    strcpy(authority->secret, granted->secret_access_key);
    strcpy(authority->signed_by, granted->signed_by);
    authority->issued = granted->issued;
    authority->expiration = granted->expiration;
    authority->mfa = granted->mfa != 0;
    if (!*granted->session_token)
        return 0;
    return (authority->session_token = arena_strdup(granted->session_token)) ? 0 : -1;
}

int authority_ask(struct agent *agent, const char *key, struct authority **authority,
                  struct error *error)
{
    const struct msg_authority asked = {key};
    struct authority *got = arena_alloc(sizeof *got);
    struct msg_granted granted;
    struct frame frame;
    int r;

    if (!got)
        return error_set(error, EXIT_FAILED, "out of memory");
    agent_ask(agent, MSG_AUTHORITY, &asked, MSG_GRANTED, &frame);
    r = message_get(&frame, MSG_GRANTED, &granted);
    if (r == 0 && (keep_record_key(got, &granted) < 0 || keep_day(&got->day, &granted) < 0 ||
                   keep_session(got, &granted) < 0))
        r = -1;
    agent_drop_answer(agent, &frame);
    if (r < 0) {
        authority_free(got);
        return error_set(error, EXIT_FAILED,
                         "what the agent keeps of the key makes no sense; forget it with awstap "
                         "lock and run it again");
    }
    *authority = got;
    return 0;
}

/* A session without MFA can call nothing of IAM's. */
bool authority_signs(const struct authority *authority, uint64_t now)
{
    if (authority->day.date[0])
        return sigv4_day_signs(&authority->day, now + GOOD_S);
    return authority->secret[0] && authority->session_token && authority->mfa &&
           authority->expiration > now + GOOD_S;
}

struct sigv4_key authority_key(const struct authority *authority)
{
    struct sigv4_key key = {.access_key_id = authority->access_key_id};

    if (authority->day.date[0]) {
        key.day = &authority->day;
    } else {
        key.secret = authority->secret;
        key.session_token = authority->session_token;
    }
    return key;
}

/* For each access key of the key, the one in use first. */
struct authority_days {
    char ids[ACCESS_KEYS][129];
    struct sigv4_day days[ACCESS_KEYS];
};

static int make_day(struct authority_days *made, unsigned nth, const struct vault *vault,
                    const struct record *record, const struct sigv4_scope *scope,
                    struct error *error)
{
    struct record_secret *secret;
    int r;

    if (vault_open_record(vault, record, &secret, error) < 0)
        return -1;
    r = sigv4_day_make(secret->data, scope, &made->days[nth]);
    arena_free(secret);
    if (r < 0 || strlen(record->subject) >= sizeof made->ids[nth])
        return error_set(error, EXIT_FAILED, "cannot derive a signing key of this day");
    strcpy(made->ids[nth], record->subject);
    return 0;
}

int authority_make_days(const struct vault *vault, const struct key *key, uint64_t now,
                        struct authority_days **days, struct error *error)
{
    const struct record *record;
    struct endpoint endpoint;
    int r = 0;

    if (endpoint_find(ENDPOINT_IAM, key->region, key->iam_url, &endpoint, error) < 0)
        return -1;
    const struct sigv4_scope scope = {endpoint.region, "iam", now};

    if (!(*days = arena_alloc(sizeof **days)))
        return error_set(error, EXIT_FAILED, "out of memory");
    for (unsigned nth = 0; nth < ACCESS_KEYS && r == 0; nth++)
        if ((record = vault_record(vault, key, RECORD_ACCESS_KEY, nth)))
            r = make_day(*days, nth, vault, record, &scope, error);
    if (r < 0) {
        arena_free(*days);
        *days = NULL;
    }
    return r;
}

void authority_give_day(struct agent *agent, const struct key *key,
                        const struct authority_days *days, const char *access_key_id)
{
    for (unsigned nth = 0; days && nth < ACCESS_KEYS; nth++) {
        const struct sigv4_day *day = &days->days[nth];
        const struct msg_day_key given = {.key = key->name,
                                          .access_key_id = days->ids[nth],
                                          .date = day->date,
                                          .region = day->region,
                                          .day_key = {day->key, sizeof day->key}};

        if (strcmp(days->ids[nth], access_key_id) == 0)
            agent_send(agent, MSG_DAY_KEY, &given);
    }
}

void authority_days_free(struct authority_days *days)
{
    arena_free(days);
}

void authority_free(struct authority *authority)
{
    if (authority)
        arena_free(authority->session_token);
    arena_free(authority);
}
