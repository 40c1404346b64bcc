// SPDX-License-Identifier: BSD-2-Clause
// awstap factor remove: one way less to open the vault, and what old copies of it still give away.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "command.h"
#include "failure.h"
#include "key.h"
#include "key_name.h"
#include "output.h"
#include "question.h"
#include "replace.h"

#define KEYS_MAX      64 /* as many as a vault can hold */
#define QUESTION_SIZE 512

/* What old copies of the vault have in them. */
struct copies {
    size_t count;
    struct {
        char name[KEY_NAME_MAX + 1];
        bool has_seed;
    } keys[KEYS_MAX];
};

static int note(void *context, const struct msg_key *key)
{
    struct copies *copies = context;

    if (copies->count == KEYS_MAX || strlen(key->name) > KEY_NAME_MAX)
        return agent_unexpected();
    strcpy(copies->keys[copies->count].name, key->name);
    copies->keys[copies->count++].has_seed = key->has_seed != 0;
    return EXIT_DONE;
}

static size_t count_seeds(const struct copies *copies)
{
    size_t count = 0;

    for (size_t i = 0; i < copies->count; i++)
        count += copies->keys[i].has_seed;
    return count;
}

static int decide(const struct arguments *arguments, const struct copies *copies, bool *yes)
{
    char question[QUESTION_SIZE], devices[64] = "";
    size_t seeds = count_seeds(copies);

    if (seeds)
        snprintf(devices, sizeof devices, " and %zu MFA device%s", seeds, seeds == 1 ? "" : "s");
    snprintf(
        question, sizeof question,
        "If it may be in other hands, replace what those hold: %zu access key%s%s. At AWS now, "
        "with a few touches?",
        copies->count, copies->count == 1 ? "" : "s", devices);
    return question_decide(arguments, OPTION_BURN, OPTION_NO_BURN, question, false, yes);
}

/* One that fails does not keep the others from it. The first exit status that is not EXIT_DONE. */
static int replace_all(const struct copies *copies)
{
    int failed = EXIT_DONE, status;

    for (size_t i = 0; i < copies->count; i++) {
        const char *name = copies->keys[i].name;

        if ((status = replace_access_key(cmd_factor_remove.name, name, true)) != EXIT_DONE &&
            !failed)
            failed = status;
        if (copies->keys[i].has_seed &&
            (status = replace_mfa_device(cmd_factor_remove.name, name)) != EXIT_DONE && !failed)
            failed = status;
    }
    return failed;
}

static int say_how(const struct copies *copies)
{
    int status = output_line("if it may be in other hands, replace what is in those, by:");

    for (size_t i = 0; i < copies->count && status == EXIT_DONE; i++) {
        const char *name = copies->keys[i].name;
        char line[2 * KEY_NAME_MAX + 64];

        snprintf(line, sizeof line, "awstap key rotate %s", name);
        status = output_line(line);
        snprintf(line, sizeof line, "awstap mfa add --replace %s", name);
        if (copies->keys[i].has_seed && status == EXIT_DONE)
            status = output_line(line);
    }
    return status;
}

/* Copies of the vault from before still open with the factor. An exit status. */
static int offer(const struct arguments *arguments)
{
    static struct copies copies; /* too large for the stack */
    bool yes;
    int status = key_each(note, &copies);

    if (status != EXIT_DONE || copies.count == 0 ||
        (status = decide(arguments, &copies, &yes)) != EXIT_DONE)
        return status;
    return yes ? replace_all(&copies) : say_how(&copies);
}

static int run(const struct arguments *arguments)
{
    const char *id = arguments->operand[0];
    struct msg_factor_remove remove = {0};
    const struct request request = {.type = MSG_FACTOR_REMOVE,
                                    .msg = &remove,
                                    .fd = -1,
                                    .start = true,
                                    .wait_ms = AGENT_PERSON_MS};
    int status = question_check(arguments, OPTION_BURN, OPTION_NO_BURN);

    if (status != EXIT_DONE)
        return status;
    if (!*id || strlen(id) > 9 || id[strspn(id, "0123456789")])
        return fail(EXIT_USAGE, "a factor's ID is a number; see awstap factor list");
    remove.id = (uint32_t)strtoul(id, NULL, 10);
    status = agent_request(&request);
    return status == EXIT_DONE ? offer(arguments) : status;
}

const struct command cmd_factor_remove = {
    .name = "factor remove",
    .synopsis = "ID [--burn | --no-burn]",
    .summary = "Let a factor open the vault no longer",
    .help =
        "The last one cannot be removed. The vault gets a new key; copies of it made before still\n"
        "open with the factor that was removed. Where that may be in other hands, what is in them\n"
        "has to be replaced at AWS: this is offered, and --burn does it without asking. Each\n"
        "access key takes two touches, each MFA device one and about a minute.\n",
    .grammar = {.options = WITH(OPTION_BURN) | WITH(OPTION_NO_BURN), .operands = 1},
    .run = run,
};
