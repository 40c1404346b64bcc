// SPDX-License-Identifier: BSD-2-Clause
// The file of the remote hosts: frames, as on the wire.
#include "remote_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"

#define TITLE      "awstap sockets 1\n"
#define FILE_NAME  "sockets"
#define FRESH_NAME "sockets.new"
#define OPEN_FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static int take_title(struct buf *content)
{
    size_t len = strlen(TITLE);

    if (buf_len(content) < len || memcmp(buf_data(content), TITLE, len) != 0)
        return -EPROTO;
    buf_take(content, len);
    return 0;
}

static int take_host(const struct frame *frame, remote_file_host *host)
{
    struct msg_socket_add add;
    struct grant grant;

    if (message_get(frame, MSG_SOCKET_ADD, &add) < 0)
        return -EPROTO;
    grant = (struct grant){add.host, add.max_duration, add.allow};
    return grant_check(&grant) ? -EPROTO : host(&grant);
}

int remote_file_parse(struct buf *content, remote_file_host *host)
{
    struct frame frame;
    int r = take_title(content);

    for (int n = 0; r == 0 && buf_len(content); n++) {
        if (n == REMOTE_HOSTS_MAX || message_next(content, &frame) != 1)
            return -EPROTO;
        r = take_host(&frame, host);
        message_drop(content, &frame);
    }
    return r;
}

/* All of a file of ours alone. */
static int read_all(int fd, struct buf *content)
{
    struct stat facts;
    uint8_t *room;
    ssize_t n;
    int r;

    if (fstat(fd, &facts) < 0)
        return -errno;
    if (!S_ISREG(facts.st_mode) || facts.st_uid != geteuid() || facts.st_mode & (S_IRWXG | S_IRWXO))
        return -EPERM;
    if (facts.st_size > (off_t)BUF_MAX)
        return -EPROTO;
    if ((r = buf_extend(content, (size_t)facts.st_size, &room)) < 0)
        return r;
    n = read(fd, room, (size_t)facts.st_size);
    return n < 0 ? -errno : n == (ssize_t)facts.st_size ? 0 : -EPROTO;
}

static int open_folder(const char *state)
{
    int r = place_make_folder(state), fd;

    if (r < 0)
        return r;
    fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int remote_file_read(const char *state, remote_file_host *host)
{
    struct buf content;
    int fd, r, folder = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return errno == ENOENT ? 0 : -errno;
    fd = openat(folder, FILE_NAME, O_RDONLY | OPEN_FLAGS);
    r = fd < 0 ? -errno : 0;
    close(folder);
    if (fd < 0)
        return r == -ENOENT ? 0 : r;
    buf_init(&content);
    if ((r = read_all(fd, &content)) == 0)
        r = remote_file_parse(&content, host);
    buf_free(&content);
    close(fd);
    return r;
}

int remote_file_begin(struct buf *content)
{
    return buf_put_text(content, TITLE);
}

int remote_file_add(struct buf *content, const struct grant *grant)
{
    const struct msg_socket_add add = {grant->host, grant->max_duration, grant->allow};

    return message_put(content, MSG_SOCKET_ADD, &add);
}

static int write_fresh(int folder, const struct buf *content)
{
    int r = 0, fd = openat(folder, FRESH_NAME, O_WRONLY | O_CREAT | O_TRUNC | OPEN_FLAGS, 0600);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = write(fd, buf_data(content), buf_len(content));
    if (n != (ssize_t)buf_len(content))
        r = n < 0 ? -errno : -ENOSPC;
    else if (fdatasync(fd) < 0)
        r = -errno;
    close(fd);
    return r;
}

int remote_file_write(const char *state, const struct buf *content)
{
    int r, folder = open_folder(state);

    if (folder < 0)
        return folder;
    r = write_fresh(folder, content);
    if (r == 0 && renameat(folder, FRESH_NAME, folder, FILE_NAME) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(folder, FRESH_NAME, 0);
    close(folder);
    return r;
}
