// SPDX-License-Identifier: BSD-2-Clause
// Files that a person names.
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int file_path(const char *name, char *path, size_t size)
{
    const char *home = getenv("HOME");
    int n;

    if (strncmp(name, "~/", 2) != 0)
        n = snprintf(path, size, "%s", name);
    else if (!home || !*home)
        return -ENOENT;
    else
        n = snprintf(path, size, "%s/%s", home, name + 2);
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int write_all(int fd, const char *data, size_t left)
{
    while (left) {
        ssize_t n = write(fd, data, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        left -= (size_t)n;
    }
    return 0;
}

int file_copy(int from, int to, size_t max)
{
    char some[2048];
    size_t copied = 0;
    ssize_t n;
    int r;

    while ((n = read(from, some, sizeof some)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if ((copied += (size_t)n) > max)
            return -EFBIG;
        if ((r = write_all(to, some, (size_t)n)) < 0)
            return r;
    }
    return 0;
}

bool file_is_null(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* All of fd, up to one byte more than max. The bytes read, or a negative errno. */
static ssize_t read_all(int fd, char *text, size_t max)
{
    size_t have = 0;

    while (have <= max) {
        ssize_t n = read(fd, text + have, max + 1 - have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return have > max ? -EFBIG : (ssize_t)have;
}

int file_read(const char *path, size_t max, char **text, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *room = malloc(max + 2);
    struct stat st;
    ssize_t n;

    if (fd < 0)
        n = -errno;
    else if (!room || fstat(fd, &st) < 0)
        n = -ENOMEM;
    else if (file_is_null(&st))
        n = 0;
    else if (!S_ISREG(st.st_mode))
        n = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    else
        n = read_all(fd, room, max);
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        free(room);
        return (int)n;
    }
    room[n] = '\0';
    *text = room;
    *len = (size_t)n;
    return 0;
}
