// SPDX-License-Identifier: BSD-2-Clause
// Running a pinentry, and talking to it.
#include "pinentry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"

#define GRACE_MS  1000 /* to end by itself, and then to end on SIGTERM */
#define HELD_SIZE ((size_t)2 * ASSUAN_LINE_SIZE)

enum { READ, WRITE };

/* What becomes its descriptors 0, 1 and 2. */
struct streams {
    int in, out, err;
};

/* In the child, which shares our memory until it has become the other program. */
static _Noreturn void become(const char *path, char *const environment[],
                             const struct streams *streams, volatile int *error)
{
    static char name[] = "pinentry";
    char *const arguments[] = {name, NULL};
    const struct sigaction usual = {.sa_handler = SIG_DFL};

    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && setpgid(0, 0) == 0 &&
        sigaction(SIGPIPE, &usual, NULL) == 0 && dup2(streams->in, STDIN_FILENO) >= 0 &&
        dup2(streams->out, STDOUT_FILENO) >= 0 && dup2(streams->err, STDERR_FILENO) >= 0)
        execve(path, arguments, environment);
    *error = errno;
    _exit(1);
}

/*
 * vfork() for what posix_spawn() cannot do: to bind the child's life to ours, however we end. The
 * errno of a failed exec comes back through the memory that both share. Every descriptor of ours
 * is close-on-exec. Returns the pid or a negative errno.
 */
static pid_t run(const char *path, char *const environment[], const struct streams *streams)
{
    volatile int error = 0;
    pid_t pid = vfork();

    if (pid < 0)
        return -errno;
    if (pid == 0)
        become(path, environment, streams, &error);
    if (!error)
        return pid;
    waitpid(pid, NULL, 0);
    return -error;
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* With pipes to and from it. 0 or a negative errno. */
static int connect_and_run(struct pinentry *pinentry, const char *path, char *const environment[])
{
    int fds[] = {-1, -1, -1, -1, -1}, *to = fds, *from = fds + 2, *null = fds + 4, r;

    if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0 ||
        (*null = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0) {
        r = -errno;
    } else {
        const struct streams streams = {to[READ], from[WRITE], *null};

        r = pinentry->pid = run(path, environment, &streams);
    }
    if (r < 0) {
        pinentry->pid = 0;
        close_all(fds, sizeof fds / sizeof *fds);
        return r;
    }
    pinentry->to = to[WRITE];
    pinentry->from = from[READ];
    to[WRITE] = from[READ] = -1;
    close_all(fds, sizeof fds / sizeof *fds);
    return 0;
}

int pinentry_start(struct pinentry *pinentry, const char *path, char *const environment[],
                   int conversation)
{
    int r;

    *pinentry = (struct pinentry){.conversation = conversation};
    if (!(pinentry->held = arena_alloc(HELD_SIZE)))
        return -ENOMEM;
    if ((r = connect_and_run(pinentry, path, environment)) < 0) {
        arena_free(pinentry->held);
        return r;
    }
    if ((pinentry->pidfd = (int)syscall(SYS_pidfd_open, pinentry->pid, 0)) >= 0)
        return 0;
    r = -errno;
    pinentry_stop(pinentry, false);
    return r;
}

int pinentry_tell(struct pinentry *pinentry, const char *command, const char *text)
{
    char line[ASSUAN_LINE_SIZE];
    size_t len = assuan_command(line, command, text);
    ssize_t n;

    /* Less than PIPE_BUF, to a pipe that is empty but for what it has not answered yet. */
    do
        n = write(pinentry->to, line, len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

/* The line that was read last is dropped, and wiped. */
static void drop_line(struct pinentry *pinentry)
{
    size_t rest = pinentry->held_len - pinentry->read_len;

    memmove(pinentry->held, pinentry->held + pinentry->read_len, rest);
    explicit_bzero(pinentry->held + rest, pinentry->read_len);
    pinentry->held_len = rest;
    pinentry->read_len = 0;
}

/* 0: something is to be read from it, or a negative errno as pinentry_hear(). */
static int await(const struct pinentry *pinentry, uint64_t deadline_ms)
{
    struct pollfd pollfds[] = {{.fd = pinentry->conversation, .events = POLLIN},
                               {.fd = pinentry->from, .events = POLLIN}};
    int left;

    while ((left = clock_left_ms(deadline_ms)) != 0) {
        if (poll(pollfds, 2, left) <= 0)
            continue;
        if (pollfds[0].revents)
            return -ECANCELED;
        return 0;
    }
    return -ETIMEDOUT;
}

int pinentry_hear(struct pinentry *pinentry, struct assuan_line *line, uint64_t deadline_ms)
{
    const char *newline;
    ssize_t n;
    int r;

    drop_line(pinentry);
    while (!(newline = memchr(pinentry->held, '\n', pinentry->held_len))) {
        if (pinentry->held_len > ASSUAN_LINE_MAX + 1)
            return -EPROTO;
        if ((r = await(pinentry, deadline_ms)) < 0)
            return r;
        n = read(pinentry->from, pinentry->held + pinentry->held_len,
                 HELD_SIZE - pinentry->held_len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return 0;
        pinentry->held_len += n > 0 ? (size_t)n : 0;
    }
    pinentry->read_len = (size_t)(newline - pinentry->held) + 1;
    if (pinentry->read_len > ASSUAN_LINE_MAX + 2)
        return -EPROTO;
    assuan_parse(pinentry->held, pinentry->read_len - 1, line);
    return 1;
}

/* Whether it has ended within the grace, which real time measures: it is real work that it does. */
static bool has_ended(const struct pinentry *pinentry)
{
    struct pollfd pollfd = {.fd = pinentry->pidfd, .events = POLLIN};

    return pinentry->pidfd >= 0 && poll(&pollfd, 1, GRACE_MS) == 1;
}

/* Those that it started are meant as well; one that is stopped wakes up to end. */
static void signal_group(const struct pinentry *pinentry, int number)
{
    kill(-pinentry->pid, number);
    kill(-pinentry->pid, SIGCONT);
}

void pinentry_stop(struct pinentry *pinentry, bool has_answered)
{
    bool ended;

    if (!pinentry->pid)
        return;
    if (has_answered)
        (void)pinentry_tell(pinentry, "BYE", "");
    close(pinentry->to);
    ended = has_answered && has_ended(pinentry);
    if (!ended) {
        signal_group(pinentry, SIGTERM);
        ended = has_ended(pinentry);
    }
    if (!ended)
        signal_group(pinentry, SIGKILL);
    waitpid(pinentry->pid, NULL, 0);
    close(pinentry->from);
    if (pinentry->pidfd >= 0)
        close(pinentry->pidfd);
    arena_free(pinentry->held);
    *pinentry = (struct pinentry){0};
}
