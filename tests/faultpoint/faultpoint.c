// SPDX-License-Identifier: BSD-2-Clause
// The list of the fault points that were passed, and the plan of what happens at one of them. Both
// files are opened before main(), as a process may narrow itself later.
#include "faultpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beside.h"

#define RECORD_SIZE 128 /* bytes of a line of `faultpoints`, its newline included */
#define LABEL_MAX   64  /* program and kind */
#define PLAN_MAX    128
#define FIRST_FD    100 /* out of the way of every descriptor with a fixed number */
#define POLL_MS     2

ssize_t __real_write(int fd, const void *data, size_t n);

static int points = -1, plan = -1;

static int open_beside(const char *name, int flags)
{
    char path[BESIDE_MAX];
    int fd, high;

    if (beside_path(name, path, sizeof path) < 0 || (fd = open(path, flags | O_CLOEXEC)) < 0)
        return -1;
    high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
    close(fd);
    return high;
}

__attribute__((constructor)) static void open_files(void)
{
    points = open_beside("faultpoints", O_RDWR | O_APPEND);
    plan = open_beside("faultplan", O_RDONLY);
}

/* Append the record. Where the next one will begin, which no other process's write can change. */
static off_t append(const char *label, const char *name)
{
    char record[RECORD_SIZE + 1];
    int n = snprintf(record, sizeof record, "%-28s %7d  %s", label, (int)getpid(), name);

    if (n < 0)
        return -1;
    if (n > RECORD_SIZE - 1)
        n = RECORD_SIZE - 1;
    memset(record + n, ' ', (size_t)(RECORD_SIZE - n));
    record[RECORD_SIZE - 1] = '\n';
    if (__real_write(points, record, RECORD_SIZE) != RECORD_SIZE)
        return -1;
    return lseek(points, 0, SEEK_CUR);
}

/* How many records with this label there are before end. */
static long count(const char *label, off_t end)
{
    char record[RECORD_SIZE];
    size_t len = strlen(label);
    long found = 0;

    for (off_t at = 0; at < end; at += RECORD_SIZE)
        if (pread(points, record, RECORD_SIZE, at) == RECORD_SIZE &&
            memcmp(record, label, len) == 0 && record[len] == ' ')
            found++;
    return found;
}

/* What the plan says now. Whether that is anything. */
static bool read_plan(char text[PLAN_MAX])
{
    ssize_t n = plan < 0 ? -1 : pread(plan, text, PLAN_MAX - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Wait until the plan is another one, or for the signal that ends us. */
static void hold(const char *planned)
{
    char text[PLAN_MAX];

    while (read_plan(text) && strcmp(text, planned) == 0)
        poll(NULL, 0, POLL_MS);
}

/* What the plan says of the point whose record ends at end. The errno that the call fails with, or
 * 0. */
static int follow(const char *kind, const char *label, off_t end)
{
    char text[PLAN_MAX], program[32], planned_kind[32], planned[LABEL_MAX], action[16];
    int number = 0;
    long nth;

    if (!read_plan(text) ||
        sscanf(text, "%31s %31s %ld %15s %d", program, planned_kind, &nth, action, &number) < 4)
        return 0;
    snprintf(planned, sizeof planned, "%s %s", program, planned_kind);
    if (strcmp(action, "full") == 0)
        return strstr(kind, "write") && count(planned, end) >= nth ? number : 0;
    if (strcmp(planned, label) != 0 || count(planned, end) != nth)
        return 0;
    if (strcmp(action, "hold") == 0)
        hold(text);
    return number;
}

int faultpoint(const char *kind, const char *name)
{
    char label[LABEL_MAX];
    int before = errno, number;

    if (points < 0)
        return 0;
    snprintf(label, sizeof label, "%s %s", program_invocation_short_name, kind);
    number = follow(kind, label, append(label, name));
    errno = before;
    return number;
}
