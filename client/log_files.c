// SPDX-License-Identifier: BSD-2-Clause
// The agent's log on disk, event by event.
#include "log_files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "failure.h"
#include "file.h"
#include "socket.h"

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

static int read_part(const char *folder, struct log_part *part)
{
    char path[PLACE_MAX + sizeof LOG_OLDER_FILE + 1];
    int r = -ENAMETOOLONG, n = snprintf(path, sizeof path, "%s/%s", folder, part->name);

    if (n >= 0 && (size_t)n < sizeof path)
        r = file_read(path, LOG_FILE_MAX + LOG_SLACK, &part->text, &part->len);
    if (r < 0 && r != -ENOENT)
        return fail(EXIT_FAILED, "%.500s cannot be read: %s", path, strerror(-r));
    return EXIT_DONE;
}

int log_files_open(struct log_files *files)
{
    int status;

    *files = (struct log_files){.parts = {{.name = LOG_OLDER_FILE}, {.name = LOG_FILE}}};
    if ((status = find_folder(files->folder)) == EXIT_DONE &&
        (status = read_part(files->folder, &files->parts[0])) == EXIT_DONE)
        status = read_part(files->folder, &files->parts[1]);
    return status;
}

void log_files_close(struct log_files *files)
{
    for (size_t i = 0; i < 2; i++) {
        free(files->parts[i].text);
        files->parts[i].text = NULL;
    }
}

static int each_of_part(const struct log_part *part,
                        int (*take)(void *context, const char *file, size_t number,
                                    const struct log_line *line),
                        void *context)
{
    static struct log_line line;
    size_t number = 0;
    int status = EXIT_DONE;

    for (const char *at = part->text, *end; status == EXIT_DONE && at < part->text + part->len;
         at = end + 1) {
        bool good;

        end = strchrnul(at, '\n');
        number++;
        good = log_line_parse(at, (size_t)(end - at), &line) == 0;
        if (!good || !line.is_begin)
            status = take(context, part->name, number, good ? &line : NULL);
    }
    return status;
}

int log_files_each(const struct log_files *files,
                   int (*take)(void *context, const char *file, size_t number,
                               const struct log_line *line),
                   void *context)
{
    int status = EXIT_DONE;

    for (size_t i = 0; i < 2 && status == EXIT_DONE; i++)
        if (files->parts[i].text)
            status = each_of_part(&files->parts[i], take, context);
    return status;
}
