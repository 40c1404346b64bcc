// SPDX-License-Identifier: BSD-2-Clause
// awstap doctor: what does not work as it should, and what to do about it.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "agent.h"
#include "clock.h"
#include "command.h"
#include "doctor.h"
#include "failure.h"
#include "key.h"
#include "place.h"
#include "socket.h"

#define OLD_S     (90u * 86400u) /* an access key of that age is worth a word */
#define YEAR_2025 1735689600u

/* What an agent that runs says on its way. */
struct talk {
    struct doctor *doctor;
    char vault[PLACE_MAX];
    size_t factors;
};

/* The folder that the agent's socket is in. */
static bool check_socket(struct doctor *doctor, struct sockaddr_un *address)
{
    char folder[sizeof address->sun_path + 1];
    struct stat st;
    int status;

    failure_keep(doctor->why, DOCTOR_WHY);
    status = socket_address(address);
    failure_keep(NULL, 0);
    if (status != EXIT_DONE) {
        doctor_say(doctor, FINDING_WRONG, "socket", "%s", doctor->why);
        return false;
    }
    if (place_parent(address->sun_path, folder, sizeof folder) == 0 && stat(folder, &st) == 0 &&
        !place_is_ours_alone(&st)) {
        doctor_say(doctor, FINDING_WRONG, "socket",
                   "others may write to %s: chmod 700 it, or set AWSTAP_SOCK to another place",
                   folder);
        return false;
    }
    doctor_say(doctor, FINDING_OK, "socket", "%s", address->sun_path);
    return true;
}

static int take_status(void *context, const struct frame *frame)
{
    struct talk *talk = context;
    struct msg_outcome outcome;
    struct msg_agent agent;

    if (message_get(frame, MSG_OUTCOME, &outcome) == 0 && outcome.status != EXIT_DONE)
        doctor_say(talk->doctor, FINDING_WRONG, "rotation", "%s: %s", outcome.name, outcome.text);
    if (message_get(frame, MSG_AGENT, &agent) < 0)
        return EXIT_DONE;
    snprintf(talk->vault, sizeof talk->vault, "%s", agent.vault);
    doctor_say(talk->doctor, FINDING_OK, "agent", "version %s, process %u", agent.version,
               agent.pid);
    if (*agent.trouble)
        doctor_say(talk->doctor, FINDING_WRONG, "agent", "%s", agent.trouble);
    if (!agent.watching && *agent.trouble) /* else it is only on its way */
        doctor_say(talk->doctor, FINDING_HINT, "desktop",
                   "not watched: no notifications, and nothing locks by itself; is awstap-watch "
                   "installed, and D-Bus there?");
    return EXIT_DONE;
}

static int take_factor(void *context, const struct frame *frame)
{
    struct talk *talk = context;
    struct msg_factor factor;

    if (message_get(frame, MSG_FACTOR, &factor) < 0)
        return agent_unexpected();
    talk->factors++;
    return EXIT_DONE;
}

/* Ask, with nothing said on stderr: the doctor's why has it. An exit status. */
static int ask(enum message_type type, int (*take)(void *, const struct frame *), struct talk *talk)
{
    const struct request request = {
        .type = type, .fd = -1, .wait_ms = AGENT_QUICK_MS, .take = take, .context = talk};
    int status;

    failure_keep(talk->doctor->why, DOCTOR_WHY);
    status = agent_request(&request);
    failure_keep(NULL, 0);
    return status;
}

/* Whether one runs that can be asked. */
static bool check_agent(struct talk *talk, const struct sockaddr_un *address)
{
    int fd = socket_connect(address);

    if (fd == -ENOENT || fd == -ECONNREFUSED) {
        doctor_say(talk->doctor, FINDING_HINT, "agent",
                   "none runs, so that vault, factors and keys are not looked at; it starts when "
                   "it is first needed, as by awstap key list");
        return false;
    }
    if (fd >= 0)
        close(fd);
    if (ask(MSG_STATUS, take_status, talk) == EXIT_DONE)
        return true;
    doctor_say(talk->doctor, FINDING_WRONG, "agent", "%s", talk->doctor->why);
    return false;
}

/* Whether there is one that can be read. */
static bool check_vault(struct talk *talk)
{
    int status = ask(MSG_FACTOR_LIST, take_factor, talk);

    if (status == EXIT_DONE)
        doctor_say(talk->doctor, FINDING_OK, "vault", "%s", talk->vault);
    else
        doctor_say(talk->doctor,
                   status == EXIT_FAILED && access(talk->vault, F_OK) < 0 ? FINDING_HINT
                                                                          : FINDING_WRONG,
                   "vault", "%s", talk->doctor->why);
    if (status != EXIT_DONE)
        return false;
    if (talk->factors == 1)
        doctor_say(talk->doctor, FINDING_HINT, "factor",
                   "only one opens the vault, and if it is lost all is: awstap factor add recovery "
                   "prints a code for paper");
    else
        doctor_say(talk->doctor, FINDING_OK, "factor", "%zu open the vault", talk->factors);
    return true;
}

static void check_age(struct doctor *doctor, const struct msg_key *key)
{
    uint64_t now = clock_now_ms() / 1000, age = now > key->sealed ? now - key->sealed : 0;
    char words[KEY_AGE_SIZE];

    key_age(key, words);
    if (key_overdue(key))
        doctor_say(doctor, FINDING_WRONG, "key",
                   "%s should have been rotated: its access key is %s; awstap key rotate %s",
                   key->name, words, key->name);
    else if (!key->rotate_every && age > OLD_S)
        doctor_say(doctor, FINDING_HINT, "key",
                   "%s has had its access key for %s: awstap key rotate %s, or awstap key set %s "
                   "rotate_every=90d",
                   key->name, words, key->name, key->name);
}

static void check_mfa(struct doctor *doctor, const struct msg_key *key)
{
    if (!*key->mfa_serial)
        doctor_say(doctor, FINDING_HINT, "key", KEY_NO_MFA, key->name, key->name);
    else if (!key->has_seed)
        doctor_say(doctor, FINDING_HINT, "key",
                   "%s has an MFA device whose codes are typed: awstap mfa import %s seals its "
                   "seed",
                   key->name, key->name);
}

/* An access key that nobody knows may be a thief's; a device may be the person's phone. */
static void check_strangers(struct doctor *doctor, const struct msg_key *key)
{
    for (const char *what = NULL; (what = list_next(&key->strangers, what));)
        if (strchr(what, ':'))
            doctor_say(doctor, FINDING_HINT, "key",
                       "%s: the user has the MFA device %s, which the vault does not know; is it "
                       "yours?",
                       key->name, what);
        else
            doctor_say(doctor, FINDING_WRONG, "key",
                       "%s: the user has the access key %s, which the vault does not know; if it "
                       "is not yours, awstap revoke %s",
                       key->name, what, key->name);
}

static int take_key(void *context, const struct msg_key *key)
{
    struct doctor *doctor = context;

    if (key->elsewhere && !doctor->key_count)
        doctor_say(doctor, FINDING_HINT, "vault", "it %s", KEY_ELSEWHERE);
    if (doctor->key_count < DOCTOR_KEYS)
        snprintf(doctor->keys[doctor->key_count++], KEY_NAME_MAX + 1, "%.64s", key->name);
    doctor_say(doctor, FINDING_OK, "key", "%s: %s of %s", key->name, key->access_key_id, key->arn);
    if (*key->task)
        doctor_say(doctor, FINDING_HINT, "key", "%s: %s", key->name, key->task);
    check_mfa(doctor, key);
    check_age(doctor, key);
    check_strangers(doctor, key);
    return EXIT_DONE;
}

static void check_keys(struct doctor *doctor)
{
    int status;

    failure_keep(doctor->why, DOCTOR_WHY);
    status = key_each_running(take_key, doctor);
    failure_keep(NULL, 0);
    doctor->knows = status == EXIT_DONE;
    if (status != EXIT_DONE)
        doctor_say(doctor, FINDING_WRONG, "key", "%s", doctor->why);
    else if (!doctor->key_count)
        doctor_say(doctor, FINDING_HINT, "key",
                   "none is in the vault: awstap key import, or awstap key add NAME");
}

/* AWS refuses what is 15 minutes off. awstap itself goes by AWS's clock, other tools do not. */
static void check_clock(struct doctor *doctor)
{
    struct timex timex = {0};

    if (clock_now_ms() / 1000 < YEAR_2025)
        doctor_say(doctor, FINDING_WRONG, "clock", "it is years behind: set it");
    else if (adjtimex(&timex) == TIME_ERROR)
        doctor_say(doctor, FINDING_HINT, "clock",
                   "nothing keeps it right that the kernel knows of (NTP); AWS refuses what is 15 "
                   "minutes off");
    else
        doctor_say(doctor, FINDING_OK, "clock", "kept right");
}

static int run(const struct arguments *arguments)
{
    static struct doctor doctor; /* too large for the stack, both */
    static struct talk talk = {.doctor = &doctor};
    struct sockaddr_un address;
    int status;

    doctor_init(&doctor);
    if (check_socket(&doctor, &address) && check_agent(&talk, &address) && check_vault(&talk))
        check_keys(&doctor);
    doctor_profiles(&doctor);
    check_clock(&doctor);
    status = doctor_print(&doctor, arguments->option[OPTION_JSON]);
    doctor_free(&doctor);
    return status;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .synopsis = "[--json]",
    .summary = "Say what does not work as it should, and what to do about it",
    .help = "Looks at the agent's socket, the agent, the vault, what opens it, the keys, the\n"
            "profiles that ask awstap, static keys that stand before it, the clock. Starts\n"
            "nothing, asks nobody, sends nothing. Exit status 1 says that something is wrong;\n"
            "a hint is not. --json prints an array of objects with finding (ok, hint, wrong),\n"
            "subject, text.\n",
    .grammar = {.options = WITH(OPTION_JSON)},
    .run = run,
};
