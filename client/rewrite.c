// SPDX-License-Identifier: BSD-2-Clause
// A file of the person's, replaced as a whole.
#include "rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "arena.h"
#include "draft.h"
#include "failure.h"
#include "message.h"
#include "place.h"

#define CHUNK ((size_t)16 * 1024)

/* What stands in the way that no errno is kept for. */
enum obstacle { NO_FILE = -10000, MOUNT_POINT };

/* A file on its way. */
struct rewriting {
    char target[PATH_MAX];
    bool exists;
    struct stat before; /* where it exists */
    struct draft draft;
};

/* 0 or a negative errno. */
static int find_target(struct rewriting *rewriting, const char *path)
{
    static char folder[PATH_MAX]; /* too large for the stack */
    struct stat st;
    int r;

    if (strlen(path) >= PATH_MAX)
        return -ENAMETOOLONG;
    rewriting->exists = realpath(path, rewriting->target);
    if (rewriting->exists)
        return stat(rewriting->target, &rewriting->before) < 0 ? -errno : 0;
    if (errno != ENOENT || lstat(path, &st) == 0)
        return -errno;
    strcpy(rewriting->target, path);
    if ((r = place_parent(path, folder, sizeof folder)) == 0)
        r = place_make_folder(folder);
    return r == -EPERM ? 0 : r; /* others may write there: the person's own choice */
}

static int write_all(int fd, const struct span *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span left = pieces[i];

        while (left.len) {
            ssize_t n = write(fd, left.at, left.len);

            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return -errno;
            left.at += n;
            left.len -= (size_t)n;
        }
    }
    return 0;
}

/*
 * The access control list, or that there is none, whatever the folder gives to new files. Without
 * it the mode's bits for the group, which were the most that the list allows, would be the owning
 * group's.
 */
static int keep_acl(const struct rewriting *rewriting)
{
    static const char NAME[] = "system.posix_acl_access";
    static char acl[XATTR_SIZE_MAX]; /* too large for the stack */
    int fd = rewriting->draft.fd;
    ssize_t n = getxattr(rewriting->target, NAME, acl, sizeof acl);

    if (n >= 0)
        return fsetxattr(fd, NAME, acl, (size_t)n, 0) < 0 ? -errno : 0;
    if (errno == ENOTSUP)
        return 0;
    if (errno != ENODATA)
        return -errno;
    return fremovexattr(fd, NAME) < 0 && errno != ENODATA ? -errno : 0;
}

/* Owner first: a change of it takes bits off the mode. The mode last: the list changes it. */
static int keep_facts(const struct rewriting *rewriting)
{
    const struct stat *before = &rewriting->before;
    int r;

    if (!rewriting->exists)
        return 0;
    if ((before->st_uid != geteuid() || before->st_gid != getegid()) &&
        fchown(rewriting->draft.fd, before->st_uid, before->st_gid) < 0)
        return -errno;
    if ((r = keep_acl(rewriting)) < 0)
        return r;
    return fchmod(rewriting->draft.fd, before->st_mode & 07777) < 0 ? -errno : 0;
}

/* Whether all that fd yields is text. chunk, in the arena, has CHUNK bytes. */
static bool yields(int fd, struct span text, char *chunk)
{
    ssize_t n;

    while ((n = read(fd, chunk, CHUNK)) > 0) {
        if ((size_t)n > text.len || memcmp(chunk, text.at, (size_t)n) != 0)
            return false;
        text.at += n;
        text.len -= (size_t)n;
    }
    return n == 0 && text.len == 0;
}

/* 0; -ESTALE: the file is not what was read any more; another negative errno. */
static int check_unchanged(const struct rewriting *rewriting, struct span old)
{
    int fd = open(rewriting->target, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), r = -ESTALE;
    char *chunk;

    if (fd < 0)
        return errno == ENOENT && !rewriting->exists && !old.len ? 0 : -ESTALE;
    chunk = arena_alloc(CHUNK);
    if (!chunk)
        r = -ENOMEM;
    else if (rewriting->exists && yields(fd, old, chunk))
        r = 0;
    arena_free(chunk);
    close(fd);
    return r;
}

static int replace(struct rewriting *rewriting, struct span old, const struct span *pieces,
                   size_t count)
{
    int r;

    if (rewriting->exists && !S_ISREG(rewriting->before.st_mode))
        return NO_FILE;
    if (rewriting->exists && rewriting->before.st_nlink > 1)
        return -EMLINK;
    if ((r = draft_open(&rewriting->draft, rewriting->target)) < 0)
        return r;
    if ((r = write_all(rewriting->draft.fd, pieces, count)) == 0 &&
        (r = keep_facts(rewriting)) == 0 && fsync(rewriting->draft.fd) < 0)
        r = -errno;
    if (r == 0 && (r = check_unchanged(rewriting, old)) == 0 &&
        rename(rewriting->draft.path, rewriting->target) < 0)
        r = errno == EBUSY ? MOUNT_POINT : -errno;
    draft_close(&rewriting->draft, r == 0);
    return r;
}

static int explain(const char *path, int r)
{
    switch (r) {
    case NO_FILE:
        return fail(EXIT_FAILED,
                    "%.512s is no regular file and is left as it is; name one that AWS tools "
                    "read, and run this again",
                    path);
    case MOUNT_POINT:
        return fail(EXIT_FAILED,
                    "%.512s is a mount point and cannot be replaced; run this where the file "
                    "itself is",
                    path);
    case -ESTALE:
        return fail(EXIT_FAILED,
                    "%.512s was changed by another program meanwhile and is left as it "
                    "is; run this again",
                    path);
    case -EMLINK:
        return fail(EXIT_FAILED,
                    "%.512s has another hard link, which would keep what is in it; "
                    "remove that one and run this again",
                    path);
    case -EBUSY:
        return fail(EXIT_FAILED, "another awstap is writing %.512s; run this again", path);
    default:
        return fail(EXIT_FAILED, "%.512s cannot be rewritten and is left as it is: %s", path,
                    strerror(-r));
    }
}

int rewrite(const char *path, struct span old, const struct span *pieces, size_t count)
{
    static struct rewriting rewriting; /* too large for the stack */
    int r = find_target(&rewriting, path);

    if (r == 0)
        r = replace(&rewriting, old, pieces, count);
    return r < 0 ? explain(path, r) : EXIT_DONE;
}
