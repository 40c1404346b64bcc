// SPDX-License-Identifier: BSD-2-Clause
// softkey-pty DIR NAME: the key called NAME in DIR behind a pseudo-terminal, for programs that open
// a FIDO device by its path. Prints that path, and serves until the key is unplugged.
#include "plug.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define TICK_MS           2
#define TERMINAL_NAME_MAX 64
#define WRITTEN_SIZE      (1 + REPORT_SIZE) /* a report as hidraw takes it, its number first */

/* The terminal's two ends in raw mode; the far one stays open, so that hosts can come and go. */
static int open_terminal(int *near, int *far, char path[TERMINAL_NAME_MAX])
{
    struct termios raw;

    if (openpty(near, far, NULL, NULL, NULL) < 0)
        return -errno;
    if (ttyname_r(*far, path, TERMINAL_NAME_MAX) != 0 || tcgetattr(*far, &raw) < 0)
        return -EIO;
    cfmakeraw(&raw);
    return tcsetattr(*far, TCSANOW, &raw) < 0 ? -errno : 0;
}

/* Pass on what the host wrote; reports may arrive in pieces. */
static int from_host(struct plug *plug, int terminal, uint8_t *buffer, size_t *filled)
{
    ssize_t size = read(terminal, buffer + *filled, WRITTEN_SIZE - *filled);

    if (size <= 0)
        return size < 0 && errno != EINTR ? -errno : 0;
    *filled += (size_t)size;
    if (*filled < WRITTEN_SIZE)
        return 0;
    *filled = 0;
    return plug_write(plug, buffer + 1);
}

static int to_host(struct plug *plug, int terminal)
{
    uint8_t report[REPORT_SIZE];
    int r;

    while ((r = plug_read(plug, report, 0)) == 0) {
        if (write(terminal, report, sizeof(report)) != sizeof(report))
            return -EIO;
    }
    return r == -ETIMEDOUT ? 0 : r;
}

static int serve(struct plug *plug, int terminal)
{
    struct pollfd wait = {.fd = terminal, .events = POLLIN};
    uint8_t buffer[WRITTEN_SIZE];
    size_t filled = 0;
    int r = 0;

    while (r == 0) {
        if (poll(&wait, 1, TICK_MS) > 0)
            r = from_host(plug, terminal, buffer, &filled);
        if (r == 0)
            r = to_host(plug, terminal);
    }
    return r;
}

int main(int argc, char **argv)
{
    struct plug *plug = NULL;
    char path[TERMINAL_NAME_MAX];
    int near, far;
    int r;

    if (argc != 3) {
        fprintf(stderr, "usage: softkey-pty DIR NAME\n");
        return 2;
    }
    r = plug_open(argv[1], argv[2], &plug);
    if (r == 0)
        r = open_terminal(&near, &far, path);
    if (r == 0) {
        puts(path);
        fflush(stdout);
        r = serve(plug, near);
    }
    fprintf(stderr, "softkey-pty: %s: %s\n", argv[2], strerror(-r));
    if (plug != NULL)
        plug_close(plug);
    return 1;
}
