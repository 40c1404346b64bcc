// SPDX-License-Identifier: BSD-2-Clause
// awstap status: the agent and the sessions it holds.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "clock.h"
#include "command.h"
#include "failure.h"
#include "key.h"
#include "output.h"
#include "place.h"
#include "table.h"
#include "text.h"

/* Both forms are filled, one is printed. */
struct status {
    struct table agent, sessions, keys;
    struct buf notes;
    struct json json, troubles;
    char vault[PLACE_MAX];
    bool met;       /* AGENT has come, which stands first */
    bool elsewhere; /* it was said that the vault came from another machine */
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
        {"desktop", "not watched: no notifications, and nothing locks by itself",
         !agent->watching && *agent->trouble}, /* else awstap-watch is only on its way */
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
    snprintf(status->vault, sizeof status->vault, "%s", agent.vault);
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

static int no_memory(int r)
{
    return r < 0 ? fail(EXIT_FAILED, "the status cannot be shown: %s", strerror(-r)) : EXIT_DONE;
}

/* What went wrong when nobody was there to be told. */
static int take_outcome(struct status *status, const struct frame *frame)
{
    struct msg_outcome outcome;

    if (message_get(frame, MSG_OUTCOME, &outcome) < 0 || !status->met)
        return agent_unexpected();
    json_begin(&status->troubles, NULL, '{');
    json_text(&status->troubles, "key", outcome.name);
    json_text(&status->troubles, "text", outcome.text);
    json_end(&status->troubles, '}');
    return no_memory(
        buf_printf(&status->notes, "%s was not rotated: %s\n", outcome.name, outcome.text));
}

static int take(void *context, const struct frame *frame)
{
    switch (frame->type) {
    case MSG_AGENT:
        return take_agent(context, frame);
    case MSG_OUTCOME:
        return take_outcome(context, frame);
    default:
        return take_cached(context, frame);
    }
}

static int take_key(void *context, const struct msg_key *key)
{
    struct status *status = context;
    char age[KEY_AGE_SIZE], every[TEXT_SPAN];

    json_begin(&status->json, NULL, '{');
    json_text(&status->json, "name", key->name);
    json_text(&status->json, "access_key_id", key->access_key_id);
    key_state_json(&status->json, key);
    json_end(&status->json, '}');
    key_age(key, age);
    text_span(key->rotate_every, every);
    table_cell(&status->keys, key->name);
    table_cell(&status->keys, key->access_key_id);
    table_cell(&status->keys, age);
    table_cell(&status->keys, key->rotate_every ? every : "by hand only");
    if (key->elsewhere && !status->elsewhere) {
        status->elsewhere = true;
        if (buf_printf(&status->notes, "the vault %s\n", KEY_ELSEWHERE) < 0)
            return no_memory(-ENOMEM);
    }
    return no_memory(key_notes(key, &status->notes));
}

/* What is in the vault, where there is one. */
static int add_keys(struct status *status)
{
    int r = EXIT_DONE;

    json_end(&status->json, ']');
    json_begin(&status->json, "keys", '[');
    if (access(status->vault, F_OK) == 0)
        r = key_each_running(take_key, status);
    json_end(&status->json, ']');
    json_end(&status->troubles, ']');
    json_value(&status->json, "not_rotated", &status->troubles);
    json_end(&status->json, '}');
    return r;
}

static int print_table(const struct table *table)
{
    return table->count > table->columns ? table_print(table) : EXIT_DONE;
}

static int print(struct status *status)
{
    int r;

    if ((r = table_print(&status->agent)) != EXIT_DONE ||
        (status->sessions.count == status->sessions.columns &&
         (r = output_line("no session is held")) != EXIT_DONE) ||
        (r = print_table(&status->sessions)) != EXIT_DONE ||
        (r = print_table(&status->keys)) != EXIT_DONE)
        return r;
    return output_buf(&status->notes);
}

static void fill_heads(struct table *table, size_t columns, const char *const *heads)
{
    table_init(table, columns);
    for (size_t i = 0; i < columns; i++)
        table_cell(table, heads[i]);
}

static void begin(struct status *status)
{
    static const char *const SESSIONS[] = {"KEY", "ROLE", "ASKED FOR", "EXPIRES IN",
                                           "ACCESS KEY ID"};
    static const char *const KEYS[] = {"KEY", "ACCESS KEY ID", "KEY AGE", "ROTATED EVERY"};

    json_init(&status->json);
    json_init(&status->troubles);
    json_begin(&status->troubles, NULL, '[');
    buf_init(&status->notes);
    table_init(&status->agent, 2);
    fill_heads(&status->sessions, 5, SESSIONS);
    fill_heads(&status->keys, 4, KEYS);
}

static void end(struct status *status)
{
    table_free(&status->keys);
    table_free(&status->sessions);
    table_free(&status->agent);
    buf_free(&status->notes);
    json_free(&status->troubles);
    json_free(&status->json);
}

/* Where the vault can't be read, the agent is shown all the same. */
static int show(struct status *status, bool as_json)
{
    int of_keys, r;

    if (!status->met)
        return agent_unexpected();
    of_keys = add_keys(status);
    r = as_json ? output_json(&status->json) : print(status);
    return r == EXIT_DONE ? of_keys : r;
}

static int run(const struct arguments *arguments)
{
    static struct status status;
    const struct request request = {
        .type = MSG_STATUS, .fd = -1, .wait_ms = AGENT_QUICK_MS, .take = take, .context = &status};
    int r;

    begin(&status);
    if ((r = agent_request(&request)) == EXIT_DONE)
        r = show(&status, arguments->option[OPTION_JSON]);
    end(&status);
    return r;
}

const struct command cmd_status = {
    .name = "status",
    .synopsis = "[--json]",
    .summary = "Show the agent, the sessions it holds, and the state of the keys",
    .help =
        "Starts no agent: exit status 3 says that none is running. --json prints an object\n"
        "with version, pid, vault, state, waiting (how many sessions are being waited for),\n"
        "started_by (systemd or awstap), watching (whether sleep, locked screens and\n"
        "security keys are noticed), screen_locked, trouble (\"\": none), sessions, an array\n"
        "of objects with key, role_arn (\"\": the key's own), access_key_id, duration_seconds\n"
        "(0: the default), expiration; keys, an array of objects with name, access_key_id,\n"
        "sealed, overdue, task, strangers, elsewhere, exposed (as in key show); and not_rotated,\n"
        "an array of objects with key and text: rotations that failed while nobody was there.\n",
    .grammar = {.options = WITH(OPTION_JSON)},
    .run = run,
};
