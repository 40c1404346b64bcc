// SPDX-License-Identifier: BSD-2-Clause
// Specs: what changes what AWS returns, and what a session is assumed with.
#include "spec.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "key_name.h"

static const char *const NAMES[] = {
    "role_arn",        "duration_seconds", "external_id", "role_session_name",
    "source_identity", "policy",           "policy_arn",  "tag_key",
    "tag_value",       "transitive_tag",   "region",
};

static bool is_known(const char *name)
{
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (strcmp(NAMES[i], name) == 0)
            return true;
    return false;
}

#define ROLE_ARN_MAX 640 /* bytes: what a message about a role has room for, and AWS makes */

/* AWS's limit where one role assumes another. */
static bool outlasts_chain(const char *name, const char *value)
{
    return strcmp(name, "duration_seconds") == 0 && strtoul(value, NULL, 10) > ROLE_SECONDS_DEFAULT;
}

static const char *check_hops(const struct list *hops)
{
    const char *name, *value = NULL;
    size_t count = 0;

    while ((name = list_next(hops, value))) {
        if (!(value = list_next(hops, name)) || !is_known(name))
            return "the roles are not as they should be; install awstap again";
        count += strcmp(name, "role_arn") == 0;
        if (strcmp(name, "role_arn") == 0 && strlen(value) > ROLE_ARN_MAX)
            return "a role's ARN has at most 640 characters; give one like "
                   "arn:aws:iam::123456789012:role/NAME";
        if (count == 0)
            return "the roles do not begin with a role_arn; install awstap again";
        if (count > 1 && outlasts_chain(name, value))
            return "a role that is assumed with another role's session lasts at most 1 hour; ask "
                   "for "
                   "duration_seconds 3600 or less";
    }
    return count > SPEC_HOPS_MAX ? "more than 8 roles one after the other; ask for fewer" : NULL;
}

const char *spec_check(const struct spec *spec)
{
    if (!spec->key[0] || strlen(spec->key) > KEY_NAME_MAX)
        return "a key's name has 1 to 64 characters";
    if (spec->duration &&
        (spec->duration < SESSION_SECONDS_MIN || spec->duration > SESSION_SECONDS_MAX))
        return "a session lasts 900 to 129600 seconds; ask for that";
    return check_hops(&spec->hops);
}

/* The next name but region's, and its value. */
static const char *next_item(const struct list *hops, const char **value)
{
    const char *name;

    do {
        name = list_next(hops, *value);
        *value = name ? list_next(hops, name) : NULL;
    } while (name && strcmp(name, "region") == 0);
    return name;
}

static bool hops_equal(const struct list *a, const struct list *b)
{
    const char *value_a = NULL, *value_b = NULL, *name_a, *name_b;

    do {
        name_a = next_item(a, &value_a);
        name_b = next_item(b, &value_b);
        if (!name_a || !name_b)
            return name_a == name_b;
    } while (strcmp(name_a, name_b) == 0 && strcmp(value_a, value_b) == 0);
    return false;
}

bool spec_equal(const struct spec *a, const struct spec *b)
{
    return a->duration == b->duration && strcmp(a->key, b->key) == 0 &&
           hops_equal(&a->hops, &b->hops);
}

/* Chain text to the hash so far. */
static uint64_t mix(uint64_t hash, const char *text, const unsigned char *hash_key)
{
    uint64_t both[2] = {hash, 0};

    crypto_shorthash((unsigned char *)&both[1], (const unsigned char *)text, strlen(text),
                     hash_key);
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)both, sizeof both, hash_key);
    return hash;
}

uint64_t spec_hash(const struct spec *spec, const unsigned char *hash_key)
{
    const char *value = NULL, *name;
    uint64_t hash = mix(spec->duration, spec->key, hash_key);

    while ((name = next_item(&spec->hops, &value)))
        hash = mix(mix(hash, name, hash_key), value, hash_key);
    return hash;
}

struct list spec_last_hop(const struct spec *spec)
{
    const struct list *hops = &spec->hops;
    const char *value = NULL, *name, *last = hops->data;

    while ((name = list_next(hops, value))) {
        if (strcmp(name, "role_arn") == 0)
            last = name;
        value = list_next(hops, name);
    }
    return hops->len ? (struct list){last, hops->len - (size_t)(last - hops->data)}
                     : (struct list){NULL, 0};
}

const char *spec_role(const struct spec *spec)
{
    const struct list hop = spec_last_hop(spec);
    const char *role = list_find(&hop, "role_arn", NULL);

    return role ? role : "";
}

uint32_t spec_role_seconds(const struct spec *spec)
{
    const struct list hop = spec_last_hop(spec);
    const char *seconds = list_find(&hop, "duration_seconds", NULL);
    unsigned long value = seconds ? strtoul(seconds, NULL, 10) : 0;

    return value <= SESSION_SECONDS_MAX ? (uint32_t)value : 0;
}

bool spec_parent(const struct spec *spec, struct spec *parent)
{
    const struct list hop = spec_last_hop(spec);

    if (!hop.len || (hop.len == spec->hops.len && spec_role_seconds(spec) > ROLE_SECONDS_DEFAULT))
        return false;
    *parent = *spec;
    parent->hops.len -= hop.len;
    return true;
}

size_t spec_size(const struct spec *spec)
{
    return strlen(spec->key) + 1 + spec->hops.len;
}

struct spec spec_copy(const struct spec *spec, char **at)
{
    struct spec copy = {.key = *at, .duration = spec->duration};
    size_t key_size = strlen(spec->key) + 1;

    memcpy(*at, spec->key, key_size);
    *at += key_size;
    copy.hops = (struct list){*at, spec->hops.len};
    if (spec->hops.len)
        memcpy(*at, spec->hops.data, spec->hops.len);
    *at += spec->hops.len;
    return copy;
}
