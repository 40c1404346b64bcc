// SPDX-License-Identifier: BSD-2-Clause
// Starting the agent: one of many that try, with an environment of which every variable is meant.
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beside.h"
#include "clock.h"
#include "failure.h"
#include "message.h"
#include "place.h"
#include "socket.h"
#include "text.h"

#define PROGRAM  "awstap-agent"
#define UNIT     "awstap-agent.socket"
#define START_MS 5000

/*
 * The folder of the socket, made if need be. It must be ours and closed to others' writing, else
 * somebody could put a socket of his own there. An exit status and, in *folder, a descriptor.
 */
static int open_folder(const struct sockaddr_un *address, int *folder)
{
    char path[sizeof address->sun_path];
    struct stat st;

    place_parent(address->sun_path, path, sizeof path); /* it fits: there is as much room */
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return fail(EXIT_NO_AGENT, "the folder %s for the agent's socket cannot be made: %s", path,
                    strerror(errno));
    *folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*folder < 0)
        return fail(EXIT_NO_AGENT, "the folder %s for the agent's socket cannot be opened: %s",
                    path, strerror(errno));
    if (fstat(*folder, &st) < 0 || !place_is_ours_alone(&st)) {
        close(*folder);
        return fail(EXIT_NO_AGENT,
                    "the folder %s for the agent's socket is not yours alone to write in; "
                    "set AWSTAP_SOCK to a path in one that is",
                    path);
    }
    return EXIT_DONE;
}

static void wake(int number)
{
    (void)number; /* that flock() is interrupted is all */
}

/* flock() with a deadline: a timer interrupts it, again and again in case it fired too early. */
static int lock_within(int fd, int timeout_ms)
{
    const struct sigaction waker = {.sa_handler = wake};
    const struct itimerval timer = {{.tv_usec = 100000}, {.tv_sec = timeout_ms / 1000}}, off = {0};
    struct sigaction before;
    int r;

    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    sigaction(SIGALRM, &waker, &before);
    setitimer(ITIMER_REAL, &timer, NULL);
    r = flock(fd, LOCK_EX) < 0 ? -errno : 0;
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &before, NULL);
    return r == -EINTR ? -ETIMEDOUT : r;
}

/* An exit status and, in *lock, the descriptor that holds the lock until it is closed. */
static int take_lock(const struct sockaddr_un *address, int *lock)
{
    int folder = -1, r, status = open_folder(address, &folder);

    if (status != EXIT_DONE)
        return status;
    *lock = openat(folder, "agent.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    r = *lock < 0 ? -errno : 0;
    close(folder);
    /* The one before us may use up its time and fail; then it is our turn to try. */
    if (r == 0 && (r = lock_within(*lock, 2 * START_MS)) < 0)
        close(*lock);
    return r < 0 ? fail(EXIT_NO_AGENT, "the agent's lock could not be taken: %s", strerror(-r))
                 : EXIT_DONE;
}

/* Whether the agent is to see the variable. Its helpers get what of it is theirs. */
static bool is_passed_on(const char *variable)
{
    static const char *const NAMES[] = {
        "HOME",       "USER",        "LOGNAME",         "PATH",       "SHELL",
        "LANG",       "DISPLAY",     "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS",
        "TZ",         "http_proxy",  "https_proxy",     "all_proxy",  "no_proxy",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",       "NO_PROXY",   "DBUS_SYSTEM_BUS_ADDRESS",
    };

    return strncmp(variable, "LC_", 3) == 0 || strncmp(variable, "XDG_", 4) == 0 ||
           text_is_variable(NAMES, sizeof NAMES / sizeof *NAMES, variable);
}

/* Allocated; the strings are our own environment's. NULL when memory is short. */
static char **agent_environment(void)
{
    size_t count = 0, kept = 0;
    char **environment;

    while (environ[count])
        count++;
    if (!(environment = calloc(count + 1, sizeof *environment)))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (is_passed_on(environ[i]))
            environment[kept++] = environ[i];
    return environment;
}

/* stdin and stdout nowhere, stderr to us, nothing else that we inherited; a session of its own;
 * signals as new. */
static int describe_child(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                          int its_stderr)
{
    sigset_t none, all;
    int r;

    sigemptyset(&none);
    sigfillset(&all);
    if ((r = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0)) == 0 &&
        (r = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0)) == 0 &&
        (r = posix_spawn_file_actions_adddup2(actions, its_stderr, 2)) == 0 &&
        (r = posix_spawn_file_actions_addclosefrom_np(actions, 3)) == 0 &&
        (r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                      POSIX_SPAWN_SETSIGDEF)) == 0 &&
        (r = posix_spawnattr_setsigmask(attributes, &none)) == 0)
        r = posix_spawnattr_setsigdefault(attributes, &all);
    return -r;
}

/* argv[0] is the program's path. 0 and *pid, or a negative errno. */
static int spawn(char *const argv[], int its_stderr, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **environment = agent_environment();
    int r;

    if (!environment)
        return -ENOMEM;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if ((r = describe_child(&actions, &attributes, its_stderr)) == 0)
        r = -posix_spawn(pid, argv[0], &actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return r;
}

/* How pid ended, as waitpid() has it, or a negative errno; at the deadline it is told to end. */
static int await_exit(pid_t pid, uint64_t deadline_ms)
{
    struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    int status = 0, n, left;

    if (ended.fd < 0)
        return -errno;
    do {
        left = clock_left_ms(deadline_ms);
        n = poll(&ended, 1, left);
    } while (n == 0 && left > 0);
    close(ended.fd);
    if (n != 1)
        kill(pid, SIGTERM);
    if (n == 1 && waitpid(pid, &status, 0) < 0)
        return -errno;
    return n == 1 ? status : -ETIMEDOUT;
}

/* What it said for itself, its first line; or how it ended. */
static int report(const char *program, int its_stderr, int ended)
{
    static const char prefix[] = PROGRAM ": ";
    char said[512] = "";
    ssize_t n = read(its_stderr, said, sizeof said - 1);

    said[n > 0 ? n : 0] = '\0';
    said[strcspn(said, "\n")] = '\0';
    if (*said)
        return fail(EXIT_NO_AGENT, "the agent could not be started: %s",
                    strncmp(said, prefix, sizeof prefix - 1) == 0 ? said + sizeof prefix - 1
                                                                  : said);
    if (ended < 0)
        return fail(EXIT_NO_AGENT,
                    "the agent could not be started: %s; run %s --foreground to see why",
                    ended == -ETIMEDOUT ? "it is not ready after 5 s" : strerror(-ended), program);
    return fail(
        EXIT_NO_AGENT,
        "the agent could not be started: it ended with %s %d; run %s --foreground to see why",
        WIFEXITED(ended) ? "status" : "signal",
        WIFEXITED(ended) ? WEXITSTATUS(ended) : WTERMSIG(ended), program);
}

/* Whether a user manager runs that has our unit, and the unit's socket is the one that is wanted.
 */
static bool has_unit(void)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct sockaddr_un manager;

    if (!runtime || getenv("AWSTAP_SOCK") || access(USERUNITDIR "/" UNIT, F_OK) < 0)
        return false;
    snprintf(manager.sun_path, sizeof manager.sun_path, "%s/systemd/private", runtime);
    return access(manager.sun_path, F_OK) == 0;
}

/* Have systemd listen for the agent, which it starts at the first connection. */
static bool start_unit(uint64_t deadline)
{
    char program[] = "/usr/bin/systemctl", user[] = "--user", start[] = "start", unit[] = UNIT;
    char *argv[] = {program, user, start, unit, NULL};
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), r;
    pid_t pid;

    if (null < 0)
        return false;
    r = spawn(argv, null, &pid);
    close(null);
    return r == 0 && await_exit(pid, deadline) == 0;
}

/*
 * Start it and wait until it listens: its foreground process then ends with 0. An installed agent
 * is systemd's to start where it can. An exit status.
 */
static int run_agent(const char *socket)
{
    uint64_t deadline = clock_deadline_ms(START_MS);
    char program[BESIDE_MAX], option[] = "--socket";
    char path[sizeof((struct sockaddr_un *)0)->sun_path + 1];
    char *argv[] = {program, option, path, NULL};
    int ends[2], r, status;
    pid_t pid;

    if (beside_path(PROGRAM, program, sizeof program) < 0 || access(program, X_OK) < 0) {
        snprintf(program, sizeof program, "%s", LIBEXECDIR "/" PROGRAM);
        if (has_unit() && start_unit(deadline))
            return EXIT_DONE;
    }
    snprintf(path, sizeof path, "%s", socket);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return fail(EXIT_NO_AGENT, "the agent could not be started: %s", strerror(errno));
    r = spawn(argv, ends[1], &pid);
    close(ends[1]);
    if (r < 0)
        status = fail(EXIT_NO_AGENT,
                      "the agent could not be started: %s: %s; is awstap installed as a whole?",
                      program, strerror(-r));
    else
        status = (r = await_exit(pid, deadline)) == 0 ? EXIT_DONE : report(program, ends[0], r);
    close(ends[0]);
    return status;
}

int start_agent(const struct sockaddr_un *address, int *fd)
{
    int lock, status = take_lock(address, &lock);

    if (status != EXIT_DONE)
        return status;
    *fd = socket_connect(address); /* whoever had the lock before us may have started it */
    if ((*fd == -ENOENT || *fd == -ECONNREFUSED) &&
        (status = run_agent(address->sun_path)) == EXIT_DONE)
        *fd = socket_connect(address);
    close(lock);
    return status;
}
