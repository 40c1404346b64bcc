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

static void agent_json(struct json *json, const struct msg_agent *agent)
{
    json_text(json, "version", agent->version);
    json_number(json, "pid", agent->pid);
    json_text(json, "vault", agent->vault);
    json_text(json, "state", agent->state);
    json_number(json, "waiting", agent->waiting);
    json_text(json, "started_by", agent->by_unit ? "systemd" : "awstap");
    json_bool(json, "watching", agent->watching);
    json_bool(json, "screen_locked", agent->screen_locked);
    json_text(json, "trouble", agent->trouble);
}

/* What is as it should be is not worth a line. */
static void agent_rows(struct table *table, const struct msg_agent *agent)
{
    char number[96], waiting[16];

    snprintf(number, sizeof number, "%.40s, process %u, started by %s", agent->version, agent->pid,
             agent->by_unit ? "systemd" : "awstap");
    snprintf(waiting, sizeof waiting, "%u", agent->waiting);
    const struct {
        const char *name, *value;
        bool shown;
    } rows[] = {
        {"agent", number, true},
        {"vault", agent->vault, true},
        {"state", agent->state, true},
        {"waiting", agent->waiting ? waiting : "for nothing", true},
        {"desktop", "not watched: no notifications, and nothing locks by itself", !agent->watching},
        {"screen", "locked: only sessions held already are served", agent->screen_locked},
        {"trouble", agent->trouble, *agent->trouble},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].shown) {
            table_cell(table, rows[i].name);
            table_cell(table, rows[i].value);
        }
}

static int take_agent(struct status *status, const struct frame *frame)
{
    struct msg_agent agent;

    if (message_get(frame, MSG_AGENT, &agent) < 0 || status->met)
        return agent_unexpected();
    status->met = true;
    json_begin(&status->json, NULL, '{');
    agent_json(&status->json, &agent);
    json_begin(&status->json, "sessions", '[');
    agent_rows(&status->agent, &agent);
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
    json_text(&status->json, "role_arn", cached.role_arn);
    json_text(&status->json, "access_key_id", cached.access_key_id);
    json_number(&status->json, "duration_seconds", cached.duration);
    json_time(&status->json, "expiration", cached.expiration);
    json_end(&status->json, '}');
    table_cell(&status->sessions, cached.key);
    table_cell(&status->sessions, cached.role_arn);
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
    table_init(&status.sessions, 5);
    table_cell(&status.sessions, "KEY");
    table_cell(&status.sessions, "ROLE");
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
            "started_by (systemd or awstap), watching (whether sleep, locked screens and\n"
            "security keys are noticed), screen_locked, trouble (\"\": none) and sessions, an\n"
            "array of objects with key, role_arn (\"\": the key's own), access_key_id,\n"
            "duration_seconds (0: the default), expiration.\n",
    .grammar = {.options = WITH(OPTION_JSON)},
    .run = run,
};
