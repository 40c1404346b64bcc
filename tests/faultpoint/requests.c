// SPDX-License-Identifier: BSD-2-Clause
// A fault point before each request to AWS, after it, and where its answer has come: what the
// signer sends to awstap-net, and gets from it. And one where it waits for time to pass, which
// tells the tests by how much to move the clock.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "channel.h"
#include "clock.h"
#include "faultpoint.h"

#define ACTION_SIZE 64
#define FDS_MAX     64

int __real_channel_send(struct channel *channel, enum message_type type, const void *msg, int fd,
                        int timeout_ms);
int __real_channel_receive(struct channel *channel, struct frame *frame, int timeout_ms);
void __real_agent_wait(struct agent *agent, uint64_t deadline_ms);
int __wrap_channel_send(struct channel *channel, enum message_type type, const void *msg, int fd,
                        int timeout_ms);
int __wrap_channel_receive(struct channel *channel, struct frame *frame, int timeout_ms);
void __wrap_agent_wait(struct agent *agent, uint64_t deadline_ms);

/* By the descriptor of the conversation: what was asked there last, empty once it was answered. */
static char actions[FDS_MAX][ACTION_SIZE];

static char *action_of(const struct channel *channel)
{
    static char other[ACTION_SIZE];

    return channel->fd >= 0 && channel->fd < FDS_MAX ? actions[channel->fd] : other;
}

/* The value of Action in a request's body. */
static void note_action(char action[ACTION_SIZE], struct bytes body)
{
    static const char name[] = "Action=";
    const char *text = (const char *)body.data, *end = text + body.len;
    const char *found = body.len ? memmem(text, body.len, name, sizeof name - 1) : NULL;
    size_t n = 0;

    if (found)
        for (found += sizeof name - 1; n < ACTION_SIZE - 1 && found + n < end && found[n] != '&';
             n++)
            action[n] = found[n];
    action[n] = '\0';
}

int __wrap_channel_send(struct channel *channel, enum message_type type, const void *msg, int fd,
                        int timeout_ms)
{
    const struct msg_net_request *request = msg;
    char *action = action_of(channel);
    int r;

    if (type != MSG_NET_REQUEST)
        return __real_channel_send(channel, type, msg, fd, timeout_ms);
    note_action(action, request->body);
    faultpoint("post", action);
    r = __real_channel_send(channel, type, msg, fd, timeout_ms);
    faultpoint("posted", action);
    return r;
}

int __wrap_channel_receive(struct channel *channel, struct frame *frame, int timeout_ms)
{
    char *action = action_of(channel);
    int r = __real_channel_receive(channel, frame, timeout_ms);

    if (!*action || (r == 1 && frame->type == MSG_NET_CONNECTED))
        return r;
    faultpoint(r == 1 && frame->type == MSG_NET_REPLY ? "reply" : "no-reply", action);
    *action = '\0';
    return r;
}

void __wrap_agent_wait(struct agent *agent, uint64_t deadline_ms)
{
    uint64_t now = clock_boot_ms();
    char left[24];

    snprintf(left, sizeof left, "%" PRIu64, deadline_ms > now ? deadline_ms - now : 0);
    faultpoint("wait", left);
    __real_agent_wait(agent, deadline_ms);
    faultpoint("waited", "");
}
