// SPDX-License-Identifier: BSD-2-Clause
// Questions with yes or no.
#include "question.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "message.h"
#include "terminal.h"

#define PROMPT_SIZE 2400
#define ANSWER_SIZE 1024

bool question_possible(void)
{
    return isatty(STDOUT_FILENO);
}

static int ask(const char *question, bool usual, bool *yes)
{
    char prompt[PROMPT_SIZE], answer[ANSWER_SIZE];
    const char *first = answer;

    snprintf(prompt, sizeof prompt, "%s %s ", question, usual ? "[Y/n]" : "[y/N]");
    if (terminal_ask(prompt, true, answer, sizeof answer) < 0)
        return fail(EXIT_PERSON, "cancelled");
    first += strspn(answer, " \t");
    *yes = *first ? *first == 'y' || *first == 'Y' : usual;
    return EXIT_DONE;
}

int question_decide(const struct arguments *arguments, enum option with, enum option without,
                    const char *question, bool usual, bool *yes)
{
    *yes = arguments->option[with];
    if (*yes || arguments->option[without] || !question_possible())
        return EXIT_DONE;
    return ask(question, usual, yes);
}

int question_check(const struct arguments *arguments, enum option with, enum option without)
{
    return arguments->option[with] && arguments->option[without]
               ? fail(EXIT_USAGE, "--%s and --%s are opposites", arguments_name(with),
                      arguments_name(without))
               : EXIT_DONE;
}
