// SPDX-License-Identifier: BSD-2-Clause
// Asking the agent: connect, ask, show what it waits for, take its answers.
#include "agent.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "context.h"
#include "failure.h"
#include "output.h"
#include "socket.h"
#include "start.h"

int agent_open(struct agent *agent, bool start, int wait_ms)
{
    struct sockaddr_un address;
    int fd, r, status;

    agent->deadline_ms = clock_deadline_ms(wait_ms);
    agent->wait_ms = wait_ms;
    agent->flies_on = false;
    progress_init(&agent->progress);
    agent->channel.fd = -1;
    if ((status = socket_address(&address)) != EXIT_DONE)
        return status;
    fd = socket_connect(&address);
    if (start && (fd == -ENOENT || fd == -ECONNREFUSED) &&
        (status = start_agent(&address, &fd)) != EXIT_DONE)
        return status;
    if (fd == -ENOENT || fd == -ECONNREFUSED)
        return fail(EXIT_NO_AGENT, "no agent is running (at %s)", address.sun_path);
    if (fd == -EPERM)
        return fail(EXIT_NO_AGENT,
                    "the agent at %s is another user's; set AWSTAP_SOCK to the path of yours",
                    address.sun_path);
    if (fd < 0)
        return fail(EXIT_NO_AGENT, "the agent at %s cannot be reached: %s", address.sun_path,
                    strerror(-fd));
    r = channel_open(&agent->channel, fd);
    return r < 0 ? fail(EXIT_NO_AGENT, "the agent cannot be asked: %s", strerror(-r)) : EXIT_DONE;
}

void agent_close(struct agent *agent)
{
    channel_close(&agent->channel);
}

/* What a person may have to be asked for is preceded by where. */
static int put_context(struct agent *agent, enum message_type type)
{
    char tty[CONTEXT_TTY];
    struct msg_context context;

    if (type == MSG_STATUS || type == MSG_LOCK)
        return 0;
    terminal_remember();
    context = context_tell(tty);
    return channel_put(&agent->channel, MSG_CONTEXT, &context, -1);
}

int agent_ask(struct agent *agent, enum message_type type, const void *msg, int fd)
{
    int r = put_context(agent, type);

    if (r == 0)
        r = channel_send(&agent->channel, type, msg, fd, clock_left_ms(agent->deadline_ms));
    else if (fd >= 0)
        close(fd);
    if (r == -EMSGSIZE)
        return fail(EXIT_USAGE, "one of the values is too long");
    /* An agent that hangs up on us may have said why before. */
    if (r < 0 && r != -EPIPE && r != -ECONNRESET)
        return fail(EXIT_NO_AGENT, "the agent cannot be asked: %s", strerror(-r));
    return EXIT_DONE;
}

int agent_unexpected(void)
{
    return fail(EXIT_NO_AGENT, "the agent's answer makes no sense; "
                               "end it with `pkill -x awstap-agent` and run this again");
}

static int time_is_up(struct agent *agent)
{
    int seconds = agent->wait_ms / 1000;

    if (!agent->flies_on) {
        terminal_hang_up();
        return fail(EXIT_PERSON, "no answer within %d s; run it again", seconds);
    }
    channel_send(&agent->channel, MSG_LEAVE, NULL, -1, 0);
    return fail(EXIT_PERSON,
                "nothing yet after %d s; it goes on: touch the key when it blinks, "
                "and run this again",
                seconds);
}

static int no_answer(const struct agent *agent, int r)
{
    terminal_hang_up();
    if (r == -EPROTONOSUPPORT)
        return fail(EXIT_NO_AGENT,
                    "the running agent is version %s, this is " AWSTAP_VERSION
                    "; end it with `pkill -x awstap-agent` and run this again",
                    agent->channel.peer_version);
    if (r == -EPROTO)
        return agent_unexpected();
    if (r == 0 || r == -ECONNRESET)
        return fail(EXIT_NO_AGENT, "the agent ended before it answered; run this again");
    return fail(EXIT_NO_AGENT, "the agent's answer cannot be read: %s", strerror(-r));
}

/* The next frame, with progress shown when it is due. As channel_receive(). */
static int await_frame(struct agent *agent, struct frame *frame)
{
    int r;

    do {
        uint64_t until = agent->progress.due_ms < agent->deadline_ms ? agent->progress.due_ms
                                                                     : agent->deadline_ms;

        r = channel_receive(&agent->channel, frame, clock_left_ms(until));
        if (r == -ETIMEDOUT)
            progress_show(&agent->progress);
    } while (r == -ETIMEDOUT && clock_left_ms(agent->deadline_ms) != 0);
    return r;
}

static int refused(const struct frame *frame)
{
    struct msg_failed failed;

    if (message_get(frame, MSG_FAILED, &failed) < 0)
        return agent_unexpected();
    if (failed.status < EXIT_FAILED || failed.status > EXIT_VAULT)
        failed.status = EXIT_FAILED;
    return fail((int)failed.status, "%s", failed.text);
}

int agent_answer(struct agent *agent, struct frame *frame)
{
    struct msg_progress report;
    int r;

    while ((r = await_frame(agent, frame)) == 1 && frame->type == MSG_PROGRESS) {
        if (message_get(frame, MSG_PROGRESS, &report) < 0)
            return agent_unexpected();
        progress_take(&agent->progress, &report);
        if (report.kind == PROGRESS_PROMPT)
            terminal_share(agent->channel.fd);
        agent_drop(agent, frame);
    }
    if (r == -ETIMEDOUT)
        return time_is_up(agent);
    if (r != 1)
        return no_answer(agent, r);
    progress_init(&agent->progress); /* what was waited for has come */
    return frame->type == MSG_FAILED ? refused(frame) : EXIT_DONE;
}

void agent_drop(struct agent *agent, const struct frame *frame)
{
    channel_drop(&agent->channel, frame);
}

static int take_answers(struct agent *agent, const struct request *request)
{
    struct msg_done done;
    struct frame frame;
    int status;

    while ((status = agent_answer(agent, &frame)) == EXIT_DONE && frame.type != MSG_DONE) {
        if (!request->take)
            return agent_unexpected();
        if ((status = request->take(request->context, &frame)) != EXIT_DONE)
            return status;
        agent_drop(agent, &frame);
    }
    if (status != EXIT_DONE)
        return status;
    return message_get(&frame, MSG_DONE, &done) < 0 ? agent_unexpected() : output_line(done.text);
}

int agent_request(const struct request *request)
{
    struct agent agent;
    int status = agent_open(&agent, request->start, request->wait_ms);

    if (status == EXIT_DONE)
        status = agent_ask(&agent, request->type, request->msg, request->fd);
    else if (request->fd >= 0)
        close(request->fd);
    if (status == EXIT_DONE)
        status = take_answers(&agent, request);
    agent_close(&agent);
    return status;
}

static int take_nothing(void *context, const struct frame *frame)
{
    (void)context;
    (void)frame;
    return EXIT_DONE;
}

int agent_probe(void)
{
    const struct request probe = {.type = MSG_STATUS,
                                  .fd = -1,
                                  .start = true,
                                  .wait_ms = AGENT_QUICK_MS,
                                  .take = take_nothing};

    return agent_request(&probe);
}
