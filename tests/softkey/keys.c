// SPDX-License-Identifier: BSD-2-Clause
// The software keys that are plugged in and pulled: NAME.touch in the folder softkey/ beside the
// running program is made or moved there, or removed. In the place of agent/watch/keys.c.
#include "../../agent/watch/keys.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent.h"
#include "beside.h"

#define SUFFIX  ".touch"
#define PLUGGED (IN_CREATE | IN_MOVED_TO)
#define PULLED  (IN_DELETE | IN_MOVED_FROM)

static int files = -1;

static bool ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name), tail = strlen(suffix);

    return len > tail && strcmp(name + len - tail, suffix) == 0;
}

static void tell(const struct inotify_event *seen)
{
    if (seen->len && ends_with(seen->name, SUFFIX))
        agent_tell(seen->mask & PLUGGED ? WATCH_ADDED : WATCH_REMOVED);
}

static int on_files(sd_event_source *source, int fd, uint32_t events, void *unused)
{
    union {
        struct inotify_event first;
        char bytes[8192];
    } seen;
    ssize_t n = read(fd, seen.bytes, sizeof seen.bytes);

    (void)source;
    (void)events;
    (void)unused;
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *event = (const void *)(seen.bytes + at);

        tell(event);
        at += (ssize_t)(sizeof *event + event->len);
    }
    return 0;
}

int keys_open(sd_event *event)
{
    char folder[BESIDE_MAX];
    int r = beside_path("softkey", folder, sizeof folder);

    if (r < 0)
        return r;
    if ((files = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) < 0)
        return -errno;
    if (inotify_add_watch(files, folder, PLUGGED | PULLED) < 0)
        return 0;
    return sd_event_add_io(event, NULL, files, EPOLLIN, on_files, NULL);
}

void keys_close(void)
{
    if (files >= 0)
        close(files);
    files = -1;
}
