// SPDX-License-Identifier: BSD-2-Clause
// Clients: who connects, what they ask, and what they wait for.
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "flight.h"
#include "helper.h"
#include "lock.h"
#include "log.h"
#include "operation.h"
#include "policy.h"
#include "remote.h"
#include "remote_request.h"
#include "tending.h"
#include "usage.h"
#include "watcher.h"

#define CLIENTS_MAX                                                                                \
    256 /* more at once than most builds run; further ones wait in the socket's backlog */
#define REOPEN_MS          200   /* when no further client can be taken in */
#define SILENT_MS          10000 /* to say what it wants, and to leave when it has been told */
#define REMOTE_CLIENTS_MAX 16    /* of one remote host */
#define WHO_SIZE           320   /* of a text that tells who asks */

struct client {
    TAILQ_ENTRY(client) link;
    struct peer peer;
    struct waiter waiter;
    struct errand *errand;
    struct context context;
    struct buf request; /* what it asks for, as it came */
    int fd;             /* that came with it, or -1 */
    uint32_t pid;
    int pidfd; /* taken at once, so that it stays this process; -1: not to be had */
    struct helper_question question;
    char who[WHO_SIZE];
    struct remote *remote; /* by whose socket it came; NULL: by ours */
    struct timer patience; /* runs while it is the client's turn */
    bool asked, go_on;
};

static TAILQ_HEAD(, client) clients = TAILQ_HEAD_INITIALIZER(clients);
static size_t client_count;
static struct watch door;
static bool listens_by_unit;
static struct timer reopening;

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void destroy(struct client *client)
{
    flight_leave(&client->waiter, client->go_on);
    if (client->errand)
        errand_cancel(client->errand);
    if (client->remote)
        remote_withdraw(client->remote, client);
    helper_forget(&client->question);
    context_free(&client->context);
    buf_free(&client->request);
    close_fd(client->pidfd);
    close_fd(client->fd);
    loop_untime(&client->patience);
    peer_close(&client->peer);
    TAILQ_REMOVE(&clients, client, link);
    client_count--;
    door.events = POLLIN;
    loop_free(client);
}

/* It has its answer: it is expected to leave. */
static void end_turn(struct client *client)
{
    client->patience.deadline_ms = clock_boot_ms() + SILENT_MS;
}

static void refuse(struct client *client, uint32_t status, const char *text)
{
    const struct msg_failed failed = {status, text};

    peer_send(&client->peer, MSG_FAILED, &failed, -1);
    end_turn(client);
}

static const char ROLES_ONLY[] =
    "this key serves roles only (its policy is serve=roles); ask for one of its roles";

/* Its own session lets a program do what the user may, minting of keys included. */
static bool may_serve(const struct session *session)
{
    return session->spec.hops.len || policy_of(session->spec.key).serve != SERVE_ROLES;
}

static void note(const struct client *client, const char *what, const struct session *session,
                 const char *how)
{
    const struct log_event event = {
        .what = what,
        .who = client->who,
        .key = session->spec.key,
        .role = spec_role(&session->spec),
        .duration =
            session->spec.hops.len ? spec_role_seconds(&session->spec) : session->spec.duration,
        .how = how,
        .access_key_id = session->access_key_id,
        .expiration = session->expiration,
    };

    log_event(&event);
}

static void note_refusal(const struct client *client, const struct spec *spec, const char *why)
{
    const struct log_event event = {.what = "refused",
                                    .who = client->who,
                                    .key = spec->key,
                                    .role = spec_role(spec),
                                    .why = why};

    log_event(&event);
}

/* Whether it may have it. */
static bool hand_over(struct client *client, const struct session *session)
{
    const struct msg_session answer = {
        .access_key_id = session->access_key_id,
        .secret_access_key = session->secret_access_key,
        .session_token = session->session_token,
        .expiration = session->expiration,
        .account = session->account,
        .region = session->region,
    };

    if (!may_serve(session)) {
        refuse(client, EXIT_FAILED, ROLES_ONLY);
        note_refusal(client, &session->spec, ROLES_ONLY);
        return false;
    }
    peer_send(&client->peer, MSG_SESSION, &answer, -1);
    end_turn(client);
    return true;
}

static void on_issued(struct waiter *waiter, const struct session *session)
{
    struct client *client = LOOP_OWNER(waiter, struct client, waiter);

    if (hand_over(client, session))
        note(client, "issued", session, session->how);
}

/* What a client that waits for a session asked for. */
static struct spec asked_for(const struct client *client)
{
    struct msg_get request = {.key = ""};
    struct frame frame;

    if (message_next(&client->request, &frame) == 1)
        (void)message_get(&frame, MSG_GET, &request);
    return (struct spec){request.key, request.duration, request.hops};
}

static void on_failed(struct waiter *waiter, const struct msg_failed *failed)
{
    struct client *client = LOOP_OWNER(waiter, struct client, waiter);
    const struct spec spec = asked_for(client);

    refuse(client, failed->status, failed->text);
    note_refusal(client, &spec, failed->text);
}

static void on_progress(struct waiter *waiter, const struct msg_progress *progress)
{
    peer_send(&LOOP_OWNER(waiter, struct client, waiter)->peer, MSG_PROGRESS, progress, -1);
}

static void on_errand_end(struct peer *peer)
{
    struct client *client = LOOP_OWNER(peer, struct client, peer);

    client->errand = NULL;
    end_turn(client);
}

/* The person is asked something for this client: find out who it is, then go on. */
static int ask_who(struct client *client, const struct frame *frame)
{
    int pidfd = client->pidfd;

    if (message_forward(&client->request, frame) < 0)
        return -EPROTO;
    client->pidfd = -1;
    helper_who(client->pid, pidfd, &client->question);
    return 0;
}

static void get_by_flight(struct client *client)
{
    const struct spec spec = asked_for(client);

    client->waiter.who = client->who;
    client->waiter.context = &client->context;
    flight_get(&spec, &client->waiter);
}

static void run_errand(struct client *client, const struct frame *frame)
{
    const struct asker asker = {&client->peer, client->who, &client->context};
    const char *why = errand_asks(frame) ? watcher_nobody() : NULL;
    int fd = client->fd;

    if (why) {
        refuse(client, EXIT_PERSON, why);
        return;
    }
    client->fd = -1;
    client->errand = errand_run(&asker, frame, fd, on_errand_end);
    if (!client->errand)
        refuse(client, EXIT_FAILED, "this cannot be done now; run it again in a moment");
}

static void on_told(struct helper_question *question, const char *who)
{
    struct client *client = LOOP_OWNER(question, struct client, question);
    struct frame frame;

    snprintf(client->who, sizeof client->who, "%s", who);
    if (message_next(&client->request, &frame) != 1)
        return;
    if (frame.type == MSG_GET)
        get_by_flight(client);
    else
        run_errand(client, &frame);
}

static int get(struct client *client, const struct frame *frame)
{
    const struct session *session;
    struct msg_get request;
    struct spec spec;
    const char *why;

    if (message_get(frame, MSG_GET, &request) < 0)
        return -EPROTO;
    spec = (struct spec){request.key, request.duration, request.hops};
    if ((why = spec_check(&spec))) {
        refuse(client, EXIT_USAGE, why);
    } else if ((session = flight_cached(&spec)) && may_serve(session)) {
        hand_over(client, session);
        usage_note(session, client->pid, client->pidfd);
        client->pidfd = -1;
    } else {
        return ask_who(client, frame);
    }
    return 0;
}

/* The person at this end has said yes, or no, to what a remote host asks for. */
static void on_agreed(void *context, uint32_t status, const char *text)
{
    struct client *client = context;
    const struct msg_failed failed = {status, text};
    const struct spec spec = asked_for(client);
    const struct session *session;

    if (status != EXIT_DONE) {
        on_failed(&client->waiter, &failed);
    } else if ((session = flight_cached(&spec))) {
        if (hand_over(client, session))
            note(client, "served", session, "a yes at this end");
    } else {
        get_by_flight(client);
    }
}

/* An exit status, and why nobody is asked. */
static uint32_t ask_for_remote(struct client *client, const struct msg_get *asked,
                               char why[REMOTE_WHY])
{
    struct buf hops;
    struct msg_get get;
    uint32_t status = EXIT_FAILED;
    const char *wrong;

    buf_init(&hops);
    if (grant_get(remote_grant(client->remote), asked, &hops, &get, why) == 0) {
        wrong = spec_check(&(struct spec){get.key, get.duration, get.hops});
        if (wrong || message_put(&client->request, MSG_GET, &get) < 0)
            snprintf(why, REMOTE_WHY, "%s", wrong ? wrong : "out of memory");
        else
            status = remote_ask(client->remote, asked->key, &get, on_agreed, client, why);
    }
    buf_free(&hops);
    return status;
}

static int get_for_remote(struct client *client, const struct frame *frame)
{
    const struct msg_progress asking = {
        PROGRESS_PROMPT, "the person at the other end of the SSH connection is asked"};
    char why[REMOTE_WHY];
    struct msg_get asked;
    uint32_t status;

    if (message_get(frame, MSG_GET, &asked) < 0)
        return -EPROTO;
    status = ask_for_remote(client, &asked, why);
    if (status == EXIT_DONE) {
        peer_send(&client->peer, MSG_PROGRESS, &asking, -1);
        return 0;
    }
    refuse(client, status, why);
    note_refusal(client, &(struct spec){.key = asked.key}, why);
    return 0;
}

static int leave(struct client *client, const struct frame *frame)
{
    if (message_get(frame, MSG_LEAVE, NULL) < 0)
        return -EPROTO;
    client->go_on = true;
    return 0;
}

static uint32_t asked_seconds(const struct spec *spec)
{
    uint32_t role_seconds = spec_role_seconds(spec);

    if (!spec->hops.len)
        return spec->duration;
    return role_seconds ? role_seconds : ROLE_SECONDS_DEFAULT;
}

static void tell_cached(const struct session *session, void *peer)
{
    const struct msg_cached cached = {
        .key = session->spec.key,
        .role_arn = spec_role(&session->spec),
        .access_key_id = session->access_key_id,
        .duration = asked_seconds(&session->spec),
        .expiration = session->expiration,
    };

    peer_send(peer, MSG_CACHED, &cached, -1);
}

static const char *first_trouble(void)
{
    if (*log_trouble())
        return log_trouble();
    return *remote_trouble() ? remote_trouble() : watcher_trouble();
}

static int status(struct client *client, const struct frame *frame)
{
    const struct msg_places *places = operation_where();
    const struct msg_agent agent = {
        .version = AWSTAP_VERSION,
        .pid = (uint32_t)getpid(),
        .vault = places->vault,
        .state = places->state,
        .waiting = flight_count(),
        .by_unit = listens_by_unit,
        .watching = watcher_runs(),
        .screen_locked = watcher_screen_locked(),
        .trouble = first_trouble(),
    };
    const struct msg_done done = {""};

    if (message_get(frame, MSG_STATUS, NULL) < 0)
        return -EPROTO;
    peer_send(&client->peer, MSG_AGENT, &agent, -1);
    session_each(tell_cached, &client->peer);
    tending_tell(&client->peer);
    peer_send(&client->peer, MSG_DONE, &done, -1);
    end_turn(client);
    return 0;
}

static int lock(struct client *client, const struct frame *frame)
{
    const struct msg_done done = {""};

    if (message_get(frame, MSG_LOCK, NULL) < 0)
        return -EPROTO;
    lock_all("locked", "the agent was locked meanwhile; run it again");
    peer_send(&client->peer, MSG_DONE, &done, -1);
    end_turn(client);
    return 0;
}

/* An errand that asks nobody needs not know who is behind it. */
static int errand(struct client *client, const struct frame *frame)
{
    client->fd = channel_claim_fd(&client->peer.channel);
    if (message_carries_fd(frame->type) != (client->fd >= 0))
        return -EPROTO;
    if (errand_asks(frame))
        return ask_who(client, frame);
    run_errand(client, frame);
    return 0;
}

/* Where a person could be asked at the far end is of no interest here. */
static int on_remote_frame(struct client *client, const struct frame *frame)
{
    struct msg_context told;
    char why[REMOTE_WHY];

    if (frame->type == MSG_CONTEXT)
        return message_get(frame, MSG_CONTEXT, &told);
    client->asked = true;
    client->patience.deadline_ms = CLOCK_FOREVER;
    if (frame->type == MSG_GET)
        return get_for_remote(client, frame);
    remote_refusal(client->remote, why);
    refuse(client, EXIT_FAILED, why);
    return 0;
}

static void on_dropped(const struct remote *remote)
{
    struct client *client, *next;

    for (client = TAILQ_FIRST(&clients); client; client = next) {
        next = TAILQ_NEXT(client, link);
        if (client->remote == remote)
            destroy(client);
    }
}

static int request_about_remotes(struct client *client, const struct frame *frame)
{
    int r = remote_request(&client->peer, frame, on_dropped);

    end_turn(client);
    return r;
}

static int on_frame(struct peer *peer, const struct frame *frame)
{
    struct client *client = LOOP_OWNER(peer, struct client, peer);

    if (client->asked)
        return frame->type == MSG_LEAVE ? leave(client, frame) : -EPROTO;
    if (client->remote)
        return on_remote_frame(client, frame);
    if (frame->type == MSG_CONTEXT)
        return context_take(&client->context, frame);
    client->asked = true;
    client->patience.deadline_ms = CLOCK_FOREVER;
    if (errand_is(frame->type))
        return errand(client, frame);
    switch (frame->type) {
    case MSG_GET:
        return get(client, frame);
    case MSG_STATUS:
        return status(client, frame);
    case MSG_LOCK:
        return lock(client, frame);
    case MSG_SOCKET_ADD:
    case MSG_SOCKET_LIST:
    case MSG_SOCKET_REMOVE:
        return request_about_remotes(client, frame);
    default:
        return -EPROTO;
    }
}

static void on_end(struct peer *peer, int error)
{
    /* A client of another version is to learn from our HELLO which one this is. */
    if (error == -EPROTONOSUPPORT)
        channel_flush(&peer->channel);
    destroy(LOOP_OWNER(peer, struct client, peer));
}

static void on_impatience(struct timer *timer)
{
    destroy(LOOP_OWNER(timer, struct client, patience));
}

/* Who may speak to us: processes of our own user, root included only if that is who we are. */
static bool is_our_user(int fd, struct ucred *cred)
{
    socklen_t size = sizeof *cred;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, cred, &size) == 0 && cred->uid == geteuid();
}

/* One remote host must not take the places of all others. */
static bool has_place(const struct remote *remote)
{
    const struct client *client;
    size_t n = 0;

    TAILQ_FOREACH (client, &clients, link)
        n += remote && client->remote == remote;
    return n < REMOTE_CLIENTS_MAX && client_count < CLIENTS_MAX;
}

static void admit(int fd, struct remote *remote)
{
    struct ucred cred;
    bool welcome = is_our_user(fd, &cred) && has_place(remote);
    struct client *client = welcome ? calloc(1, sizeof *client) : NULL;

    if (!client) {
        close(fd);
        return;
    }
    client->remote = remote;
    if (remote)
        snprintf(client->who, sizeof client->who, "the remote host %s", remote_grant(remote)->host);
    client->fd = client->pidfd = -1;
    client->pid = (uint32_t)cred.pid;
    client->question.told = on_told;
    context_init(&client->context);
    buf_init(&client->request);
    client->peer.on_frame = on_frame;
    client->peer.on_end = on_end;
    client->waiter.issued = on_issued;
    client->waiter.failed = on_failed;
    client->waiter.progress = on_progress;
    client->patience.due = on_impatience;
    if (peer_open(&client->peer, fd) < 0) {
        free(client);
        return;
    }
    client->pidfd = (int)syscall(SYS_pidfd_open, cred.pid, 0);
    client->peer.channel.in_max = REQUEST_MAX;
    loop_time(&client->patience);
    end_turn(client);
    TAILQ_INSERT_TAIL(&clients, client, link);
    if (++client_count == CLIENTS_MAX)
        door.events = 0;
}

static void on_knock(struct watch *watch, short events)
{
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd >= 0) {
        admit(fd, NULL);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        /* No descriptor or no memory for it: it would knock for ever, so let it wait. */
        door.events = 0;
        reopening.deadline_ms = clock_boot_ms() + REOPEN_MS;
    }
}

static void on_reopening(struct timer *timer)
{
    (void)timer;
    if (client_count < CLIENTS_MAX)
        door.events = POLLIN;
}

void client_admit_remote(int fd, struct remote *from)
{
    admit(fd, from);
}

void client_listen(int socket, bool by_unit)
{
    listens_by_unit = by_unit;
    door = (struct watch){.fd = socket, .events = POLLIN, .ready = on_knock};
    loop_watch(&door);
    reopening.due = on_reopening;
    loop_time(&reopening);
}

void client_close_all(void)
{
    loop_unwatch(&door);
    while (!TAILQ_EMPTY(&clients))
        destroy(TAILQ_FIRST(&clients));
}
