// SPDX-License-Identifier: BSD-2-Clause
// A conversation over a Unix stream socket: greeting, frames, descriptors. The agent drives it from
// its loop; everyone else uses the two calls that wait.
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"

#define READ_SIZE 8192 /* at a time: a session fits */

int channel_open(struct channel *channel, int fd)
{
    const struct msg_hello hello = {PROTOCOL_VERSION, AWSTAP_VERSION};
    int flags, r;

    *channel = (struct channel){.fd = fd, .in_fd = -1, .out_fd = -1, .in_max = FRAME_MAX};
    buf_init(&channel->in);
    buf_init(&channel->out);
    if ((flags = fcntl(fd, F_GETFL)) < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        r = -errno;
        channel_close(channel);
        return r;
    }
    if ((r = message_put(&channel->out, MSG_HELLO, &hello)) < 0)
        channel_close(channel);
    return r;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void channel_close(struct channel *channel)
{
    if (channel->fd < 0)
        return;
    close_fd(&channel->fd);
    close_fd(&channel->in_fd);
    close_fd(&channel->out_fd);
    buf_free(&channel->in);
    buf_free(&channel->out);
}

static int fd_allowed(const struct channel *channel, uint8_t type, int fd)
{
    if ((fd >= 0) != message_carries_fd(type))
        return -EINVAL;
    return fd >= 0 && channel->out_fd >= 0 ? -EBUSY : 0;
}

/* The message that begins at this byte of out was queued, or could not be (r): see to its
 * descriptor. */
static int with_fd(struct channel *channel, size_t at, int fd, int r)
{
    if (r < 0) {
        close_fd(&fd);
    } else if (fd >= 0) {
        channel->out_fd = fd;
        channel->out_fd_at = at;
    }
    return r;
}

int channel_put(struct channel *channel, enum message_type type, const void *msg, int fd)
{
    size_t at = buf_len(&channel->out);
    int r = fd_allowed(channel, (uint8_t)type, fd);

    return with_fd(channel, at, fd, r < 0 ? r : message_put(&channel->out, type, msg));
}

int channel_forward(struct channel *channel, const struct frame *frame, int fd)
{
    size_t at = buf_len(&channel->out);
    int r = fd_allowed(channel, frame->type, fd);

    return with_fd(channel, at, fd, r < 0 ? r : message_forward(&channel->out, frame));
}

/* One descriptor's worth of ancillary data, aligned as the kernel wants it. */
union control {
    char space[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

static void attach_fd(struct msghdr *header, union control *control, int fd)
{
    struct cmsghdr *cmsg;

    memset(control, 0, sizeof *control);
    header->msg_control = control->space;
    header->msg_controllen = sizeof control->space;
    cmsg = CMSG_FIRSTHDR(header);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
}

int channel_flush(struct channel *channel)
{
    while (buf_len(&channel->out)) {
        size_t n = buf_len(&channel->out);
        bool fd_is_due = channel->out_fd >= 0 && channel->out_fd_at == 0;
        union control control;
        struct iovec iov;
        struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t sent;

        if (fd_is_due)
            attach_fd(&header, &control, channel->out_fd);
        else if (channel->out_fd >= 0)
            n = channel->out_fd_at;
        iov = (struct iovec){buf_data(&channel->out), n};
        sent = sendmsg(channel->fd, &header, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN ? 0 : -errno;
        buf_take(&channel->out, (size_t)sent);
        if (fd_is_due)
            close_fd(&channel->out_fd);
        else if (channel->out_fd >= 0)
            channel->out_fd_at -= (size_t)sent;
    }
    buf_free(&channel->out);
    return 1;
}

/* Keep one descriptor; a second one, or one cut off, is more than any conversation of ours sends.
 */
static int keep_fd(struct channel *channel, struct msghdr *header)
{
    int r = header->msg_flags & MSG_CTRUNC ? -EPROTO : 0;

    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg)) {
        int fd;

        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
            continue;
        memcpy(&fd, CMSG_DATA(cmsg), sizeof fd);
        if (channel->in_fd < 0) {
            channel->in_fd = fd;
        } else {
            close(fd);
            r = -EPROTO;
        }
    }
    return r;
}

int channel_fill(struct channel *channel)
{
    union control control;
    struct iovec iov;
    struct msghdr header = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = CMSG_LEN(sizeof(int)), /* in its padding a second one would fit, unseen */
    };
    size_t size = channel->in_max < READ_SIZE ? channel->in_max : READ_SIZE;
    uint8_t *room;
    ssize_t n;
    int r;

    if ((r = buf_extend(&channel->in, size, &room)) < 0)
        return r;
    iov = (struct iovec){room, size};
    do
        n = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    r = n < 0 ? -errno : 0;
    buf_trim(&channel->in, size - (size_t)(n > 0 ? n : 0));
    if (r < 0)
        return r == -EAGAIN ? 0 : r;
    if ((r = keep_fd(channel, &header)) < 0)
        return r;
    channel->ended = n == 0;
    return n > 0;
}

static int check_hello(struct channel *channel, const struct frame *frame)
{
    struct msg_hello hello;
    int r = message_get(frame, MSG_HELLO, &hello);

    if (r < 0)
        return r;
    snprintf(channel->peer_version, sizeof channel->peer_version, "%s", hello.version);
    if (hello.protocol != PROTOCOL_VERSION || strcmp(hello.version, AWSTAP_VERSION) != 0)
        return -EPROTONOSUPPORT;
    channel->greeted = true;
    return 0;
}

void channel_drop(struct channel *channel, const struct frame *frame)
{
    message_drop(&channel->in, frame);
    if (!buf_len(&channel->in))
        buf_free(&channel->in);
}

int channel_next(struct channel *channel, struct frame *frame)
{
    int r = message_next(&channel->in, frame);

    if (r == 0 && buf_len(&channel->in) > channel->in_max)
        return -EMSGSIZE;
    if (r <= 0 || channel->greeted)
        return r;
    if ((r = check_hello(channel, frame)) < 0)
        return r;
    channel_drop(channel, frame);
    return message_next(&channel->in, frame);
}

int channel_claim_fd(struct channel *channel)
{
    int fd = channel->in_fd;

    channel->in_fd = -1;
    return fd;
}

/* Wait for the events. 0, or -ETIMEDOUT. */
static int await(const struct channel *channel, short events, uint64_t deadline_ms)
{
    struct pollfd pollfd = {.fd = channel->fd, .events = events};

    for (;;) {
        int left = clock_left_ms(deadline_ms);
        int n = poll(&pollfd, 1, left);

        if (n > 0)
            return 0;
        if (n == 0 && left == 0)
            return -ETIMEDOUT;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
}

int channel_send(struct channel *channel, enum message_type type, const void *msg, int fd,
                 int timeout_ms)
{
    uint64_t deadline = clock_deadline_ms(timeout_ms);
    int r = channel_put(channel, type, msg, fd);

    while (r == 0 && (r = channel_flush(channel)) == 0)
        r = await(channel, POLLOUT, deadline);
    return r < 0 ? r : 0;
}

int channel_receive(struct channel *channel, struct frame *frame, int timeout_ms)
{
    uint64_t deadline = clock_deadline_ms(timeout_ms);
    int r;

    while ((r = channel_next(channel, frame)) == 0) {
        if ((r = channel_fill(channel)) < 0)
            return r;
        if (channel->ended)
            return 0;
        if (r == 0 && (r = await(channel, POLLIN, deadline)) < 0)
            return r;
    }
    return r;
}
