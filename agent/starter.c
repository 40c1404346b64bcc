// SPDX-License-Identifier: BSD-2-Clause
// The starter: posix_spawn of the programs beside the agent, with nothing inherited but a
// conversation.
#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "beside.h"
#include "channel.h"
#include "harden.h"
#include "who.h"

#define SEND_MS 5000 /* the agent reads at once, or is dead */
#define ENV_MAX 16

static const char *const NAMES[] = {[PROGRAM_SIGNER] = "awstap-signer",
                                    [PROGRAM_FIDO] = "awstap-fido",
                                    [PROGRAM_NET] = "awstap-net",
                                    [PROGRAM_PROMPT] = "awstap-prompt",
                                    [PROGRAM_WATCH] = "awstap-watch"};
#define PROGRAMS (sizeof NAMES / sizeof *NAMES)

static char paths[PROGRAMS][BESIDE_MAX];

/* All that a helper gets of our environment. */
static const char *const OF_NET[] = {"http_proxy=", "https_proxy=", "HTTPS_PROXY=", "all_proxy=",
                                     "ALL_PROXY=",  "no_proxy=",    "NO_PROXY=",    NULL};
static const char *const OF_PROMPT[] = {"HOME=", "XDG_RUNTIME_DIR=", "LANG=", NULL};
static const char *const OF_WATCH[] = {
    "DBUS_SESSION_BUS_ADDRESS=", "DBUS_SYSTEM_BUS_ADDRESS=", "XDG_RUNTIME_DIR=", NULL};
static const char *const NOTHING[] = {NULL};
static const char *const *const KEPT[] = {[PROGRAM_SIGNER] = NOTHING,
                                          [PROGRAM_FIDO] = NOTHING,
                                          [PROGRAM_NET] = OF_NET,
                                          [PROGRAM_PROMPT] = OF_PROMPT,
                                          [PROGRAM_WATCH] = OF_WATCH};

static void helper_environment(uint32_t program, char **environment)
{
    size_t n = 0;

    for (char **entry = environ; *entry; entry++)
        for (const char *const *kept = KEPT[program]; *kept && n < ENV_MAX - 1; kept++)
            if (strncmp(*entry, *kept, strlen(*kept)) == 0)
                environment[n++] = *entry;
    environment[n] = NULL;
}

static int spawn_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int r;

    sigemptyset(&none);
    sigfillset(&all);
    if ((r = posix_spawnattr_init(attributes)))
        return r;
    if ((r = posix_spawnattr_setsigmask(attributes, &none)) ||
        (r = posix_spawnattr_setsigdefault(attributes, &all)) ||
        (r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)))
        posix_spawnattr_destroy(attributes);
    return r;
}

static int spawn_files(posix_spawn_file_actions_t *files, int conversation)
{
    int r;

    if ((r = posix_spawn_file_actions_init(files)))
        return r;
    if ((r = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0)) ||
        (r = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0)) ||
        (r = posix_spawn_file_actions_adddup2(files, conversation, CHANNEL_HELPER_FD)) ||
        (r = posix_spawn_file_actions_addclosefrom_np(files, CHANNEL_HELPER_FD + 1)))
        posix_spawn_file_actions_destroy(files);
    return r;
}

/* 0 and *pid, or the errno that posix_spawn gives, the failed exec's included. */
static int spawn_helper(uint32_t program, int conversation, pid_t *pid)
{
    char *environment[ENV_MAX], *arguments[] = {paths[program], NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int r;

    helper_environment(program, environment);
    if ((r = spawn_attributes(&attributes)))
        return r;
    if (!(r = spawn_files(&files, conversation))) {
        r = posix_spawn(pid, paths[program], &files, &attributes, arguments, environment);
        posix_spawn_file_actions_destroy(&files);
    }
    posix_spawnattr_destroy(&attributes);
    return r;
}

static void reap(int signal)
{
    int saved = errno;

    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved;
}

/* SIGCHLD waits meanwhile, so that the pid can't be reaped and given away before it has a pidfd. */
static int start(uint32_t program, int conversation, pid_t *pid)
{
    sigset_t child, before;
    int r, pidfd = -1;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    r = spawn_helper(program, conversation, pid);
    if (!r && (pidfd = (int)syscall(SYS_pidfd_open, *pid, 0)) < 0) {
        r = errno;
        kill(*pid, SIGKILL);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r ? -r : pidfd;
}

static int answer(struct channel *agent, uint32_t program, int conversation)
{
    struct msg_failed failed = {.status = EXIT_FAILED};
    struct msg_started started;
    char text[BESIDE_MAX + 64];
    pid_t pid = 0;
    int pidfd = start(program, conversation, &pid);

    close(conversation);
    if (pidfd >= 0) {
        started.pid = (uint32_t)pid;
        return channel_send(agent, MSG_STARTED, &started, pidfd, SEND_MS);
    }
    snprintf(text, sizeof text, "cannot start %.900s: %s; install awstap again", paths[program],
             strerror(-pidfd));
    failed.text = text;
    return channel_send(agent, MSG_FAILED, &failed, -1, SEND_MS);
}

static int tell_who(struct channel *agent, pid_t pid, int pidfd)
{
    char text[WHO_SIZE];
    const struct msg_asker asker = {text};

    who_is(pid, pidfd, text);
    close(pidfd);
    return channel_send(agent, MSG_ASKER, &asker, -1, SEND_MS);
}

static int serve(struct channel *agent)
{
    struct msg_start request = {0};
    struct msg_who who = {0};
    struct frame frame;
    int r, fd;

    if ((r = channel_receive(agent, &frame, -1)) <= 0)
        return r < 0 ? r : -EPIPE;
    fd = channel_claim_fd(agent);
    if ((r = message_get(&frame, MSG_START, &request)) < 0)
        r = message_get(&frame, MSG_WHO, &who);
    channel_drop(agent, &frame);
    if (r < 0 || fd < 0 || request.program >= PROGRAMS || (!who.pid && !NAMES[request.program]))
        return -EPROTO;
    return who.pid ? tell_who(agent, (pid_t)who.pid, fd) : answer(agent, request.program, fd);
}

static int prepare(struct channel *agent, int fd)
{
    struct sigaction reaper = {.sa_handler = reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    int r = 0;

    for (size_t i = 0; i < PROGRAMS; i++)
        if (NAMES[i] && (r = beside_path(NAMES[i], paths[i], sizeof paths[i])) < 0)
            return r;
    /* Ctrl-C in the terminal of an agent in the foreground is the agent's to answer. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (sigaction(SIGCHLD, &reaper, NULL) < 0)
        return -errno;
    if ((r = harden_process()) < 0 || (r = arena_open((size_t)256 * 1024, ARENA_LOCK_WANTED)) < 0)
        return r;
    return channel_open(agent, fd);
}

/* Keep nothing of who started the agent: not its terminal, not its pipes, not its folder. */
static int let_go(int *conversation, bool keep_stderr)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        (!keep_stderr && dup2(null, STDERR_FILENO) < 0) || chdir("/") < 0)
        return -errno;
    if (*conversation != CHANNEL_HELPER_FD && dup2(*conversation, CHANNEL_HELPER_FD) < 0)
        return -errno;
    *conversation = CHANNEL_HELPER_FD;
    closefrom(CHANNEL_HELPER_FD + 1);
    return 0;
}

static _Noreturn void run(int fd, bool keep_stderr)
{
    struct channel agent;
    int r = let_go(&fd, keep_stderr);

    if (r >= 0)
        r = prepare(&agent, fd);

    while (r >= 0)
        r = serve(&agent);
    _exit(r == -EPIPE ? 0 : 1);
}

int starter_fork(bool keep_stderr)
{
    int ends[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    if ((pid = fork()) < 0) {
        int r = -errno;

        close(ends[0]);
        close(ends[1]);
        return r;
    }
    if (pid == 0) {
        close(ends[0]);
        run(ends[1], keep_stderr);
    }
    close(ends[1]);
    return ends[0];
}
