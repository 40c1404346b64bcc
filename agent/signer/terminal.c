// SPDX-License-Identifier: BSD-2-Clause
// The terminal of who enrols a factor. It is not our controlling terminal, so nothing here is
// stopped by job control; a terminal that is stopped or gone holds us up for a while, not for ever.
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"

#define WRITE_MS 10000
#define ENTER_MS 180000 /* a recovery code is copied by hand */

int terminal_check(int fd, struct error *error)
{
    int flags = fd < 0 || !isatty(fd) ? -1 : fcntl(fd, F_GETFL);

    if (flags < 0 || (flags & O_ACCMODE) != O_RDWR || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return error_set(error, EXIT_USAGE,
                         "this factor has something to show that is for your eyes only, so it "
                         "needs a terminal; run it in one");
    return 0;
}

static int is_gone(struct error *error)
{
    return error_set(error, EXIT_PERSON,
                     "the terminal is gone or stopped, so nothing is enrolled; run it again");
}

int terminal_show(int fd, const struct buf *text, struct error *error)
{
    uint64_t deadline = clock_deadline_ms(WRITE_MS);
    struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
    const uint8_t *at = buf_data(text);
    size_t left = buf_len(text);
    int left_ms;

    tcflush(fd, TCIFLUSH);
    while (left && (left_ms = clock_left_ms(deadline)) != 0) {
        ssize_t n = write(fd, at, left);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            break;
        at += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
        if (n < 0)
            poll(&pollfd, 1, left_ms);
    }
    return left ? is_gone(error) : 0;
}

/* 1: a newline was among what has come; 0: not yet; -1 with error. */
static int read_enter(int fd, struct error *error)
{
    char typed[64];
    ssize_t n = read(fd, typed, sizeof typed);
    int r = n > 0 && memchr(typed, '\n', (size_t)n) ? 1 : 0;

    explicit_bzero(typed, sizeof typed);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return r;
    if (n == 0)
        return error_set(error, EXIT_PERSON, "cancelled; nothing is enrolled");
    return is_gone(error);
}

int terminal_await_enter(struct agent *agent, int fd, struct error *error)
{
    uint64_t deadline = clock_deadline_ms(ENTER_MS);
    int left, r = 0;

    while (r == 0 && (left = clock_left_ms(deadline)) != 0) {
        struct pollfd pollfds[] = {{.fd = fd, .events = POLLIN},
                                   {.fd = agent->channel.fd, .events = POLLIN}};

        if (poll(pollfds, 2, left) <= 0)
            continue;
        if (pollfds[1].revents)
            agent_look(agent);
        if (pollfds[0].revents)
            r = read_enter(fd, error);
    }
    if (r == 0)
        return error_set(error, EXIT_PERSON,
                         "nobody pressed Enter within 3 minutes, so nothing is enrolled; run it "
                         "again");
    return r < 0 ? -1 : 0;
}
