// SPDX-License-Identifier: BSD-2-Clause
// Roles taken with a key, from the log, or by profiles of the AWS config file.
#include "taken.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aws_config.h"
#include "chain.h"
#include "failure.h"
#include "log_files.h"
#include "message.h"
#include "resolve.h"

/* What is looked for, and what was found. */
struct search {
    struct taken *taken;
    const char *key;
    uint64_t since;
};

static bool is_known(const struct taken *taken, const char *role)
{
    for (size_t i = 0; i < taken->count; i++)
        if (strcmp(taken->roles[i], role) == 0)
            return true;
    return false;
}

static int add(struct taken *taken, const char *role)
{
    if (is_known(taken, role))
        return EXIT_DONE;
    if (taken->count == TAKEN_MAX) {
        taken->left_out++;
        return EXIT_DONE;
    }
    if (!(taken->roles[taken->count] = strdup(role)))
        return fail(EXIT_FAILED, "the roles cannot be gathered: out of memory");
    taken->count++;
    return EXIT_DONE;
}

static int take(void *context, const char *file, size_t number, const struct log_line *line)
{
    const struct search *search = context;
    const struct log_event *event;

    (void)file;
    (void)number;
    if (!line) {
        search->taken->damaged++;
        return EXIT_DONE;
    }
    event = &line->event;
    if (!search->taken->since)
        search->taken->since = line->time;
    if (line->time < search->since || strcmp(event->key, search->key) != 0 || !*event->role ||
        !*event->access_key_id)
        return EXIT_DONE;
    return add(search->taken, event->role);
}

int taken_read(struct taken *taken, const char *key, uint64_t since)
{
    struct search search = {taken, key, since};
    struct log_files files;
    int status;

    *taken = (struct taken){0};
    if ((status = log_files_open(&files)) == EXIT_DONE)
        status = log_files_each(&files, take, &search);
    log_files_close(&files);
    return status;
}

static int add_hops(struct taken *taken, const struct buf *hops)
{
    const struct list list = {(const char *)buf_data(hops), buf_len(hops)};
    int status = EXIT_DONE;

    for (const char *role = NULL;
         status == EXIT_DONE && (role = list_find(&list, "role_arn", role));)
        status = add(taken, role);
    return status;
}

int taken_profiles(struct taken *taken, const char *key)
{
    struct aws_config config = {0};
    char name[PROFILE_SIZE], path[1024], why[256];
    const char *at = NULL;
    int status = EXIT_DONE, r = aws_config_path(path, sizeof path);

    if (r < 0 || (r = aws_config_read(&config, path)) < 0)
        return r == -ENOENT
                   ? EXIT_DONE
                   : fail(EXIT_FAILED, "the AWS config file cannot be read: %s", strerror(-r));
    while (status == EXIT_DONE && aws_config_next(&config, &at, name, sizeof name)) {
        static struct resolved resolved; /* too large for the stack */

        if (resolve_quietly(&config, name, &resolved, why, sizeof why) == EXIT_DONE &&
            strcmp(resolved.key, key) == 0)
            status = add_hops(taken, &resolved.hops);
        resolved_free(&resolved);
    }
    aws_config_free(&config);
    return status;
}

void taken_free(struct taken *taken)
{
    for (size_t i = 0; i < taken->count; i++)
        free(taken->roles[i]);
    taken->count = 0;
}
