// SPDX-License-Identifier: BSD-2-Clause
// The plan of the leak drill, line by line.
#include "plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"
#include "message.h"
#include "output.h"
#include "utc.h"

#define TEXT_SIZE 1024
#define LINE_SIZE (TEXT_SIZE + 64)

static const char *const TO_DO[] = {
    [PLAN_OPEN] = "open the vault for a session that may manage access keys (a touch)",
    [PLAN_CREATE] = "make a new access key, seal it, and wait until AWS takes it",
    [PLAN_PROVE] = "prove it: open it and get a session with it (a touch)",
    [PLAN_OFF] = "switch the old access key off",
    [PLAN_REFUSED] = "wait until AWS refuses the old access key",
    [PLAN_RENEW] = "get another session with the new access key",
    [PLAN_DENY] = "deny the sessions issued before (by --admin PROFILE, or a command to run)",
    [PLAN_ROLES] = "deny the sessions of roles taken before (commands to run)",
    [PLAN_DELETE] = "delete the old access key, and forget the key's sessions here",
    [PLAN_LOOK] = "look at what was done with the old access key",
};
#define STEPS PLAN_LOOK

void plan_begin(struct plan *plan)
{
    *plan = (struct plan){.pretty = isatty(STDOUT_FILENO), .status = EXIT_DONE};
}

static void put_line(struct plan *plan, const char *text)
{
    if (plan->status == EXIT_DONE)
        plan->status = output_line(text);
}

static void put_step(struct plan *plan, enum plan_step step, const char *when, const char *text)
{
    static char line[LINE_SIZE]; /* too large for the stack, with its caller's */

    snprintf(line, sizeof line, "%2d  %-*s  %s", (int)step, plan->pretty ? 8 : UTC_SIZE - 1, when,
             text);
    put_line(plan, line);
}

static void print_time(const struct plan *plan, uint64_t when, char text[32])
{
    time_t time = (time_t)when;
    struct tm tm;

    if (!when)
        strcpy(text, "earlier");
    else if (!plan->pretty)
        utc_print(when, text);
    else if (!localtime_r(&time, &tm) || strftime(text, 32, "%H:%M:%S", &tm) == 0)
        strcpy(text, "done");
}

void plan_did(struct plan *plan, enum plan_step step, uint64_t when, const char *format, ...)
{
    char text[TEXT_SIZE], time[32];
    va_list args;

    if (step <= plan->done)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_time(plan, when, time);
    put_step(plan, step, time, text);
    plan->done = step;
}

void plan_leave(struct plan *plan, enum plan_step step, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_step(plan, step, "to do", text);
    plan->done = step;
}

void plan_left(struct plan *plan)
{
    for (int step = (int)plan->done + 1; step <= STEPS; step++)
        put_step(plan, (enum plan_step)step, "to do", TO_DO[step]);
}

void plan_line(struct plan *plan, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_line(plan, text);
}

void plan_text(struct plan *plan, struct buf *buf, int error)
{
    const char *text = error < 0 ? NULL : buf_text(buf);

    if (plan->status == EXIT_DONE)
        plan->status =
            text ? output_line(text) : fail(EXIT_FAILED, "the plan cannot be shown: out of memory");
}
