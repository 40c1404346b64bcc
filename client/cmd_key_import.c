// SPDX-License-Identifier: BSD-2-Clause
// awstap key import: long-lived keys out of a plain file, into the vault.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "arguments.h"
#include "command.h"
#include "failure.h"
#include "handover.h"
#include "import.h"
#include "key.h"
#include "message.h"
#include "output.h"
#include "plain.h"
#include "question.h"
#include "replace.h"
#include "secret.h"
#include "terminal.h"
#include "words.h"

#define ANSWER_SIZE 1024

/* The command on its way. */
struct run {
    struct import import;
    const struct arguments *arguments;
    size_t answered; /* OUTCOMEs so far */
    size_t chosen, burn_count;
    const char *burn[2 * CREDENTIALS_PROFILES]; /* keys to be replaced */
    size_t offered;                             /* of these, so far */
    bool by_name;                               /* profiles were named; else all are meant */
    bool named[CREDENTIALS_PROFILES]; /* import.known: by a word for a profile that is gone */
    int failed;                       /* the first exit status of one that did not go well */
};

static void note_failure(struct run *run, int status)
{
    if (run->failed == EXIT_DONE)
        run->failed = status;
}

static int tell_left_out(const struct import *import)
{
    char line[1300];

    if (!import->credentials.left_out)
        return EXIT_DONE;
    snprintf(
        line, sizeof line,
        "of %s only the first %d profiles with an access key were read: run it again afterwards",
        import->file, CREDENTIALS_PROFILES);
    return output_line(line);
}

/* Whoever names what is to be imported knows what there is. */
static int show(const struct run *run)
{
    struct table table;
    int status;

    if (*run->arguments->more || (!run->import.count && import_exposed(&run->import)))
        return EXIT_DONE;
    if (!run->import.count)
        return fail(EXIT_FAILED, "there is no access key in %.512s", run->import.file);
    table_init(&table, 4);
    import_rows(&run->import, &table);
    status = table_print(&table);
    table_free(&table);
    return status == EXIT_DONE ? tell_left_out(&run->import) : status;
}

static int choose_word(struct run *run, const char *word)
{
    const struct import_known *over = import_over(&run->import, word);
    char line[1400];

    run->by_name = true;
    if (over) {
        run->named[over - run->import.known] = true;
        snprintf(line, sizeof line, "%s is in the vault already, and not in %s", over->name,
                 run->import.file);
        return output_line(line);
    }
    run->chosen++;
    return import_choose(&run->import, word);
}

static int choose_words(struct run *run, char *const *words)
{
    int status = EXIT_DONE;

    for (; *words && status == EXIT_DONE; words++)
        status = choose_word(run, *words);
    return status;
}

static int choose_all(struct run *run)
{
    return (run->chosen = import_choose_all(&run->import)) || import_exposed(&run->import)
               ? EXIT_DONE
               : fail(EXIT_FAILED, "none of these can be imported as it is");
}

static int ask_choice(struct run *run)
{
    char answer[ANSWER_SIZE];
    struct words words;
    int r, status;

    r = terminal_ask("Import which? PROFILE or PROFILE=NAME, several with blanks between; Enter "
                     "for all that can be: ",
                     true, answer, sizeof answer);
    if (r < 0)
        return fail(EXIT_PERSON, "cancelled");
    if ((r = words_split(&words, answer, strlen(answer))) < 0)
        status = fail(EXIT_USAGE, "a quote is not closed");
    else
        status = words.count ? choose_words(run, words.word) : choose_all(run);
    words_free(&words);
    return status;
}

static int choose(struct run *run)
{
    if (*run->arguments->more)
        return choose_words(run, run->arguments->more);
    if (run->arguments->option[OPTION_ALL] || !run->import.count)
        return choose_all(run);
    if (question_possible())
        return ask_choice(run);
    return fail(EXIT_USAGE, "name the profiles to import, or give --all");
}

/*
 * A profile with the same access key goes with it: else the secret would stay in the clear there.
 * One that can't be handed over is named where the key would be replaced.
 */
static int choose_twin(struct run *run, const struct import_item *first, struct import_item *item)
{
    char why[SHADOW_SIZE], line[640];

    if (!item->chosen && !handover_possible(&run->import, item, why))
        return EXIT_DONE;
    item->twin = first;
    if (item->chosen)
        return EXIT_DONE;
    item->chosen = true;
    snprintf(line, sizeof line, "%s has the same access key as %s, and goes with it",
             item->profile->name, first->profile->name);
    return output_line(line);
}

static int choose_twins(struct run *run)
{
    struct import *import = &run->import;
    int status = EXIT_DONE;

    for (size_t i = 0; i < import->count; i++) {
        const struct import_item *first = &import->items[i];

        for (size_t j = 0; j < import->count && first->chosen && !first->twin; j++)
            if (j != i && status == EXIT_DONE && import_same(first, &import->items[j]))
                status = choose_twin(run, first, &import->items[j]);
    }
    return status;
}

/* The nth of those that are to be sealed, or NULL. */
static struct import_item *nth_chosen(struct run *run, size_t n)
{
    for (size_t i = 0; i < run->import.count; i++) {
        struct import_item *item = &run->import.items[i];

        if (item->chosen && !item->twin && n-- == 0)
            return item;
    }
    return NULL;
}

/* The key that has this access key, which may be another than we meant. */
static void note_sealed(struct run *run, struct import_item *item, const char *name)
{
    const struct import_known *known = import_known(&run->import, name);

    snprintf(item->key, sizeof item->key, "%s", name);
    item->proven = true;
    item->replaced = known && strcmp(known->id, item->profile->id) != 0;
}

static int take_outcome(void *context, const struct frame *frame)
{
    struct run *run = context;
    struct import_item *item = nth_chosen(run, run->answered); /* they come in our order */
    struct msg_outcome outcome;

    if (message_get(frame, MSG_OUTCOME, &outcome) < 0 || !item || !key_name_allowed(outcome.name))
        return agent_unexpected();
    run->answered++;
    if (outcome.status == EXIT_DONE) {
        note_sealed(run, item, outcome.name);
        for (size_t i = 0; i < run->import.count; i++)
            if (run->import.items[i].twin == item)
                note_sealed(run, &run->import.items[i], outcome.name);
        return output_line(outcome.text);
    }
    note_failure(run, outcome.status <= EXIT_VAULT ? (int)outcome.status : EXIT_FAILED);
    return fail(EXIT_DONE, "%s: %s", item->profile->name, outcome.text);
}

/* As many of those that are left as one touch is good for. */
static int put_chosen(struct run *run, struct buf *list, struct buf *secrets)
{
    const struct import_item *item;
    int r = 0;

    for (size_t i = 0; i < IMPORT_KEYS_MAX && r == 0; i++)
        if ((item = nth_chosen(run, run->answered + i)))
            r = import_put(&run->import, item, list, secrets);
    return r < 0 ? fail(EXIT_FAILED, "the keys could not be put together: %s", strerror(-r))
                 : EXIT_DONE;
}

static int seal_some(struct run *run)
{
    struct msg_key_import msg = {.exposed = !run->import.credentials.stream};
    struct request request = {.type = MSG_KEY_IMPORT,
                              .msg = &msg,
                              .start = true,
                              .wait_ms = AGENT_LIFE_MS,
                              .take = take_outcome,
                              .context = run};
    struct buf list, secrets;
    int status;

    buf_init(&list);
    buf_init(&secrets);
    if ((status = put_chosen(run, &list, &secrets)) == EXIT_DONE &&
        (status = secret_pipe(&secrets, &request.fd)) == EXIT_DONE) {
        buf_free(&secrets);
        buf_init(&secrets);
        msg.keys = (struct list){(const char *)buf_data(&list), buf_len(&list)};
        status = agent_request(&request);
    }
    buf_free(&secrets);
    buf_free(&list);
    return status;
}

static int seal(struct run *run)
{
    int status = EXIT_DONE;

    while (status == EXIT_DONE && nth_chosen(run, run->answered)) {
        size_t before = run->answered;

        status = seal_some(run);
        if (status == EXIT_DONE && run->answered == before)
            status = agent_unexpected();
    }
    return status;
}

static bool any_proven(const struct run *run)
{
    for (size_t i = 0; i < run->import.count; i++)
        if (run->import.items[i].proven)
            return true;
    return false;
}

/* The access key itself works at IAM without MFA; what is about to be put in its place does not. */
static int tell_no_mfa(void *context, const struct msg_key *key)
{
    const struct run *run = context;
    char line[384];

    for (size_t i = 0; i < run->import.count && !*key->mfa_serial; i++) {
        const struct import_item *item = &run->import.items[i];

        if (!item->proven || strcmp(item->key, key->name) != 0)
            continue;
        snprintf(line, sizeof line, KEY_NO_MFA, key->name, key->name);
        return output_line(line);
    }
    return EXIT_DONE;
}

/* Whether the person, or an option, wants the files changed; done then. */
static int hand_over(struct run *run)
{
    const struct import *import = &run->import;
    char question[2300];
    int status;
    bool yes;

    if ((status = key_each(tell_no_mfa, run)) != EXIT_DONE)
        return status;
    if (import->credentials.stream)
        snprintf(question, sizeof question,
                 "Let AWS tools ask awstap, by credential_process in %s?", import->config_file);
    else
        snprintf(question, sizeof question,
                 "Take them out of %s, and let AWS tools ask awstap, by credential_process in %s?",
                 import->file, import->config_file);
    if ((status = question_decide(run->arguments, OPTION_REWRITE, OPTION_NO_REWRITE, question, true,
                                  &yes)) != EXIT_DONE)
        return status;
    if (!yes)
        return import->credentials.stream
                   ? EXIT_DONE
                   : output_line("the file still has them, and AWS tools take them from there");
    if ((status = handover(&run->import)) != EXIT_DONE)
        note_failure(run, status);
    return handover_shadows(import);
}

static bool is_to_burn(const struct run *run, const char *key)
{
    for (size_t i = 0; i < run->burn_count; i++)
        if (strcmp(run->burn[i], key) == 0)
            return true;
    return false;
}

/* What reads it from a file would stop working. */
static int keep(struct run *run, const struct import_item *item, const char *why)
{
    char line[PLAIN_SIZE + 512];

    snprintf(line, sizeof line,
             "%s is not replaced: %s; import it or take it out, then run `awstap key rotate %s`",
             item->key, why, item->key);
    if (run->arguments->option[OPTION_BURN])
        note_failure(run, fail(EXIT_FAILED, "%s", line));
    else if (item->settled)
        return output_line(line);
    return EXIT_DONE;
}

/* Of those that were imported now, which can be replaced. An exit status. */
static int find_imported(struct run *run)
{
    char why[PLAIN_SIZE];
    int status = EXIT_DONE;

    for (size_t i = 0; i < run->import.count && status == EXIT_DONE; i++) {
        const struct import_item *item = &run->import.items[i];

        if (!item->proven || item->replaced || item->twin)
            continue;
        if (plain_has(&run->import, item->profile->id, why))
            status = keep(run, item, why);
        else if (!is_to_burn(run, item->key))
            run->burn[run->burn_count++] = item->key;
    }
    return status;
}

/* And those that an earlier import took over, and that were not replaced since. */
static int find_exposed(struct run *run, bool only_named)
{
    char why[PLAIN_SIZE], line[256];
    int status = EXIT_DONE;

    for (size_t i = 0; i < run->import.known_count && status == EXIT_DONE; i++) {
        const struct import_known *known = &run->import.known[i];

        if (!known->exposed || (only_named && !run->named[i]) || is_to_burn(run, known->name) ||
            plain_has(&run->import, *known->older_id ? known->older_id : known->id, why))
            continue;
        run->burn[run->burn_count++] = known->name;
        snprintf(line, sizeof line, "%s lay in a plain file, and was not replaced since",
                 known->name);
        status = output_line(line);
    }
    return status;
}

/* Replace those that were found since the last question, if an option or the person says so. */
static int offer(struct run *run, bool leaked)
{
    size_t first = run->offered;
    bool one = run->burn_count - first == 1, yes;
    int status;

    if (run->burn_count == first)
        return EXIT_DONE;
    run->offered = run->burn_count;
    status = question_decide(
        run->arguments, OPTION_BURN, OPTION_NO_BURN,
        leaked ? one ? "A key that lay in a plain file counts as leaked. Replace it at AWS now?"
                     : "Keys that lay in a plain file count as leaked. Replace them at AWS now?"
        : one  ? "What came by a pipe need not have leaked. Replace it at AWS all the same?"
               : "What came by a pipe need not have leaked. Replace them at AWS all the same?",
        leaked, &yes);
    for (size_t i = first; i < run->burn_count && status == EXIT_DONE && yes; i++)
        note_failure(run, replace_access_key(cmd_key_import.name, run->burn[i], false));
    return status;
}

/* Other machines may use the keys that were not named: only who says --all, or a person who is
 * asked of them by themselves, has them replaced. */
static bool offers_others(const struct run *run)
{
    const struct arguments *arguments = run->arguments;

    return arguments->option[OPTION_ALL] ||
           (question_possible() && !arguments->option[OPTION_BURN]);
}

static int burn(struct run *run)
{
    int status = find_imported(run);

    if (status == EXIT_DONE && run->import.credentials.stream)
        status = offer(run, false);
    if (status == EXIT_DONE && (status = find_exposed(run, run->by_name)) == EXIT_DONE)
        status = offer(run, true);
    if (status == EXIT_DONE && offers_others(run) &&
        (status = find_exposed(run, false)) == EXIT_DONE)
        status = offer(run, true);
    return status;
}

/* The file is read again: its lines have other numbers where some were taken out. */
static int tell_comment(const struct import *import)
{
    static struct credentials now; /* too large for the stack */
    char line[1300];
    size_t number = 0;

    if (!import->credentials.stream && credentials_read(&now, import->file) == 0)
        number = now.comment_line;
    credentials_free(&now);
    if (!number)
        return EXIT_DONE;
    snprintf(line, sizeof line,
             "line %zu of %s is a comment with a secret in it, which stays: take it out yourself",
             number, import->file);
    return output_line(line);
}

/* Seal those that were chosen, and take them out of the file. An exit status. */
static int take_over(struct run *run)
{
    int status = choose_twins(run);

    if (status == EXIT_DONE)
        status = seal(run);
    if (!any_proven(run))
        return status;
    note_failure(run, status);
    status = hand_over(run);
    return status == EXIT_DONE ? tell_comment(&run->import) : status;
}

static int go_through(struct run *run)
{
    int status;

    if ((status = import_open(&run->import, run->arguments->option[OPTION_CREDENTIALS])) !=
            EXIT_DONE ||
        (status = show(run)) != EXIT_DONE || (status = choose(run)) != EXIT_DONE ||
        (run->chosen && (status = take_over(run)) != EXIT_DONE) ||
        (status = burn(run)) != EXIT_DONE)
        return status;
    return run->failed;
}

static int run(const struct arguments *arguments)
{
    static struct run state; /* too large for the stack */
    int status;

    if ((status = question_check(arguments, OPTION_REWRITE, OPTION_NO_REWRITE)) != EXIT_DONE ||
        (status = question_check(arguments, OPTION_BURN, OPTION_NO_BURN)) != EXIT_DONE)
        return status;
    state.arguments = arguments;
    status = go_through(&state);
    import_close(&state.import);
    return status;
}

const struct command cmd_key_import = {
    .name = "key import",
    .synopsis = "[PROFILE[=NAME]…] [--all] [--credentials FILE] [--rewrite | --no-rewrite] "
                "[--burn | --no-burn]",
    .summary = "Seal the access keys of ~/.aws/credentials, and take them out of it",
    .help =
        "Shows what is there, and asks which. One touch seals them; each is proven by a session\n"
        "that it gives. Then, if you agree, AWS tools are told to ask awstap\n"
        "(credential_process in ~/.aws/config), and the secrets are taken out of the file. A key\n"
        "that lay in a plain file counts as leaked: if you agree, each is replaced at AWS (where\n"
        "profiles are named, --burn means those, and with --all the others as well).\n"
        "Interrupted, it goes on where it was when it is run again: a key that lay in a plain\n"
        "file is offered for replacement until it was replaced.\n"
        "\n"
        "Without a terminal nothing is asked: the profiles named, or --all, are sealed, and files\n"
        "and keys are left as they are unless --rewrite and --burn are given.\n"
        "\n"
        "A key is called as its profile; PROFILE=NAME calls it otherwise. FILE may be a pipe:\n"
        "  aws-vault export --no-session --format=ini work | awstap key import --credentials -\n",
    .grammar = {.options = WITH(OPTION_ALL) | WITH(OPTION_CREDENTIALS) | WITH(OPTION_REWRITE) |
                           WITH(OPTION_NO_REWRITE) | WITH(OPTION_BURN) | WITH(OPTION_NO_BURN),
                .more = true,
                .optional = true},
    .run = run,
};
