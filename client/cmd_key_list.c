// SPDX-License-Identifier: BSD-2-Clause
// awstap key list: the access keys in the vault.
#include "command.h"
#include "key.h"
#include "output.h"
#include "table.h"
#include "utc.h"

/* Both forms are filled, one is printed. */
struct keys {
    struct table table;
    struct json json;
};

static int take(void *context, const struct msg_key *key)
{
    struct keys *keys = context;
    char time[UTC_SIZE], policy[KEY_POLICY_SIZE];

    key_json(&keys->json, key);
    utc_print(key->created, time);
    key_policy(key, policy);
    table_cell(&keys->table, key->name);
    table_cell(&keys->table, key->access_key_id);
    table_cell(&keys->table, key->account);
    table_cell(&keys->table, key->region);
    table_cell(&keys->table, key_mfa(key));
    table_cell(&keys->table, time);
    table_cell(&keys->table, policy);
    return EXIT_DONE;
}

static int print(struct keys *keys, bool as_json)
{
    json_end(&keys->json, ']');
    if (as_json)
        return output_json(&keys->json);
    if (keys->table.count == keys->table.columns)
        return output_line("no key is in the vault; put one in with `awstap key add NAME`");
    return table_print(&keys->table);
}

static int run(const struct arguments *arguments)
{
    static const char *const HEADS[] = {"NAME", "ACCESS KEY ID", "ACCOUNT", "REGION",
                                        "MFA",  "ADDED",         "POLICY"};
    struct keys keys;
    int status;

    json_init(&keys.json);
    json_begin(&keys.json, NULL, '[');
    table_init(&keys.table, 7);
    for (size_t i = 0; i < 7; i++)
        table_cell(&keys.table, HEADS[i]);
    if ((status = key_each(take, &keys)) == EXIT_DONE)
        status = print(&keys, arguments->option[OPTION_JSON]);
    table_free(&keys.table);
    json_free(&keys.json);
    return status;
}

const struct command cmd_key_list = {
    .name = "key list",
    .synopsis = "[--json]",
    .summary = "List the access keys in the vault",
    .help = "MFA is `sealed` where the seed of the key's MFA device is in the vault too.\n"
            "POLICY tells what `awstap key set` has changed.\n"
            "--json prints an array of objects with\n" KEY_JSON_MEMBERS ".\n",
    .grammar = {.options = WITH(OPTION_JSON)},
    .run = run,
};
