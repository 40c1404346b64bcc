// SPDX-License-Identifier: BSD-2-Clause
// awstap log: what was asked for, how it was confirmed, what was issued.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent.h"
#include "command.h"
#include "failure.h"
#include "log_files.h"
#include "output.h"
#include "text.h"

#define FLUSH_SIZE ((size_t)32 * 1024)
#define LINES_MAX  1000000

/* The log as it is shown. */
struct log {
    struct log_files files;
    size_t count, skip; /* events so far; so many at the beginning are not shown */
    bool as_json;
    struct json json; /* lines for people are put together in its buf as well */
};

static void local_time(uint64_t seconds, char text[32])
{
    time_t time = (time_t)seconds;
    struct tm tm;

    if (!localtime_r(&time, &tm) || strftime(text, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        snprintf(text, 32, "?");
}

/* Nothing at all where there is nothing to say. */
static int put_part(struct buf *out, const char *before, const char *text)
{
    return *text ? buf_printf(out, "%s%s", before, text) : 0;
}

static int put_event(struct buf *out, const struct log_line *line)
{
    const struct log_event *event = &line->event;
    char time[32], until[32], span[TEXT_SPAN];
    int r;

    local_time(line->time, time);
    local_time(event->expiration, until);
    text_span(event->duration, span);
    if ((r = buf_printf(out, "%s %s", time, event->what)) < 0 ||
        (r = put_part(out, " ", event->key)) < 0 || (r = put_part(out, " ", event->role)) < 0 ||
        (r = put_part(out, ", for ", event->duration ? span : "")) < 0 ||
        (r = put_part(out, ": ", event->why)) < 0 ||
        (r = put_part(out, "; asked for by ", event->who)) < 0 ||
        (r = put_part(out, strcmp(event->how, "cached") ? "; confirmed by " : "; ", event->how)) <
            0 ||
        (r = put_part(out, "; ", event->access_key_id)) < 0 ||
        (r = put_part(out, " until ", event->expiration ? until : "")) < 0)
        return r;
    return buf_put_text(out, "\n");
}

static void put_json(struct json *json, const struct log_line *line)
{
    const struct log_event *event = &line->event;

    json_begin(json, NULL, '{');
    json_time(json, "time", line->time);
    json_text(json, "event", event->what);
    json_text(json, "key", event->key);
    json_text(json, "role_arn", event->role);
    json_number(json, "duration_seconds", event->duration);
    json_text(json, "requester", event->who);
    json_text(json, "confirmed_by", event->how);
    json_text(json, "access_key_id", event->access_key_id);
    if (event->expiration)
        json_time(json, "expiration", event->expiration);
    json_text(json, "reason", event->why);
    json_end(json, '}');
}

/* A line that is none of ours is told, and the others shown nonetheless. */
static int put_damaged(struct log *log, const char *file, size_t number)
{
    if (!log->as_json)
        return buf_printf(&log->json.buf, "(line %zu of %s is damaged)\n", number, file);
    json_begin(&log->json, NULL, '{');
    json_text(&log->json, "event", "damaged");
    json_text(&log->json, "file", file);
    json_number(&log->json, "line", number);
    json_end(&log->json, '}');
    return log->json.error;
}

static int count(void *context, const char *file, size_t number, const struct log_line *line)
{
    struct log *log = context;

    (void)file;
    (void)number;
    (void)line;
    log->count++;
    return EXIT_DONE;
}

static int show(void *context, const char *file, size_t number, const struct log_line *line)
{
    struct log *log = context;
    struct buf *out = &log->json.buf;
    int r, status = EXIT_DONE;

    if (log->skip) {
        log->skip--;
        return EXIT_DONE;
    }
    if (!line) {
        r = put_damaged(log, file, number);
    } else if (log->as_json) {
        put_json(&log->json, line);
        r = log->json.error;
    } else {
        r = put_event(out, line);
    }
    if (r < 0)
        return fail(EXIT_FAILED, "the log cannot be shown: %s", strerror(-r));
    if (buf_len(out) > FLUSH_SIZE) {
        status = output_buf(out);
        buf_take(out, buf_len(out));
    }
    return status;
}

static int print(struct log *log, size_t wanted)
{
    int status;

    log_files_each(&log->files, count, log);
    log->skip = log->count > wanted ? log->count - wanted : 0;
    if (log->count == 0 && !log->as_json)
        return output_line("nothing is in the log yet");
    if (log->as_json)
        json_begin(&log->json, NULL, '[');
    if ((status = log_files_each(&log->files, show, log)) != EXIT_DONE)
        return status;
    if (!log->as_json)
        return output_buf(&log->json.buf);
    json_end(&log->json, ']');
    return output_json(&log->json);
}

static int read_wanted(const char *text, size_t *wanted)
{
    char *end;
    unsigned long number = text ? strtoul(text, &end, 10) : LINES_MAX;

    if (text && (*text < '0' || *text > '9' || *end || number > LINES_MAX))
        return fail(EXIT_USAGE, "--lines wants a number");
    *wanted = number;
    return EXIT_DONE;
}

static int verify(void)
{
    const struct request request = {
        .type = MSG_LOG_VERIFY, .fd = -1, .start = true, .wait_ms = AGENT_PERSON_MS};

    return agent_request(&request);
}

static int run(const struct arguments *arguments)
{
    static struct log log;
    size_t wanted = 0;
    int status;

    if (arguments->option[OPTION_VERIFY])
        return verify();
    if ((status = read_wanted(arguments->option[OPTION_LINES], &wanted)) != EXIT_DONE)
        return status;
    log.as_json = arguments->option[OPTION_JSON];
    json_init(&log.json);
    if ((status = log_files_open(&log.files)) == EXIT_DONE)
        status = print(&log, wanted);
    log_files_close(&log.files);
    json_free(&log.json);
    return status;
}

const struct command cmd_log = {
    .name = "log",
    .synopsis = "[--lines N] [--json] | --verify",
    .summary = "Show who asked for what, how it was confirmed, and what was issued",
    .help =
        "The newest line comes last. Starts no agent, but with --verify, which opens the vault\n"
        "and says whether a line was changed, added or removed since it was written; exit\n"
        "status 6 says that one was. --json prints an array of objects with time, event, key,\n"
        "role_arn, duration_seconds, requester, confirmed_by, access_key_id, expiration\n"
        "(where there is one), reason.\n",
    .grammar = {.options = WITH(OPTION_LINES) | WITH(OPTION_JSON) | WITH(OPTION_VERIFY)},
    .run = run,
};
