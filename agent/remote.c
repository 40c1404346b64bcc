// SPDX-License-Identifier: BSD-2-Clause
// Remote hosts: their sockets, and the person who answers for them.
#include "remote.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agreement.h"
#include "clock.h"
#include "loop.h"
#include "remote_file.h"
#include "socket.h"
#include "watcher.h"

/* How often a host may have the person asked: it may have been broken into. */
#define QUIET_MS   (60 * 1000u) /* after a no, or no answer */
#define ASKS_MAX   10           /* within */
#define ASKS_IN_MS (10 * 60 * 1000u)
#define REOPEN_MS  200 /* when no further connection can be taken in */
#define PATH_SIZE  sizeof((struct sockaddr_un *)NULL)->sun_path
#define STAKE_SIZE 1000

struct remote {
    TAILQ_ENTRY(remote) link;
    struct grant grant; /* its texts stand behind the remote */
    char path[PATH_SIZE];
    struct stat made;
    struct watch door;
    struct timer reopening;
    struct agreement *agreement; /* NULL: the person is not being asked */
    void (*answered)(void *context, uint32_t status, const char *text);
    void *context;
    uint64_t asked_ms[ASKS_MAX]; /* the last times, in a ring */
    size_t next;
    uint64_t quiet_until_ms;
};

static TAILQ_HEAD(, remote) remotes = TAILQ_HEAD_INITIALIZER(remotes);
static const char *agent_socket, *state_folder;
static void (*on_connection)(int fd, struct remote *from);
static char trouble[256];
static bool damaged; /* the file can't be read, and is not replaced */

const char *remote_trouble(void)
{
    return trouble;
}

const struct grant *remote_grant(const struct remote *remote)
{
    return &remote->grant;
}

void remote_each(void (*visit)(const struct grant *grant, const char *path, void *context),
                 void *context)
{
    const struct remote *remote;

    TAILQ_FOREACH (remote, &remotes, link)
        visit(&remote->grant, remote->path, context);
}

static struct remote *find(const char *host)
{
    struct remote *remote;

    TAILQ_FOREACH (remote, &remotes, link)
        if (strcmp(remote->grant.host, host) == 0)
            break;
    return remote;
}

static void on_knock(struct watch *watch, short events)
{
    struct remote *remote = LOOP_OWNER(watch, struct remote, door);
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd >= 0) {
        on_connection(fd, remote);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        remote->door.events = 0;
        remote->reopening.deadline_ms = clock_boot_ms() + REOPEN_MS;
    }
}

static void on_reopening(struct timer *timer)
{
    LOOP_OWNER(timer, struct remote, reopening)->door.events = POLLIN;
}

/* Beside the agent's own socket, which it must not be. */
static int path_of(const char *host, char path[PATH_SIZE])
{
    const char *slash = strrchr(agent_socket, '/');
    int n = slash ? snprintf(path, PATH_SIZE, "%.*s/%s.sock", (int)(slash - agent_socket),
                             agent_socket, host)
                  : -1;

    return n < 0 || (size_t)n >= PATH_SIZE || strcmp(path, agent_socket) == 0 ? -EINVAL : 0;
}

/* A copy of the grant, that listens nowhere yet; NULL: memory is short, or the path too long. */
static struct remote *create(const struct grant *grant)
{
    size_t host_size = strlen(grant->host) + 1;
    struct remote *remote = calloc(1, sizeof *remote + host_size + grant->allow.len);
    char *texts = (char *)(remote + 1);

    if (!remote || path_of(grant->host, remote->path) < 0) {
        free(remote);
        return NULL;
    }
    memcpy(texts, grant->host, host_size);
    memcpy(texts + host_size, grant->allow.data, grant->allow.len);
    remote->grant =
        (struct grant){texts, grant->max_duration, {texts + host_size, grant->allow.len}};
    return remote;
}

static int open_door(struct remote *remote)
{
    int fd = socket_listen_also(remote->path, &remote->made);

    if (fd < 0)
        return fd;
    remote->door = (struct watch){.fd = fd, .events = POLLIN, .ready = on_knock};
    remote->reopening.due = on_reopening;
    loop_watch(&remote->door);
    loop_time(&remote->reopening);
    TAILQ_INSERT_TAIL(&remotes, remote, link);
    return 0;
}

static void destroy(struct remote *remote)
{
    if (remote->agreement)
        agreement_cancel(remote->agreement);
    loop_unwatch(&remote->door);
    loop_untime(&remote->reopening);
    close(remote->door.fd);
    socket_unlink(remote->path, &remote->made);
    TAILQ_REMOVE(&remotes, remote, link);
    loop_free(remote);
}

/* Why open_door() did not, for a person. */
static const char *reason_of(int r)
{
    switch (r) {
    case -EADDRINUSE:
        return "another program listens at that path; end it, or give the host another name";
    case -ENOTSOCK:
        return "something else has that path; remove it, or give the host another name";
    default:
        return strerror(-r);
    }
}

/* One that can't be listened for leaves the others as they are. */
static int add_from_file(const struct grant *grant)
{
    struct remote *remote = find(grant->host) ? NULL : create(grant);
    int r = remote ? open_door(remote) : -EPROTO;

    if (r == 0)
        return 0;
    snprintf(trouble, sizeof trouble, "the socket for the remote host %.64s does not work: %s",
             grant->host, reason_of(r));
    free(remote);
    return 0;
}

void remote_open(const char *socket, const char *state, void (*knock)(int fd, struct remote *from))
{
    int r;

    agent_socket = socket;
    state_folder = state;
    on_connection = knock;
    if ((r = remote_file_read(state, add_from_file)) == 0)
        return;
    damaged = true;
    snprintf(trouble, sizeof trouble,
             "%.120s/sockets %s; remote hosts are not served: remove it, end the agent, and add "
             "them again",
             state, r == -EPROTO ? "is damaged" : strerror(-r));
}

void remote_close(void)
{
    while (!TAILQ_EMPTY(&remotes))
        destroy(TAILQ_FIRST(&remotes));
}

static int refuse(char why[REMOTE_WHY], const char *text)
{
    snprintf(why, REMOTE_WHY, "%s", text);
    return -1;
}

/* The file as it is to be: all hosts but one, and grant where it is not NULL. */
static int save(const char *without, const struct grant *grant)
{
    const struct remote *remote;
    struct buf content;
    int r;

    buf_init(&content);
    r = remote_file_begin(&content);
    TAILQ_FOREACH (remote, &remotes, link)
        if (r == 0 && strcmp(remote->grant.host, without) != 0)
            r = remote_file_add(&content, &remote->grant);
    if (r == 0 && grant)
        r = remote_file_add(&content, grant);
    if (r == 0)
        r = remote_file_write(state_folder, &content);
    buf_free(&content);
    return r;
}

static size_t count(void)
{
    const struct remote *remote;
    size_t n = 0;

    TAILQ_FOREACH (remote, &remotes, link)
        n++;
    return n;
}

static void drop(struct remote *remote, void (*dropped)(const struct remote *remote))
{
    if (!remote)
        return;
    dropped(remote);
    destroy(remote);
}

int remote_add(const struct grant *grant, void (*dropped)(const struct remote *remote),
               char why[REMOTE_WHY])
{
    struct remote *before = find(grant->host), *remote;
    const char *wrong = grant_check(grant);
    int r;

    if (wrong)
        return refuse(why, wrong);
    if (damaged)
        return refuse(why, trouble);
    if (!before && count() == REMOTE_HOSTS_MAX)
        return refuse(why, "16 hosts have a socket already; remove one first");
    if (!(remote = create(grant)))
        return refuse(why, "a socket of that name can't be made beside the agent's own");
    if ((r = save(grant->host, grant)) < 0) {
        free(remote);
        snprintf(why, REMOTE_WHY, "%.200s/sockets can't be written: %s", state_folder,
                 strerror(-r));
        return -1;
    }
    drop(before, dropped);
    if ((r = open_door(remote)) == 0)
        return 0;
    snprintf(why, REMOTE_WHY, "%s: %s", remote->path, reason_of(r));
    free(remote);
    (void)save(grant->host, NULL); /* or it is told again when the agent is started */
    return -1;
}

int remote_remove(const char *host, void (*dropped)(const struct remote *remote),
                  char why[REMOTE_WHY])
{
    struct remote *remote = find(host);
    int r;

    if (!remote)
        return refuse(why,
                      damaged ? trouble : "no such host has a socket; see `awstap socket list`");
    if ((r = save(host, NULL)) < 0) {
        snprintf(why, REMOTE_WHY, "%.200s/sockets can't be written: %s", state_folder,
                 strerror(-r));
        return -1;
    }
    drop(remote, dropped);
    return 0;
}

void remote_refusal(const struct remote *remote, char why[REMOTE_WHY])
{
    char names[160];

    grant_names(&remote->grant.allow, names, sizeof names);
    snprintf(why, REMOTE_WHY,
             "this socket is for the remote host %s, and only for awstap get and exec of: %s",
             remote->grant.host, names);
}

static void on_answer(void *context, uint32_t status, const char *text)
{
    struct remote *remote = context;

    remote->agreement = NULL;
    if (status != EXIT_DONE)
        remote->quiet_until_ms = clock_boot_ms() + QUIET_MS;
    remote->answered(remote->context, status, text);
}

/* Why the person is left in peace, or NULL. */
static const char *must_not_ask(const struct remote *remote)
{
    uint64_t now = clock_boot_ms(), oldest = remote->asked_ms[remote->next];

    if (remote->agreement)
        return "the person is being asked already, for another request of this host; run it again "
               "after that";
    if (now < remote->quiet_until_ms)
        return "the person has just said no, or has not answered; run it again in a minute";
    if (oldest && now - oldest < ASKS_IN_MS)
        return "this host has asked 10 times within 10 minutes; run it again later";
    if (watcher_screen_locked())
        return "the screen where the person is asked is locked; unlock it and run it again";
    return NULL;
}

uint32_t remote_ask(struct remote *remote, const char *name, const struct msg_get *get,
                    void (*answered)(void *context, uint32_t status, const char *text),
                    void *context, char why[REMOTE_WHY])
{
    const char *unasked = must_not_ask(remote);
    char stake[STAKE_SIZE];

    if (unasked) {
        refuse(why, unasked);
        return EXIT_PERSON;
    }
    grant_stake(&remote->grant, name, get, stake, sizeof stake);
    remote->answered = answered;
    remote->context = context;
    if (!(remote->agreement = agreement_ask(stake, on_answer, remote))) {
        refuse(why, "out of memory");
        return EXIT_FAILED;
    }
    remote->asked_ms[remote->next] = clock_boot_ms();
    remote->next = (remote->next + 1) % ASKS_MAX;
    return EXIT_DONE;
}

void remote_withdraw(struct remote *remote, const void *context)
{
    if (!remote->agreement || remote->context != context)
        return;
    agreement_cancel(remote->agreement);
    remote->agreement = NULL;
    remote->quiet_until_ms = clock_boot_ms() + QUIET_MS;
}
