// SPDX-License-Identifier: BSD-2-Clause
// awstap iam-policy: the least policies for an IAM user whose access key awstap keeps. No agent and
// no AWS account is asked: the user's name is a variable of the policy.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "failure.h"
#include "message.h"
#include "output.h"

/*
 * How old, in seconds, the MFA of a session may be that manages keys or MFA devices: long enough
 * for a rotation or a leak drill with all its waits and a second touch, and for a person who copies
 * commands meanwhile.
 */
#define FRESH_S "1800"

/* arn:PARTITION:iam::*: and what is behind it; a user may have a path before its name. */
#define OWN_USER                                                                                   \
    "[\"arn:%1$s:iam::*:user/${aws:username}\", \"arn:%1$s:iam::*:user/*/${aws:username}\"]"

static const char ALLOW[] = "{\n"
                            "  \"Version\": \"2012-10-17\",\n"
                            "  \"Statement\": [\n"
                            "    {\n"
                            "      \"Sid\": \"OwnKeysAndMfa\",\n"
                            "      \"Effect\": \"Allow\",\n"
                            "      \"Action\": [\n"
                            "        \"iam:CreateAccessKey\",\n"
                            "        \"iam:DeactivateMFADevice\",\n"
                            "        \"iam:DeleteAccessKey\",\n"
                            "        \"iam:EnableMFADevice\",\n"
                            "        \"iam:GetAccessKeyLastUsed\",\n"
                            "        \"iam:GetUser\",\n"
                            "        \"iam:ListAccessKeys\",\n"
                            "        \"iam:ListMFADevices\",\n"
                            "        \"iam:UpdateAccessKey\"\n"
                            "      ],\n"
                            "      \"Resource\": " OWN_USER "\n"
                            "    },\n"
                            "    {\n"
                            "      \"Sid\": \"OwnMfaDevice\",\n"
                            "      \"Effect\": \"Allow\",\n"
                            "      \"Action\": [\n"
                            "        \"iam:CreateVirtualMFADevice\",\n"
                            "        \"iam:DeleteVirtualMFADevice\"\n"
                            "      ],\n"
                            "      \"Resource\": [%2$s\"arn:%1$s:iam::*:mfa/${aws:username}\"]\n"
                            "    },\n";

/* What awstap calls a device where that name is taken. Not for the bootstrap: a second device. */
static const char FURTHER_DEVICES[] = "\"arn:%s:iam::*:mfa/${aws:username}-awstap*\", ";

/*
 * BoolIfExists: requests signed with the access key itself have no aws:MultiFactorAuthPresent. Of
 * what the bootstrap excepts, AWS refuses DeleteVirtualMFADevice for a device that is enabled.
 */
static const char NEEDS_MFA[] =
    "    {\n"
    "      \"Sid\": \"NothingWithoutMfa\",\n"
    "      \"Effect\": \"Deny\",\n"
    "      \"NotAction\": [\n"
    "%s"
    "        \"sts:GetCallerIdentity\",\n"
    "        \"sts:GetSessionToken\"\n"
    "      ],\n"
    "      \"Resource\": \"*\",\n"
    "      \"Condition\": {\"BoolIfExists\": {\"aws:MultiFactorAuthPresent\": \"false\"}}\n"
    "    },\n";
static const char BEFORE_MFA[] = "        \"iam:CreateVirtualMFADevice\",\n"
                                 "        \"iam:DeleteVirtualMFADevice\",\n"
                                 "        \"iam:EnableMFADevice\",\n"
                                 "        \"iam:GetUser\",\n"
                                 "        \"iam:ListMFADevices\",\n";

/*
 * Policies, groups, console passwords and credentials of other kinds too, and roles, which are no
 * sessions of the user: with these a thief would get round the rest. Reading stays, where AWS's
 * names allow it. An inline policy has 2048 characters.
 */
static const char NEEDS_FRESH_MFA[] =
    "    {\n"
    "      \"Sid\": \"KeysAndMfaWithFreshMfa\",\n"
    "      \"Effect\": \"Deny\",\n"
    "      \"Action\": [\n"
    "%s"
    "        \"iam:*LoginProfile\",\n"
    "        \"iam:*MFADevice\",\n"
    "        \"iam:*SSHPublicKey\",\n"
    "        \"iam:*ServiceSpecificCredential\",\n"
    "        \"iam:*SigningCertificate\",\n"
    "        \"iam:*OpenIDConnectProvider\",\n"
    "        \"iam:*PermissionsBoundary\",\n"
    "        \"iam:*SAMLProvider\",\n"
    "        \"iam:AddUserToGroup\",\n"
    "        \"iam:Attach*Policy\",\n"
    "        \"iam:CreatePolicyVersion\",\n"
    "        \"iam:CreateRole\",\n"
    "        \"iam:Delete*Policy\",\n"
    "        \"iam:Detach*Policy\",\n"
    "        \"iam:Put*Policy\",\n"
    "        \"iam:RemoveUserFromGroup\",\n"
    "        \"iam:SetDefaultPolicyVersion\",\n"
    "        \"iam:UpdateAssumeRolePolicy\"\n"
    "      ],\n"
    "      \"Resource\": \"*\",\n"
    "      \"Condition\": {\"NumericGreaterThan\": {\"aws:MultiFactorAuthAge\": \"" FRESH_S "\"}}\n"
    "    }";
static const char FRESH_FOR_OTHERS_KEYS[] =
    ",\n"
    "    {\n"
    "      \"Sid\": \"KeysOfOthersWithFreshMfa\",\n"
    "      \"Effect\": \"Deny\",\n"
    "      \"Action\": \"iam:*AccessKey\",\n"
    "      \"NotResource\": " OWN_USER ",\n"
    "      \"Condition\": {\"NumericGreaterThan\": {\"aws:MultiFactorAuthAge\": \"" FRESH_S "\"}}\n"
    "    }";

static const char *const PARTITIONS[] = {"aws",      "aws-cn",  "aws-us-gov",
                                         "aws-eusc", "aws-iso", "aws-iso-b"};

#define PARTITION_MAX 16

struct policy {
    const char *partition; /* at most PARTITION_MAX long */
    bool bootstrap, unattended;
};

static int put_policy(const struct policy *policy, struct buf *out)
{
    char further[sizeof FURTHER_DEVICES + PARTITION_MAX] = "";
    int r;

    if (!policy->bootstrap)
        snprintf(further, sizeof further, FURTHER_DEVICES, policy->partition);
    if ((r = buf_printf(out, ALLOW, policy->partition, further)) < 0 ||
        (r = buf_printf(out, NEEDS_MFA, policy->bootstrap ? BEFORE_MFA : "")) < 0 ||
        (r = buf_printf(out, NEEDS_FRESH_MFA,
                        policy->unattended ? "" : "        \"iam:*AccessKey\",\n")) < 0)
        return r;
    if (policy->unattended && (r = buf_printf(out, FRESH_FOR_OTHERS_KEYS, policy->partition)) < 0)
        return r;
    return buf_put_text(out, "\n  ]\n}\n");
}

/* What the looser forms cost, for the person who looks: a program that reads stdout gets JSON. */
static void say_costs(const struct policy *policy)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (policy->bootstrap)
        fputs("note: while this policy stands, whoever has the access key can add the first MFA "
              "device; right after `awstap mfa add` put the final one in its place\n",
              stderr);
    if (policy->unattended)
        fputs("note: whoever takes a session of this user can mint, switch off and delete its "
              "access keys for as long as that session lasts (up to 36 h)\n",
              stderr);
}

static int read_partition(const char *text, const char **partition)
{
    for (size_t i = 0; i < sizeof PARTITIONS / sizeof *PARTITIONS; i++)
        if (strcmp(PARTITIONS[i], text ? text : "aws") == 0) {
            *partition = PARTITIONS[i];
            return EXIT_DONE;
        }
    return fail(EXIT_USAGE, "--partition wants aws, aws-cn, aws-us-gov, aws-eusc, aws-iso or "
                            "aws-iso-b");
}

static int run(const struct arguments *arguments)
{
    struct policy policy = {.bootstrap = arguments->option[OPTION_BOOTSTRAP],
                            .unattended = arguments->option[OPTION_UNATTENDED_ROTATION]};
    struct buf out;
    int r, status = read_partition(arguments->option[OPTION_PARTITION], &policy.partition);

    if (status != EXIT_DONE)
        return status;
    buf_init(&out);
    r = put_policy(&policy, &out);
    status = r < 0 ? fail(EXIT_FAILED, "%s", strerror(-r)) : output_buf(&out);
    if (status == EXIT_DONE)
        say_costs(&policy);
    buf_free(&out);
    return status;
}

const struct command cmd_iam_policy = {
    .name = "iam-policy",
    .synopsis = "[--bootstrap] [--unattended-rotation] [--partition P]",
    .summary = "Print the least policy for an IAM user whose key awstap keeps",
    .help =
        "JSON for an administrator:\n"
        "\n"
        "  aws iam put-user-policy --user-name NAME --policy-name awstap \\\n"
        "      --policy-document \"$(awstap iam-policy)\"\n"
        "\n"
        "It lets the user list and change its own access keys and its MFA device, called like\n"
        "itself (or NAME-awstap…); what it is to do otherwise is for other policies. Nothing\n"
        "but GetSessionToken and GetCallerIdentity works without MFA, whatever other policies\n"
        "allow; keys, MFA devices, passwords, policies, groups, and who may take which role,\n"
        "change only within 30 minutes of it. So a stolen access key alone is worth nothing, and\n"
        "a stolen session can mint no key once half an hour has passed. Roles that the user may\n"
        "take, or pass to a service, are outside it: what those may do, the thief may.\n"
        "\n"
        "--bootstrap is for a user without MFA, for the minutes that `awstap mfa add` takes:\n"
        "adding the device called like the user works without MFA. Whoever else has the access\n"
        "key can do the same before you, so put the final policy in its place right after; and\n"
        "a user who has MFA already, by whatever device, must not get it.\n"
        "\n"
        "--unattended-rotation lets the user's own access keys change with older MFA too, so\n"
        "that a scheduled rotation needs no touch of its own. It costs this: until a stolen\n"
        "session of the user expires, up to 36 hours, its thief can mint, switch off and delete\n"
        "access keys. A minted one stays until it is found; using it takes MFA as well.\n",
    .grammar = {.options = WITH(OPTION_BOOTSTRAP) | WITH(OPTION_PARTITION) |
                           WITH(OPTION_UNATTENDED_ROTATION)},
    .run = run,
};
