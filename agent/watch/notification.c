// SPDX-License-Identifier: BSD-2-Clause
// The desktop notification. At most one call to the notifier is under way: what is wanted meanwhile
// is caught up with when it has answered, so one that hangs is never flooded.
#include "notification.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "bus.h"
#include "printable.h"

#define NAME             "org.freedesktop.Notifications"
#define PATH             "/org/freedesktop/Notifications"
#define ICON             "dialog-password" /* of the Icon Naming Specification */
#define URGENCY_CRITICAL 2 /* desktops let others fade after a few seconds, before the touch */
#define EXPIRES_NEVER    0
#define NAME_MAX_SIZE    256 /* a bus name has 255 characters at most */

static sd_event *loop;
static void on_lost(void);
static struct bus bus = {.lost = on_lost};

static bool wanted, changed;   /* what the agent wants, and whether the notifier has yet to hear */
static struct buf title, body; /* of what it wants */
static sd_bus_slot *pending;   /* the call under way */
static uint32_t shown;         /* the notifier's id; 0: none */
static char by[NAME_MAX_SIZE]; /* the unique name of the notifier whose id that is */

static void forget_shown(void)
{
    pending = sd_bus_slot_unref(pending);
    shown = 0;
}

static void on_lost(void)
{
    forget_shown();
}

static void update(void);

static int on_answer(sd_bus_message *answer, void *unused, sd_bus_error *error)
{
    bool replaced = shown != 0;
    uint32_t id;

    (void)unused;
    (void)error;
    forget_shown();
    if (sd_bus_message_is_method_error(answer, NULL) || sd_bus_message_read(answer, "u", &id) < 0 ||
        !sd_bus_message_get_sender(answer)) {
        changed = changed || replaced; /* that notifier has gone: there may be another */
    } else {
        shown = id;
        snprintf(by, sizeof by, "%s", sd_bus_message_get_sender(answer));
    }
    update();
    return 0;
}

/* Replacing goes to the very notifier that shows it: to another, the id would be somebody else's.
 */
static void notify(void)
{
    const char *title_text = buf_text(&title), *body_text = buf_text(&body);

    changed = false;
    if (!title_text || !body_text)
        return;
    if (!bus.connection && bus_connect(&bus, sd_bus_open_user, loop) < 0)
        return;
    sd_bus_call_method_async(bus.connection, &pending, shown ? by : NAME, PATH, NAME, "Notify",
                             on_answer, NULL, "susssasa{sv}i", "awstap", shown, ICON, title_text,
                             body_text, 0, 2, "urgency", "y", URGENCY_CRITICAL, "transient", "b", 1,
                             EXPIRES_NEVER);
}

static void take_away(void)
{
    sd_bus_call_method_async(bus.connection, NULL, by, PATH, NAME, "CloseNotification", NULL, NULL,
                             "u", shown);
    shown = 0;
}

static void update(void)
{
    if (pending)
        return;
    if (wanted && changed)
        notify();
    else if (!wanted && shown)
        take_away();
}

/* The characters of one line; markup is HTML-like in bodies, so that its characters are escaped. */
static int put_line(struct buf *out, const char *line, size_t len, bool may_be_markup)
{
    char *clean = strndup(line, len);
    int r = clean ? 0 : -1;

    if (clean)
        printable_clean(clean);
    for (const char *c = clean; r == 0 && *c; c++)
        if (may_be_markup && *c == '&')
            r = buf_put_text(out, "&amp;");
        else if (may_be_markup && *c == '<')
            r = buf_put_text(out, "&lt;");
        else if (may_be_markup && *c == '>')
            r = buf_put_text(out, "&gt;");
        else
            r = buf_put_u8(out, (uint8_t)*c);
    free(clean);
    return r;
}

static void set_text(struct buf *out, const char *text, bool may_be_markup)
{
    int r;

    buf_free(out);
    buf_init(out);
    for (;;) {
        size_t len = strcspn(text, "\n");

        r = put_line(out, text, len, may_be_markup);
        text += len;
        if (r < 0 || !*text)
            return;
        buf_put_u8(out, '\n');
        text++;
    }
}

void notification_open(sd_event *event)
{
    loop = event;
    buf_init(&title);
    buf_init(&body);
}

void notification_close(void)
{
    bus_close(&bus);
    forget_shown();
    buf_free(&title);
    buf_free(&body);
}

void notification_show(const char *new_title, const char *new_body)
{
    set_text(&title, new_title, false);
    set_text(&body, new_body, true);
    wanted = changed = true;
    update();
}

void notification_hide(void)
{
    wanted = changed = false;
    update();
}

bool notification_is_pending(void)
{
    return pending != NULL;
}
