// SPDX-License-Identifier: BSD-2-Clause
// awstap key show: all that is known about one key, but for its secret.
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "failure.h"
#include "key.h"
#include "output.h"
#include "table.h"
#include "text.h"
#include "utc.h"

struct shown {
    const char *name;
    struct table table;
    struct json json;
    bool found;
};

struct row {
    const char *name, *value;
};

static void fill_rows(struct table *table, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        table_cell(table, rows[i].name);
        table_cell(table, rows[i].value);
    }
}

static void fill_policy(struct table *table, const struct msg_key *key)
{
    char lasts[TEXT_SPAN], longest[TEXT_SPAN], every[TEXT_SPAN], grace[TEXT_SPAN];
    char session[128], rotation[128];

    text_span(key->duration, lasts);
    text_span(key->max_duration, longest);
    text_span(key->rotate_every, every);
    text_span(key->grace, grace);
    snprintf(session, sizeof session, "%s, at most %s", lasts, longest);
    snprintf(rotation, sizeof rotation, "%s%s, the old key kept for %s",
             key->rotate_every ? "every " : "by hand only", key->rotate_every ? every : "", grace);
    fill_rows(table,
              (const struct row[]){
                  {"touch", key->touch == TOUCH_USE ? "for each use" : "for each session"},
                  {"serves", key->serve == SERVE_ROLES ? "roles only" : "sessions and roles"},
                  {"session", session},
                  {"locked on", key_locks(key)},
                  {"rotation", rotation},
              },
              5);
}

static void fill_strangers(struct table *table, const struct msg_key *key)
{
    for (const char *what = NULL; (what = list_next(&key->strangers, what));) {
        table_cell(table, "unknown here");
        table_cell(table, what);
    }
}

static void fill_table(struct table *table, const struct msg_key *key)
{
    char time[UTC_SIZE], age[KEY_AGE_SIZE];

    utc_print(key->created, time);
    key_age(key, age);
    const struct row rows[] = {
        {"name", key->name},
        {"access key ID", key->access_key_id},
        {"access key age", age},
        {"user", key->arn},
        {"account", key->account},
        {"partition", key->partition},
        {"region", key->region},
        {"MFA device", key->mfa_serial},
        {"MFA seed", key_mfa(key)},
        {"STS endpoint", key->sts_url},
        {"IAM endpoint", key->iam_url},
        {"CA bundle", key->ca_bundle},
        {"added", time},
    };
    fill_rows(table, rows, sizeof rows / sizeof *rows);
    fill_policy(table, key);
    fill_rows(table, &(const struct row){"unfinished", key->task}, *key->task ? 1 : 0);
    fill_strangers(table, key);
}

static int take(void *context, const struct msg_key *key)
{
    struct shown *shown = context;

    if (shown->found || strcmp(key->name, shown->name) != 0)
        return EXIT_DONE;
    shown->found = true;
    key_json(&shown->json, key);
    fill_table(&shown->table, key);
    return EXIT_DONE;
}

static int run(const struct arguments *arguments)
{
    struct shown shown = {.name = arguments->operand[0]};
    int status;

    json_init(&shown.json);
    table_init(&shown.table, 2);
    status = key_each(take, &shown);
    if (status == EXIT_DONE && !shown.found)
        status = fail(EXIT_FAILED, "no such key is in the vault; see awstap key list");
    else if (status == EXIT_DONE)
        status =
            arguments->option[OPTION_JSON] ? output_json(&shown.json) : table_print(&shown.table);
    table_free(&shown.table);
    json_free(&shown.json);
    return status;
}

const struct command cmd_key_show = {
    .name = "key show",
    .synopsis = "NAME [--json]",
    .summary = "Show all that is known about a key, but for its secret",
    .help = "`unknown here` is what AWS has for the key's user, and the vault does not know.\n"
            "--json prints an object with\n" KEY_JSON_MEMBERS ".\n",
    .grammar = {.options = WITH(OPTION_JSON), .operands = 1},
    .run = run,
};
