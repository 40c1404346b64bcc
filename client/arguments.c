// SPDX-License-Identifier: BSD-2-Clause
// The words of a command line, sorted into options and operands. Names are taken whole, never
// abbreviated, so that an option added later changes no command line that works today.
#include "arguments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *value, *help; /* value is NULL for an option that has none */
} OPTION[OPTIONS] = {
    [OPTION_ADMIN] = {"admin", "PROFILE",
                      "have `aws --profile PROFILE` put the policy that denies the sessions"},
    [OPTION_ALL] = {"all", NULL, "all that is found"},
    [OPTION_ALLOW] = {"allow", "NAME", "what the host may ask for; repeatable"},
    [OPTION_BOOTSTRAP] = {"bootstrap", NULL, "the policy until the first MFA device is there"},
    [OPTION_BURN] = {"burn", NULL, "replace them at AWS at once, without asking"},
    [OPTION_CA_BUNDLE] = {"ca-bundle", "FILE",
                          "trust the certificates in this file instead of the system's"},
    [OPTION_CREDENTIALS] = {"credentials", "FILE",
                            "read this file, or a pipe, - is stdin (default: ~/.aws/credentials)"},
    [OPTION_DEVICE] = {"device", "PATH",
                       "use the security key at this device (default: the one touched)"},
    [OPTION_DISCARD] = {"discard", "ID",
                        "the access key, unknown to the vault, that AWS is to delete first"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "only say what would be done"},
    [OPTION_DUE] = {"due", NULL, "what is due, as far as it goes without a touch"},
    [OPTION_DURATION_SECONDS] =
        {"duration-seconds", "N",
         "how long it is to last: a role 900 to 43200 (default: 1 hour), a key's own\n"
         "session 900 to 129600 (default: the key's, else 12 hours)"},
    [OPTION_EXTERNAL_ID] = {"external-id", "ID", "what the role's owner wants to be told"},
    [OPTION_HELP] = {"help", NULL, "show this text"},
    [OPTION_IAM_ENDPOINT_URL] = {"iam-endpoint-url", "URL",
                                 "where IAM is asked for this key (default: AWS)"},
    [OPTION_JSON] = {"json", NULL, "print JSON"},
    [OPTION_LABEL] = {"label", "TEXT",
                      "what you call it (default: the product's name, or the kind)"},
    [OPTION_LINES] = {"lines", "N", "only the last N"},
    [OPTION_MAX_DURATION] = {"max-duration", "N",
                             "how long a session may last there at most, in seconds"},
    [OPTION_MFA_SERIAL] = {"mfa-serial", "ARN", "the MFA device whose codes go with this key"},
    [OPTION_NO_BURN] = {"no-burn", NULL, "leave them at AWS as they are, without asking"},
    [OPTION_NO_REWRITE] = {"no-rewrite", NULL, "leave the files as they are, without asking"},
    [OPTION_PARTITION] = {"partition", "P", "aws (the default), aws-cn, aws-us-gov, …"},
    [OPTION_POLICY] = {"policy", "JSON", "a session policy; file://PATH reads it from a file"},
    [OPTION_POLICY_ARN] = {"policy-arn", "ARN", "a managed policy as session policy; repeatable"},
    [OPTION_REGION] = {"region", "REGION", "the AWS region"},
    [OPTION_REPLACE] = {"replace", NULL, "in the place of the one that is here"},
    [OPTION_REWRITE] = {"rewrite", NULL,
                        "take the secrets out of the file, and let AWS tools ask awstap,\n"
                        "without asking"},
    [OPTION_ROLE_ARN] = {"role-arn", "ARN", "assume this role; again: and from it this one"},
    [OPTION_ROLE_SESSION_NAME] = {"role-session-name", "NAME",
                                  "what the role's session is called in AWS's logs"},
    [OPTION_SOURCE_IDENTITY] = {"source-identity", "NAME",
                                "who is behind the role, for AWS's logs"},
    [OPTION_STS_ENDPOINT_URL] = {"sts-endpoint-url", "URL",
                                 "where STS is asked for this key (default: AWS)"},
    [OPTION_TAG] = {"tag", "KEY=VALUE", "a session tag; repeatable"},
    [OPTION_TOTP] = {"totp", NULL, "ask for a code of an authenticator app with the passphrase"},
    [OPTION_TRANSITIVE_TAG] = {"transitive-tag", "KEY",
                               "hand this tag on to further roles; repeatable"},
    [OPTION_UNATTENDED_ROTATION] = {"unattended-rotation", NULL,
                                    "no fresh MFA for changing the user's own access keys"},
    [OPTION_VERIFY] = {"verify", NULL, "check it against the vault: this takes a touch"},
};

static int find_option(const struct grammar *grammar, const char *name, size_t len)
{
    uint64_t known = grammar->options | WITH(OPTION_HELP);

    for (int i = 0; i < OPTIONS; i++)
        if (known & WITH(i) && strlen(OPTION[i].name) == len &&
            memcmp(OPTION[i].name, name, len) == 0)
            return i;
    return -1;
}

/* Take the option at *words and, where it stands apart, its value. */
static int take_option(const struct grammar *grammar, char ***words, struct arguments *arguments,
                       char why[ARGUMENTS_WHY])
{
    const char *word = **words, *name = word + 2, *value;
    size_t len = strcspn(name, "=");
    int option = strncmp(word, "--", 2) == 0 ? find_option(grammar, name, len) : -1;

    if (option < 0) {
        len = strcspn(word, "=");
        snprintf(why, ARGUMENTS_WHY, "unknown option %.*s", len < 40 ? (int)len : 40, word);
        return -EINVAL;
    }
    value = name[len] ? name + len + 1 : NULL;
    if (!OPTION[option].value && value) {
        snprintf(why, ARGUMENTS_WHY, "--%s takes no value", OPTION[option].name);
        return -EINVAL;
    }
    if (!OPTION[option].value)
        value = "";
    else if (!value && (*words)[1])
        value = *++*words;
    if (OPTION[option].value && (!value || !*value)) {
        snprintf(why, ARGUMENTS_WHY, "--%s needs a value", OPTION[option].name);
        return -EINVAL;
    }
    if (arguments->given_count == GIVEN_MAX) {
        snprintf(why, ARGUMENTS_WHY, "more than %d options", GIVEN_MAX);
        return -EINVAL;
    }
    arguments->given[arguments->given_count++] = (struct given){(enum option)option, value};
    arguments->option[option] = value;
    return 0;
}

static int check_operands(const struct grammar *grammar, const struct arguments *arguments,
                          char why[ARGUMENTS_WHY])
{
    if (arguments->operands < grammar->operands || (grammar->tail && !*arguments->tail) ||
        (grammar->more && !grammar->optional && !*arguments->more)) {
        snprintf(why, ARGUMENTS_WHY, "an argument is missing");
        return -EINVAL;
    }
    return 0;
}

int arguments_parse(const struct grammar *grammar, char **words, struct arguments *arguments,
                    char why[ARGUMENTS_WHY])
{
    char **gathered = words;
    bool ended = false;
    int r;

    *arguments = (struct arguments){.more = words};
    for (; *words; words++) {
        if (!ended && strcmp(*words, "--") == 0) {
            ended = true;
        } else if (!ended && words[0][0] == '-' && words[0][1]) {
            if ((r = take_option(grammar, &words, arguments, why)) < 0)
                return r;
            if (arguments->option[OPTION_HELP])
                return 0;
        } else if (arguments->operands < grammar->operands) {
            arguments->operand[arguments->operands++] = *words;
        } else if (grammar->more) {
            *gathered++ = *words;
        } else if (grammar->tail) {
            break;
        } else {
            snprintf(why, ARGUMENTS_WHY, "%.64s is too much", *words);
            return -EINVAL;
        }
    }
    arguments->tail = words;
    if (grammar->more)
        *gathered = NULL;
    return check_operands(grammar, arguments, why);
}

const char *arguments_next(const struct arguments *arguments, enum option option, size_t *at)
{
    while (*at < arguments->given_count) {
        const struct given *given = &arguments->given[(*at)++];

        if (given->option == option)
            return given->value;
    }
    return NULL;
}

const char *arguments_name(enum option option)
{
    return OPTION[option].name;
}

/* The second line of a help text stands below the first. */
static int put_help(struct buf *out, const char *left, const char *help)
{
    size_t n = strcspn(help, "\n");
    int r = buf_printf(out, "  %-24s  %.*s\n", left, (int)n, help);

    return r < 0 || !help[n] ? r : put_help(out, "", help + n + 1);
}

int arguments_help(const struct grammar *grammar, struct buf *out)
{
    uint64_t known = grammar->options | WITH(OPTION_HELP);
    int r = buf_put_text(out, "\nOptions:\n");

    for (int i = 0; i < OPTIONS && r == 0; i++) {
        char left[40];

        if (!(known & WITH(i)))
            continue;
        snprintf(left, sizeof left, "--%s%s%s", OPTION[i].name, OPTION[i].value ? " " : "",
                 OPTION[i].value ? OPTION[i].value : "");
        r = put_help(out, left, OPTION[i].help);
    }
    return r;
}
