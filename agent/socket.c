// SPDX-License-Identifier: BSD-2-Clause
// The agent's listening socket: made in a folder of our own, or handed over by systemd.
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "place.h"

#define BACKLOG         256
#define LISTEN_FDS_FROM 3 /* SD_LISTEN_FDS_START */

static struct sockaddr_un bound; /* empty: we made none */
static struct stat bound_stat;

/* A folder that others could write to, or swap for another, is no place for a socket that we trust.
 */
static int own_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[sizeof bound.sun_path];
    struct stat st;
    int r;

    if (!slash || slash == path)
        return -EINVAL;
    if ((r = place_parent(path, folder, sizeof folder)) < 0)
        return r;
    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return -errno;
    if (lstat(folder, &st) < 0)
        return -errno;
    return place_is_ours_alone(&st) ? 0 : -EPERM;
}

/* Held as long as the process lives: the descriptor is never closed. */
static int take_lock(const char *path)
{
    char lock_path[sizeof bound.sun_path + 8];
    int fd;

    snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int r = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;

        close(fd);
        return r;
    }
    return 0;
}

/* What an agent left that did not end by itself: nobody listens there. Anything but a socket is
 * somebody's file. */
static int remove_stale(int fd, const struct sockaddr_un *address)
{
    struct stat st;

    if (lstat(address->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -ENOTSOCK;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
        errno != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int bind_socket(int fd, const struct sockaddr_un *address, struct stat *made)
{
    mode_t mask = umask(0177);
    int r = remove_stale(fd, address);

    if (r == 0 && (bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 ||
                   stat(address->sun_path, made) < 0 || listen(fd, BACKLOG) < 0))
        r = -errno;
    umask(mask);
    return r;
}

static int address_of(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path)
        return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    return own_folder(path);
}

static int listen_at(const struct sockaddr_un *address, struct stat *made)
{
    int r, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    if ((r = bind_socket(fd, address, made)) == 0)
        return fd;
    close(fd);
    return r;
}

int socket_listen(const char *path)
{
    struct sockaddr_un address;
    int fd, r;

    if ((r = address_of(path, &address)) < 0 || (r = take_lock(path)) < 0)
        return r;
    if ((fd = listen_at(&address, &bound_stat)) >= 0)
        bound = address;
    return fd;
}

int socket_listen_also(const char *path, struct stat *made)
{
    struct sockaddr_un address;
    int r = address_of(path, &address);

    return r < 0 ? r : listen_at(&address, made);
}

int socket_inherited(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    int listening = 0, flags;
    socklen_t size = sizeof listening;

    if (!pid || !count || strtol(pid, NULL, 10) != getpid() || strtol(count, NULL, 10) < 1)
        return -ENOENT;
    if (getsockopt(LISTEN_FDS_FROM, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening)
        return -EINVAL;
    if ((flags = fcntl(LISTEN_FDS_FROM, F_GETFL)) < 0 ||
        fcntl(LISTEN_FDS_FROM, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(LISTEN_FDS_FROM, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return LISTEN_FDS_FROM;
}

void socket_unlink(const char *path, const struct stat *made)
{
    struct stat st;

    if (stat(path, &st) == 0 && st.st_dev == made->st_dev && st.st_ino == made->st_ino)
        unlink(path);
}

void socket_remove(void)
{
    if (bound.sun_path[0])
        socket_unlink(bound.sun_path, &bound_stat);
}
