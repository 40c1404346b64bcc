// SPDX-License-Identifier: BSD-2-Clause
// Asking the starter for helpers, and ending them.
#include "helper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peer.h"

#define PENDING_MAX 64 /* an operation asks for one at a time; this many operations don't run at once */

/* Asked for and not yet answered, oldest first. */
static struct {
    struct helper_request *request; /* NULL: withdrawn */
    int conversation;               /* our end */
} pending[PENDING_MAX];
static size_t pending_count;

static struct peer starter;
static void (*starter_dead)(void);

void helper_end(int pidfd)
{
    if (pidfd < 0)
        return;
    syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
    close(pidfd);
}

static void answer_first(int pidfd, const char *error)
{
    struct helper_request *request = pending[0].request;
    int conversation = pending[0].conversation;

    pending_count--;
    memmove(pending, pending + 1, pending_count * sizeof *pending);
    if (!request || error) {
        close(conversation);
        helper_end(pidfd);
        conversation = pidfd = -1;
    }
    if (request)
        request->started(request, conversation, pidfd, error);
}

static int on_frame(struct peer *peer, const struct frame *frame)
{
    struct msg_started started;
    struct msg_failed failed;
    int pidfd = channel_claim_fd(&peer->channel);

    if (pending_count && pidfd >= 0 && message_get(frame, MSG_STARTED, &started) == 0) {
        answer_first(pidfd, NULL);
        return 0;
    }
    if (pidfd >= 0)
        close(pidfd);
    if (!pending_count || message_get(frame, MSG_FAILED, &failed) < 0)
        return -EPROTO;
    answer_first(-1, failed.text);
    return 0;
}

static void on_end(struct peer *peer, int error)
{
    (void)error;
    peer_close(peer);
    while (pending_count)
        answer_first(-1, "the agent's starter has died; end the agent and run it again");
    starter_dead();
}

int helper_open(int fd, void (*dead)(void))
{
    starter_dead = dead;
    starter.on_frame = on_frame;
    starter.on_end = on_end;
    return peer_open(&starter, fd);
}

void helper_close(void)
{
    peer_close(&starter);
}

void helper_start(enum program program, struct helper_request *request)
{
    const struct msg_start start = {program};
    int ends[2];

    if (pending_count == PENDING_MAX || starter.channel.out_fd >= 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        request->started(request, -1, -1, "too many helpers at once; run it again in a moment");
        return;
    }
    pending[pending_count].request = request;
    pending[pending_count++].conversation = ends[0];
    peer_send(&starter, MSG_START, &start, ends[1]);
}

void helper_withdraw(const struct helper_request *request)
{
    for (size_t i = 0; i < pending_count; i++)
        if (pending[i].request == request)
            pending[i].request = NULL;
}
