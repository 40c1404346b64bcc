// SPDX-License-Identifier: BSD-2-Clause
// A session as the agent hands it out, for whichever command it is.
#include "session.h"

int session_open(struct session *session, const struct arguments *arguments, int wait_ms)
{
    struct msg_get get;
    struct frame frame;
    int status;

    session->agent.channel.fd = -1;
    if ((status = resolve(arguments, &session->resolved)) != EXIT_DONE ||
        (status = agent_open(&session->agent, true, wait_ms)) != EXIT_DONE)
        return status;
    session->agent.flies_on = true;
    get = (struct msg_get){.key = session->resolved.key,
                           .duration = session->resolved.duration,
                           .hops = {(const char *)buf_data(&session->resolved.hops),
                                    buf_len(&session->resolved.hops)}};
    if ((status = agent_ask(&session->agent, MSG_GET, &get, -1)) != EXIT_DONE ||
        (status = agent_answer(&session->agent, &frame)) != EXIT_DONE)
        return status;
    return message_get(&frame, MSG_SESSION, &session->is) < 0 ? agent_unexpected() : EXIT_DONE;
}

void session_close(struct session *session)
{
    agent_close(&session->agent);
    resolved_free(&session->resolved);
}
