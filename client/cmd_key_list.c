// SPDX-License-Identifier: BSD-2-Clause
// awstap key list: the access keys in the vault.
#include <string.h>

#include "command.h"
#include "failure.h"
#include "key.h"
#include "output.h"
#include "table.h"

/* Both forms are filled, one is printed. */
struct keys {
    struct table table;
    struct buf notes;
    struct json json;
};

static int take(void *context, const struct msg_key *key)
{
    struct keys *keys = context;
    char age[KEY_AGE_SIZE], policy[KEY_POLICY_SIZE];
    int r = key_notes(key, &keys->notes);

    key_json(&keys->json, key);
    key_age(key, age);
    key_policy(key, policy);
    table_cell(&keys->table, key->name);
    table_cell(&keys->table, key->access_key_id);
    table_cell(&keys->table, key->account);
    table_cell(&keys->table, key->region);
    table_cell(&keys->table, key_mfa(key));
    table_cell(&keys->table, age);
    table_cell(&keys->table, policy);
    return r < 0 ? fail(EXIT_FAILED, "the keys cannot be listed: %s", strerror(-r)) : EXIT_DONE;
}

static int print(struct keys *keys, bool as_json)
{
    int status;

    json_end(&keys->json, ']');
    if (as_json)
        return output_json(&keys->json);
    if (keys->table.count == keys->table.columns)
        return output_line("no key is in the vault; put one in with `awstap key add NAME`");
    status = table_print(&keys->table);
    return status == EXIT_DONE ? output_buf(&keys->notes) : status;
}

static int run(const struct arguments *arguments)
{
    static const char *const HEADS[] = {"NAME", "ACCESS KEY ID", "ACCOUNT", "REGION",
                                        "MFA",  "KEY AGE",       "POLICY"};
    struct keys keys;
    int status;

    json_init(&keys.json);
    json_begin(&keys.json, NULL, '[');
    buf_init(&keys.notes);
    table_init(&keys.table, 7);
    for (size_t i = 0; i < 7; i++)
        table_cell(&keys.table, HEADS[i]);
    if ((status = key_each(take, &keys)) == EXIT_DONE)
        status = print(&keys, arguments->option[OPTION_JSON]);
    table_free(&keys.table);
    buf_free(&keys.notes);
    json_free(&keys.json);
    return status;
}

const struct command cmd_key_list = {
    .name = "key list",
    .synopsis = "[--json]",
    .summary = "List the access keys in the vault",
    .help =
        "MFA is `sealed` where the seed of the key's MFA device is in the vault too.\n"
        "KEY AGE is that of the access key: since it was sealed here. POLICY tells what\n"
        "`awstap key set` has changed. What is unfinished about a key, and what AWS has for its\n"
        "user that the vault does not know, stands below.\n"
        "--json prints an array of objects with\n" KEY_JSON_MEMBERS ".\n",
    .grammar = {.options = WITH(OPTION_JSON)},
    .run = run,
};
