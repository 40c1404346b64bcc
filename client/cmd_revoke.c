// SPDX-License-Identifier: BSD-2-Clause
// awstap revoke: the leak drill. The vault's part is the signer's; here is what is an
// administrator's and the person's.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "arena.h"
#include "aws_cli.h"
#include "clock.h"
#include "command.h"
#include "deny_policy.h"
#include "failure.h"
#include "key.h"
#include "plan.h"
#include "taken.h"
#include "utc.h"

#define ID_SIZE     129
#define ARN_SIZE    641
#define ANSWER_SIZE 64
#define KEYS_MAX    2 /* as many as AWS allows a user */

/* The key's facts, as the vault has them. */
struct subject {
    bool found;
    char arn[ARN_SIZE], account[17], partition[65], region[65];
    char sts_url[1025], iam_url[1025], ca_bundle[1025];
    char access_key_id[ID_SIZE], task[1025];
    uint64_t sealed;
};

struct revoke {
    const char *name, *admin;
    struct subject subject;
    struct plan plan;
    char old_id[ID_SIZE], new_id[ID_SIZE];
    uint64_t sealed, ended;
    char in_the_way[ID_SIZE]; /* an access key that the vault does not know, or "" */
    const char *discarded;    /* the one that was named to be deleted, or NULL */
};

static void copy(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text);
}

static int take_key(void *context, const struct msg_key *key)
{
    struct revoke *revoke = context;
    struct subject *subject = &revoke->subject;

    if (strcmp(key->name, revoke->name) != 0)
        return EXIT_DONE;
    subject->found = true;
    copy(subject->arn, sizeof subject->arn, key->arn);
    copy(subject->account, sizeof subject->account, key->account);
    copy(subject->partition, sizeof subject->partition, key->partition);
    copy(subject->region, sizeof subject->region, key->region);
    copy(subject->sts_url, sizeof subject->sts_url, key->sts_url);
    copy(subject->iam_url, sizeof subject->iam_url, key->iam_url);
    copy(subject->ca_bundle, sizeof subject->ca_bundle, key->ca_bundle);
    copy(subject->access_key_id, sizeof subject->access_key_id, key->access_key_id);
    copy(subject->task, sizeof subject->task, key->task);
    subject->sealed = key->sealed;
    return EXIT_DONE;
}

static int find_subject(struct revoke *revoke)
{
    int status = key_each(take_key, revoke);

    if (status == EXIT_DONE && !revoke->subject.found)
        status = fail(EXIT_FAILED, "no such key is in the vault; see awstap key list");
    return status;
}

/* The last part of an ARN behind a slash: the name of a user or role. */
static const char *name_in(const char *arn)
{
    const char *slash = strrchr(arn, '/');

    return slash ? slash + 1 : arn;
}

/* The account of an ARN, its fifth field. */
static void account_in(const char *arn, char account[17])
{
    for (int field = 0; field < 4 && arn; field++)
        if ((arn = strchr(arn, ':')))
            arn++;
    snprintf(account, 17, "%.*s", arn ? (int)strcspn(arn, ":") : 0, arn ? arn : "");
}

/* IAM has one endpoint for a partition, which the AWS CLI knows by the region. */
static const char *region_for_iam(const struct subject *subject)
{
    return strcmp(subject->partition, "aws") == 0 ? NULL : subject->region;
}

static void tell_step(struct revoke *revoke, const struct msg_drill *drill)
{
    const char *old_id = revoke->old_id, *new_id = revoke->new_id;
    struct plan *plan = &revoke->plan;

    switch (drill->step) {
    case DRILL_OPENED:
        plan_did(plan, PLAN_OPEN, drill->when, "the vault is open");
        break;
    case DRILL_CREATED:
        plan_did(plan, PLAN_CREATE, drill->when,
                 "the new access key %s is made and sealed, and AWS takes it", new_id);
        break;
    case DRILL_PROVEN:
        plan_did(plan, PLAN_PROVE, drill->when, "%s is proven: opened, and it gave a session",
                 new_id);
        break;
    case DRILL_OFF:
        plan_did(plan, PLAN_OFF, drill->when, "the old access key %s is off (Inactive)", old_id);
        break;
    case DRILL_REFUSED:
        plan_did(plan, PLAN_REFUSED, drill->when, "AWS refuses %s", old_id);
        break;
    case DRILL_RENEWED:
        plan_did(plan, PLAN_RENEW, drill->when, "%s gave another session", new_id);
        break;
    default:
        plan_did(plan, PLAN_DELETE, drill->when,
                 "%s is deleted, and the sessions of %s are forgotten here", old_id, revoke->name);
    }
}

static int take_answer(void *context, const struct frame *frame)
{
    struct revoke *revoke = context;
    struct msg_outcome outcome;
    struct msg_drill drill;

    if (message_get(frame, MSG_DRILL, &drill) == 0) {
        copy(revoke->old_id, sizeof revoke->old_id, drill.old_id);
        copy(revoke->new_id, sizeof revoke->new_id, drill.new_id);
        revoke->sealed = drill.sealed;
        revoke->ended = drill.ended;
        tell_step(revoke, &drill);
        return revoke->plan.status;
    }
    if (message_get(frame, MSG_OUTCOME, &outcome) < 0)
        return agent_unexpected();
    if (outcome.status != EXIT_DONE)
        copy(revoke->in_the_way, sizeof revoke->in_the_way, outcome.name);
    return EXIT_DONE;
}

static int ask_agent(struct revoke *revoke, const char *discard, bool finish)
{
    const struct msg_revoke ask = {revoke->name, discard, finish};
    const struct request request = {.type = MSG_REVOKE,
                                    .msg = &ask,
                                    .fd = -1,
                                    .start = true,
                                    .wait_ms = AGENT_LIFE_MS,
                                    .take = take_answer,
                                    .context = revoke};

    return agent_request(&request);
}

/* Whether the person lets the access key that the vault does not know go first. */
static bool discards(const struct revoke *revoke)
{
    char prompt[ID_SIZE + 64], *answer = arena_alloc(ANSWER_SIZE);
    bool yes;

    if (!answer)
        return false;
    snprintf(prompt, sizeof prompt, "Delete %s first, for good? Type yes: ", revoke->in_the_way);
    yes = terminal_ask(prompt, true, answer, ANSWER_SIZE) == 0 && strcmp(answer, "yes") == 0;
    arena_free(answer);
    return yes;
}

/* Up to the session from the new key. */
static int run_drill(struct revoke *revoke, const char *discard)
{
    int status = ask_agent(revoke, discard ? discard : "", false);

    revoke->discarded = discard;
    if (status == EXIT_DONE || discard || !*revoke->in_the_way || !revoke->plan.pretty ||
        !discards(revoke))
        return status;
    revoke->discarded = revoke->in_the_way;
    return ask_agent(revoke, revoke->discarded, false);
}

/* An administrator of another account would deny somebody of the same name there. */
static int check_admin(const struct revoke *revoke)
{
    const struct subject *subject = &revoke->subject;
    struct aws_cli cli;
    char account[17];
    int r;

    aws_cli_begin(&cli, revoke->admin, subject->region, subject->sts_url, subject->ca_bundle);
    aws_cli_add(&cli, "sts", "get-caller-identity", "--query", "Account", "--output", "text", NULL);
    r = aws_cli_run(&cli, account, sizeof account);
    if (r < 0)
        return fail(EXIT_FAILED, "the AWS CLI cannot be run: %s", strerror(-r));
    if (r > 0)
        return fail(EXIT_AWS,
                    "`aws --profile %s sts get-caller-identity` ended with status %d, and why "
                    "stands above",
                    revoke->admin, r);
    if (strcmp(account, subject->account) != 0)
        return fail(EXIT_FAILED, "the profile %s is of account %s, and the key of account %s",
                    revoke->admin, account, subject->account);
    return EXIT_DONE;
}

static int put_policy(const struct revoke *revoke, const struct aws_cli *cli)
{
    int r = aws_cli_run(cli, NULL, 0);

    if (r < 0)
        return fail(EXIT_FAILED, "the AWS CLI cannot be run: %s", strerror(-r));
    if (r > 0)
        return fail(EXIT_AWS,
                    "`aws --profile %s iam put-user-policy` ended with status %d, and why stands "
                    "above",
                    revoke->admin, r);
    return EXIT_DONE;
}

static void show_cli(struct plan *plan, const struct aws_cli *cli)
{
    struct buf line;

    buf_init(&line);
    plan_text(plan, &line, aws_cli_show(cli, &line));
    buf_free(&line);
}

/* The sessions that the old access key gave can't be called back; a policy of the user's ends them.
 */
static int deny_sessions(struct revoke *revoke)
{
    const struct subject *subject = &revoke->subject;
    struct plan *plan = &revoke->plan;
    const char *user = name_in(subject->arn), *policy = NULL;
    char before[UTC_SIZE];
    struct aws_cli cli;
    struct buf text;
    int status = EXIT_DONE;

    if (!revoke->ended) /* a denial of too few would take the place of a good one */
        return fail(EXIT_FAILED, "the agent does not say when %s was switched off; run it again",
                    revoke->old_id);
    utc_print(revoke->ended, before);
    buf_init(&text);
    if (deny_policy_put(&text, before) < 0 || !(policy = buf_text(&text))) {
        buf_free(&text);
        return fail(EXIT_FAILED, "out of memory");
    }
    aws_cli_begin(&cli, revoke->admin, region_for_iam(subject), subject->iam_url,
                  subject->ca_bundle);
    aws_cli_add(&cli, "iam", "put-user-policy", "--user-name", user, "--policy-name",
                DENY_POLICY_OF_USER, "--policy-document", policy, NULL);
    if (!revoke->admin) {
        plan_leave(plan, PLAN_DENY, "deny the sessions of %s issued before %s", user, before);
        plan_line(plan, "# an administrator of account %s runs:", subject->account);
        show_cli(plan, &cli);
    } else if ((status = check_admin(revoke)) == EXIT_DONE &&
               (status = put_policy(revoke, &cli)) == EXIT_DONE) {
        plan_did(plan, PLAN_DENY, clock_now_ms() / 1000,
                 "sessions of %s issued before %s are denied, by its policy " DENY_POLICY_OF_USER,
                 user, before);
    }
    buf_free(&text);
    return status;
}

/*
 * A session that is not yet denied can take a role until it is, so no moment that we could write
 * down now is late enough: the command takes the one at which it is run.
 */
static void show_role(struct revoke *revoke, const char *name)
{
    struct aws_cli cli;
    struct buf line;
    int r;

    aws_cli_begin(&cli, NULL, region_for_iam(&revoke->subject), revoke->subject.iam_url,
                  revoke->subject.ca_bundle);
    aws_cli_add(&cli, "iam", "put-role-policy", "--role-name", name, "--policy-name",
                DENY_POLICY_OF_ROLE, "--policy-document", NULL);
    buf_init(&line);
    if ((r = aws_cli_show(&cli, &line)) == 0 && (r = buf_put_text(&line, " ")) == 0)
        r = deny_policy_put_now(&line);
    plan_text(&revoke->plan, &line, r);
    buf_free(&line);
}

/* The roles that are known to us, each with its account in a line before: an interactive zsh takes
 * no comment behind a command. */
static void show_known_roles(struct revoke *revoke, const struct taken *taken)
{
    char account[17], since[UTC_SIZE];

    if (!taken->count)
        return;
    utc_print(taken->since > revoke->sealed ? taken->since : revoke->sealed, since);
    plan_line(&revoke->plan,
              "# by the log since %s, and by ~/.aws/config; a minute later their administrators "
              "run:",
              since);
    for (size_t i = 0; i < taken->count; i++) {
        account_in(taken->roles[i], account);
        plan_line(&revoke->plan, "# account %s", account);
        show_role(revoke, name_in(taken->roles[i]));
    }
}

static void show_events(struct revoke *revoke, const char *attribute, const char *value,
                        const char *query)
{
    char text[ID_SIZE + 64];
    struct aws_cli cli;

    snprintf(text, sizeof text, "AttributeKey=%s,AttributeValue=%.128s", attribute, value);
    aws_cli_begin(&cli, NULL, revoke->subject.region, NULL, NULL);
    aws_cli_add(&cli, "cloudtrail", "lookup-events", "--lookup-attributes", text, NULL);
    if (query)
        aws_cli_add(&cli, "--query", query, NULL);
    show_cli(&revoke->plan, &cli);
}

/* Whoever had the key, and the AWS CLI with source_profile, took roles past the log: it can't tell
 * that there is nothing to do. */
static int show_roles(struct revoke *revoke)
{
    struct plan *plan = &revoke->plan;
    const char *user = name_in(revoke->subject.arn);
    struct taken taken;
    int status = taken_read(&taken, revoke->name, revoke->sealed);

    if (status == EXIT_DONE)
        status = taken_profiles(&taken, revoke->name);
    if (status == EXIT_DONE) {
        plan_leave(plan, PLAN_ROLES,
                   "deny the sessions of roles taken with %s; this ends those of everybody who "
                   "took the role",
                   revoke->name);
        show_known_roles(revoke, &taken);
        plan_line(plan,
                  "# a thief and the AWS CLI take roles without awstap; CloudTrail has them, in "
                  "each region:");
        show_events(revoke, "Username", user,
                    "Events[?EventName==`\"AssumeRole\"`].Resources[].ResourceName");
        plan_line(plan, "# for each further one, its name in the place of ROLE:");
        show_role(revoke, "ROLE");
    }
    if (taken.damaged || taken.left_out)
        plan_line(plan, "# %zu lines of the log are damaged, and %zu more speak of further roles",
                  taken.damaged, taken.left_out);
    taken_free(&taken);
    return status == EXIT_DONE ? plan->status : status;
}

static int take_strangers(void *context, const struct msg_key *key)
{
    struct revoke *revoke = context;

    if (strcmp(key->name, revoke->name) != 0)
        return EXIT_DONE;
    for (const char *what = NULL; (what = list_next(&key->strangers, what));)
        plan_line(&revoke->plan,
                  "# %s belongs to the user too, and is not in this vault: if you did not make it, "
                  "whoever had the key did, and an administrator is to delete it",
                  what);
    return EXIT_DONE;
}

/* What the person is to look at. */
static int show_traces(struct revoke *revoke)
{
    struct plan *plan = &revoke->plan;

    plan_leave(plan, PLAN_LOOK, "look at what was done with %s", revoke->old_id);
    plan_line(plan,
              "# look for users, access keys, MFA devices, roles and policies that you did not "
              "make,");
    plan_line(plan, "# and for addresses that are not yours; in each region, up to 90 days back:");
    show_events(revoke, "AccessKeyId", revoke->old_id, NULL);
    if (revoke->discarded && strcmp(revoke->discarded, revoke->old_id) != 0)
        show_events(revoke, "AccessKeyId", revoke->discarded, NULL);
    plan_line(plan, "# its sessions stand there under ids of their own; all that the user did:");
    show_events(revoke, "Username", name_in(revoke->subject.arn), NULL);
    return key_each(take_strangers, revoke);
}

/* What is an administrator's, and then the end of the old access key. */
static int end_drill(struct revoke *revoke)
{
    int status = deny_sessions(revoke);

    if (status != EXIT_DONE)
        plan_line(&revoke->plan,
                  "%s stays off until its sessions are denied: run it again with a profile that "
                  "may deny them, or without --admin to be given the command, and go on",
                  revoke->old_id);
    if (status == EXIT_DONE)
        status = show_roles(revoke);
    if (status == EXIT_DONE)
        status = ask_agent(revoke, "", true);
    return status == EXIT_DONE ? show_traces(revoke) : status;
}

/* Somebody else switched the access key off before the vault had another: what it gave goes on
 * until it is denied. status is why the drill ended, and stays. */
static int leave_to_others(struct revoke *revoke, int status)
{
    if (deny_sessions(revoke) == EXIT_DONE && show_roles(revoke) == EXIT_DONE)
        show_traces(revoke);
    return status;
}

/* What is left, where something is done. status is why, and stays. */
static int interrupted(struct revoke *revoke, int status)
{
    if (revoke->plan.done < PLAN_CREATE)
        return status;
    plan_left(&revoke->plan);
    plan_line(&revoke->plan, "awstap revoke %s goes on from here", revoke->name);
    return status;
}

/* Where a rotation is under way, which of its two access keys is meant depends on how far it is:
 * the steps name it. */
static void say_which(struct revoke *revoke)
{
    const struct subject *subject = &revoke->subject;

    plan_line(&revoke->plan, "The leak drill for %s: %s%s%s", revoke->name, subject->arn,
              *subject->task ? "" : ", access key ", *subject->task ? "" : subject->access_key_id);
}

static int show_plan(struct revoke *revoke)
{
    struct subject *subject = &revoke->subject;
    struct taken taken;
    int status;

    if (*subject->task)
        plan_line(&revoke->plan, "%s", subject->task);
    plan_left(&revoke->plan);
    status = taken_read(&taken, revoke->name, subject->sealed);
    for (size_t i = 0; i < taken.count; i++)
        plan_line(&revoke->plan, "role taken, by the log: %s", taken.roles[i]);
    taken_free(&taken);
    return status == EXIT_DONE ? revoke->plan.status : status;
}

static int run(const struct arguments *arguments)
{
    static struct revoke revoke; /* too large for the stack */
    int status;

    revoke.name = arguments->operand[0];
    revoke.admin = arguments->option[OPTION_ADMIN];
    if ((status = find_subject(&revoke)) != EXIT_DONE)
        return status;
    if (revoke.admin && !aws_cli_is_there())
        return fail(EXIT_FAILED, "--admin runs the AWS CLI, and no `aws` is in PATH; install it, "
                                 "or leave --admin out to be given the command");
    plan_begin(&revoke.plan);
    say_which(&revoke);
    if (arguments->option[OPTION_DRY_RUN])
        return show_plan(&revoke);
    status = run_drill(&revoke, arguments->option[OPTION_DISCARD]);
    if (status != EXIT_DONE && revoke.ended && !*revoke.new_id)
        return leave_to_others(&revoke, status);
    if (status == EXIT_DONE)
        status = end_drill(&revoke);
    return status == EXIT_DONE ? EXIT_DONE : interrupted(&revoke, status);
}

const struct command cmd_revoke = {
    .name = "revoke",
    .synopsis = "KEY [--admin PROFILE] [--discard ID] [--dry-run]",
    .summary =
        "A key may have leaked: switch it off, deny its sessions, put a new one in its place",
    .help = "Makes a new access key, seals and proves it, switches the old one off, waits until\n"
            "AWS refuses it, denies the sessions issued before, and deletes it; then says what to\n"
            "look at. Interrupted anywhere, the next run goes on. The sessions are denied by a\n"
            "policy that an administrator puts on the user: with --admin the AWS CLI does so,\n"
            "else the command is printed. Of roles taken before, as the log and ~/.aws/config\n"
            "have them, the commands are printed, and how to find the others.\n",
    .grammar = {.options = WITH(OPTION_ADMIN) | WITH(OPTION_DISCARD) | WITH(OPTION_DRY_RUN),
                .operands = 1},
    .run = run,
};
