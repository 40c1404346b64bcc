// SPDX-License-Identifier: BSD-2-Clause
// awstap: finds the command that its words name and runs it.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "command.h"
#include "failure.h"
#include "harden.h"
#include "message.h"
#include "output.h"

#define ARENA_SIZE                                                                                 \
    ((size_t)1024 * 1024) /* two buffers of the largest frame, an answer, two credentials files */

#define SYNOPSIS_SHORT 160 /* what fits into the line that tells of a mistake */

static const struct command *const COMMANDS[] = {
    &cmd_factor_add,   &cmd_factor_list,  &cmd_factor_remove, &cmd_key_add,       &cmd_key_import,
    &cmd_key_list,     &cmd_key_show,     &cmd_key_set,       &cmd_key_rotate,    &cmd_key_remove,
    &cmd_mfa_add,      &cmd_mfa_import,   &cmd_mfa_code,      &cmd_mfa_remove,    &cmd_get,
    &cmd_exec,         &cmd_status,       &cmd_lock,          &cmd_log,           &cmd_doctor,
    &cmd_revoke,       &cmd_socket_add,   &cmd_socket_list,   &cmd_socket_remove, &cmd_iam_policy,
    &cmd_vault_export, &cmd_vault_import, &cmd_vault_adopt,
};
#define COMMAND_COUNT (sizeof COMMANDS / sizeof *COMMANDS)

/* Else, where stdout is closed, the agent's socket takes its number and we print into that. */
static int fill_standard_descriptors(void)
{
    struct pollfd standard[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

    if (poll(standard, 3, 0) <= 0)
        return 0;
    for (int i = 0; i < 3; i++)
        if (standard[i].revents & POLLNVAL && open("/dev/null", O_RDWR | O_NOCTTY) < 0)
            return -errno;
    return 0;
}

static int make_ready(void)
{
    int r = fill_standard_descriptors();

    if (r == 0)
        r = harden_until_exec();
    if (r == 0)
        r = clock_open();
    if (r == 0)
        r = arena_open(ARENA_SIZE, ARENA_LOCK_WANTED);
    return r < 0 ? fail(EXIT_FAILED, "cannot begin: %s", strerror(-r)) : EXIT_DONE;
}

/* Whether word is the first of a name of two. */
static bool begins(const char *name, const char *word)
{
    size_t len = strlen(word);

    return strncmp(name, word, len) == 0 && name[len] == ' ';
}

/* The command at *words, which is moved behind its name; NULL when there is none. */
static const struct command *find_command(char ***words)
{
    const char *first = **words, *second = first ? (*words)[1] : NULL;

    for (size_t i = 0; first && i < COMMAND_COUNT; i++) {
        const char *name = COMMANDS[i]->name;

        if (strcmp(name, first) == 0) {
            *words += 1;
            return COMMANDS[i];
        }
        if (second && begins(name, first) && strcmp(name + strlen(first) + 1, second) == 0) {
            *words += 2;
            return COMMANDS[i];
        }
    }
    return NULL;
}

static int print_help(const struct command *command)
{
    struct buf out;
    int r, status = EXIT_DONE;

    buf_init(&out);
    r = buf_printf(&out, "usage: awstap %s%s%s\n\n%s.\n%s%s", command->name,
                   *command->synopsis ? " " : "", command->synopsis, command->summary,
                   *command->help ? "\n" : "", command->help);
    if (r == 0)
        r = arguments_help(&command->grammar, &out);
    status = r < 0 ? fail(EXIT_FAILED, "%s", strerror(-r)) : output_buf(&out);
    buf_free(&out);
    return status;
}

/* The commands whose name begins with the word group, or all of them when it is NULL. */
static int print_commands(const char *group)
{
    struct buf out;
    int r, status;

    buf_init(&out);
    r = buf_printf(&out, "usage: awstap %s%sCOMMAND …\n\n%sCommands:\n", group ? group : "",
                   group ? " " : "",
                   group ? "" : "AWS sessions behind a touch of a security key.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT && r == 0; i++)
        if (!group || begins(COMMANDS[i]->name, group))
            r = buf_printf(&out, "  %-14s  %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
    if (r == 0)
        r = buf_put_text(
            &out,
            "\nawstap COMMAND --help says more of each; awstap --version tells the version.\n");
    status = r < 0 ? fail(EXIT_FAILED, "%s", strerror(-r)) : output_buf(&out);
    buf_free(&out);
    return status;
}

/* There is no such command: --help and --version, or a mistake. */
static int without_command(char **words)
{
    if (!words[0])
        return fail(EXIT_USAGE, "no command given; see awstap --help");
    if (strcmp(words[0], "--help") == 0)
        return print_commands(NULL);
    if (strcmp(words[0], "--version") == 0)
        return output_line("awstap " AWSTAP_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (!begins(COMMANDS[i]->name, words[0]))
            continue;
        if (words[1] && strcmp(words[1], "--help") == 0)
            return print_commands(words[0]);
        if (!words[1])
            return fail(EXIT_USAGE, "%.32s what? see awstap %.32s --help", words[0], words[0]);
        return fail(EXIT_USAGE, "unknown command %.32s %.64s; see awstap %.32s --help", words[0],
                    words[1], words[0]);
    }
    return fail(EXIT_USAGE, "unknown %s %.64s; see awstap --help",
                *words[0] == '-' ? "option" : "command", words[0]);
}

static int run_command(const struct command *command, char **words)
{
    struct arguments arguments;
    char why[ARGUMENTS_WHY];

    failure_about(command->name, NULL);
    if (arguments_parse(&command->grammar, words, &arguments, why) < 0) {
        if (strlen(command->synopsis) > SYNOPSIS_SHORT)
            return fail(EXIT_USAGE, "%s; see awstap %s --help", why, command->name);
        return fail(EXIT_USAGE, "%s; usage: awstap %s%s%s", why, command->name,
                    *command->synopsis ? " " : "", command->synopsis);
    }
    if (arguments.option[OPTION_HELP])
        return print_help(command);
    failure_about(command->name, arguments.operand[0]);
    return command->run(&arguments);
}

int main(int argc, char **argv)
{
    char **words = argv + (argc > 0);
    const struct command *command;
    int status = make_ready();

    if (status != EXIT_DONE)
        return status;
    command = find_command(&words);
    status = command ? run_command(command, words) : without_command(words);
    arena_close();
    return status;
}
