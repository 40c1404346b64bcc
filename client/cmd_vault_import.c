// SPDX-License-Identifier: BSD-2-Clause
// awstap vault import: a copy of a vault becomes the vault here.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"
#include "command.h"
#include "failure.h"
#include "file.h"

#define COPY_MAX ((size_t)1024 * 1024) /* the signer takes less */

/* All of it is in memory before others are made to wait for us. */
static int load(int from, const char *name, int memory)
{
    int r = file_copy(from, memory, COPY_MAX);

    if (r == -EFBIG)
        return fail(EXIT_FAILED, "%s is larger than any vault", name);
    if (r == 0 && lseek(memory, 0, SEEK_SET) < 0)
        r = -errno;
    return r < 0 ? fail(EXIT_FAILED, "%s can't be read: %s", name, strerror(-r)) : EXIT_DONE;
}

static int load_file(const char *path, int memory)
{
    int from, status;

    if (strcmp(path, "-") == 0)
        return load(STDIN_FILENO, "stdin", memory);
    from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (from < 0)
        return fail(EXIT_FAILED, "%s can't be read: %s", path, strerror(errno));
    status = load(from, path, memory);
    close(from);
    return status;
}

static int run(const struct arguments *arguments)
{
    const struct msg_vault_import import = {.replace = arguments->option[OPTION_REPLACE] != NULL};
    struct request request = {
        .type = MSG_VAULT_IMPORT, .msg = &import, .start = true, .wait_ms = AGENT_PERSON_MS};
    int status;

    request.fd = memfd_create("vault", MFD_CLOEXEC);
    if (request.fd < 0)
        return fail(EXIT_FAILED, "no room for the copy: %s", strerror(errno));
    status = load_file(arguments->operand[0], request.fd);
    if (status == EXIT_DONE)
        return agent_request(&request);
    close(request.fd);
    return status;
}

const struct command cmd_vault_import = {
    .name = "vault import",
    .synopsis = "FILE [--replace]",
    .summary = "Take over a copy of a vault",
    .help = "FILE is what `awstap vault export` wrote; - is stdin. A factor opens it before it is\n"
            "put in its place. Where there is a vault already, or where a newer one was seen\n"
            "here, nothing is done without --replace, and then a dialog says what is lost; the\n"
            "one that is here is kept beside it.\n",
    .grammar = {.options = WITH(OPTION_REPLACE), .operands = 1},
    .run = run,
};
