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
    [OPTION_CA_BUNDLE] = {"ca-bundle", "FILE",
                          "trust the certificates in this file instead of the system's"},
    [OPTION_DEVICE] = {"device", "PATH",
                       "use the security key at this device (default: the one touched)"},
    [OPTION_DURATION_SECONDS] =
        {"duration-seconds", "N",
         "how long the session is to last, 900 to 129600 (default: 12 hours)"},
    [OPTION_HELP] = {"help", NULL, "show this text"},
    [OPTION_IAM_ENDPOINT_URL] = {"iam-endpoint-url", "URL",
                                 "where IAM is asked for this key (default: AWS)"},
    [OPTION_JSON] = {"json", NULL, "print JSON"},
    [OPTION_LABEL] = {"label", "TEXT", "what you call it (default: the product's name)"},
    [OPTION_MFA_SERIAL] = {"mfa-serial", "ARN", "the MFA device whose codes go with this key"},
    [OPTION_REGION] = {"region", "REGION", "the AWS region"},
    [OPTION_STS_ENDPOINT_URL] = {"sts-endpoint-url", "URL",
                                 "where STS is asked for this key (default: AWS)"},
};

static int find_option(const struct grammar *grammar, const char *name, size_t len)
{
    unsigned known = grammar->options | WITH(OPTION_HELP);

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
    arguments->option[option] = value;
    return 0;
}

static int check_operands(const struct grammar *grammar, const struct arguments *arguments,
                          char why[ARGUMENTS_WHY])
{
    if (arguments->operands < grammar->operands || (grammar->tail && !*arguments->tail)) {
        snprintf(why, ARGUMENTS_WHY, "an argument is missing");
        return -EINVAL;
    }
    return 0;
}

int arguments_parse(const struct grammar *grammar, char **words, struct arguments *arguments,
                    char why[ARGUMENTS_WHY])
{
    bool ended = false;
    int r;

    *arguments = (struct arguments){0};
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
        } else if (grammar->tail) {
            break;
        } else {
            snprintf(why, ARGUMENTS_WHY, "%.64s is too much", *words);
            return -EINVAL;
        }
    }
    arguments->tail = words;
    return check_operands(grammar, arguments, why);
}

int arguments_help(const struct grammar *grammar, struct buf *out)
{
    unsigned known = grammar->options | WITH(OPTION_HELP);
    int r = buf_put_text(out, "\nOptions:\n");

    for (int i = 0; i < OPTIONS && r == 0; i++) {
        char left[40];

        if (!(known & WITH(i)))
            continue;
        snprintf(left, sizeof left, "--%s%s%s", OPTION[i].name, OPTION[i].value ? " " : "",
                 OPTION[i].value ? OPTION[i].value : "");
        r = buf_printf(out, "  %-24s  %s\n", left, OPTION[i].help);
    }
    return r;
}
