// SPDX-License-Identifier: BSD-2-Clause
// What a NAME stands for: the key, and the roles from there on, by config file, options, region.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "command.h"
#include "message.h"
#include "resolve.h"
#include "words.h"

#define ROLE(name) "arn:aws:iam::123456789012:role/" name

static char config_path[] = "/tmp/resolve_test.XXXXXX";

static int open_all(void **state)
{
    int fd = mkstemp(config_path);

    (void)state;
    if (fd < 0)
        return -1;
    close(fd);
    setenv("AWS_CONFIG_FILE", config_path, 1);
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    return arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED);
}

static int close_all(void **state)
{
    (void)state;
    unlink(config_path);
    arena_close();
    return 0;
}

static void write_config(const char *text)
{
    FILE *file = fopen(config_path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Names and values in turn, as `name=value;`. */
static void describe(const struct list *hops, char *out, size_t size)
{
    const char *name, *value = NULL;
    size_t at = 0;

    *out = '\0';
    while ((name = list_next(hops, value)) && at < size) {
        value = list_next(hops, name);
        assert_non_null(value);
        at += (size_t)snprintf(out + at, size - at, "%s=%s;", name, value);
    }
}

/* Resolve what a command line says: the key, then its duration, then the roles; or the status. */
static void assert_resolves(const char *command_line, int status, const char *expected)
{
    struct words words;
    struct arguments arguments;
    struct resolved resolved;
    char why[ARGUMENTS_WHY], found[4096] = "", hops[3900];
    int r;

    assert_int_equal(words_split(&words, command_line, strlen(command_line)), 0);
    assert_int_equal(arguments_parse(&cmd_get.grammar, words.word, &arguments, why), 0);
    r = resolve(&arguments, &resolved);
    if (r == EXIT_DONE) {
        const struct list list = {(const char *)buf_data(&resolved.hops), buf_len(&resolved.hops)};

        describe(&list, hops, sizeof hops);
        snprintf(found, sizeof found, "%s %u %s", resolved.key, resolved.duration, hops);
    }
    assert_int_equal(r, status);
    assert_string_equal(found, expected);
    resolved_free(&resolved);
    words_free(&words);
}

static void test_keys(void **state)
{
    (void)state;
    write_config("[profile work]\ncredential_process = /opt/awstap get work\n"
                 "[profile long]\ncredential_process = awstap get work --duration-seconds 28800\n"
                 "[profile odd name]\ncredential_process = 'awstap' get \"work\"\n"
                 "[profile other]\ncredential_process = aws-vault exec work\n"
                 "[profile quote]\ncredential_process = awstap get 'work\n"
                 "[profile mistake]\ncredential_process = awstap get work --color red\n");
    assert_resolves("work", EXIT_DONE, "work 0 ");
    assert_resolves("nowhere", EXIT_DONE, "nowhere 0 ");
    assert_resolves("long", EXIT_DONE, "work 28800 ");
    assert_resolves("long --duration-seconds 900", EXIT_DONE, "work 900 ");
    assert_resolves("other", EXIT_DONE, "other 0 ");
    assert_resolves("quote", EXIT_FAILED, "");
    assert_resolves("mistake", EXIT_FAILED, "");
    assert_resolves("'no key'", EXIT_FAILED, "");
    assert_resolves("work --duration-seconds 899", EXIT_USAGE, "");
    assert_resolves("work --external-id id", EXIT_USAGE, "");
    assert_resolves("work --tag a=b", EXIT_USAGE, "");
}

static void test_roles(void **state)
{
    (void)state;
    write_config(
        "[profile work]\ncredential_process = awstap get work --duration-seconds 28800\n"
        "[profile admin]\nrole_arn = " ROLE(
            "admin") "\nsource_profile = work\n"
                     "external_id = id/1\nrole_session_name = me@home\nduration_seconds = 7200\n"
                     "mfa_serial = arn:aws:iam::123456789012:mfa/me\n"
                     "[profile deploy]\nrole_arn = " ROLE(
                         "ci/deploy") "\nsource_profile = admin\n"
                                      "[profile plain]\nrole_arn = " ROLE(
                                          "plain") "\nsource_profile = vaultkey\n"
                                                   "[profile via]\ncredential_process = awstap get "
                                                   "admin --role-arn " ROLE(
                                                       "via") " --tag 'a b=c d'\n");
    assert_resolves(
        "admin", EXIT_DONE,
        "work 28800 role_arn=" ROLE("admin") ";duration_seconds=7200;"
                                             "external_id=id/1;role_session_name=me@home;");
    assert_resolves(
        "deploy", EXIT_DONE,
        "work 28800 role_arn=" ROLE(
            "admin") ";duration_seconds=7200;"
                     "external_id=id/1;role_session_name=me@home;role_arn=" ROLE("ci/deploy") ";");
    assert_resolves("plain", EXIT_DONE, "vaultkey 0 role_arn=" ROLE("plain") ";");
    assert_resolves("via", EXIT_DONE,
                    "work 28800 role_arn=" ROLE(
                        "admin") ";duration_seconds=7200;"
                                 "external_id=id/1;role_session_name=me@home;role_arn=" ROLE(
                                     "via") ";tag_key=a b;tag_value=c d;");
    assert_resolves("key --role-arn " ROLE("a") " --role-arn " ROLE("b") " --external-id xy",
                    EXIT_DONE,
                    "key 0 role_arn=" ROLE("a") ";role_arn=" ROLE("b") ";external_id=xy;");
}

/* Options override the last role; several times given ones are replaced together. */
static void test_options(void **state)
{
    (void)state;
    write_config("[profile admin]\nrole_arn = " ROLE(
        "admin") "\nsource_profile = work\n"
                 "external_id = theirs\nduration_seconds = 7200\n"
                 "[profile tagged]\ncredential_process = awstap get admin --tag a=1 --tag b=2 "
                 "--transitive-tag a --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess\n");
    assert_resolves("admin --external-id mine --duration-seconds 900 --source-identity me",
                    EXIT_DONE,
                    "work 0 role_arn=" ROLE("admin") ";duration_seconds=900;external_id=mine;"
                                                     "source_identity=me;");
    assert_resolves(
        "tagged --tag c==", EXIT_DONE,
        "work 0 role_arn=" ROLE(
            "admin") ";duration_seconds=7200;external_id=theirs;"
                     "policy_arn=arn:aws:iam::aws:policy/ReadOnlyAccess;tag_key=c;tag_value==;"
                     "transitive_tag=a;");
    assert_resolves(
        "tagged --tag c=", EXIT_DONE,
        "work 0 role_arn=" ROLE(
            "admin") ";duration_seconds=7200;external_id=theirs;"
                     "policy_arn=arn:aws:iam::aws:policy/ReadOnlyAccess;tag_key=c;tag_value=;"
                     "transitive_tag=a;");
    assert_resolves("admin --policy '{\"Version\": \"2012-10-17\"}' --role-session-name=x.y",
                    EXIT_DONE,
                    "work 0 role_arn=" ROLE(
                        "admin") ";duration_seconds=7200;external_id=theirs;"
                                 "role_session_name=x.y;policy={\"Version\": \"2012-10-17\"};");
}

static void test_regions(void **state)
{
    (void)state;
    write_config(
        "[profile work]\nregion = eu-west-1\n"
        "[profile admin]\nrole_arn = " ROLE("admin") "\nsource_profile = work\n"
                                                     "region = eu-central-1\n"
                                                     "[profile bare]\nrole_arn = " ROLE(
                                                         "bare") "\nsource_profile = admin\n");
    assert_resolves("work", EXIT_DONE, "work 0 ");
    assert_resolves("admin", EXIT_DONE, "work 0 role_arn=" ROLE("admin") ";region=eu-central-1;");
    assert_resolves("bare --region us-east-1", EXIT_DONE,
                    "work 0 role_arn=" ROLE("admin") ";region=eu-central-1;role_arn=" ROLE(
                        "bare") ";region=us-east-1;");
    setenv("AWS_DEFAULT_REGION", "ap-south-1", 1);
    assert_resolves("admin", EXIT_DONE, "work 0 role_arn=" ROLE("admin") ";region=ap-south-1;");
    setenv("AWS_REGION", "sa-east-1", 1);
    assert_resolves("admin", EXIT_DONE, "work 0 role_arn=" ROLE("admin") ";region=sa-east-1;");
    assert_resolves("admin --region us-east-1", EXIT_DONE,
                    "work 0 role_arn=" ROLE("admin") ";region=us-east-1;");
    unsetenv("AWS_DEFAULT_REGION");
    unsetenv("AWS_REGION");
}

static void test_sources(void **state)
{
    (void)state;
    write_config("[profile self]\nrole_arn = " ROLE(
        "self") "\nsource_profile = self\n"
                "credential_process = awstap get work --duration-seconds 3600\n"
                "[profile own]\nrole_arn = " ROLE(
                    "own") "\nsource_profile = own\n"
                           "[profile alone]\nrole_arn = " ROLE(
                               "alone") "\n"
                                        "[profile ec2]\nrole_arn = " ROLE(
                                            "ec2") "\ncredential_source = Environment\n"
                                                   "[profile web]\nrole_arn = " ROLE(
                                                       "web") "\nweb_identity_token_file = /token\n"
                                                              "[profile sso]\nsso_session = corp\n"
                                                              "[profile login]\nlogin_session = a\n"
                                                              "[profile oversso]\nrole_arn = " ROLE(
                                                                  "oversso") "\nsource_profile = "
                                                                             "sso\n"
                                                                             "[profile "
                                                                             "wrong]\nrole_arn = "
                                                                             "arn:aws:iam::1:role/"
                                                                             "x\nsource_profile = "
                                                                             "work\n");
    assert_resolves("self", EXIT_DONE, "work 3600 role_arn=" ROLE("self") ";");
    assert_resolves("own", EXIT_DONE, "own 0 role_arn=" ROLE("own") ";");
    assert_resolves("alone", EXIT_FAILED, "");
    assert_resolves("ec2", EXIT_FAILED, "");
    assert_resolves("web", EXIT_FAILED, "");
    assert_resolves("sso", EXIT_FAILED, "");
    assert_resolves("login", EXIT_FAILED, "");
    assert_resolves("oversso", EXIT_FAILED, "");
    assert_resolves("wrong", EXIT_FAILED, "");
}

static void test_cycles(void **state)
{
    static char chain[8192];
    size_t at = 0;

    (void)state;
    write_config("[profile a]\nrole_arn = " ROLE(
        "a") "\nsource_profile = b\n"
             "[profile b]\ncredential_process = awstap get c\n"
             "[profile c]\nrole_arn = " ROLE(
                 "c") "\nsource_profile = a\n"
                      "[profile into]\nrole_arn = " ROLE(
                          "into") "\nsource_profile = b\n"
                                  "[profile p]\ncredential_process = awstap get q\n"
                                  "[profile q]\ncredential_process = awstap get p\n");
    assert_resolves("a", EXIT_FAILED, "");
    assert_resolves("into", EXIT_FAILED, "");
    assert_resolves("p", EXIT_FAILED, "");
    for (int i = 0; i < 40; i++)
        at += (size_t)snprintf(chain + at, sizeof chain - at,
                               "[profile n%d]\nrole_arn = " ROLE("r") "\nsource_profile = n%d\n", i,
                               i + 1);
    write_config(chain);
    assert_resolves("n0", EXIT_FAILED, "");
    assert_resolves("n31", EXIT_FAILED, "");
    assert_resolves(
        "n33 --role-session-name xy", EXIT_DONE,
        "n40 0 role_arn=" ROLE("r") ";role_arn=" ROLE("r") ";role_arn=" ROLE("r") ";role_arn=" ROLE(
            "r") ";role_arn=" ROLE("r") ";role_arn=" ROLE("r") ";role_arn=" ROLE("r") ";role_"
                                                                                      "session_"
                                                                                      "name=xy;");
}

/* A command line `k --role-arn … OPTION VALUE` is refused for the value. */
static void assert_refused(const char *option, const char *value)
{
    static char line[8192];

    snprintf(line, sizeof line, "k --role-arn " ROLE("r") " %s '%s'", option, value);
    assert_resolves(line, EXIT_USAGE, "");
}

static void test_bounds(void **state)
{
    static char text[2100];

    (void)state;
    write_config("");
    assert_refused("--role-arn", "arn:aws:iam::123456789012:user/x");
    assert_refused("--role-arn", "arn:aws:iam::123456789012:role/");
    assert_refused("--role-arn", "arn:aws:sts::123456789012:role/x");
    assert_refused("--role-arn", "role/x");
    assert_refused("--duration-seconds", "899");
    assert_refused("--duration-seconds", "43201");
    assert_refused("--duration-seconds", "1h");
    assert_refused("--role-session-name", "x");
    assert_refused("--role-session-name", "a b");
    assert_refused("--source-identity", "a:b");
    assert_refused("--external-id", "x");
    assert_refused("--tag", "novalue");
    assert_refused("--tag", "=novalue");
    assert_refused("--tag", "a=<b>");
    assert_refused("--transitive-tag", "a;b");
    assert_refused("--policy-arn", ROLE("r"));
    assert_refused("--policy", "ReadOnly");
    assert_refused("--policy", "file:///nonexistent/policy.json");
    assert_refused("--region", "eu west");
    memset(text, 'x', sizeof text - 1);
    text[0] = '{';
    assert_refused("--policy", text);
    text[1226] = '\0';
    assert_refused("--external-id", text + 1);
    text[66] = '\0';
    assert_refused("--role-session-name", text + 1);
    assert_resolves("k --role-arn " ROLE("a") " --role-arn " ROLE("b") " --duration-seconds 3601",
                    EXIT_USAGE, "");
    assert_resolves("k --role-arn " ROLE("a") " --duration-seconds 43200", EXIT_DONE,
                    "k 0 role_arn=" ROLE("a") ";duration_seconds=43200;");
}

static void test_counts(void **state)
{
    static char line[16384];
    size_t at = (size_t)snprintf(line, sizeof line, "k --role-arn " ROLE("r"));
    static char many[sizeof line + 32];

    (void)state;
    for (int i = 0; i < 50; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, " --tag k%d=v", i);
    snprintf(many, sizeof many, "%s --tag one=more", line);
    assert_resolves(many, EXIT_USAGE, "");
    at = (size_t)snprintf(line, sizeof line, "k --role-arn " ROLE("r"));
    for (int i = 0; i < 11; i++)
        at += (size_t)snprintf(line + at, sizeof line - at,
                               " --policy-arn arn:aws:iam::aws:policy/P%d", i);
    assert_resolves(line, EXIT_USAGE, "");
    at = (size_t)snprintf(line, sizeof line, "k --role-arn " ROLE("r"));
    for (int i = 0; i < 50; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, " --tag %0120d%d=%0140d", 0, i, 0);
    assert_resolves(line, EXIT_USAGE, ""); /* each is right, and together they are too long */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),    cmocka_unit_test(test_roles),
        cmocka_unit_test(test_options), cmocka_unit_test(test_regions),
        cmocka_unit_test(test_sources), cmocka_unit_test(test_cycles),
        cmocka_unit_test(test_bounds),  cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
