// SPDX-License-Identifier: BSD-2-Clause
// A fault point before each system call that changes a file, and in the middle of each write to
// one. Sockets, pipes and terminals are no files.
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faultpoint.h"

#define PATH_SIZE 1024

ssize_t __real_write(int fd, const void *data, size_t n);
int __real_fsync(int fd);
int __real_ftruncate(int fd, off_t length);
int __real_rename(const char *from, const char *to);
int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
int __real_unlink(const char *path);
ssize_t __wrap_write(int fd, const void *data, size_t n);
int __wrap_fsync(int fd);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_rename(const char *from, const char *to);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
int __wrap_unlink(const char *path);

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* As faultpoint(), about the file behind fd. */
static int point_at(const char *kind, int fd)
{
    char link[32], path[PATH_SIZE];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    return faultpoint(kind, last_part(path));
}

static bool is_file(int fd)
{
    struct stat facts;
    int before = errno;
    bool is = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);

    errno = before;
    return is;
}

static int failed(int number)
{
    errno = number;
    return -1;
}

/* A disk that is full, or a process that is killed, leaves half of the data there. */
static ssize_t write_halves(int fd, const char *data, size_t n)
{
    ssize_t first, second;
    int number;

    if ((first = __real_write(fd, data, n / 2)) != (ssize_t)(n / 2))
        return first;
    if ((number = point_at("half-write", fd)) != 0)
        return failed(number);
    second = __real_write(fd, data + first, n - (size_t)first);
    return second < 0 ? second : first + second;
}

ssize_t __wrap_write(int fd, const void *data, size_t n)
{
    int number;

    if (!is_file(fd))
        return __real_write(fd, data, n);
    if ((number = point_at("write", fd)) != 0)
        return failed(number);
    return n > 1 ? write_halves(fd, data, n) : __real_write(fd, data, n);
}

int __wrap_fsync(int fd)
{
    int number = point_at("fsync", fd);

    return number ? failed(number) : __real_fsync(fd);
}

int __wrap_ftruncate(int fd, off_t length)
{
    int number = point_at("ftruncate", fd);

    return number ? failed(number) : __real_ftruncate(fd, length);
}

int __wrap_rename(const char *from, const char *to)
{
    int number = faultpoint("rename", last_part(to));

    return number ? failed(number) : __real_rename(from, to);
}

int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags)
{
    int number = faultpoint("rename", last_part(to));

    return number ? failed(number) : __real_renameat2(from_folder, from, to_folder, to, flags);
}

int __wrap_unlink(const char *path)
{
    int number = faultpoint("unlink", last_part(path));

    return number ? failed(number) : __real_unlink(path);
}
