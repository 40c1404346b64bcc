// SPDX-License-Identifier: BSD-2-Clause
// The terminal that a dialog is on.
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/dev/"

int terminal_open(struct terminal *terminal, const char *path)
{
    int r = 0;

    *terminal = (struct terminal){.fd = -1, .path = path};
    if (!path[0])
        return -ENOENT;
    if (strncmp(path, DEVICES, strlen(DEVICES)) != 0)
        return -ENOTTY;
    if ((terminal->fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) < 0)
        return -errno;
    if (tcgetattr(terminal->fd, &terminal->before) < 0) {
        r = -errno;
        terminal_close(terminal);
    }
    return r;
}

void terminal_close(struct terminal *terminal)
{
    if (terminal->fd >= 0)
        close(terminal->fd);
    terminal->fd = -1;
}

void terminal_lend(struct terminal *terminal)
{
    if (terminal->fd < 0)
        return;
    tcflush(terminal->fd, TCIFLUSH);
    tcgetattr(terminal->fd, &terminal->before);
}

static bool is_same(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
           a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof a->c_cc) == 0;
}

void terminal_take_back(struct terminal *terminal)
{
    struct termios now;

    if (terminal->fd < 0 || tcgetattr(terminal->fd, &now) < 0 || is_same(&now, &terminal->before))
        return;
    tcsetattr(terminal->fd, TCSANOW, &terminal->before);
    (void)!write(terminal->fd, "\n", 1);
}
