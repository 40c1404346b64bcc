// SPDX-License-Identifier: BSD-2-Clause
// A file on its way to its name.
#include "draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"

#define OPEN_FLAGS (O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)

/* The name of the file beside target, which every awstap finds. 0 or a negative errno. */
static int name_draft(struct draft *draft, const char *target)
{
    const char *slash = strrchr(target, '/');
    int n;

    if (place_parent(target, draft->folder, sizeof draft->folder) < 0)
        return -ENAMETOOLONG;
    n = snprintf(draft->path, sizeof draft->path, "%s/.%s.awstap", draft->folder,
                 slash ? slash + 1 : target);
    return n < 0 || (size_t)n >= sizeof draft->path ? -ENAMETOOLONG : 0;
}

/* Whether the descriptor is still what stands at path. */
static bool stands_at(int fd, const char *path)
{
    struct stat own, there;

    return fstat(fd, &own) == 0 && lstat(path, &there) == 0 && own.st_ino == there.st_ino &&
           own.st_dev == there.st_dev;
}

/* Have it for ourselves. 0; -EBUSY: another awstap has it, or had; another negative errno. */
static int claim(int fd, const char *path)
{
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    return stands_at(fd, path) ? 0 : -EBUSY;
}

/* Remove what an interrupted awstap has left there. 0 or a negative errno. */
static int clear(const char *path)
{
    int fd = open(path, OPEN_FLAGS | O_NONBLOCK), r;

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    r = claim(fd, path);
    if (r == 0 && unlink(path) < 0)
        r = -errno;
    close(fd);
    return r;
}

static int make(struct draft *draft)
{
    int r = clear(draft->path);

    if (r < 0)
        return r;
    draft->fd = open(draft->path, OPEN_FLAGS | O_CREAT | O_EXCL, 0600);
    if (draft->fd < 0)
        return errno == EEXIST ? -EBUSY : -errno;
    r = claim(draft->fd, draft->path);
    if (r < 0)
        close(draft->fd);
    return r;
}

/* A limit of the file's size is an error like others. */
static void hold_signals(struct draft *draft)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &draft->mask);
    sigaction(SIGXFSZ, &ignore, &draft->before);
}

static void release_signals(const struct draft *draft)
{
    sigprocmask(SIG_SETMASK, &draft->mask, NULL);
    sigaction(SIGXFSZ, &draft->before, NULL); /* last: it may have come while all were blocked */
}

int draft_open(struct draft *draft, const char *target)
{
    int r = name_draft(draft, target);

    if (r < 0)
        return r;
    hold_signals(draft);
    r = make(draft);
    if (r < 0)
        release_signals(draft);
    return r;
}

int draft_move_new(const struct draft *draft, const char *target)
{
    if (renameat2(AT_FDCWD, draft->path, AT_FDCWD, target, RENAME_NOREPLACE) == 0)
        return 0;
    /* A network's file system may not know that, and one of a memory stick no second names. */
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (link(draft->path, target) < 0)
        return -errno;
    unlink(draft->path);
    return 0;
}

/* Without it, a power cut may take back the change, but harms neither file. */
static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

void draft_close(struct draft *draft, bool moved)
{
    if (moved)
        sync_folder(draft->folder);
    else
        unlink(draft->path);
    close(draft->fd);
    release_signals(draft);
}
