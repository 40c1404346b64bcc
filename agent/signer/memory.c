// SPDX-License-Identifier: BSD-2-Clause
// How much memory there is, by what the kernel says in /proc and of our control groups.
#include "memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_SIZE  1024 /* of what is read at most: what is looked for stands near the beginning */
#define PATH_SIZE  512
#define CGROUP_TOP "/sys/fs/cgroup"

/* The file's beginning as a text; false where there is no such file. */
static bool read_text(const char *path, char text[TEXT_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_SIZE - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n >= 0;
}

uint64_t memory_field(const char *text, const char *name, uint64_t unit)
{
    uint64_t value;

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, strlen(name)) != 0)
            continue;
        if (sscanf(line + strlen(name), " %18" SCNu64, &value) != 1)
            break;
        return value * unit;
    }
    return UINT64_MAX;
}

static uint64_t group_file(const char *group, const char *file, const char *name)
{
    char path[PATH_SIZE], text[TEXT_SIZE];
    int n = snprintf(path, sizeof path, CGROUP_TOP "%s/%s", group, file);

    if (n < 0 || (size_t)n >= sizeof path || !read_text(path, text))
        return UINT64_MAX;
    return memory_field(text, name, 1);
}

/* What this group leaves; the pages of files count as free, as the kernel gives them up first. */
static uint64_t group_available(const char *group)
{
    uint64_t max = group_file(group, "memory.max", ""); /* the text "max": no limit */
    uint64_t used = group_file(group, "memory.current", "");
    uint64_t files = group_file(group, "memory.stat", "file ");

    if (max == UINT64_MAX || used == UINT64_MAX)
        return UINT64_MAX;
    if (files != UINT64_MAX)
        used = used > files ? used - files : 0;
    return max > used ? max - used : 0;
}

/* The least that our group and those above it leave. */
static uint64_t groups_available(void)
{
    char text[TEXT_SIZE], *group = NULL, *slash;
    uint64_t least = UINT64_MAX;

    if (read_text("/proc/self/cgroup", text))
        group = strstr(text, "0::/");
    if (!group)
        return least;
    group += strlen("0::");
    group[strcspn(group, "\n")] = '\0';
    do {
        uint64_t left = group_available(group);

        least = left < least ? left : least;
        if ((slash = strrchr(group, '/')))
            *slash = '\0';
    } while (slash);
    return least;
}

uint64_t memory_available(void)
{
    char text[TEXT_SIZE];
    uint64_t system = UINT64_MAX, groups = groups_available();

    if (read_text("/proc/meminfo", text))
        system = memory_field(text, "MemAvailable:", 1024);
    return system < groups ? system : groups;
}
