// SPDX-License-Identifier: BSD-2-Clause
// Hold the log against what the vault knows of it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "errand.h"
#include "file.h"
#include "log_file.h"
#include "utc.h"

static int read_file(const struct agent *agent, struct log_file *file, struct error *error)
{
    char path[FILE_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", agent->state, file->name);

    if (n < 0 || (size_t)n >= sizeof path)
        return error_set(error, EXIT_FAILED, "the path of the state folder is too long");
    return file_read_large(path, LOG_FILE_MAX + LOG_SLACK, &file->data, &file->size, error);
}

static int read_anchor(const struct agent *agent, const struct vault *vault,
                       struct log_anchor *anchor, struct error *error)
{
    int r = log_anchor_read(vault, anchor, error);

    if (r == 1)
        return error_set(error, EXIT_VAULT,
                         "log.anchor is missing in %s: lines removed from the end of the log would "
                         "not be noticed; it is made anew now",
                         agent->state);
    return r;
}

static int unlock_to_verify(struct agent *agent, struct vault *vault, struct error *error)
{
    struct stake stake = {0};

    stake_line(&stake, "Check the log of what awstap has issued");
    return errand_unlock(agent, vault, &stake, false, error, "to check the log");
}

/* A log that is older than its anchor has lost an anchor. */
static int tell_faults(const struct log_report *report, const struct log_anchor *anchor,
                       struct error *error)
{
    char since[UTC_SIZE];

    utc_print(anchor->since, since);
    if (report->faults > 1)
        return error_set(error, EXIT_VAULT, "the log is not as it was written: %s; and %u more",
                         report->text, report->faults - 1);
    if (report->faults)
        return error_set(error, EXIT_VAULT, "the log is not as it was written: %s", report->text);
    if (report->first && report->first < anchor->since)
        return error_set(
            error, EXIT_VAULT,
            "every line is as it was written, but log.anchor was lost and made anew at "
            "%s: lines removed from the end before that would not be noticed",
            since);
    return 0;
}

static int tell(const struct log_report *report, char **done, struct error *error)
{
    char first[UTC_SIZE];

    if (!report->lines && !report->unchecked)
        return errand_done(done, error, "the log is empty");
    if (!report->lines)
        return errand_done(done, error,
                           "%" PRIu64 " lines can't be checked: they are sealed to an earlier key "
                           "of the vault, or to another vault",
                           report->unchecked);
    utc_print(report->first, first);
    if (report->unchecked)
        return errand_done(done, error,
                           "the log is as it was written: %" PRIu64 " lines since %s; %" PRIu64
                           " more can't be checked: they are sealed to an earlier key of the "
                           "vault, or to another vault",
                           report->lines, first, report->unchecked);
    return errand_done(done, error, "the log is as it was written: %" PRIu64 " lines since %s",
                       report->lines, first);
}

static int verify(struct agent *agent, const struct vault *vault, char **done, struct error *error)
{
    static struct log_anchor anchor; /* too large for the stack */
    struct log_file files[2] = {{.name = LOG_OLDER_FILE}, {.name = LOG_FILE}};
    struct log_report report;
    int r = -1;

    if (read_anchor(agent, vault, &anchor, error) < 0)
        return -1;
    log_anchor_note(&anchor, agent);
    if (read_file(agent, &files[0], error) >= 0 && read_file(agent, &files[1], error) >= 0 &&
        log_file_check(vault, files, &anchor, &report, error) == 0 &&
        tell_faults(&report, &anchor, error) == 0)
        r = tell(&report, done, error);
    for (size_t i = 0; i < 2; i++)
        free(files[i].data);
    return r;
}

int errand_log_verify(struct agent *agent, const struct frame *frame, int fd, char **done,
                      struct error *error)
{
    struct vault *vault = NULL;
    int r = -1;

    (void)fd;
    if (message_get(frame, MSG_LOG_VERIFY, NULL) < 0)
        return errand_malformed(error);
    if (errand_vault(agent, &vault, error) == 0 && unlock_to_verify(agent, vault, error) == 0)
        r = verify(agent, vault, done, error);
    vault_free(vault);
    return r;
}
