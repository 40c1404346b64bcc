// SPDX-License-Identifier: BSD-2-Clause
// The agent's socket: where it is, and whose.
#include "socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "failure.h"
#include "message.h"
#include "place.h"

#define QUEUE_WAIT_S 5 /* for an agent that many clients call at once */

int socket_address(struct sockaddr_un *address)
{
    int r;

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    r = place_socket(address->sun_path, sizeof address->sun_path);
    if (r == -ENOENT)
        return fail(EXIT_NO_AGENT,
                    "no place for the agent's socket: XDG_RUNTIME_DIR is not set and /run/user/%u "
                    "is not yours; set AWSTAP_SOCK to a path in a folder of your own",
                    (unsigned)geteuid());
    if (r < 0)
        return fail(EXIT_NO_AGENT,
                    "the path of the agent's socket is longer than %zu characters; "
                    "set AWSTAP_SOCK to a shorter one",
                    sizeof address->sun_path - 1);
    return EXIT_DONE;
}

/* Wait in the queue of a busy agent, but not for ever. */
static int connect_waiting(int fd, const struct sockaddr_un *address)
{
    const struct timeval wait = {.tv_sec = QUEUE_WAIT_S};

    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) < 0)
        return -errno;
    return connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? -errno : 0;
}

int socket_connect(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct ucred peer;
    socklen_t size = sizeof peer;
    int r;

    if (fd < 0)
        return -errno;
    if ((r = connect_waiting(fd, address)) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        r = -errno;
    if (r == 0 && peer.uid != geteuid())
        r = -EPERM;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}
