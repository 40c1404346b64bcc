// SPDX-License-Identifier: BSD-2-Clause
// Policies: what the vault says that its keys may be used for.
#include "policy.h"

#include <stdio.h>
#include <string.h>

#include "key_name.h"

#define POLICIES_MAX 64 /* as many keys as a vault can hold */

static struct {
    char key[KEY_NAME_MAX + 1]; /* empty: this place is free */
    struct policy policy;
} policies[POLICIES_MAX];

static size_t place_of(const char *key)
{
    size_t i = 0;

    while (i < POLICIES_MAX && strcmp(policies[i].key, key) != 0)
        i++;
    return i;
}

void policy_learn(const char *key, const struct msg_issued *issued)
{
    size_t i = place_of(key);

    if (i == POLICIES_MAX && (i = place_of("")) == POLICIES_MAX)
        policies[i = 0].key[0] = '\0';
    snprintf(policies[i].key, sizeof policies[i].key, "%s", key);
    policies[i].policy = (struct policy){issued->default_duration, issued->max_duration,
                                         issued->touch, issued->serve, issued->lock_on};
}

struct policy policy_of(const char *key)
{
    const struct policy unknown = {0, 0, TOUCH_SESSION, SERVE_ANY, 0};
    size_t i = place_of(key);

    return i < POLICIES_MAX ? policies[i].policy : unknown;
}

bool policy_is_known(const char *key)
{
    return place_of(key) < POLICIES_MAX;
}

void policy_forget(const char *key)
{
    for (size_t i = 0; i < POLICIES_MAX; i++)
        if (!key || strcmp(policies[i].key, key) == 0)
            policies[i].key[0] = '\0';
}

void policy_each_locked_on(enum lock_trigger trigger, void (*visit)(const char *key))
{
    char key[KEY_NAME_MAX + 1]; /* what is visited may be forgotten meanwhile */

    for (size_t i = 0; i < POLICIES_MAX; i++)
        if (policies[i].key[0] && policies[i].policy.lock_on & trigger)
            visit(strcpy(key, policies[i].key));
}
