// SPDX-License-Identifier: BSD-2-Clause
// Secrets on their way in: a file passed on unread, what comes by a pipe, or what is typed.
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "failure.h"
#include "terminal.h"

#define SECRET_MAX 8192 /* bytes: the signer takes less, and says so */

int secret_line(const char *prompt, bool echo, char *answer, size_t size)
{
    int r = terminal_ask(prompt, echo, answer, size);

    if (r == -ECANCELED)
        return fail(EXIT_PERSON, "cancelled");
    if (r == -EMSGSIZE)
        return fail(EXIT_USAGE, "what was typed is longer than %zu characters", size - 1);
    if (r < 0)
        return fail(EXIT_FAILED, "there is no terminal to ask at (%s); give it on stdin",
                    strerror(-r));
    return *answer ? EXIT_DONE : fail(EXIT_PERSON, "nothing was typed");
}

/* volatile, or the compiler may see that one difference decides. */
bool secret_same(const char *a, const char *b)
{
    volatile unsigned char differ = 0;
    size_t len = strlen(a);

    if (strlen(b) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        differ = (unsigned char)(differ | (a[i] ^ b[i]));
    return differ == 0;
}

int secret_pipe(const struct buf *secret, int *fd)
{
    int ends[2];
    ssize_t n;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(EXIT_FAILED, "no pipe: %s", strerror(errno));
    n = write(ends[1], buf_data(secret), buf_len(secret));
    close(ends[1]);
    if (n < 0 || (size_t)n != buf_len(secret)) {
        close(ends[0]);
        return fail(EXIT_FAILED, "the pipe takes nothing");
    }
    *fd = ends[0];
    return EXIT_DONE;
}

/* All of stdin, however long whoever writes to it takes. */
static int read_stdin(struct buf *secret)
{
    uint8_t *room;
    ssize_t n;

    do {
        if (buf_len(secret) > SECRET_MAX)
            return fail(EXIT_FAILED, "the input is longer than any such secret");
        if (buf_extend(secret, SECRET_MAX, &room) < 0)
            return fail(EXIT_FAILED, "memory is short");
        n = read(STDIN_FILENO, room, SECRET_MAX);
        buf_trim(secret, SECRET_MAX - (size_t)(n > 0 ? n : 0));
        if (n < 0 && errno != EINTR)
            return fail(EXIT_FAILED, "stdin cannot be read: %s", strerror(errno));
    } while (n != 0);
    return EXIT_DONE;
}

static int pass_stdin(int *fd)
{
    *fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    return *fd < 0 ? fail(EXIT_FAILED, "stdin cannot be passed on: %s", strerror(errno))
                   : EXIT_DONE;
}

int secret_descriptor(int (*ask)(struct buf *secret), int *fd)
{
    bool typed = isatty(STDIN_FILENO);
    struct buf secret;
    struct stat st;
    int status;

    if (!typed && fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode))
        return pass_stdin(fd);
    if (typed && (status = agent_probe()) != EXIT_DONE)
        return status;
    buf_init(&secret);
    if ((status = typed ? ask(&secret) : read_stdin(&secret)) == EXIT_DONE)
        status = secret_pipe(&secret, fd);
    buf_free(&secret);
    return status;
}
