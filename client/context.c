// SPDX-License-Identifier: BSD-2-Clause
// Where the person can be asked: our terminal, and what the environment says of displays.
#include "context.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "printable.h"

#define TERM_MAX    64
#define LOCALE_MAX  64
#define DISPLAY_MAX 255
#define PATH_TEXT   1023

/* Linux's numbers of terminals: Documentation/admin-guide/devices.txt. */
#define PTS_MAJOR     136
#define CONSOLE_MAJOR 4
#define SERIAL_MINOR  64

static const char *variable(const char *name, size_t max)
{
    const char *value = getenv(name);
    size_t len = value ? strlen(value) : 0;

    return len && len <= max && printable_valid(value, len) ? value : "";
}

/* As setlocale() looks for it. */
static const char *locale(const char *category)
{
    const char *const names[] = {"LC_ALL", category, "LANG"};
    const char *value = NULL;

    for (size_t i = 0; i < 3 && (!value || !*value); i++)
        value = getenv(names[i]);
    return value && strlen(value) <= LOCALE_MAX && printable_valid(value, strlen(value)) ? value
                                                                                         : "";
}

/* /dev/tty has no name to give, but tells which device it stands for. */
static void find_terminal(char tty[CONTEXT_TTY])
{
    int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    unsigned number, device = 0;
    struct stat st;

    *tty = '\0';
    if (fd < 0)
        return;
    if (ioctl(fd, TIOCGDEV, &device) < 0)
        device = 0;
    close(fd);
    number = minor(device);
    if (major(device) == PTS_MAJOR)
        snprintf(tty, CONTEXT_TTY, "/dev/pts/%u", number);
    else if (major(device) == CONSOLE_MAJOR && number < SERIAL_MINOR)
        snprintf(tty, CONTEXT_TTY, "/dev/tty%u", number);
    else if (major(device) == CONSOLE_MAJOR)
        snprintf(tty, CONTEXT_TTY, "/dev/ttyS%u", number - SERIAL_MINOR);
    if (stat(tty, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != device)
        *tty = '\0'; /* it is of another container */
}

static const char *seat_display(void)
{
    const char *display = variable("DISPLAY", DISPLAY_MAX);

    return *display == ':' || !*variable("SSH_CONNECTION", PATH_TEXT) ? display : "";
}

struct msg_context context_tell(char tty[CONTEXT_TTY])
{
    find_terminal(tty);
    return (struct msg_context){
        .tty = tty,
        .term = variable("TERM", TERM_MAX),
        .lc_ctype = locale("LC_CTYPE"),
        .lc_messages = locale("LC_MESSAGES"),
        .display = seat_display(),
        .wayland_display = variable("WAYLAND_DISPLAY", DISPLAY_MAX),
        .xauthority = variable("XAUTHORITY", PATH_TEXT),
        .dbus = variable("DBUS_SESSION_BUS_ADDRESS", PATH_TEXT),
    };
}
