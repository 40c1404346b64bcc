// SPDX-License-Identifier: BSD-2-Clause
// The person at /dev/tty.
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "printable.h"

#define MOMENT_MS 200 /* a touch given at once is worth no line */
#define CALM_MS   1000
#define LOOK_MS   10

void progress_init(struct progress *progress)
{
    progress->text[0] = '\0';
    progress->due_ms = CLOCK_FOREVER;
}

/* What a signal handler needs to know of the terminal and the dialog on it. */
static struct {
    int tty, agent; /* -1: none */
    struct termios before;
} shared = {.tty = -1, .agent = -1};

void terminal_remember(void)
{
    if (shared.tty < 0)
        shared.tty = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (shared.tty >= 0 && tcgetattr(shared.tty, &shared.before) < 0) {
        close(shared.tty);
        shared.tty = -1;
    }
}

/* A terminal that can't be asked is gone. */
static bool is_as_before(void)
{
    const struct termios *before = &shared.before;
    struct termios now;

    return tcgetattr(shared.tty, &now) < 0 ||
           (now.c_iflag == before->c_iflag && now.c_oflag == before->c_oflag &&
            now.c_cflag == before->c_cflag && now.c_lflag == before->c_lflag);
}

/*
 * One write, which a background job survives even where `stty tostop` is set. A terminal that is
 * set otherwise by now shows a dialog, which is not to be written over.
 */
static void show_line(const char *text)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    char line[1100];
    struct sigaction before;
    int fd, n;

    if ((shared.tty >= 0 && !is_as_before()) ||
        (fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY)) < 0)
        return;
    n = snprintf(line, sizeof line - 1, "awstap: %s", text);
    if (n > 0 && (size_t)n < sizeof line - 1) {
        printable_clean(line);
        line[n++] = '\n';
        sigaction(SIGTTOU, &ignore, &before);
        n = (int)write(fd, line, (size_t)n);
        sigaction(SIGTTOU, &before, NULL);
    }
    close(fd);
}

void progress_take(struct progress *progress, const struct msg_progress *report)
{
    if (report->kind == PROGRESS_PROMPT)
        progress_init(progress);
    if (report->kind == PROGRESS_PROMPT || report->kind == PROGRESS_NOTE) {
        show_line(report->text);
        return;
    }
    snprintf(progress->text, sizeof progress->text, "%s", report->text);
    progress->due_ms = clock_deadline_ms(MOMENT_MS);
}

void progress_show(struct progress *progress)
{
    if (clock_left_ms(progress->due_ms) != 0)
        return;
    show_line(progress->text);
    progress_init(progress);
}

/* Safe in a signal handler, as all that it calls is. */
void terminal_hang_up(void)
{
    if (shared.agent < 0 || shared.tty < 0)
        return;
    shutdown(shared.agent, SHUT_RDWR);
    for (int waited = 0; waited < CALM_MS && !is_as_before(); waited += LOOK_MS)
        poll(NULL, 0, LOOK_MS);
}

/* The signal's own course is back by now: a second one does not wait. */
static void leave(int number)
{
    terminal_hang_up();
    raise(number);
}

void terminal_share(int agent)
{
    static const int ENDING[] = {SIGINT, SIGQUIT, SIGTERM};
    const struct sigaction end = {.sa_handler = leave,
                                  .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
    struct sigaction before;

    shared.agent = agent;
    for (size_t i = 0; i < sizeof ENDING / sizeof *ENDING; i++)
        if (sigaction(ENDING[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ENDING[i], &end, NULL);
}

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
    caught = number;
}

static const int SIGNALS[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
#define SIGNAL_COUNT (sizeof SIGNALS / sizeof *SIGNALS)

/* How the signals were before a question. */
struct signals {
    sigset_t mask;
    struct sigaction action[SIGNAL_COUNT];
};

/* From here on the signals wait until ppoll() lets them in, and then only leave their number. */
static void hold_signals(struct signals *before)
{
    const struct sigaction note = {.sa_handler = note_signal};
    sigset_t held;

    caught = 0;
    sigemptyset(&held);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaddset(&held, SIGNALS[i]);
    sigprocmask(SIG_BLOCK, &held, &before->mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        sigaction(SIGNALS[i], NULL, &before->action[i]);
        if (before->action[i].sa_handler != SIG_IGN)
            sigaction(SIGNALS[i], &note, NULL);
    }
}

/* What was caught takes its course now; a stop comes back from here when the job goes on. */
static void release_signals(const struct signals *before)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(SIGNALS[i], &before->action[i], NULL);
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
    if (caught)
        raise(caught);
}

/* Read up to the newline. 0 or a negative errno; -EINTR: a signal came. */
static int read_line(int fd, const sigset_t *mask, char *answer, size_t size)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    size_t have = 0;

    for (;;) {
        ssize_t n;

        if (ppoll(&pollfd, 1, NULL, mask) < 0)
            return -errno;
        if ((n = read(fd, answer + have, size - have)) < 0)
            return -errno;
        if (n == 0)
            return -ECANCELED;
        have += (size_t)n;
        if (answer[have - 1] == '\n') {
            answer[have - 1] = '\0';
            return 0;
        }
        if (have == size)
            return -EMSGSIZE;
    }
}

/* One question. What is left of a line too long is thrown away when the settings come back. */
static int ask_once(int fd, const sigset_t *mask, const char *prompt, bool echo, char *answer,
                    size_t size)
{
    struct termios before, quiet;
    int r;

    if (tcgetattr(fd, &before) < 0)
        return -errno;
    quiet = before;
    quiet.c_lflag |= ICANON | ISIG;
    if (!echo)
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    if (tcsetattr(fd, TCSAFLUSH, &quiet) < 0 || write(fd, prompt, strlen(prompt)) < 0) {
        r = -errno;
    } else {
        r = read_line(fd, mask, answer, size);
        if ((!echo || r < 0) && write(fd, "\n", 1) < 0 && r == 0)
            r = -errno;
    }
    tcsetattr(fd, TCSAFLUSH, &before);
    return r;
}

int terminal_ask(const char *prompt, bool echo, char *answer, size_t size)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct signals signals;
    int r;

    if (fd < 0)
        return -errno;
    do {
        hold_signals(&signals);
        r = ask_once(fd, &signals.mask, prompt, echo, answer, size);
        if (r < 0)
            explicit_bzero(answer, size);
        release_signals(&signals);
    } while (r == -EINTR); /* stopped, and going on */
    close(fd);
    return r;
}
