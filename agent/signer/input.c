// SPDX-License-Identifier: BSD-2-Clause
// Secrets come in by a descriptor that the client passes: its stdin, or a pipe that it fills.
#include "input.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define INPUT_MS 60000 /* others wait behind us for their touch meanwhile */

/* Wait for input. 1, or 0 when the time is over. */
static int await_input(struct agent *agent, int fd, uint64_t deadline)
{
    int left;

    while ((left = clock_left_ms(deadline)) != 0) {
        struct pollfd pollfds[] = {{.fd = fd, .events = POLLIN},
                                   {.fd = agent->channel.fd, .events = POLLIN}};

        if (poll(pollfds, 2, left) <= 0)
            continue;
        if (pollfds[1].revents)
            agent_look(agent);
        if (pollfds[0].revents)
            return 1;
    }
    return 0;
}

/* 1: there may be more; 0: that was the end; -1 with error. */
static int read_some(int fd, size_t max, struct buf *out, struct error *error)
{
    size_t room_len = max + 1 - buf_len(out);
    uint8_t *room;
    ssize_t n;

    if (buf_extend(out, room_len, &room) < 0)
        return error_set(error, EXIT_FAILED, "out of memory");
    n = read(fd, room, room_len);
    buf_trim(out, room_len - (size_t)(n > 0 ? n : 0));
    if (n < 0 && errno != EINTR && errno != EAGAIN)
        return error_set(error, EXIT_FAILED, "cannot read the input: %s", strerror(errno));
    if (buf_len(out) > max)
        return error_set(error, EXIT_FAILED,
                         "the input is longer than %zu bytes, so it is not what is wanted", max);
    return n != 0;
}

int input_read(struct agent *agent, int fd, size_t max, struct buf *out, struct error *error)
{
    uint64_t deadline = clock_deadline_ms(INPUT_MS);
    int r = 1;

    while (r == 1)
        if (await_input(agent, fd, deadline))
            r = read_some(fd, max, out, error);
        else
            r = error_set(error, EXIT_FAILED, "no input within 60 s; run it again");
    close(fd);
    return r;
}
