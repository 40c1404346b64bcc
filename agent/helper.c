// SPDX-License-Identifier: BSD-2-Clause
// Asking the starter for helpers, and ending them.
#include "helper.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "peer.h"

#define PENDING_MAX 128   /* each operation waits for three at most */
#define WHO_MAX     48    /* more at once are of one program, which then goes without */
#define ENDING_MAX  64    /* told to end, and not yet given up on; further ones get no grace */
#define GRACE_MS    20000 /* longer than any request to AWS, which is not interrupted */

/* Asked for and not yet answered, oldest first. */
static struct {
    bool who;                         /* the question, not the request */
    struct helper_request *request;   /* NULL: withdrawn */
    struct helper_question *question; /* NULL: withdrawn */
    int conversation;                 /* our end */
} pending[PENDING_MAX];
static size_t pending_count;

/* Told to end, and watched until they have. */
static struct ending {
    struct watch watch;   /* of the pidfd, readable at the end */
    uint64_t deadline_ms; /* CLOCK_FOREVER: this place is free */
} ending[ENDING_MAX];
static struct timer grace;
static void (*all_ended)(void); /* who waits for that, or NULL */

static struct peer starter;
static void (*starter_dead)(void);

static void signal_helper(int pidfd, int signal)
{
    syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

void helper_when_ended(void (*ended)(void))
{
    all_ended = ended;
    for (size_t i = 0; i < ENDING_MAX; i++)
        if (ending[i].deadline_ms != CLOCK_FOREVER)
            return;
    all_ended = NULL;
    if (ended)
        ended();
}

static void forget_ending(struct ending *end)
{
    loop_unwatch(&end->watch);
    close(end->watch.fd);
    end->deadline_ms = CLOCK_FOREVER;
    helper_when_ended(all_ended);
}

static void on_helper_end(struct watch *watch, short events)
{
    (void)events;
    forget_ending(LOOP_OWNER(watch, struct ending, watch));
}

/* Kill those whose grace is over; wait for the next. */
static void on_grace_over(struct timer *timer)
{
    uint64_t now = clock_boot_ms();

    for (size_t i = 0; i < ENDING_MAX; i++)
        if (ending[i].deadline_ms <= now) {
            signal_helper(ending[i].watch.fd, SIGKILL);
            forget_ending(&ending[i]);
        } else if (ending[i].deadline_ms < timer->deadline_ms) {
            timer->deadline_ms = ending[i].deadline_ms;
        }
}

static struct ending *free_ending(void)
{
    for (size_t i = 0; i < ENDING_MAX; i++)
        if (ending[i].deadline_ms == CLOCK_FOREVER)
            return &ending[i];
    return NULL;
}

void helper_end(int pidfd)
{
    struct ending *end = free_ending();

    if (pidfd < 0)
        return;
    signal_helper(pidfd, SIGTERM);
    if (!end) {
        signal_helper(pidfd, SIGKILL);
        close(pidfd);
        return;
    }
    end->watch = (struct watch){.fd = pidfd, .events = POLLIN, .ready = on_helper_end};
    end->deadline_ms = clock_boot_ms() + GRACE_MS;
    loop_watch(&end->watch);
    if (end->deadline_ms < grace.deadline_ms)
        grace.deadline_ms = end->deadline_ms;
}

static void drop_first(void)
{
    pending_count--;
    memmove(pending, pending + 1, pending_count * sizeof *pending);
}

static void tell_first(const char *who)
{
    struct helper_question *question = pending[0].question;

    drop_first();
    if (question)
        question->told(question, who);
}

static void answer_first(int pidfd, const char *error)
{
    struct helper_request *request = pending[0].request;
    int conversation = pending[0].conversation;

    drop_first();
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
    struct msg_asker asker;

    if (!pending_count || pending[0].who != (frame->type == MSG_ASKER))
        return -EPROTO;
    if (message_get(frame, MSG_ASKER, &asker) == 0) {
        tell_first(asker.text);
        return 0;
    }
    if (message_get(frame, MSG_STARTED, &started) == 0) {
        answer_first(channel_claim_fd(&peer->channel), NULL);
        return 0;
    }
    if (message_get(frame, MSG_FAILED, &failed) < 0)
        return -EPROTO;
    answer_first(-1, failed.text);
    return 0;
}

static void on_end(struct peer *peer, int error)
{
    (void)error;
    peer_close(peer);
    while (pending_count)
        if (pending[0].who)
            tell_first("");
        else
            answer_first(-1, "the agent's starter has died; end the agent and run it again");
    starter_dead();
}

int helper_open(int fd, void (*dead)(void))
{
    starter_dead = dead;
    starter.on_frame = on_frame;
    starter.on_end = on_end;
    for (size_t i = 0; i < ENDING_MAX; i++)
        ending[i].deadline_ms = CLOCK_FOREVER;
    grace.due = on_grace_over;
    loop_time(&grace);
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
    pending[pending_count].who = false;
    pending[pending_count].request = request;
    pending[pending_count++].conversation = ends[0];
    peer_send(&starter, MSG_START, &start, ends[1]);
}

void helper_who(uint32_t pid, int pidfd, struct helper_question *question)
{
    const struct msg_who who = {pid};

    if (pidfd < 0 || pending_count >= WHO_MAX || starter.channel.out_fd >= 0) {
        if (pidfd >= 0)
            close(pidfd);
        question->told(question, "");
        return;
    }
    pending[pending_count].who = true;
    pending[pending_count++].question = question;
    peer_send(&starter, MSG_WHO, &who, pidfd);
}

void helper_forget(const struct helper_question *question)
{
    for (size_t i = 0; i < pending_count; i++)
        if (pending[i].who && pending[i].question == question)
            pending[i].question = NULL;
}

void helper_withdraw(const struct helper_request *request)
{
    for (size_t i = 0; i < pending_count; i++)
        if (!pending[i].who && pending[i].request == request)
            pending[i].request = NULL;
}
