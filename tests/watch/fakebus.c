// SPDX-License-Identifier: BSD-2-Clause
// A notification server and a logind for tests, on the buses that DBUS_SESSION_BUS_ADDRESS and
// DBUS_SYSTEM_BUS_ADDRESS tell. Commands come by stdin, a word a line, and what was asked of it
// goes to stdout, a line each; README.md has both.
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define NOTIFIER      "org.freedesktop.Notifications"
#define NOTIFIER_PATH "/org/freedesktop/Notifications"
#define LOGIND        "org.freedesktop.login1"
#define LOGIND_PATH   "/org/freedesktop/login1"
#define MANAGER       LOGIND ".Manager"
#define SESSION       LOGIND ".Session"
#define OURS          LOGIND_PATH "/session/_31"
#define OTHERS        LOGIND_PATH "/session/_32"
#define HELD_MAX      16

static sd_event *event;
static sd_bus *notifier, *logind, *stranger;
static uid_t person;
static uint32_t last_id;
static bool hangs;
static sd_bus_message *held[HELD_MAX]; /* calls of Notify that are not yet answered */
static size_t held_count;
static struct {
    sd_event_source *source; /* NULL: a free place */
    int fd;                  /* our end of the pipe */
} inhibitors[HELD_MAX];
static int hint;
static char watcher[256]; /* the unique name of who inhibits */

static void check(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "fakebus: %s: %s\n", what, strerror(-r));
    exit(EXIT_FAILURE);
}

/* A text in a line of its own: with its line feeds as \n. */
static void say_text(const char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            fputs("\\n", stdout);
        else
            putchar(*text);
}

static int answer_notify(sd_bus_message *call)
{
    uint32_t replaces;
    int r;

    check(sd_bus_message_rewind(call, true), "rewind");
    if ((r = sd_bus_message_read(call, "su", NULL, &replaces)) < 0)
        return r;
    return sd_bus_reply_method_return(call, "u", replaces ? replaces : ++last_id);
}

/* notify REPLACES URGENCY EXPIRE APP|TITLE|BODY */
static int on_notify(sd_bus_message *call, void *unused, sd_bus_error *error)
{
    const char *app, *icon, *title, *body, *hint_name;
    uint32_t replaces;
    uint8_t urgency = 0;
    int32_t expire;
    int r;

    (void)unused;
    (void)error;
    if ((r = sd_bus_message_read(call, "susss", &app, &replaces, &icon, &title, &body)) < 0 ||
        (r = sd_bus_message_skip(call, "as")) < 0 ||
        (r = sd_bus_message_enter_container(call, 'a', "{sv}")) < 0)
        return r;
    while ((r = sd_bus_message_enter_container(call, 'e', "sv")) > 0) {
        if ((r = sd_bus_message_read(call, "s", &hint_name)) < 0 ||
            (r = strcmp(hint_name, "urgency") == 0 ? sd_bus_message_read(call, "v", "y", &urgency)
                                                   : sd_bus_message_skip(call, "v")) < 0 ||
            (r = sd_bus_message_exit_container(call)) < 0)
            return r;
    }
    if (r < 0 || (r = sd_bus_message_exit_container(call)) < 0 ||
        (r = sd_bus_message_read(call, "i", &expire)) < 0)
        return r;
    printf("notify %u %u %d %s|%s|", replaces, urgency, expire, app, title);
    say_text(body);
    putchar('\n');
    if (!hangs || held_count == HELD_MAX)
        return answer_notify(call);
    held[held_count++] = sd_bus_message_ref(call);
    return 1;
}

static int on_close(sd_bus_message *call, void *unused, sd_bus_error *error)
{
    uint32_t id;
    int r = sd_bus_message_read(call, "u", &id);

    (void)unused;
    (void)error;
    if (r < 0)
        return r;
    printf("close %u\n", id);
    return sd_bus_reply_method_return(call, NULL);
}

static const sd_bus_vtable NOTIFIER_TABLE[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Notify", "susssasa{sv}i", "u", on_notify, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("CloseNotification", "u", "", on_close, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

/* Of the inhibitors, those that nobody holds any more. */
static void say_released(void)
{
    for (size_t i = 0; i < HELD_MAX; i++) {
        struct pollfd end = {.fd = inhibitors[i].fd};

        if (!inhibitors[i].source || poll(&end, 1, 0) != 1)
            continue;
        puts("released");
        inhibitors[i].source = sd_event_source_unref(inhibitors[i].source);
        close(end.fd);
    }
}

static int on_released(sd_event_source *source, int fd, uint32_t events, void *unused)
{
    (void)source;
    (void)fd;
    (void)events;
    (void)unused;
    say_released();
    return 0;
}

static int add_inhibitor(int fd)
{
    for (size_t i = 0; i < HELD_MAX; i++)
        if (!inhibitors[i].source) {
            inhibitors[i].fd = fd;
            return sd_event_add_io(event, &inhibitors[i].source, fd, EPOLLHUP, on_released, NULL);
        }
    return -ENOBUFS;
}

/* The inhibitor is a pipe: it is released when nobody holds the other end any more. */
static int on_inhibit(sd_bus_message *call, void *unused, sd_bus_error *error)
{
    const char *what, *who, *mode;
    int r, ends[2];

    (void)unused;
    (void)error;
    if ((r = sd_bus_message_read(call, "ssss", &what, &who, NULL, &mode)) < 0)
        return r;
    printf("inhibit %s %s %s\n", what, who, mode);
    snprintf(watcher, sizeof watcher, "%s", sd_bus_message_get_sender(call));
    if (pipe(ends) < 0)
        return -errno;
    check(add_inhibitor(ends[0]), "inhibit");
    r = sd_bus_reply_method_return(call, "h", ends[1]);
    close(ends[1]);
    return r;
}

static int on_list_sessions(sd_bus_message *call, void *unused, sd_bus_error *error)
{
    (void)unused;
    (void)error;
    puts("sessions");
    return sd_bus_reply_method_return(call, "a(susso)", 2, "1", (uint32_t)person, "person", "seat0",
                                      OURS, "2", (uint32_t)person + 1, "other", "seat0", OTHERS);
}

static const sd_bus_vtable MANAGER_TABLE[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Inhibit", "ssss", "h", on_inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("ListSessions", "", "a(susso)", on_list_sessions, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL("PrepareForSleep", "b", 0),
    SD_BUS_VTABLE_END,
};

static int on_hint(sd_bus *bus, const char *path, const char *interface, const char *property,
                   sd_bus_message *answer, void *unused, sd_bus_error *error)
{
    (void)bus;
    (void)interface;
    (void)property;
    (void)unused;
    (void)error;
    return sd_bus_message_append(answer, "b", strcmp(path, OURS) == 0 && hint);
}

static const sd_bus_vtable SESSION_TABLE[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("LockedHint", "b", on_hint, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_SIGNAL("Lock", NULL, 0),
    SD_BUS_SIGNAL("Unlock", NULL, 0),
    SD_BUS_VTABLE_END,
};

static void own(sd_bus *bus, const char *name, bool owned)
{
    check(owned ? sd_bus_request_name(bus, name, 0) : sd_bus_release_name(bus, name), name);
}

static void say_sleep(int near)
{
    check(sd_bus_emit_signal(logind, LOGIND_PATH, MANAGER, "PrepareForSleep", "b", near), "sleep");
}

static void say_lock(const char *path, const char *member)
{
    check(sd_bus_emit_signal(logind, path, SESSION, member, NULL), member);
}

static void set_hint(int to)
{
    hint = to;
    check(sd_bus_emit_properties_changed(logind, OURS, SESSION, "LockedHint", NULL), "hint");
}

/* What anybody on the bus may send to whom they like. */
static void forge(const char *path, const char *interface, const char *member)
{
    sd_bus_message *signal;

    check(sd_bus_message_new_signal(stranger, &signal, path, interface, member), "forge");
    if (strcmp(member, "PrepareForSleep") == 0)
        check(sd_bus_message_append(signal, "b", 1), "forge");
    check(sd_bus_send_to(stranger, signal, watcher, NULL), "forge");
    sd_bus_message_unref(signal);
    /* Answered when the bus has passed the signal on. */
    check(sd_bus_call_method(stranger, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                             "org.freedesktop.DBus", "GetId", NULL, NULL, NULL),
          "forge");
}

static void resume(void)
{
    hangs = false;
    for (size_t i = 0; i < held_count; i++) {
        check(answer_notify(held[i]), "answer");
        sd_bus_message_unref(held[i]);
    }
    held_count = 0;
}

static void obey(const char *command)
{
    if (strcmp(command, "notifier on") == 0)
        own(notifier, NOTIFIER, true);
    else if (strcmp(command, "notifier off") == 0)
        own(notifier, NOTIFIER, false);
    else if (strcmp(command, "notifier hang") == 0)
        hangs = true;
    else if (strcmp(command, "notifier resume") == 0)
        resume();
    else if (strcmp(command, "logind on") == 0)
        own(logind, LOGIND, true);
    else if (strcmp(command, "logind off") == 0)
        own(logind, LOGIND, false);
    else if (strcmp(command, "sleep") == 0 || strcmp(command, "wake") == 0)
        say_sleep(command[0] == 's');
    else if (strcmp(command, "Lock") == 0 || strcmp(command, "Unlock") == 0)
        say_lock(OURS, command);
    else if (strcmp(command, "Lock another") == 0)
        say_lock(OTHERS, "Lock");
    else if (strcmp(command, "hint 1") == 0 || strcmp(command, "hint 0") == 0)
        set_hint(command[5] == '1');
    else if (strcmp(command, "forge Lock") == 0)
        forge(OURS, SESSION, "Lock");
    else if (strcmp(command, "forge sleep") == 0)
        forge(LOGIND_PATH, MANAGER, "PrepareForSleep");
    else
        check(-EINVAL, command);
    printf("done %s\n", command);
}

static int on_command(sd_event_source *source, int fd, uint32_t events, void *unused)
{
    static char line[256];

    (void)source;
    (void)fd;
    (void)events;
    (void)unused;
    if (!fgets(line, sizeof line, stdin))
        return sd_event_exit(event, 0);
    line[strcspn(line, "\n")] = '\0';
    say_released();
    obey(line);
    return 0;
}

static sd_bus *connect_to(int (*open)(sd_bus **), const char *what)
{
    sd_bus *bus;

    check(open(&bus), what);
    check(sd_bus_attach_event(bus, event, 0), what);
    return bus;
}

/* fakebus UID [COMMAND…]: UID is whose session is "ours". */
int main(int argc, char **argv)
{
    if (argc < 2)
        check(-EINVAL, "usage: fakebus UID [COMMAND...]");
    person = (uid_t)strtoul(argv[1], NULL, 10);
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    check(sd_event_new(&event), "event");
    notifier = connect_to(sd_bus_open_user, "session bus");
    logind = connect_to(sd_bus_open_system, "system bus");
    stranger = connect_to(sd_bus_open_system, "system bus");
    check(sd_bus_add_object_vtable(notifier, NULL, NOTIFIER_PATH, NOTIFIER, NOTIFIER_TABLE, NULL),
          "notifier");
    check(sd_bus_add_object_vtable(logind, NULL, LOGIND_PATH, MANAGER, MANAGER_TABLE, NULL),
          "manager");
    check(sd_bus_add_object_vtable(logind, NULL, OURS, SESSION, SESSION_TABLE, NULL), "session");
    check(sd_bus_add_object_vtable(logind, NULL, OTHERS, SESSION, SESSION_TABLE, NULL), "session");
    for (int i = 2; i < argc; i++)
        obey(argv[i]);
    check(sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_command, NULL), "stdin");
    check(sd_event_loop(event), "loop");
    sd_bus_close_unref(notifier);
    sd_bus_close_unref(logind);
    sd_bus_close_unref(stranger);
    sd_event_unref(event);
    return EXIT_SUCCESS;
}
