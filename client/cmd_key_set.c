// SPDX-License-Identifier: BSD-2-Clause
// awstap key set: what a key may be used for.
#include <string.h>

#include "agent.h"
#include "command.h"
#include "failure.h"
#include "key_name.h"

/* The options as the request has them. What they may be is the signer's to say. */
static int put_options(char *const *options, struct buf *list)
{
    for (; *options; options++) {
        const char *equals = strchr(*options, '=');
        int r;

        if (!equals || equals == *options || !equals[1])
            return fail(EXIT_USAGE, "%.64s is not OPTION=VALUE, as touch=use", *options);
        if ((r = buf_put(list, *options, strlen(*options) + 1)) < 0)
            return fail(EXIT_FAILED, "the request could not be put together: %s", strerror(-r));
    }
    return EXIT_DONE;
}

static int run(const struct arguments *arguments)
{
    struct msg_key_set set = {.name = arguments->operand[0]};
    const struct request request = {
        .type = MSG_KEY_SET, .msg = &set, .fd = -1, .start = true, .wait_ms = AGENT_PERSON_MS};
    struct buf options;
    int status;

    if (!key_name_allowed(set.name))
        return fail(EXIT_USAGE, KEY_NAME_RULE);
    buf_init(&options);
    if ((status = put_options(arguments->more, &options)) == EXIT_DONE) {
        set.options = (struct list){(const char *)buf_data(&options), buf_len(&options)};
        status = agent_request(&request);
    }
    buf_free(&options);
    return status;
}

const struct command cmd_key_set = {
    .name = "key set",
    .synopsis = "NAME OPTION=VALUE…",
    .summary = "Change what a key may be used for, with a dialog and a factor",
    .help =
        "  touch=session|use     a touch for each session, or for each command that wants one\n"
        "  serve=any|roles       serve the key's own sessions too, or those of roles only\n"
        "  duration=12h          how long a session of the key lasts; 15m to 36h, as 900, 30m, 8h\n"
        "  max_duration=36h      the longest that may be asked for\n"
        "  lock_on=sleep,screen,removal\n"
        "                        forget the key's sessions when the machine sleeps (always), the\n"
        "                        screen is locked, the security key is pulled\n"
        "  rotate_every=90d|off  replace the access key when it is that old: `awstap key rotate\n"
        "                        --due` does it, and so does the agent behind a touch\n"
        "  grace=1d              how long the old one, switched off, is kept before it is "
        "deleted\n",
    .grammar = {.operands = 1, .more = true},
    .run = run,
};
