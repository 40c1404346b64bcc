// SPDX-License-Identifier: BSD-2-Clause
// The policy of a key as people write it.
#include "policy.h"

#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "duration.h"

#define VALUE_SIZE  32
#define LOCK_VALUES "sleep,screen,removal"

static bool read_touch(struct key_policy *policy, const char *value)
{
    policy->touch = strcmp(value, "use") == 0 ? TOUCH_USE : TOUCH_SESSION;
    return policy->touch == TOUCH_USE || strcmp(value, "session") == 0;
}

static const char *write_touch(const struct key_policy *policy, char out[VALUE_SIZE])
{
    (void)out;
    return policy->touch == TOUCH_USE ? "use" : "session";
}

static bool read_serve(struct key_policy *policy, const char *value)
{
    policy->serve = strcmp(value, "roles") == 0 ? SERVE_ROLES : SERVE_ANY;
    return policy->serve == SERVE_ROLES || strcmp(value, "any") == 0;
}

static const char *write_serve(const struct key_policy *policy, char out[VALUE_SIZE])
{
    (void)out;
    return policy->serve == SERVE_ROLES ? "roles" : "any";
}

static bool read_session_seconds(const char *value, uint32_t *seconds)
{
    return duration_read(value, seconds) && *seconds >= SESSION_SECONDS_MIN &&
           *seconds <= SESSION_SECONDS_MAX;
}

static bool read_duration(struct key_policy *policy, const char *value)
{
    return read_session_seconds(value, &policy->duration);
}

static const char *write_duration(const struct key_policy *policy, char out[VALUE_SIZE])
{
    return duration_short(policy->duration, out);
}

static bool read_max_duration(struct key_policy *policy, const char *value)
{
    return read_session_seconds(value, &policy->max_duration);
}

static const char *write_max_duration(const struct key_policy *policy, char out[VALUE_SIZE])
{
    return duration_short(policy->max_duration, out);
}

/* Sleep always locks: it may be named, and it may not. */
static bool read_lock_on(struct key_policy *policy, const char *value)
{
    policy->lock_on = 0;
    for (size_t n = strcspn(value, ","); n; n = strcspn(value, ",")) {
        if (n == 6 && strncmp(value, "screen", n) == 0)
            policy->lock_on |= LOCK_ON_SCREEN;
        else if (n == 7 && strncmp(value, "removal", n) == 0)
            policy->lock_on |= LOCK_ON_REMOVAL;
        else if (n != 5 || strncmp(value, "sleep", n) != 0)
            return false;
        value += n;
        if (!*value)
            return true;
        value++;
    }
    return false;
}

static const char *write_lock_on(const struct key_policy *policy, char out[VALUE_SIZE])
{
    snprintf(out, VALUE_SIZE, "sleep%s%s", policy->lock_on & LOCK_ON_SCREEN ? ",screen" : "",
             policy->lock_on & LOCK_ON_REMOVAL ? ",removal" : "");
    return out;
}

static bool read_rotate_every(struct key_policy *policy, const char *value)
{
    policy->rotate_every = 0;
    return strcmp(value, "off") == 0 ||
           (duration_read(value, &policy->rotate_every) && policy->rotate_every >= KEY_ROTATE_MIN &&
            policy->rotate_every <= KEY_ROTATE_MAX);
}

static const char *write_rotate_every(const struct key_policy *policy, char out[VALUE_SIZE])
{
    return policy->rotate_every ? duration_short(policy->rotate_every, out) : "off";
}

static bool read_grace(struct key_policy *policy, const char *value)
{
    return duration_read(value, &policy->grace) && policy->grace <= KEY_GRACE_MAX;
}

static const char *write_grace(const struct key_policy *policy, char out[VALUE_SIZE])
{
    return policy->grace ? duration_short(policy->grace, out) : "0";
}

static const struct option {
    const char *name, *wants;
    bool (*read)(struct key_policy *policy, const char *value);
    const char *(*write)(const struct key_policy *policy, char out[VALUE_SIZE]);
} OPTIONS[] = {
    {"touch", "session or use", read_touch, write_touch},
    {"serve", "any or roles", read_serve, write_serve},
    {"duration", "15m to 36h", read_duration, write_duration},
    {"max_duration", "15m to 36h", read_max_duration, write_max_duration},
    {"lock_on", "some of " LOCK_VALUES, read_lock_on, write_lock_on},
    {"rotate_every", "off, or 1h to 366d", read_rotate_every, write_rotate_every},
    {"grace", "0 to 30d", read_grace, write_grace},
};

#define OPTION_COUNT (sizeof OPTIONS / sizeof *OPTIONS)

static const struct option *find_option(const char *text)
{
    size_t len = strcspn(text, "=");

    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(OPTIONS[i].name) == len && memcmp(OPTIONS[i].name, text, len) == 0)
            return &OPTIONS[i];
    return NULL;
}

static int change_one(struct key_policy *policy, const char *text, unsigned *given,
                      struct error *error)
{
    const struct option *option = find_option(text);
    const char *value = strchr(text, '=');
    char shown[65];
    unsigned bit;

    ascii_printable(shown, sizeof shown, text);
    if (!value || !option)
        return error_set(
            error, EXIT_USAGE,
            "%s is no option; there are touch, serve, duration, max_duration, lock_on, "
            "rotate_every and grace, each as option=value",
            shown);
    bit = 1u << (option - OPTIONS);
    if (*given & bit)
        return error_set(error, EXIT_USAGE, "%s is given twice", option->name);
    *given |= bit;
    if (!option->read(policy, value + 1))
        return error_set(error, EXIT_USAGE, "%s can't be used: %s is %s", shown, option->name,
                         option->wants);
    return 0;
}

int policy_change(struct key_policy *policy, const struct list *options, struct error *error)
{
    struct key_policy changed = *policy;
    unsigned given = 0, duration = 1u << (find_option("duration") - OPTIONS);
    char longest[DURATION_SIZE];

    for (const char *text = list_next(options, NULL); text; text = list_next(options, text))
        if (change_one(&changed, text, &given, error) < 0)
            return -1;
    if (!given)
        return error_set(error, EXIT_USAGE, "no option is given; give some as option=value");
    if (changed.duration > changed.max_duration && !(given & duration))
        changed.duration = changed.max_duration;
    if (changed.duration > changed.max_duration)
        return error_set(error, EXIT_USAGE,
                         "the duration is longer than max_duration, %s; raise that as well",
                         duration_short(changed.max_duration, longest));
    *policy = changed;
    return 0;
}

const char *policy_text(const struct key_policy *policy, char out[POLICY_TEXT_SIZE])
{
    char value[VALUE_SIZE];
    size_t used = 0;

    for (size_t i = 0; i < OPTION_COUNT && used < POLICY_TEXT_SIZE; i++)
        used += (size_t)snprintf(out + used, POLICY_TEXT_SIZE - used, "%s%s=%s", i ? " " : "",
                                 OPTIONS[i].name, OPTIONS[i].write(policy, value));
    return out;
}

void policy_say(const struct key_policy *before, const struct key_policy *after,
                struct stake *stake)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char was[VALUE_SIZE], is[VALUE_SIZE];
        const char *old = OPTIONS[i].write(before, was), *new = OPTIONS[i].write(after, is);

        if (strcmp(old, new) != 0)
            stake_line(stake, "%s=%s instead of %s", OPTIONS[i].name, new, old);
    }
}
