// SPDX-License-Identifier: BSD-2-Clause
// Usages: who was handed which cached session, for the log.
#include "usage.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper.h"
#include "log.h"
#include "loop.h"

#define KNOWN_MAX 128 /* usages remembered; an older one is logged again */

/* What is still to be logged, once it is known who it was. */
struct usage {
    struct helper_question question;
    uint64_t expiration;
    struct spec spec;
    const char *access_key_id;
};

static uint64_t known[KNOWN_MAX];
static size_t next_known;

/* Whether this is the first time, as far as is remembered. */
static bool remember(const char *access_key_id, const char *who)
{
    crypto_generichash_state state;
    uint64_t hash[2];

    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)access_key_id,
                              strlen(access_key_id) + 1);
    crypto_generichash_update(&state, (const unsigned char *)who, strlen(who));
    crypto_generichash_final(&state, (unsigned char *)hash, sizeof hash);
    for (size_t i = 0; i < KNOWN_MAX; i++)
        if (known[i] == hash[0])
            return false;
    known[next_known++ % KNOWN_MAX] = hash[0];
    return true;
}

static void on_told(struct helper_question *question, const char *who)
{
    struct usage *usage = LOOP_OWNER(question, struct usage, question);
    const struct log_event event = {
        .what = "served",
        .who = who,
        .key = usage->spec.key,
        .role = spec_role(&usage->spec),
        .how = "cached",
        .access_key_id = usage->access_key_id,
        .expiration = usage->expiration,
    };

    if (remember(usage->access_key_id, who))
        log_event(&event);
    free(usage);
}

void usage_note(const struct session *session, uint32_t pid, int pidfd)
{
    size_t id_size = strlen(session->access_key_id) + 1;
    struct usage *usage = calloc(1, sizeof *usage + spec_size(&session->spec) + id_size);
    char *texts;

    if (!usage) {
        if (pidfd >= 0)
            close(pidfd);
        return;
    }
    texts = (char *)(usage + 1);
    usage->spec = spec_copy(&session->spec, &texts);
    usage->access_key_id = memcpy(texts, session->access_key_id, id_size);
    usage->expiration = session->expiration;
    usage->question.told = on_told;
    helper_who(pid, pidfd, &usage->question);
}
