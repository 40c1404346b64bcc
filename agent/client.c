// SPDX-License-Identifier: BSD-2-Clause
// Clients: who connects, what they ask, and what they wait for.
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "flight.h"
#include "operation.h"

#define CLIENTS_MAX                                                                                \
    256 /* more at once than most builds run; further ones wait in the socket's backlog */
#define REOPEN_MS 200   /* when no further client can be taken in */
#define SILENT_MS 10000 /* to say what it wants, and to leave when it has been told */

struct client {
    TAILQ_ENTRY(client) link;
    struct peer peer;
    struct waiter waiter;
    struct errand *errand;
    struct timer patience; /* runs while it is the client's turn */
    bool asked, go_on;
};

static TAILQ_HEAD(, client) clients = TAILQ_HEAD_INITIALIZER(clients);
static size_t client_count;
static struct watch door;
static bool listens_by_unit;
static struct timer reopening;

static void destroy(struct client *client)
{
    flight_leave(&client->waiter, client->go_on);
    if (client->errand)
        errand_cancel(client->errand);
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

static void on_issued(struct waiter *waiter, const struct session *session)
{
    struct client *client = LOOP_OWNER(waiter, struct client, waiter);
    const struct msg_session answer = {
        .access_key_id = session->access_key_id,
        .secret_access_key = session->secret_access_key,
        .session_token = session->session_token,
        .expiration = session->expiration,
        .account = session->account,
        .region = session->region,
    };

    peer_send(&client->peer, MSG_SESSION, &answer, -1);
    end_turn(client);
}

static void on_failed(struct waiter *waiter, const struct msg_failed *failed)
{
    refuse(LOOP_OWNER(waiter, struct client, waiter), failed->status, failed->text);
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

static int get(struct client *client, const struct frame *frame)
{
    struct msg_get request;
    struct spec spec = {0};

    if (message_get(frame, MSG_GET, &request) < 0)
        return -EPROTO;
    spec.duration = request.duration ? request.duration : SESSION_SECONDS_DEFAULT;
    if (!request.key[0] || strlen(request.key) >= sizeof spec.key) {
        refuse(client, EXIT_USAGE, "a key's name has 1 to 64 characters");
    } else if (spec.duration < SESSION_SECONDS_MIN || spec.duration > SESSION_SECONDS_MAX) {
        refuse(client, EXIT_USAGE, "a session lasts 900 to 129600 seconds; ask for that");
    } else {
        strcpy(spec.key, request.key);
        flight_get(&spec, &client->waiter);
    }
    return 0;
}

static int leave(struct client *client, const struct frame *frame)
{
    if (message_get(frame, MSG_LEAVE, NULL) < 0)
        return -EPROTO;
    client->go_on = true;
    return 0;
}

static void tell_cached(const struct session *session, void *peer)
{
    const struct msg_cached cached = {
        .key = session->spec.key,
        .access_key_id = session->access_key_id,
        .duration = session->spec.duration,
        .expiration = session->expiration,
    };

    peer_send(peer, MSG_CACHED, &cached, -1);
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
    };
    const struct msg_done done = {""};

    if (message_get(frame, MSG_STATUS, NULL) < 0)
        return -EPROTO;
    peer_send(&client->peer, MSG_AGENT, &agent, -1);
    session_each(tell_cached, &client->peer);
    peer_send(&client->peer, MSG_DONE, &done, -1);
    end_turn(client);
    return 0;
}

static int lock(struct client *client, const struct frame *frame)
{
    const struct msg_done done = {""};

    if (message_get(frame, MSG_LOCK, NULL) < 0)
        return -EPROTO;
    session_forget(NULL);
    flight_cancel_all(EXIT_PERSON, "the agent was locked meanwhile; run it again");
    peer_send(&client->peer, MSG_DONE, &done, -1);
    end_turn(client);
    return 0;
}

static int run_errand(struct client *client, const struct frame *frame)
{
    client->errand =
        errand_run(&client->peer, frame, channel_claim_fd(&client->peer.channel), on_errand_end);
    return client->errand ? 0 : -EPROTO;
}

static int on_frame(struct peer *peer, const struct frame *frame)
{
    struct client *client = LOOP_OWNER(peer, struct client, peer);

    if (client->asked)
        return frame->type == MSG_LEAVE ? leave(client, frame) : -EPROTO;
    client->asked = true;
    client->patience.deadline_ms = CLOCK_FOREVER;
    if (errand_is(frame->type))
        return run_errand(client, frame);
    switch (frame->type) {
    case MSG_GET:
        return get(client, frame);
    case MSG_STATUS:
        return status(client, frame);
    case MSG_LOCK:
        return lock(client, frame);
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
static bool is_our_user(int fd)
{
    struct ucred cred;
    socklen_t size = sizeof cred;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0 && cred.uid == geteuid();
}

static void admit(int fd)
{
    struct client *client = is_our_user(fd) ? calloc(1, sizeof *client) : NULL;

    if (!client) {
        close(fd);
        return;
    }
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
        admit(fd);
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
