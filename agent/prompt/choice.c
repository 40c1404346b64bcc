// SPDX-License-Identifier: BSD-2-Clause
// Which pinentry is asked, and what it finds in its environment.
#include "choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USUAL  "/usr/bin/pinentry"
#define CURSES "/usr/bin/pinentry-curses"
#define TTY    "/usr/bin/pinentry-tty"

bool choice_has_display(const struct msg_context *context)
{
    return context->display[0] || context->wayland_display[0];
}

static void add(struct choice *choice, const char *path, bool on_terminal)
{
    choice->list[choice->count++] = (struct candidate){path, on_terminal};
}

void choice_make(struct choice *choice, const struct msg_context *context, bool has_terminal)
{
    bool has_display = choice_has_display(context);

    *choice = (struct choice){0};
    if (context->pinentry[0]) {
        add(choice, context->pinentry, !has_display);
    } else if (beside_path("pinentry", choice->beside, sizeof choice->beside) == 0 &&
               access(choice->beside, F_OK) == 0) {
        add(choice, choice->beside, !has_display);
    }
    choice->fixed = choice->count > 0;
    if (choice->fixed)
        return;
    if (has_display)
        add(choice, USUAL, false);
    if (!has_terminal)
        return;
    add(choice, CURSES, true);
    add(choice, TTY, true);
    if (!has_display)
        add(choice, USUAL, true);
}

/* Where the person's own sockets are; a display server's and D-Bus's among them. */
static const char *runtime_folder(char store[64])
{
    const char *named = getenv("XDG_RUNTIME_DIR");
    struct stat facts;

    snprintf(store, 64, "/run/user/%u", (unsigned)getuid());
    if (!named)
        named = store;
    return stat(named, &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == getuid() ? named
                                                                                          : "";
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* "NAME=value", owned by the caller, or NULL. */
static char *entry(const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 2;
    char *text = malloc(size);

    if (text)
        snprintf(text, size, "%s=%s", name, value);
    return text;
}

char **choice_environment(const struct msg_context *context)
{
    char store[64];
    const char *const values[][2] = {
        {"PATH", "/usr/bin:/bin"},
        {"HOME", or_empty(getenv("HOME"))},
        {"LANG", or_empty(getenv("LANG"))},
        {"XDG_RUNTIME_DIR", runtime_folder(store)},
        {"DISPLAY", context->display},
        {"WAYLAND_DISPLAY", context->wayland_display},
        {"XAUTHORITY", context->xauthority},
        {"DBUS_SESSION_BUS_ADDRESS", context->dbus},
        {"LC_CTYPE", context->lc_ctype},
        {"LC_MESSAGES", context->lc_messages},
        {"TERM", context->term},
    };
    size_t count = sizeof values / sizeof *values, n = 0;
    char **environment = calloc(count + 1, sizeof *environment);

    for (size_t i = 0; environment && i < count; i++) {
        if (!values[i][1][0])
            continue;
        if (!(environment[n++] = entry(values[i][0], values[i][1])))
            return NULL;
    }
    return environment;
}
