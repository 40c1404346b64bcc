// SPDX-License-Identifier: BSD-2-Clause
// Calls of the AWS CLI, as a shell reads them and as they are run.
#include "aws_cli.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "deny_policy.h"

static char folder[64], program[80];

static void write_program(const char *script)
{
    FILE *file = fopen(program, "w");

    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    assert_int_equal(chmod(program, 0755), 0);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/awstap-aws-cli-XXXXXX");
    if (!mkdtemp(folder) || arena_open(256 * 1024, ARENA_LOCK_WANTED) < 0)
        return -1;
    snprintf(program, sizeof program, "%s/aws", folder);
    return setenv("PATH", folder, 1);
}

static int tear_down(void **state)
{
    (void)state;
    unlink(program);
    rmdir(folder);
    arena_close();
    return 0;
}

/* The line, in a buffer that the caller frees. */
static const char *shown(const struct aws_cli *cli, struct buf *line)
{
    buf_init(line);
    assert_int_equal(aws_cli_show(cli, line), 0);
    return buf_text(line);
}

static void test_options_that_are_not_given(void **state)
{
    struct aws_cli cli;
    struct buf line;

    (void)state;
    aws_cli_begin(&cli, NULL, "", NULL, "");
    aws_cli_add(&cli, "iam", "get-user", NULL);
    assert_string_equal(shown(&cli, &line), "aws iam get-user");
    buf_free(&line);
    aws_cli_begin(&cli, "boss", "eu-west-1", "http://127.0.0.1:1", "/ca");
    assert_string_equal(
        shown(&cli, &line),
        "aws --profile boss --region eu-west-1 --endpoint-url http://127.0.0.1:1 --ca-bundle /ca");
    buf_free(&line);
}

/* What a shell makes of the line are the words again, whatever is in them. */
static void test_quoted(void **state)
{
    static const char *const words[] = {
        "a b", "it's", "$HOME `id` \"x\" \\ *", "", "'", "{\"a\":1}", "~", "#", "!"};
    struct aws_cli cli;
    char out[64];
    struct buf line;

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        FILE *shell;

        write_program("printf '%s' \"$1\"");
        aws_cli_begin(&cli, NULL, NULL, NULL, NULL);
        aws_cli_add(&cli, words[i], NULL);
        shell = popen(shown(&cli, &line), "r");
        assert_non_null(shell);
        out[fread(out, 1, sizeof out - 1, shell)] = '\0';
        assert_int_equal(pclose(shell), 0);
        assert_string_equal(out, words[i]);
        buf_free(&line);
    }
}

static void test_run(void **state)
{
    struct aws_cli cli;
    char out[8];

    (void)state;
    write_program("echo \"$2\"; echo more");
    aws_cli_begin(&cli, NULL, NULL, NULL, NULL);
    aws_cli_add(&cli, "x", "$y z", NULL);
    assert_int_equal(aws_cli_run(&cli, out, sizeof out), 0);
    assert_string_equal(out, "$y z");
    write_program("echo 0123456789; exit 254");
    assert_int_equal(aws_cli_run(&cli, out, sizeof out), 254);
    assert_string_equal(out, "0123456");
    assert_int_equal(aws_cli_run(&cli, NULL, 0), 254);
    write_program("kill -9 $$");
    assert_int_equal(aws_cli_run(&cli, NULL, 0), 128 + 9);
}

static void test_is_there(void **state)
{
    struct aws_cli cli;

    (void)state;
    write_program("exit 0");
    assert_true(aws_cli_is_there());
    setenv("PATH", "/nowhere::/none", 1);
    assert_false(aws_cli_is_there());
    aws_cli_begin(&cli, NULL, NULL, NULL, NULL);
    assert_int_equal(aws_cli_run(&cli, NULL, 0), -ENOENT);
    setenv("PATH", folder, 1);
}

static void test_policies(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text);
    assert_int_equal(deny_policy_put(&text, "2026-01-02T03:04:05Z"), 0);
    assert_string_equal(buf_text(&text),
                        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\","
                        "\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":"
                        "{\"aws:TokenIssueTime\":\"2026-01-02T03:04:05Z\"}}}]}");
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_that_are_not_given),
        cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_is_there),
        cmocka_unit_test(test_policies),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
