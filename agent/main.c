// SPDX-License-Identifier: BSD-2-Clause
// awstap-agent: holds sessions, and sees to it that a person is asked once.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "arena.h"
#include "authority.h"
#include "client.h"
#include "clock.h"
#include "context.h"
#include "flight.h"
#include "harden.h"
#include "helper.h"
#include "lock.h"
#include "log.h"
#include "loop.h"
#include "notice.h"
#include "opening.h"
#include "operation.h"
#include "place.h"
#include "remote.h"
#include "session.h"
#include "socket.h"
#include "starter.h"
#include "tending.h"
#include "watcher.h"

#define ARENA_SIZE ((size_t)4 * 1024 * 1024) /* within the usual RLIMIT_MEMLOCK of 8 MiB */

struct options {
    char socket[sizeof((struct sockaddr_un *)NULL)->sun_path];
    char vault[PATH_MAX], state[PATH_MAX], pinentry[PATH_MAX];
    bool foreground;
};

static const char USAGE[] =
    "usage: awstap-agent [--socket PATH] [--vault PATH] [--state DIR]\n"
    "                    [--pinentry-program PATH] [--foreground]\n"
    "\n"
    "Holds AWS sessions for the awstap command, which starts it when it is needed.\n"
    "  --socket PATH   listen here; default $AWSTAP_SOCK or $XDG_RUNTIME_DIR/awstap/agent.sock\n"
    "  --vault PATH    the vault; default $XDG_DATA_HOME/awstap/vault\n"
    "  --state DIR     the state folder; default $XDG_STATE_HOME/awstap\n"
    "  --pinentry-program PATH\n"
    "                  what asks the person; default pinentry, or pinentry-curses at a terminal\n"
    "  --foreground    stay in the foreground\n"
    "  --version, --help\n";

static volatile sig_atomic_t stop;
static bool starter_died;

static void on_signal(int signal)
{
    (void)signal;
    stop = 1;
}

static void on_starter_death(void)
{
    starter_died = true;
    stop = 1;
}

/* Say why we end, in one line. */
static __attribute__((format(printf, 1, 2))) int complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("awstap-agent: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return -1;
}

/* What came of looking for a default place. */
static int found(int r, const char *variable)
{
    if (r == -ENOENT)
        return complain("neither %s nor HOME is set; set HOME, or give --vault and --state",
                        variable);
    return r < 0 ? complain("%s: the path is too long", variable) : 0;
}

static int copy_option(const char *name, const char *value, char *to, size_t size)
{
    if (value[0] != '/')
        return complain("--%s wants an absolute path", name);
    if (strlen(value) >= size)
        return complain("--%s: a path here has at most %zu characters", name, size - 1);
    strcpy(to, value);
    return 0;
}

/* Returns -1 when the command line is wrong (said already), 1 when all that was asked has been
 * printed. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"socket", required_argument, NULL, 's'},
        {"vault", required_argument, NULL, 'v'},
        {"state", required_argument, NULL, 'd'},
        {"pinentry-program", required_argument, NULL, 'p'},
        {"foreground", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int c, r = 0;

    while (r == 0 && (c = getopt_long(argc, argv, "", known, NULL)) != -1)
        switch (c) {
        case 's':
            r = copy_option("socket", optarg, options->socket, sizeof options->socket);
            break;
        case 'v':
            r = copy_option("vault", optarg, options->vault, sizeof options->vault);
            break;
        case 'd':
            r = copy_option("state", optarg, options->state, sizeof options->state);
            break;
        case 'p':
            r = copy_option("pinentry-program", optarg, options->pinentry,
                            sizeof options->pinentry);
            break;
        case 'f':
            options->foreground = true;
            break;
        case 'h':
            fputs(USAGE, stdout);
            return 1;
        case 'V':
            puts("awstap-agent " AWSTAP_VERSION);
            return 1;
        default:
            return -1;
        }
    if (r == 0 && optind < argc)
        r = complain("unknown argument %s; see awstap-agent --help", argv[optind]);
    return r;
}

static int fill_defaults(struct options *options)
{
    int r;

    if (!options->vault[0] && found(place_xdg("XDG_DATA_HOME", ".local/share", "/vault",
                                              options->vault, sizeof options->vault),
                                    "XDG_DATA_HOME") < 0)
        return -1;
    if (!options->state[0] &&
        found(place_state(options->state, sizeof options->state), "XDG_STATE_HOME") < 0)
        return -1;
    if (options->socket[0])
        return 0;
    r = place_socket(options->socket, sizeof options->socket);
    if (r == -ENOENT)
        return complain("XDG_RUNTIME_DIR is not set; set it, or give --socket");
    return r < 0 ? complain("the socket's path is too long; set AWSTAP_SOCK to a short one") : 0;
}

/*
 * Go on in the background, in a session of our own. The foreground process stays until we listen,
 * and ends with status 0 then: whoever started us may connect when it has ended. *ready is to be
 * closed at that moment.
 */
static int detach(int *ready)
{
    int ends[2];
    pid_t pid;
    char byte;

    if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        return complain("cannot start: %s", strerror(errno));
    if (pid > 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[0]);
    setsid();
    *ready = ends[1];
    return 0;
}

/* We listen: let the foreground process end, and leave its terminal. */
static int report_ready(int ready)
{
    int null;

    if (ready < 0)
        return 0;
    if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0 || dup2(null, 0) < 0 ||
        dup2(null, 1) < 0 || dup2(null, 2) < 0 || chdir("/") < 0 || write(ready, "", 1) != 1)
        return -1;
    close(null);
    close(ready);
    return 0;
}

static void on_sleep(void)
{
    lock_all("sleep", "the machine went to sleep; run it again");
    helper_when_ended(watcher_ready);
}

static void on_screen_locked(void)
{
    static const char why[] = "the screen was locked meanwhile; unlock it and run it again";

    lock_on(LOCK_ON_SCREEN, "screen locked", why);
    flight_cancel_all(EXIT_PERSON, why);
}

static void on_key_removed(void)
{
    lock_on(LOCK_ON_REMOVAL, "security key removed", LOCK_KEY_PULLED);
    opening_pulled();
    operation_plugged();
}

/* Whoever ends it may be about to do what it watches for. */
static void on_watch_died(void)
{
    lock_all("locked: awstap-watch has ended", "awstap-watch has ended unexpectedly; run it again");
}

static void begin_watching(void)
{
    static const struct watcher_events events = {
        .added = operation_plugged,
        .removed = on_key_removed,
        .locked = on_screen_locked,
        .sleep = on_sleep,
        .died = on_watch_died,
    };

    notice_open();
    watcher_open(&events);
}

/* What holds for the whole life of the process. */
static int prepare(int starter, const struct options *options)
{
    int r;

    if ((r = harden_process()) < 0 || (r = clock_open()) < 0 || (r = loop_open()) < 0)
        return complain("cannot start: %s", strerror(-r));
    if ((r = arena_open(ARENA_SIZE, ARENA_LOCK_NEEDED)) < 0)
        return complain("cannot lock memory: %s; raise the limit (ulimit -l) to 8192",
                        strerror(-r));
    context_open(options->pinentry);
    authority_open();
    if ((r = session_open()) < 0 || (r = helper_open(starter, on_starter_death)) < 0 ||
        (r = log_open(options->state, options->vault)) < 0)
        return complain("cannot start: %s", strerror(-r));
    return 0;
}

static int listen_somewhere(const struct options *options)
{
    int fd = socket_listen(options->socket);

    if (fd == -EADDRINUSE)
        return complain("another agent holds %s; end it if it does not answer there",
                        options->socket);
    if (fd == -ENOTSOCK)
        return complain("%s is there and is no socket; choose another path", options->socket);
    if (fd == -EPERM)
        return complain("the folder of %s must be yours, and no one else's to write to (chmod 700)",
                        options->socket);
    return fd >= 0 ? fd : complain("cannot listen at %s: %s", options->socket, strerror(-fd));
}

/* The signals that end us get through only while the loop waits: *unblocked is the mask for that.
 */
static void catch_signals(sigset_t *unblocked)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ending;

    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, unblocked);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

static int serve(int ready, const sigset_t *unblocked)
{
    int r;

    if (report_ready(ready) < 0)
        return -1;
    if ((r = loop_run(&stop, unblocked)) < 0)
        return complain("the event loop failed: %s", strerror(-r));
    return starter_died ? complain("the starter has died") : 0;
}

static void on_helpers_ended(void)
{
    stop = 1;
}

/* One that seals what AWS has just issued gets the time for it: our end would be its end. */
static void await_helpers(void)
{
    sigset_t blocked;

    sigprocmask(SIG_BLOCK, NULL, &blocked);
    stop = 0;
    helper_when_ended(on_helpers_ended);
    if (!starter_died)
        loop_run(&stop, &blocked);
}

static void close_all(void)
{
    socket_remove();
    operation_close();
    client_close_all();
    remote_close();
    tending_close();
    flight_cancel_all(EXIT_FAILED, "the agent has ended");
    session_forget(NULL);
    authority_forget(NULL);
    watcher_close();
    await_helpers();
    helper_close();
    log_close();
    arena_close();
}

int main(int argc, char **argv)
{
    static struct options options;
    sigset_t unblocked;
    bool by_unit;
    int ready = -1, starter, door, r = read_options(argc, argv, &options);

    if (r)
        return r < 0 ? EXIT_USAGE : 0;
    if (fill_defaults(&options) < 0)
        return EXIT_USAGE;
    door = socket_inherited();
    by_unit = door >= 0;
    if (door < 0 && door != -ENOENT)
        return complain("the inherited socket can't be used: %s", strerror(-door)), EXIT_FAILED;
    if (door < 0 && !options.foreground && detach(&ready) < 0)
        return EXIT_FAILED;
    if ((starter = starter_fork(ready < 0)) < 0)
        return complain("cannot fork: %s", strerror(-starter)), EXIT_FAILED;
    catch_signals(&unblocked);
    operation_places(options.vault, options.state);
    if (prepare(starter, &options) < 0 || (door < 0 && (door = listen_somewhere(&options)) < 0))
        return EXIT_FAILED;
    client_listen(door, by_unit);
    remote_open(options.socket, options.state, client_admit_remote);
    begin_watching();
    r = serve(ready, &unblocked);
    close_all();
    return r < 0 ? EXIT_FAILED : 0;
}
