// SPDX-License-Identifier: BSD-2-Clause
// The policy of a key: changed with a dialog and a factor.
#include <string.h>

#include "errand.h"
#include "policy.h"

/* It guards against programs of the person's own, which could wait for a touch: the dialog says
 * what this one is for. */
static int set_policy(struct agent *agent, struct vault *vault, struct key *key,
                      const struct key_policy *policy, struct error *error)
{
    struct stake stake = {0};

    stake_line(&stake, "Change the policy of the key %s", key->name);
    policy_say(&key->policy, policy, &stake);
    if (errand_unlock(agent, vault, &stake, true, error, "to change the policy of %s", key->name) <
            0 ||
        vault_set_policy(vault, key, policy, error) < 0)
        return -1;
    return errand_write(agent, vault, error);
}

int errand_key_set(struct agent *agent, const struct frame *frame, int fd, char **done,
                   struct error *error)
{
    struct msg_key_set request;
    struct vault *vault = NULL;
    struct key_policy policy;
    char text[POLICY_TEXT_SIZE];
    struct key *key;
    int r = -1;

    (void)fd;
    if (message_get(frame, MSG_KEY_SET, &request) < 0)
        return errand_malformed(error);
    if (errand_vault(agent, &vault, error) < 0)
        return -1;
    if (!(key = vault_key(vault, request.name, error)))
        goto out;
    policy = key->policy;
    if (policy_change(&policy, &request.options, error) < 0)
        goto out;
    if (memcmp(&policy, &key->policy, sizeof policy) == 0)
        r = errand_done(done, error, "%s has this policy already: %s", key->name,
                        policy_text(&policy, text));
    else if (set_policy(agent, vault, key, &policy, error) == 0)
        r = errand_done(done, error, "the policy of %s is now %s", key->name,
                        policy_text(&policy, text));
out:
    vault_free(vault);
    return r;
}
