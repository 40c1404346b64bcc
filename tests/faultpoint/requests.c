// SPDX-License-Identifier: BSD-2-Clause
// A fault point before each request to AWS, after it, and where its answer has come; and one
// wherever the signer says what is being waited for, which tells the tests to move the clock.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "faultpoint.h"
#include "server.h"

#define ACTION_SIZE 64
#define TEXT_SIZE   512

int __real_server_post(struct server *server, const struct request *request, struct error *error);
int __real_server_reply(struct server *server, struct msg_net_reply *reply, struct error *error);
void __real_agent_progress(struct agent *agent, enum progress_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int __wrap_server_post(struct server *server, const struct request *request, struct error *error);
int __wrap_server_reply(struct server *server, struct msg_net_reply *reply, struct error *error);
void __wrap_agent_progress(struct agent *agent, enum progress_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static char action[ACTION_SIZE]; /* of the request that was sent last */

static void note_action(const struct request *request)
{
    static const char name[] = "Action=";
    const char *body = (const char *)buf_data(&request->body);
    size_t len = buf_len(&request->body);
    const char *found = len ? memmem(body, len, name, sizeof name - 1) : NULL;
    size_t n = 0;

    if (found)
        for (found += sizeof name - 1;
             n < ACTION_SIZE - 1 && found + n < body + len && found[n] != '&'; n++)
            action[n] = found[n];
    action[n] = '\0';
}

int __wrap_server_post(struct server *server, const struct request *request, struct error *error)
{
    int r;

    note_action(request);
    faultpoint("post", action);
    r = __real_server_post(server, request, error);
    faultpoint("posted", action);
    return r;
}

int __wrap_server_reply(struct server *server, struct msg_net_reply *reply, struct error *error)
{
    int r = __real_server_reply(server, reply, error);

    faultpoint(r == 0 ? "reply" : "no-reply", action);
    return r;
}

void __wrap_agent_progress(struct agent *agent, enum progress_kind kind, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    faultpoint(kind == PROGRESS_CODE || kind == PROGRESS_AWS ? "wait" : "progress", text);
    __real_agent_progress(agent, kind, "%s", text);
}
