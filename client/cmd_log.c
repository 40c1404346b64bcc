// SPDX-License-Identifier: BSD-2-Clause
// awstap log: what was asked for, how it was confirmed, what was issued.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "command.h"
#include "failure.h"
#include "file.h"
#include "log_line.h"
#include "output.h"
#include "place.h"
#include "socket.h"
#include "text.h"

#define FLUSH_SIZE ((size_t)32 * 1024)
#define LINES_MAX  1000000

/* The log in memory, and how it is shown. */
struct log {
    char folder[PLACE_MAX];
    struct file {
        const char *name;
        char *text;
        size_t len;
    } files[2];  /* the older one first */
    size_t skip; /* so many lines are not shown */
    bool as_json;
    struct json json; /* lines for people are put together in its buf as well */
};

static int take_state(void *folder, const struct frame *frame)
{
    struct msg_agent agent;

    if (frame->type == MSG_AGENT && message_get(frame, MSG_AGENT, &agent) == 0)
        snprintf(folder, PLACE_MAX, "%s", agent.state);
    return EXIT_DONE;
}

/* The running agent's, or where it would be. */
static int find_folder(char folder[PLACE_MAX])
{
    const struct request request = {.type = MSG_STATUS,
                                    .fd = -1,
                                    .wait_ms = AGENT_QUICK_MS,
                                    .take = take_state,
                                    .context = folder};
    struct sockaddr_un address;
    int fd, status = socket_address(&address);

    if (status != EXIT_DONE)
        return status;
    fd = socket_connect(&address);
    if (fd >= 0) {
        close(fd);
        return agent_request(&request);
    }
    if (place_state(folder, PLACE_MAX) < 0)
        return fail(EXIT_FAILED, "the log cannot be found: set HOME, or start the agent");
    return EXIT_DONE;
}

static int read_file(const struct log *log, struct file *file)
{
    char path[PLACE_MAX + sizeof LOG_OLDER_FILE + 1];
    int r = -ENAMETOOLONG, n = snprintf(path, sizeof path, "%s/%s", log->folder, file->name);

    if (n >= 0 && (size_t)n < sizeof path)
        r = file_read(path, LOG_FILE_MAX + LOG_SLACK, &file->text, &file->len);
    if (r < 0 && r != -ENOENT)
        return fail(EXIT_FAILED, "%.500s cannot be read: %s", path, strerror(-r));
    return EXIT_DONE;
}

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
static int put_damaged(struct log *log, const struct file *file, size_t number)
{
    if (!log->as_json)
        return buf_printf(&log->json.buf, "(line %zu of %s is damaged)\n", number, file->name);
    json_begin(&log->json, NULL, '{');
    json_text(&log->json, "event", "damaged");
    json_text(&log->json, "file", file->name);
    json_number(&log->json, "line", number);
    json_end(&log->json, '}');
    return log->json.error;
}

static int show(struct log *log, const struct file *file, size_t number,
                const struct log_line *line)
{
    struct buf *out = &log->json.buf;
    int r, status = EXIT_DONE;

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

/* Go through the lines that are shown; without print, only count them. */
static int walk_file(struct log *log, const struct file *file, bool print, size_t *count)
{
    static struct log_line line;
    size_t number = 0;
    int status = EXIT_DONE;

    for (const char *at = file->text, *end; status == EXIT_DONE && at < file->text + file->len;
         at = end + 1) {
        bool good;

        end = strchrnul(at, '\n');
        number++;
        good = log_line_parse(at, (size_t)(end - at), &line) == 0;
        if (good && line.is_begin)
            continue;
        if (print && *count >= log->skip)
            status = show(log, file, number, good ? &line : NULL);
        ++*count;
    }
    return status;
}

static int walk(struct log *log, bool print, size_t *count)
{
    int status = EXIT_DONE;

    *count = 0;
    for (size_t i = 0; i < 2 && status == EXIT_DONE; i++)
        if (log->files[i].text)
            status = walk_file(log, &log->files[i], print, count);
    return status;
}

static int print(struct log *log, size_t wanted)
{
    size_t count;
    int status;

    walk(log, false, &count);
    log->skip = count > wanted ? count - wanted : 0;
    if (count == 0 && !log->as_json)
        return output_line("nothing is in the log yet");
    if (log->as_json)
        json_begin(&log->json, NULL, '[');
    if ((status = walk(log, true, &count)) != EXIT_DONE)
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
    static struct log log = {.files = {{.name = LOG_OLDER_FILE}, {.name = LOG_FILE}}};
    size_t wanted = 0;
    int status;

    if (arguments->option[OPTION_VERIFY])
        return verify();
    log.as_json = arguments->option[OPTION_JSON];
    json_init(&log.json);
    if ((status = read_wanted(arguments->option[OPTION_LINES], &wanted)) == EXIT_DONE &&
        (status = find_folder(log.folder)) == EXIT_DONE &&
        (status = read_file(&log, &log.files[0])) == EXIT_DONE &&
        (status = read_file(&log, &log.files[1])) == EXIT_DONE)
        status = print(&log, wanted);
    for (size_t i = 0; i < 2; i++)
        free(log.files[i].text);
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
