// SPDX-License-Identifier: BSD-2-Clause
// awstap socket add: let a remote host ask for sessions, through a socket that SSH forwards.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "command.h"
#include "failure.h"
#include "output.h"
#include "resolve.h"

static int put_text(struct buf *list, const char *text)
{
    return buf_put(list, text, strlen(text) + 1);
}

/* What NAME stands for at this end, now: what the far end says it is does not matter. */
static int put_entry(struct buf *list, const char *name, const struct resolved *resolved)
{
    char duration[16];
    int r;

    snprintf(duration, sizeof duration, "%u", resolved->duration);
    if ((r = put_text(list, "allow")) < 0 || (r = put_text(list, name)) < 0 ||
        (r = put_text(list, "key")) < 0 || (r = put_text(list, resolved->key)) < 0 ||
        (r = put_text(list, "duration")) < 0 || (r = put_text(list, duration)) < 0)
        return r;
    return buf_put(list, buf_data(&resolved->hops), buf_len(&resolved->hops));
}

static int allow(const char *name, struct buf *list)
{
    static struct resolved resolved; /* too large for the stack */
    const struct arguments arguments = {.operand = {name}, .operands = 1};
    int r, status = resolve(&arguments, &resolved);

    if (status == EXIT_DONE && (r = put_entry(list, name, &resolved)) < 0)
        status = fail(EXIT_FAILED, "%s", strerror(-r));
    resolved_free(&resolved);
    return status;
}

static int allow_all(const struct arguments *arguments, struct buf *list)
{
    const char *name;
    size_t at = 0;
    int status = EXIT_DONE;

    while (status == EXIT_DONE && (name = arguments_next(arguments, OPTION_ALLOW, &at)))
        status = allow(name, list);
    if (status == EXIT_DONE && buf_len(list) == 0)
        return fail(EXIT_USAGE, "say what the host may ask for: --allow NAME");
    return status;
}

static int read_max_duration(const char *text, uint32_t *seconds)
{
    char *end;
    unsigned long value = text ? strtoul(text, &end, 10) : ROLE_SECONDS_DEFAULT;

    if (text && (*text < '0' || *text > '9' || *end || value < SESSION_SECONDS_MIN ||
                 value > SESSION_SECONDS_MAX))
        return fail(EXIT_USAGE, "--max-duration wants 900 to 129600 seconds");
    *seconds = (uint32_t)value;
    return EXIT_DONE;
}

static int run(const struct arguments *arguments)
{
    struct msg_socket_add add = {.host = arguments->operand[0]};
    const struct request request = {
        .type = MSG_SOCKET_ADD, .msg = &add, .fd = -1, .start = true, .wait_ms = AGENT_QUICK_MS};
    struct buf list;
    int status;

    buf_init(&list);
    if ((status = read_max_duration(arguments->option[OPTION_MAX_DURATION], &add.max_duration)) ==
            EXIT_DONE &&
        (status = allow_all(arguments, &list)) == EXIT_DONE) {
        add.allow = (struct list){(const char *)buf_data(&list), buf_len(&list)};
        status = agent_request(&request);
    }
    buf_free(&list);
    return status;
}

const struct command cmd_socket_add = {
    .name = "socket add",
    .synopsis = "HOST --allow NAME… [--max-duration N]",
    .summary = "Let a remote host ask for sessions, through a socket that SSH forwards",
    .help = "Makes HOST.sock beside the agent's own socket. Who connects to it can do nothing but\n"
            "`awstap get NAME` and exec, for the names given here, as they stand in this end's\n"
            "~/.aws/config now; and each time a dialog at this end asks for a yes. For\n"
            "~/.ssh/config, with the path that `awstap socket list` tells:\n"
            "\n"
            "  Host HOST\n"
            "      RemoteForward /home/me/.awstap.sock /run/user/1000/awstap/HOST.sock\n"
            "      StreamLocalBindUnlink yes\n"
            "\n"
            "On the far side AWSTAP_SOCK=/home/me/.awstap.sock is to be set, and sshd_config\n"
            "wants StreamLocalBindUnlink yes as well. A HOST that is there already is replaced.\n"
            "--max-duration is 3600 where it is not given.\n",
    .grammar = {.options = WITH(OPTION_ALLOW) | WITH(OPTION_MAX_DURATION), .operands = 1},
    .run = run,
};
