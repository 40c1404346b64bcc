// SPDX-License-Identifier: BSD-2-Clause
// The lock of the screen. logind's Lock says that a session is to be locked; its LockedHint, which
// the desktop sets, that it is. Not every desktop sets it, and then nobody tells of the unlocking.
#include "screen.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "logind.h"
#include "timer.h"

#define SESSIONS_MAX 32    /* of one user; further ones are not watched */
#define PATH_SIZE    128   /* of a session's object; logind's have some 50 characters at most */
#define HINT_MS      30000 /* a desktop that has not set the hint by then never will */

#define SESSION_SIGNALS(interface)                                                                 \
    "type='signal',sender='" LOGIND "',path_namespace='" LOGIND_PATH                               \
    "/session',interface='" interface "'"

static struct session {
    char path[PATH_SIZE];
    bool hinted;           /* LockedHint */
    bool told;             /* Lock has come, and the hint not yet */
    sd_bus_slot *question; /* for LockedHint, under way */
} sessions[SESSIONS_MAX];
static size_t session_count;
static bool locked;
static struct timer doubt;

static struct session *find(const char *path)
{
    for (size_t i = 0; i < session_count; i++)
        if (path && strcmp(sessions[i].path, path) == 0)
            return &sessions[i];
    return NULL;
}

static void tell_changes(void)
{
    bool now = false;

    for (size_t i = 0; i < session_count; i++)
        now = now || sessions[i].hinted || sessions[i].told;
    if (now == locked)
        return;
    locked = now;
    agent_tell(now ? WATCH_LOCK : WATCH_UNLOCK);
}

static void on_doubt(void)
{
    for (size_t i = 0; i < session_count; i++)
        sessions[i].told = false;
    tell_changes();
}

static int on_hint(sd_bus_message *answer, void *data, sd_bus_error *error)
{
    struct session *session = data;
    int hint;

    (void)error;
    session->question = sd_bus_slot_unref(session->question);
    if (sd_bus_message_is_method_error(answer, NULL) ||
        sd_bus_message_read(answer, "v", "b", &hint) < 0)
        return 0;
    session->told = session->told && !hint;
    session->hinted = hint;
    tell_changes();
    return 0;
}

static void ask_hint(sd_bus *bus, struct session *session)
{
    session->question = sd_bus_slot_unref(session->question);
    sd_bus_call_method_async(bus, &session->question, LOGIND, session->path,
                             "org.freedesktop.DBus.Properties", "Get", on_hint, session, "ss",
                             LOGIND_SESSION, "LockedHint");
}

void screen_forget_questions(void)
{
    for (size_t i = 0; i < session_count; i++)
        sessions[i].question = sd_bus_slot_unref(sessions[i].question);
}

/* Add one of our sessions, with what is known of it. */
static void add(struct session *found, size_t *count, const char *path)
{
    const struct session *known = find(path);
    struct session *session = &found[*count];

    if (*count == SESSIONS_MAX || strlen(path) >= PATH_SIZE)
        return;
    *session = (struct session){0};
    if (known)
        *session = *known;
    strcpy(session->path, path);
    ++*count;
}

static int on_sessions(sd_bus_message *answer, void *unused, sd_bus_error *error)
{
    static struct session found[SESSIONS_MAX];
    const char *path;
    size_t count = 0;
    uint32_t uid;

    (void)unused;
    (void)error;
    if (sd_bus_message_is_method_error(answer, NULL) ||
        sd_bus_message_enter_container(answer, 'a', "(susso)") < 0)
        return 0;
    screen_forget_questions();
    while (sd_bus_message_read(answer, "(susso)", NULL, &uid, NULL, NULL, &path) > 0)
        if (uid == getuid())
            add(found, &count, path);
    memcpy(sessions, found, sizeof sessions);
    session_count = count;
    for (size_t i = 0; i < session_count; i++)
        ask_hint(sd_bus_message_get_bus(answer), &sessions[i]);
    tell_changes();
    return 0;
}

void screen_ask(sd_bus *bus)
{
    sd_bus_call_method_async(bus, NULL, LOGIND, LOGIND_PATH, LOGIND_MANAGER, "ListSessions",
                             on_sessions, NULL, NULL);
}

static int on_session_list(sd_bus_message *signal, void *unused, sd_bus_error *error)
{
    (void)unused;
    (void)error;
    if (logind_sent(signal))
        screen_ask(sd_bus_message_get_bus(signal));
    return 0;
}

static int on_session_signal(sd_bus_message *signal, void *unused, sd_bus_error *error)
{
    struct session *session = find(sd_bus_message_get_path(signal));

    (void)unused;
    (void)error;
    if (!session || !logind_sent(signal))
        return 0;
    if (sd_bus_message_is_signal(signal, NULL, "Lock")) {
        session->told = !session->hinted;
        timer_set(&doubt, HINT_MS);
    } else if (sd_bus_message_is_signal(signal, NULL, "Unlock")) {
        session->told = false;
    }
    tell_changes();
    return 0;
}

/* The LockedHint that PropertiesChanged carries, if any. 1: *hint; 0: none; negative errno. */
static int read_hint(sd_bus_message *signal, int *hint)
{
    const char *name;
    int r;

    if ((r = sd_bus_message_skip(signal, "s")) < 0 ||
        (r = sd_bus_message_enter_container(signal, 'a', "{sv}")) < 0)
        return r;
    while ((r = sd_bus_message_enter_container(signal, 'e', "sv")) > 0) {
        if ((r = sd_bus_message_read(signal, "s", &name)) < 0)
            return r;
        if (strcmp(name, "LockedHint") == 0)
            return sd_bus_message_read(signal, "v", "b", hint);
        if ((r = sd_bus_message_skip(signal, "v")) < 0 ||
            (r = sd_bus_message_exit_container(signal)) < 0)
            return r;
    }
    return r;
}

static int on_properties(sd_bus_message *signal, void *unused, sd_bus_error *error)
{
    struct session *session = find(sd_bus_message_get_path(signal));
    int hint;

    (void)unused;
    (void)error;
    if (!session || !logind_sent(signal) || read_hint(signal, &hint) <= 0)
        return 0;
    session->told = false; /* this desktop sets it: it tells of the unlocking, too */
    session->hinted = hint;
    tell_changes();
    return 0;
}

static int listen_manager(sd_bus *bus, const char *member)
{
    return sd_bus_match_signal_async(bus, NULL, LOGIND, LOGIND_PATH, LOGIND_MANAGER, member,
                                     on_session_list, NULL, NULL);
}

int screen_listen(sd_bus *bus)
{
    int r;

    if ((r = listen_manager(bus, "SessionNew")) < 0 ||
        (r = listen_manager(bus, "SessionRemoved")) < 0 ||
        (r = sd_bus_add_match_async(bus, NULL, SESSION_SIGNALS(LOGIND_SESSION), on_session_signal,
                                    NULL, NULL)) < 0)
        return r;
    return sd_bus_add_match_async(bus, NULL, SESSION_SIGNALS("org.freedesktop.DBus.Properties"),
                                  on_properties, NULL, NULL);
}

int screen_open(sd_event *event)
{
    return timer_open(&doubt, event, on_doubt);
}
