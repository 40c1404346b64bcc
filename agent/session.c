// SPDX-License-Identifier: BSD-2-Clause
// The session cache: a hash table in the arena, bounded, wiped as sessions end.
#include "session.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "loop.h"

#define BUCKETS      256
#define SESSIONS_MAX 256 /* at 2 to 4 KiB each, a quarter of the agent's arena */
#define RENEW_MAX_MS                                                                               \
    (20 * 60 * 1000u) /* botocore and .NET ask again when less than 15 minutes are left */
#define QUIET_MS  (5 * 60 * 1000u)
#define ASSUME_MS 60000u /* longer than any request to AWS takes */

static struct session *buckets[BUCKETS];
static size_t count;
static struct timer expiry;
static unsigned char
    hash_key[crypto_shorthash_KEYBYTES]; /* so that names can't be chosen to collide */

static struct session **bucket_of(const struct spec *spec)
{
    return &buckets[spec_hash(spec, hash_key) % BUCKETS];
}

static void drop(struct session **link)
{
    struct session *session = *link;

    *link = session->next;
    arena_free(session);
    count--;
}

/* Drop each session for which gone() says so. */
static void sweep(bool (*gone)(const struct session *session, const void *context),
                  const void *context)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct session **link = &buckets[i]; *link;)
            if (gone(*link, context))
                drop(link);
            else
                link = &(*link)->next;
}

static bool has_ended(const struct session *session, const void *now_ms)
{
    return session->end_ms <= *(const uint64_t *)now_ms;
}

static bool is_of_key(const struct session *session, const void *key)
{
    return !key || strcmp(session->spec.key, key) == 0;
}

static bool has_spec(const struct session *session, const void *spec)
{
    return spec_equal(&session->spec, spec);
}

static bool is(const struct session *session, const void *other)
{
    return session == other;
}

void session_forget(const char *key)
{
    sweep(is_of_key, key);
}

void session_drop(const struct session *session)
{
    sweep(is, session);
}

static const struct session *first_to_end(void)
{
    const struct session *first = NULL;

    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct session *session = buckets[i]; session; session = session->next)
            if (!first || session->end_ms < first->end_ms)
                first = session;
    return first;
}

static void on_expiry(struct timer *timer)
{
    uint64_t now = clock_boot_ms();
    const struct session *next;

    sweep(has_ended, &now);
    if ((next = first_to_end()))
        timer->deadline_ms = next->end_ms;
}

int session_open(void)
{
    if (sodium_init() < 0)
        return -ENOSYS;
    crypto_shorthash_keygen(hash_key);
    expiry.due = on_expiry;
    loop_time(&expiry);
    return 0;
}

/* Make room by giving up the session that would end first. */
static void evict(void)
{
    sweep(is, first_to_end());
}

/* Copy text to *at, step over it, and return the copy. */
static const char *place(char **at, const char *text)
{
    char *copy = *at;
    size_t size = strlen(text) + 1;

    memcpy(copy, text, size);
    *at += size;
    return copy;
}

static size_t size_of(const struct spec *spec, const struct msg_issued *issued, const char *how)
{
    const char *texts[] = {
        issued->access_key_id, issued->secret_access_key,
        issued->session_token, issued->account,
        issued->partition,     issued->region,
        issued->sts_url,       issued->ca_bundle,
        issued->signed_by,     how,
    };
    size_t size = sizeof(struct session) + spec_size(spec);

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        size += strlen(texts[i]) + 1;
    return size;
}

struct session *session_store(const struct spec *spec, const struct msg_issued *issued,
                              const char *how)
{
    uint64_t now = clock_boot_ms(), lifetime_ms = (uint64_t)issued->lifetime * 1000;
    struct session **bucket = bucket_of(spec), *session;
    char *at;

    sweep(has_spec, spec);
    while (count >= SESSIONS_MAX)
        evict();
    while (!(session = arena_alloc(size_of(spec, issued, how))))
        if (count)
            evict();
        else
            return NULL;
    at = (char *)(session + 1);
    *session = (struct session){
        .next = *bucket,
        .spec = spec_copy(spec, &at),
        .access_key_id = place(&at, issued->access_key_id),
        .secret_access_key = place(&at, issued->secret_access_key),
        .session_token = place(&at, issued->session_token),
        .account = place(&at, issued->account),
        .partition = place(&at, issued->partition),
        .region = place(&at, issued->region),
        .sts_url = place(&at, issued->sts_url),
        .ca_bundle = place(&at, issued->ca_bundle),
        .how = place(&at, how),
        .signed_by = place(&at, issued->signed_by),
        .mfa = issued->mfa,
        .issued = clock_now_ms() / 1000,
        .order = session_order(),
        .expiration = issued->expiration,
        .end_ms = now + lifetime_ms,
    };
    session->renew_ms =
        session->end_ms - (lifetime_ms / 3 < RENEW_MAX_MS ? lifetime_ms / 3 : RENEW_MAX_MS);
    *bucket = session;
    count++;
    if (session->end_ms < expiry.deadline_ms)
        expiry.deadline_ms = session->end_ms;
    return session;
}

uint64_t session_order(void)
{
    static uint64_t last;

    return ++last;
}

struct session *session_find(const struct spec *spec)
{
    struct session **bucket = bucket_of(spec);
    uint64_t now = clock_boot_ms();

    for (struct session *session = *bucket; session; session = session->next)
        if (spec_equal(&session->spec, spec))
            return session->end_ms > now ? session : NULL;
    return NULL;
}

bool session_can_assume(const struct session *session)
{
    return clock_boot_ms() + ASSUME_MS < session->end_ms;
}

/* Whether a is the better one to ask IAM with. */
static bool precedes(const struct session *a, const struct session *b)
{
    if (!b || a->mfa != b->mfa)
        return !b || a->mfa;
    return a->order > b->order;
}

const struct session *session_youngest(const char *key)
{
    const struct session *best = NULL;

    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct session *session = buckets[i]; session; session = session->next)
            if (strcmp(session->spec.key, key) == 0 && !session->spec.hops.len &&
                session_can_assume(session) && precedes(session, best))
                best = session;
    return best;
}

bool session_is_fresh(const struct session *session)
{
    uint64_t now = clock_boot_ms();

    return now < session->renew_ms || now < session->quiet_ms;
}

void session_keep_quiet(struct session *session)
{
    session->quiet_ms = clock_boot_ms() + QUIET_MS;
}

void session_each(void (*visit)(const struct session *session, void *context), void *context)
{
    uint64_t now = clock_boot_ms();

    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct session *session = buckets[i]; session; session = session->next)
            if (session->end_ms > now)
                visit(session, context);
}
