// SPDX-License-Identifier: BSD-2-Clause
// Grants: what a remote host may ask for, and what it gets for it.
#include "grant.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key_name.h"
#include "policy.h"
#include "printable.h"
#include "spec.h"

#define NAME_MAX_LEN 64

static bool is(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

/* It becomes a file's name: the socket's. */
static bool host_allowed(const char *host)
{
    return strlen(host) <= GRANT_HOST_MAX && key_name_allowed(host) && host[0] != '.' &&
           !is(host, "agent");
}

/* Decimal digits alone, as the client writes them. */
static bool read_seconds(const char *text, uint32_t *seconds)
{
    char again[16];

    *seconds = (uint32_t)strtoul(text, NULL, 10);
    snprintf(again, sizeof again, "%u", *seconds);
    return strcmp(again, text) == 0;
}

/* The value of the next pair, which must have this name. NULL: it is another, or there is none. */
static const char *value_of(const struct list *list, const char *after, const char *name)
{
    const char *found = list_next(list, after);

    return is(found, name) ? list_next(list, found) : NULL;
}

/* The entry that begins behind after, its hops unchecked; *last is its last text. */
static bool read_entry(const struct list *allow, const char *after, struct grant_entry *entry,
                       const char **last)
{
    const char *duration, *name, *value;

    if (!(entry->name = value_of(allow, after, "allow")) ||
        !(entry->key = value_of(allow, entry->name, "key")) ||
        !(duration = value_of(allow, entry->key, "duration")) ||
        !read_seconds(duration, &entry->duration))
        return false;
    *last = duration;
    while ((name = list_next(allow, *last)) && !is(name, "allow")) {
        if (!(value = list_next(allow, name)))
            return false;
        *last = value;
    }
    entry->hops.data = duration + strlen(duration) + 1;
    entry->hops.len = (size_t)(*last + strlen(*last) + 1 - entry->hops.data);
    return true;
}

bool grant_next(const struct list *allow, const char **after, struct grant_entry *entry)
{
    return list_next(allow, *after) && read_entry(allow, *after, entry, after);
}

static bool find(const struct list *allow, const char *name, struct grant_entry *entry)
{
    const char *at = NULL;

    while (grant_next(allow, &at, entry))
        if (strcmp(entry->name, name) == 0)
            return true;
    return false;
}

static const char *check_entry(const struct grant *grant, const struct grant_entry *entry)
{
    const struct spec spec = {entry->key, entry->duration, entry->hops};
    struct grant_entry first;

    if (!entry->name[0] || strlen(entry->name) > NAME_MAX_LEN ||
        !printable_valid(entry->name, strlen(entry->name)))
        return "a name has 1 to 64 printable characters";
    if (find(&grant->allow, entry->name, &first) && first.name != entry->name)
        return "a name is allowed twice";
    if (!key_name_allowed(entry->key))
        return KEY_NAME_RULE;
    return spec_check(&spec);
}

const char *grant_check(const struct grant *grant)
{
    struct grant_entry entry;
    const char *at = NULL, *why;
    size_t count = 0;

    if (!host_allowed(grant->host))
        return "a host's name has 1 to 64 of A-Z a-z 0-9 . _ @ + -, and is not agent";
    if (grant->max_duration < SESSION_SECONDS_MIN || grant->max_duration > SESSION_SECONDS_MAX)
        return "a session lasts 900 to 129600 seconds; allow that at most";
    while (list_next(&grant->allow, at)) {
        if (count++ == GRANT_ENTRIES_MAX)
            return "more than 32 names; allow fewer";
        if (!read_entry(&grant->allow, at, &entry, &at))
            return "the names are not as they should be; install awstap again";
        if ((why = check_entry(grant, &entry)))
            return why;
    }
    return count ? NULL : "no name is allowed; give one with --allow";
}

void grant_names(const struct list *allow, char *text, size_t size)
{
    struct grant_entry entry;
    const char *at = NULL, *comma = "";
    size_t len = 0;

    if (size)
        text[0] = '\0';
    while (len < size && grant_next(allow, &at, &entry)) {
        len += (size_t)snprintf(text + len, size - len, "%s%s", comma, entry.name);
        comma = ", ";
    }
}

/* The pair of texts goes to hops. */
static int put_pair(struct buf *hops, const char *name, const char *value)
{
    int r = buf_put(hops, name, strlen(name) + 1);

    return r < 0 ? r : buf_put(hops, value, strlen(value) + 1);
}

/* The roles, the last of which is to last so many seconds. Its duration stands where the client
 * puts it, behind the ARN, so that the session is the same as for who asks at this end. */
static int put_hops(const struct grant_entry *entry, uint32_t seconds, struct buf *hops)
{
    const struct spec spec = {entry->key, entry->duration, entry->hops};
    const char *last = spec_last_hop(&spec).data, *value = NULL, *name;
    char text[16];
    int r = 0;

    snprintf(text, sizeof text, "%u", seconds);
    while (r == 0 && (name = list_next(&entry->hops, value))) {
        value = list_next(&entry->hops, name);
        if (name < last || !is(name, "duration_seconds"))
            r = put_pair(hops, name, value);
        if (r == 0 && name == last)
            r = put_pair(hops, "duration_seconds", text);
    }
    return r;
}

static uint32_t limited(uint32_t seconds, uint32_t max)
{
    return seconds < max ? seconds : max;
}

static int get_role(const struct grant *grant, const struct grant_entry *entry, uint32_t asked,
                    struct buf *hops, struct msg_get *get)
{
    const struct spec spec = {entry->key, entry->duration, entry->hops};
    uint32_t own = spec_role_seconds(&spec), usual = own ? own : ROLE_SECONDS_DEFAULT;
    int r;

    get->hops = entry->hops;
    if (!asked && usual <= grant->max_duration)
        return 0;
    r = put_hops(entry, asked ? asked : grant->max_duration, hops);
    get->hops = (struct list){(const char *)buf_data(hops), buf_len(hops)};
    return r;
}

/* A default that is not known yet may be longer than what is allowed. */
static void get_key(const struct grant *grant, uint32_t asked, struct msg_get *get)
{
    uint32_t usual = policy_of(get->key).duration;

    if (asked)
        get->duration = asked;
    else if (get->duration || !usual || usual > grant->max_duration)
        get->duration =
            limited(get->duration ? get->duration : SESSION_SECONDS_DEFAULT, grant->max_duration);
}

static __attribute__((format(printf, 2, 3))) int refuse(char why[GRANT_WHY], const char *format,
                                                        ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, GRANT_WHY, format, args);
    va_end(args);
    return -1;
}

int grant_get(const struct grant *grant, const struct msg_get *asked, struct buf *hops,
              struct msg_get *get, char why[GRANT_WHY])
{
    struct grant_entry entry;
    char names[160];

    grant_names(&grant->allow, names, sizeof names);
    if (asked->hops.len)
        return refuse(why, "the roles are named at the other end; ask it for one of: %s", names);
    if (!find(&grant->allow, asked->key, &entry))
        return refuse(why, "%.64s is not allowed here; ask for one of: %s", asked->key, names);
    if (asked->duration > grant->max_duration)
        return refuse(why, "a session lasts at most %u seconds here; ask for that",
                      grant->max_duration);
    *get = (struct msg_get){.key = entry.key, .duration = entry.duration};
    if (!entry.hops.len)
        get_key(grant, asked->duration, get);
    else if (get_role(grant, &entry, asked->duration, hops, get) < 0)
        return refuse(why, "out of memory");
    return 0;
}

static void print_seconds(uint32_t seconds, char *text, size_t size)
{
    bool hours = seconds % 3600 == 0;
    uint32_t count = seconds / (hours ? 3600 : 60);

    if (seconds % 60)
        snprintf(text, size, "%u seconds", seconds);
    else
        snprintf(text, size, "%u %s%s", count, hours ? "hour" : "minute", count == 1 ? "" : "s");
}

void grant_stake(const struct grant *grant, const char *name, const struct msg_get *get, char *text,
                 size_t size)
{
    const struct spec spec = {get->key, get->duration, get->hops};
    uint32_t seconds = get->duration ? get->duration : SESSION_SECONDS_DEFAULT;
    char span[32];

    if (get->hops.len && !(seconds = spec_role_seconds(&spec)))
        seconds = ROLE_SECONDS_DEFAULT;
    print_seconds(seconds, span, sizeof span);
    if (get->hops.len)
        snprintf(text, size, "The remote host %s asks for %s:\nrole %s, for %s", grant->host, name,
                 spec_role(&spec), span);
    else
        snprintf(text, size, "The remote host %s asks for %s:\nthe key %s itself, for %s",
                 grant->host, name, get->key, span);
}
