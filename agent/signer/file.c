// SPDX-License-Identifier: BSD-2-Clause
// The signer's files: read with suspicion, replaced as a whole or not at all.
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "place.h"

#define OPEN_FLAGS   (O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)
#define LOCK_POLL_MS 10

static int too_long(const char *path, struct error *error)
{
    return error_set(error, EXIT_FAILED, "the path %.200s… is too long", path);
}

/* path and suffix, into joined of FILE_PATH_MAX bytes. */
static int join(char *joined, const char *path, const char *suffix, struct error *error)
{
    int n = snprintf(joined, FILE_PATH_MAX, "%s%s", path, suffix);

    return n < 0 || n >= FILE_PATH_MAX ? too_long(path, error) : 0;
}

/* The folder that the file at path is in, into folder of FILE_PATH_MAX bytes. */
static int parent_of(char *folder, const char *path, struct error *error)
{
    return place_parent(path, folder, FILE_PATH_MAX) < 0 ? too_long(path, error) : 0;
}

static int check_readable(const char *path, int fd, size_t max, size_t *size, struct error *error)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_set(error, EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(error, EXIT_VAULT, "%s is refused: it is not a regular file", path);
    if (st.st_uid != geteuid())
        return error_set(error, EXIT_VAULT, "%s is refused: it belongs to another user", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return error_set(error, EXIT_VAULT,
                         "%s is refused: others have access to it; run chmod 600 on it", path);
    if (st.st_size < 0 || (uint64_t)st.st_size > max)
        return error_set(error, EXIT_VAULT, "%s is refused: it is larger than %zu bytes", path,
                         max);
    *size = (size_t)st.st_size;
    return 0;
}

/* Read exactly n bytes; a file that shrinks meanwhile is an error. */
static int read_all(const char *path, int fd, uint8_t *data, size_t n, struct error *error)
{
    while (n) {
        ssize_t got = read(fd, data, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(error, EXIT_FAILED, "%s: %s", path,
                             got ? strerror(errno) : "it changed while it was read; run it again");
        data += got;
        n -= (size_t)got;
    }
    return 0;
}

/* The file, checked, and its size; a descriptor, -ENOENT (error untouched), or -1. */
static int open_to_read(const char *path, size_t max, size_t *size, struct error *error)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | OPEN_FLAGS);

    if (fd < 0 && errno == ENOENT)
        return -ENOENT;
    if (fd < 0 && errno == ELOOP)
        return error_set(error, EXIT_VAULT, "%s is refused: it is a symbolic link", path);
    if (fd < 0)
        return error_set(error, EXIT_FAILED, "%s can't be read: %s", path, strerror(errno));
    if (check_readable(path, fd, max, size, error) == 0)
        return fd;
    close(fd);
    return -1;
}

int file_read(const char *path, size_t max, struct buf *out, struct error *error)
{
    uint8_t *room;
    size_t size = 0;
    int result = 0;
    int fd = open_to_read(path, max, &size, error);

    if (fd < 0)
        return fd == -ENOENT ? 1 : -1;
    if (size && buf_extend(out, size, &room) < 0) {
        result = error_set(error, EXIT_FAILED, "%s: no memory to read it", path);
    } else if (size && read_all(path, fd, room, size, error) < 0) {
        buf_trim(out, size);
        result = -1;
    }
    close(fd);
    return result;
}

int file_read_large(const char *path, size_t max, char **data, size_t *size, struct error *error)
{
    int result = 0;
    int fd = open_to_read(path, max, size, error);

    *data = NULL;
    if (fd < 0)
        return fd == -ENOENT ? 1 : -1;
    if (!(*data = malloc(*size + 1)))
        result = error_set(error, EXIT_FAILED, "%s: no memory to read it", path);
    else
        result = read_all(path, fd, (uint8_t *)*data, *size, error);
    close(fd);
    if (result < 0) {
        free(*data);
        *data = NULL;
    }
    return result;
}

static int sync_folder(const char *path, struct error *error)
{
    char folder[FILE_PATH_MAX];

    if (parent_of(folder, path, error) < 0)
        return -1;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, EXIT_FAILED, "%s: %s", folder, strerror(errno));
    int failed = fsync(fd) < 0 ? errno : 0;
    close(fd);
    if (failed)
        return error_set(error, EXIT_FAILED, "%s: %s", folder, strerror(failed));
    return 0;
}

static int write_all(int fd, const uint8_t *data, size_t n)
{
    while (n) {
        ssize_t put = write(fd, data, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        data += put;
        n -= (size_t)put;
    }
    return 0;
}

/* Make the file at path, which must not exist, with this content. 0 or a negative errno. */
static int write_new(const char *path, const void *data, size_t n, enum file_sync sync)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | OPEN_FLAGS, S_IRUSR | S_IWUSR);
    int result;

    if (fd < 0)
        return -errno;
    result = write_all(fd, data, n);
    if (!result && sync == FILE_SYNC && fsync(fd) < 0)
        result = -errno;
    if (close(fd) < 0 && !result)
        result = -errno;
    return result;
}

int file_replace(const char *path, const void *data, size_t n, enum file_sync sync,
                 struct error *error)
{
    char fresh[FILE_PATH_MAX];
    int result;

    if (join(fresh, path, ".new", error) < 0)
        return -1;
    if (unlink(fresh) < 0 && errno != ENOENT)
        return error_set(error, EXIT_FAILED, "%s: %s", fresh, strerror(errno));
    result = write_new(fresh, data, n, sync);
    if (!result && rename(fresh, path) < 0)
        result = -errno;
    if (result) {
        unlink(fresh);
        return error_set(error, EXIT_FAILED, "%s could not be written: %s; it is as it was", path,
                         strerror(-result));
    }
    return sync == FILE_SYNC && sync_folder(path, error) < 0 ? 1 : 0;
}

int file_lock(const char *path, int timeout_ms, struct error *error)
{
    char lock[FILE_PATH_MAX];
    uint64_t deadline = clock_deadline_ms(timeout_ms);

    if (join(lock, path, ".lock", error) < 0)
        return -1;
    int fd = open(lock, O_RDWR | O_CREAT | O_NONBLOCK | OPEN_FLAGS, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return error_set(error, EXIT_FAILED, "%s: %s", lock, strerror(errno));
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK && clock_left_ms(deadline) != 0) {
            poll(NULL, 0, LOCK_POLL_MS);
            continue;
        }
        error_set(error, EXIT_FAILED, "%s: %s", lock,
                  errno == EWOULDBLOCK ? "another awstap holds the lock; run it again"
                                       : strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

int file_make_folder(const char *path, struct error *error)
{
    int r = place_make_folder(path);

    if (r == -EPERM)
        return error_set(error, EXIT_VAULT,
                         "%s is refused: it must be a folder of yours that only you can write to",
                         path);
    return r < 0 ? error_set(error, EXIT_FAILED, "%s: %s", path, strerror(-r)) : 0;
}

int file_make_parent(const char *path, struct error *error)
{
    char folder[FILE_PATH_MAX];

    if (parent_of(folder, path, error) < 0)
        return -1;
    return file_make_folder(folder, error);
}
