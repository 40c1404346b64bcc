// SPDX-License-Identifier: BSD-2-Clause
// awstap vault export: a copy of the vault, sealed as it is.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "command.h"
#include "draft.h"
#include "failure.h"
#include "file.h"
#include "output.h"

#define COPY_MAX ((size_t)1024 * 1024) /* the signer writes less */

/* The whole copy is in memory before a file is made, so that none is left half done. */
static int fetch(int memory)
{
    struct request request = {.type = MSG_VAULT_EXPORT, .start = true, .wait_ms = AGENT_QUICK_MS};

    request.fd = fcntl(memory, F_DUPFD_CLOEXEC, 3);
    if (request.fd < 0)
        return fail(EXIT_FAILED, "no room for the copy: %s", strerror(errno));
    return agent_request(&request);
}

static int copy(int memory, int to)
{
    if (lseek(memory, 0, SEEK_SET) < 0)
        return -errno;
    return file_copy(memory, to, COPY_MAX);
}

/* 0; -EEXIST: there is something at path; another negative errno. */
static int put(int memory, const char *path)
{
    static struct draft draft; /* too large for the stack */
    struct stat st;
    int r;

    if (lstat(path, &st) == 0)
        return -EEXIST;
    if ((r = draft_open(&draft, path)) < 0)
        return r;
    if ((r = copy(memory, draft.fd)) == 0 && fsync(draft.fd) < 0)
        r = -errno;
    if (r == 0)
        r = draft_move_new(&draft, path);
    draft_close(&draft, r == 0);
    return r;
}

static int write_file(int memory, const char *path)
{
    char text[512];
    int r = put(memory, path);

    if (r == -EEXIST)
        return fail(EXIT_FAILED, "%s is there already; a backup is written over nothing", path);
    if (r == -EBUSY)
        return fail(EXIT_FAILED, "another awstap is writing %s; run this again", path);
    if (r < 0)
        return fail(EXIT_FAILED, "%s could not be written: %s", path, strerror(-r));
    snprintf(text, sizeof text, "the vault is copied to %.400s; the factors of today open it",
             path);
    return output_line(text);
}

static int write_stdout(int memory)
{
    int r = copy(memory, STDOUT_FILENO);

    return r < 0 ? fail(EXIT_FAILED, "the copy could not be written: %s", strerror(-r)) : EXIT_DONE;
}

static int run(const struct arguments *arguments)
{
    const char *path = arguments->more[0];
    int memory, status;

    if (path && arguments->more[1])
        return fail(EXIT_USAGE, "%.64s is too much; usage: awstap vault export [FILE]",
                    arguments->more[1]);
    if (!path && isatty(STDOUT_FILENO))
        return fail(EXIT_USAGE, "a vault is no text; name a FILE, or send stdout elsewhere");
    memory = memfd_create("vault", MFD_CLOEXEC);
    if (memory < 0)
        return fail(EXIT_FAILED, "no room for the copy: %s", strerror(errno));
    status = fetch(memory);
    if (status == EXIT_DONE)
        status = path ? write_file(memory, path) : write_stdout(memory);
    close(memory);
    return status;
}

const struct command cmd_vault_export = {
    .name = "vault export",
    .synopsis = "[FILE]",
    .summary = "Copy the vault, sealed as it is",
    .help = "FILE must not be there yet; without it the copy goes to stdout. No touch is needed:\n"
            "what is copied opens with the factors that are enrolled now, and with nothing else.\n",
    .grammar = {.more = true, .optional = true},
    .run = run,
};
