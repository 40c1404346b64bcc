// SPDX-License-Identifier: BSD-2-Clause
// awstap status: the agent and the sessions it holds.
#include <stdio.h>

#include "agent.h"
#include "clock.h"
#include "command.h"
#include "failure.h"
#include "output.h"
#include "table.h"
#include "text.h"

/* Both forms are filled, one is printed. */
struct status {
    struct table agent, sessions;
    struct json json;
    bool met; /* AGENT has come, which stands first */
};

static int take_agent(struct status *status, const struct frame *frame)
{
    struct msg_agent agent;
    const char *starter;
    char number[96];

    if (message_get(frame, MSG_AGENT, &agent) < 0 || status->met)
        return agent_unexpected();
    starter = agent.by_unit ? "systemd" : "awstap";
    status->met = true;
    json_begin(&status->json, NULL, '{');
    json_text(&status->json, "version", agent.version);
    json_number(&status->json, "pid", agent.pid);
    json_text(&status->json, "vault", agent.vault);
    json_text(&status->json, "state", agent.state);
    json_number(&status->json, "waiting", agent.waiting);
    json_text(&status->json, "started_by", starter);
    json_begin(&status->json, "sessions", '[');
    snprintf(number, sizeof number, "%.40s, process %u, started by %s", agent.version, agent.pid,
             starter);
    table_cell(&status->agent, "agent");
    table_cell(&status->agent, number);
    table_cell(&status->agent, "vault");
    table_cell(&status->agent, agent.vault);
    table_cell(&status->agent, "state");
    table_cell(&status->agent, agent.state);
    snprintf(number, sizeof number, "%u", agent.waiting);
    table_cell(&status->agent, "waiting");
    table_cell(&status->agent, agent.waiting ? number : "for nothing");
    return EXIT_DONE;
}

static int take_cached(struct status *status, const struct frame *frame)
{
    uint64_t now = clock_now_ms() / 1000;
    struct msg_cached cached;
    char span[TEXT_SPAN];

    if (message_get(frame, MSG_CACHED, &cached) < 0 || !status->met)
        return agent_unexpected();
    json_begin(&status->json, NULL, '{');
    json_text(&status->json, "key", cached.key);
    json_text(&status->json, "access_key_id", cached.access_key_id);
    json_number(&status->json, "duration_seconds", cached.duration);
    json_time(&status->json, "expiration", cached.expiration);
    json_end(&status->json, '}');
    table_cell(&status->sessions, cached.key);
    text_span(cached.duration, span);
    table_cell(&status->sessions, cached.duration ? span : "default");
    text_span(cached.expiration > now ? cached.expiration - now : 0, span);
    table_cell(&status->sessions, span);
    table_cell(&status->sessions, cached.access_key_id);
    return EXIT_DONE;
}

static int take(void *context, const struct frame *frame)
{
    return frame->type == MSG_AGENT ? take_agent(context, frame) : take_cached(context, frame);
}

static int print(struct status *status, bool as_json)
{
    int r;

    json_end(&status->json, ']');
    json_end(&status->json, '}');
    if (as_json)
        return output_json(&status->json);
    if ((r = table_print(&status->agent)) != EXIT_DONE)
        return r;
    if (status->sessions.count == status->sessions.columns)
        return output_line("no session is held");
    return table_print(&status->sessions);
}

static int run(const struct arguments *arguments)
{
    struct status status = {0};
    const struct request request = {
        .type = MSG_STATUS, .fd = -1, .wait_ms = AGENT_QUICK_MS, .take = take, .context = &status};
    int r;

    json_init(&status.json);
    table_init(&status.agent, 2);
    table_init(&status.sessions, 4);
    table_cell(&status.sessions, "KEY");
    table_cell(&status.sessions, "ASKED FOR");
    table_cell(&status.sessions, "EXPIRES IN");
    table_cell(&status.sessions, "ACCESS KEY ID");
    if ((r = agent_request(&request)) == EXIT_DONE)
        r = status.met ? print(&status, arguments->option[OPTION_JSON]) : agent_unexpected();
    table_free(&status.sessions);
    table_free(&status.agent);
    json_free(&status.json);
    return r;
}

const struct command cmd_status = {
    .name = "status",
    .synopsis = "[--json]",
    .summary = "Show the agent and the sessions it holds",
    .help = "Starts no agent: exit status 3 says that none is running. --json prints an object\n"
            "with version, pid, vault, state, waiting (how many sessions are being waited for),\n"
            "started_by (systemd or awstap) and sessions, an array of objects with key,\n"
            "access_key_id, duration_seconds (0: the default), expiration.\n",
    .grammar = {.options = WITH(OPTION_JSON)},
    .run = run,
};
