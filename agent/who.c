// SPDX-License-Identifier: BSD-2-Clause
// Who asks: the program that runs the client, as /proc has it.
#include "who.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "printable.h"

#define NAME_SIZE     17  /* TASK_COMM_LEN, and to spare */
#define FOLDER_SIZE   256 /* the beginning of a longer one will do */
#define ANCESTORS_MAX 3   /* `sh -c`, as SDKs run a credential_process, says nothing of who asks */

struct process {
    pid_t pid, parent;
    char name[NAME_SIZE];
};

/* proc(5), /proc/PID/stat: the name stands in parentheses, and may hold some itself. */
static bool parse_stat(const char *line, struct process *process)
{
    const char *first = strchr(line, '('), *last = strrchr(line, ')');
    char state;

    if (!first || !last || last < first ||
        sscanf(last + 1, " %c %d", &state, &process->parent) != 2)
        return false;
    snprintf(process->name, sizeof process->name, "%.*s", (int)(last - first - 1), first + 1);
    return true;
}

static bool read_process(pid_t pid, struct process *process)
{
    char path[64], line[512];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return false;
    n = read(fd, line, sizeof line - 1);
    close(fd);
    if (n <= 0)
        return false;
    line[n] = '\0';
    process->pid = pid;
    return parse_stat(line, process);
}

static bool is_go_between(const char *name)
{
    return strcmp(name, "sh") == 0 || strcmp(name, "dash") == 0;
}

/* The program that asks. A shell is one where nothing else stands above it. */
static bool find_asker(pid_t client, struct process *asker)
{
    struct process above;

    if (!read_process(client, asker) || asker->parent <= 1 || !read_process(asker->parent, asker))
        return false;
    for (int i = 1; i < ANCESTORS_MAX && is_go_between(asker->name); i++) {
        if (asker->parent <= 1 || !read_process(asker->parent, &above))
            break;
        *asker = above;
    }
    return true;
}

/* The folder, ~ for home; false where it may not be seen. */
static bool read_folder(pid_t pid, char *folder, size_t size)
{
    const char *home = getenv("HOME");
    char link[64], path[FOLDER_SIZE];
    size_t home_len = home ? strlen(home) : 0;
    ssize_t n;

    snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
    if ((n = readlink(link, path, sizeof path - 1)) <= 0)
        return false;
    path[n] = '\0';
    if (home_len > 1 && strncmp(path, home, home_len) == 0 &&
        (path[home_len] == '/' || !path[home_len]))
        snprintf(folder, size, "~%.*s", (int)(size - 2), path + home_len);
    else
        snprintf(folder, size, "%.*s", (int)(size - 1), path);
    return true;
}

/* A pid that was given to another process while we read tells of that one. */
static bool has_ended(int pidfd)
{
    struct pollfd pollfd = {.fd = pidfd, .events = POLLIN};

    return poll(&pollfd, 1, 0) != 0;
}

void who_is(pid_t pid, int pidfd, char text[WHO_SIZE])
{
    struct process asker;
    char folder[FOLDER_SIZE];

    text[0] = '\0';
    if (!find_asker(pid, &asker))
        return;
    if (read_folder(asker.pid, folder, sizeof folder))
        snprintf(text, WHO_SIZE, "%s, in %s", asker.name, folder);
    else
        snprintf(text, WHO_SIZE, "%s", asker.name);
    printable_clean(text);
    if (has_ended(pidfd))
        text[0] = '\0';
}
