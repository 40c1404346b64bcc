// SPDX-License-Identifier: BSD-2-Clause
// Calls of the AWS CLI: quoted for a shell, or run without one.
#include "aws_cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message.h"

#define PROGRAM   "aws"
#define PATH_SIZE 2048

static void add(struct aws_cli *cli, const char *word)
{
    if (cli->count == AWS_CLI_WORDS)
        abort();
    cli->words[cli->count++] = word;
}

static void add_option(struct aws_cli *cli, const char *option, const char *value)
{
    if (value && *value) {
        add(cli, option);
        add(cli, value);
    }
}

void aws_cli_begin(struct aws_cli *cli, const char *profile, const char *region, const char *url,
                   const char *ca_bundle)
{
    *cli = (struct aws_cli){0};
    add(cli, PROGRAM);
    add_option(cli, "--profile", profile);
    add_option(cli, "--region", region);
    add_option(cli, "--endpoint-url", url);
    add_option(cli, "--ca-bundle", ca_bundle);
}

void aws_cli_add(struct aws_cli *cli, ...)
{
    const char *word;
    va_list words;

    va_start(words, cli);
    while ((word = va_arg(words, const char *)))
        add(cli, word);
    va_end(words);
}

/* A word in single quotes, unless it is of characters that mean nothing to any shell. */
static int put_quoted(struct buf *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-_./:=@,+";
    int r;

    if (*word && !word[strspn(word, plain)])
        return buf_put_text(out, word);
    r = buf_put_text(out, "'");
    for (; *word && r == 0; word++)
        r = *word == '\'' ? buf_put_text(out, "'\\''") : buf_put(out, word, 1);
    return r < 0 ? r : buf_put_text(out, "'");
}

int aws_cli_show(const struct aws_cli *cli, struct buf *out)
{
    int r = 0;

    for (size_t i = 0; i < cli->count && r == 0; i++)
        if (i == 0 || (r = buf_put_text(out, " ")) == 0)
            r = put_quoted(out, cli->words[i]);
    return r;
}

bool aws_cli_is_there(void)
{
    const char *folder = getenv("PATH");
    char path[PATH_SIZE];

    while (folder) {
        size_t len = strcspn(folder, ":");
        int n =
            snprintf(path, sizeof path, "%.*s/" PROGRAM, len ? (int)len : 1, len ? folder : ".");

        if (n > 0 && (size_t)n < sizeof path && access(path, X_OK) == 0)
            return true;
        folder = folder[len] ? folder + len + 1 : NULL;
    }
    return false;
}

/* Up to the end, kept as far as there is room. */
static void read_all(int fd, char *out, size_t size)
{
    char scrap[256];
    size_t have = 0;
    ssize_t n;

    for (;;) {
        bool room = have + 1 < size;

        n = read(fd, room ? out + have : scrap, room ? size - 1 - have : sizeof scrap);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (room)
            have += (size_t)n;
    }
    if (size) {
        out[have] = '\0';
        out[strcspn(out, "\n")] = '\0';
    }
}

/* Signals as for any command; stdout into the pipe, and no other descriptor of ours. */
static int spawn(char *const words[], int its_stdout, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int r;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if ((r = posix_spawn_file_actions_adddup2(&actions, its_stdout, STDOUT_FILENO)) == 0 &&
        (r = posix_spawn_file_actions_addclosefrom_np(&actions, 3)) == 0 &&
        (r = posix_spawnattr_setflags(&attributes,
                                      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) == 0 &&
        (r = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (r = posix_spawnattr_setsigdefault(&attributes, &all)) == 0)
        r = posix_spawnp(pid, PROGRAM, &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int await_exit(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int aws_cli_run(const struct aws_cli *cli, char *out, size_t size)
{
    char *words[AWS_CLI_WORDS + 1] = {NULL};
    int ends[2], r = 0;
    pid_t pid;

    for (size_t i = 0; i < cli->count && r == 0; i++)
        if (!(words[i] = strdup(cli->words[i])))
            r = -ENOMEM;
    if (r == 0 && pipe2(ends, O_CLOEXEC) < 0)
        r = -errno;
    if (r == 0) {
        r = spawn(words, ends[1], &pid);
        close(ends[1]);
        if (r == 0) {
            read_all(ends[0], out, size);
            r = await_exit(pid);
        }
        close(ends[0]);
    }
    for (size_t i = 0; i < cli->count; i++)
        free(words[i]);
    return r;
}
