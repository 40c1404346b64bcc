// SPDX-License-Identifier: BSD-2-Clause
// awstap factor list: what opens the vault.
#include <stdio.h>

#include "agent.h"
#include "command.h"
#include "output.h"
#include "table.h"
#include "utc.h"

#define AAGUID_SIZE 16
#define AAGUID_TEXT 37

/* Both forms are filled, one is printed. */
struct factors {
    struct table table;
    struct json json;
};

static const char *kind_name(uint32_t kind)
{
    static const char *const NAMES[] = {[FACTOR_FIDO2] = "fido2",
                                        [FACTOR_PASSPHRASE] = "passphrase",
                                        [FACTOR_RECOVERY] = "recovery"};

    return kind >= FACTOR_FIDO2 && kind <= FACTOR_RECOVERY ? NAMES[kind] : "unknown";
}

/* As the FIDO metadata service writes it; "" for none. */
static void aaguid_text(const struct bytes *aaguid, char out[AAGUID_TEXT])
{
    char *at = out;

    *out = '\0';
    for (size_t i = 0; aaguid->len == AAGUID_SIZE && i < AAGUID_SIZE; i++)
        at +=
            sprintf(at, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", aaguid->data[i]);
}

static const char *asks_for(const struct msg_factor *factor)
{
    if (factor->kind == FACTOR_PASSPHRASE)
        return factor->flags & FACTOR_TOTP ? "passphrase and TOTP code" : "passphrase";
    if (factor->kind == FACTOR_RECOVERY)
        return "recovery code";
    if (factor->flags & FIDO_PIN)
        return "touch and PIN";
    return factor->flags & FIDO_UV ? "touch and verification" : "touch";
}

static int take(void *context, const struct frame *frame)
{
    struct factors *factors = context;
    char aaguid[AAGUID_TEXT], time[UTC_SIZE], id[16];
    struct msg_factor factor;

    if (message_get(frame, MSG_FACTOR, &factor) < 0)
        return agent_unexpected();
    aaguid_text(&factor.aaguid, aaguid);
    json_begin(&factors->json, NULL, '{');
    json_number(&factors->json, "id", factor.id);
    json_text(&factors->json, "kind", kind_name(factor.kind));
    json_text(&factors->json, "label", factor.label);
    json_bool(&factors->json, "touch", factor.flags & FIDO_UP);
    json_bool(&factors->json, "user_verification", factor.flags & FIDO_UV);
    json_bool(&factors->json, "pin", factor.flags & FIDO_PIN);
    json_bool(&factors->json, "totp", factor.flags & FACTOR_TOTP);
    json_text(&factors->json, "aaguid", aaguid);
    json_time(&factors->json, "created", factor.created);
    json_end(&factors->json, '}');
    snprintf(id, sizeof id, "%u", factor.id);
    utc_print(factor.created, time);
    table_cell(&factors->table, id);
    table_cell(&factors->table, kind_name(factor.kind));
    table_cell(&factors->table, factor.label);
    table_cell(&factors->table, asks_for(&factor));
    table_cell(&factors->table, time);
    return EXIT_DONE;
}

static int print(struct factors *factors, bool as_json)
{
    json_end(&factors->json, ']');
    if (as_json)
        return output_json(&factors->json);
    if (factors->table.count == factors->table.columns)
        return output_line("no factor is enrolled; enrol one with `awstap factor add fido2`");
    return table_print(&factors->table);
}

static int run(const struct arguments *arguments)
{
    static const char *const HEADS[] = {"ID", "KIND", "LABEL", "ASKS FOR", "ENROLLED"};
    struct factors factors;
    const struct request request = {.type = MSG_FACTOR_LIST,
                                    .fd = -1,
                                    .start = true,
                                    .wait_ms = AGENT_PERSON_MS,
                                    .take = take,
                                    .context = &factors};
    int status;

    json_init(&factors.json);
    json_begin(&factors.json, NULL, '[');
    table_init(&factors.table, 5);
    for (size_t i = 0; i < 5; i++)
        table_cell(&factors.table, HEADS[i]);
    if ((status = agent_request(&request)) == EXIT_DONE)
        status = print(&factors, arguments->option[OPTION_JSON]);
    table_free(&factors.table);
    json_free(&factors.json);
    return status;
}

const struct command cmd_factor_list = {
    .name = "factor list",
    .synopsis = "[--json]",
    .summary = "List what opens the vault",
    .help = "--json prints an array of objects with id, kind, label, touch, user_verification,\n"
            "pin, totp, aaguid, created.\n",
    .grammar = {.options = WITH(OPTION_JSON)},
    .run = run,
};
