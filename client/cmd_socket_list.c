// SPDX-License-Identifier: BSD-2-Clause
// awstap socket list: the remote hosts that may ask for sessions.
#include <stdio.h>

#include "agent.h"
#include "command.h"
#include "output.h"
#include "table.h"
#include "text.h"

#define NAMES_SIZE 256

/* Both forms are filled, one is printed. */
struct sockets {
    struct table table;
    struct json json;
};

/* The names of the list, as a text and into the array. */
static void tell_names(const struct list *allow, struct json *json, char names[NAMES_SIZE])
{
    const char *name = NULL;
    size_t len = 0;

    names[0] = '\0';
    while ((name = list_find(allow, "allow", name))) {
        json_text(json, NULL, name);
        if (len < NAMES_SIZE)
            len += (size_t)snprintf(names + len, NAMES_SIZE - len, "%s%s", len ? ", " : "", name);
    }
}

static int take(void *context, const struct frame *frame)
{
    struct sockets *sockets = context;
    char names[NAMES_SIZE], span[TEXT_SPAN];
    struct msg_socket socket;

    if (message_get(frame, MSG_SOCKET, &socket) < 0)
        return agent_unexpected();
    json_begin(&sockets->json, NULL, '{');
    json_text(&sockets->json, "host", socket.host);
    json_text(&sockets->json, "path", socket.path);
    json_number(&sockets->json, "max_duration", socket.max_duration);
    json_begin(&sockets->json, "allow", '[');
    tell_names(&socket.allow, &sockets->json, names);
    json_end(&sockets->json, ']');
    json_end(&sockets->json, '}');
    text_span(socket.max_duration, span);
    table_cell(&sockets->table, socket.host);
    table_cell(&sockets->table, names);
    table_cell(&sockets->table, span);
    table_cell(&sockets->table, socket.path);
    return EXIT_DONE;
}

static int print(struct sockets *sockets, bool as_json)
{
    json_end(&sockets->json, ']');
    if (as_json)
        return output_json(&sockets->json);
    if (sockets->table.count == sockets->table.columns)
        return output_line("no remote host has a socket; see `awstap socket add --help`");
    return table_print(&sockets->table);
}

static int run(const struct arguments *arguments)
{
    static const char *const HEADS[] = {"HOST", "MAY ASK FOR", "AT MOST", "SOCKET"};
    struct sockets sockets;
    const struct request request = {.type = MSG_SOCKET_LIST,
                                    .fd = -1,
                                    .start = true,
                                    .wait_ms = AGENT_QUICK_MS,
                                    .take = take,
                                    .context = &sockets};
    int status;

    json_init(&sockets.json);
    json_begin(&sockets.json, NULL, '[');
    table_init(&sockets.table, 4);
    for (size_t i = 0; i < 4; i++)
        table_cell(&sockets.table, HEADS[i]);
    if ((status = agent_request(&request)) == EXIT_DONE)
        status = print(&sockets, arguments->option[OPTION_JSON]);
    table_free(&sockets.table);
    json_free(&sockets.json);
    return status;
}

const struct command cmd_socket_list = {
    .name = "socket list",
    .synopsis = "[--json]",
    .summary = "List the remote hosts that may ask for sessions",
    .help = "--json prints an array of objects with host, path, max_duration, allow (an array).\n",
    .grammar = {.options = WITH(OPTION_JSON)},
    .run = run,
};
