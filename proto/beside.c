// SPDX-License-Identifier: BSD-2-Clause
// Where awstap's programs find each other: beside themselves.
#include "beside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int beside_path(const char *name, char *path, size_t size)
{
    char self[BESIDE_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    if (n < 0)
        return -errno;
    self[n] = '\0';
    if ((size_t)n == sizeof self - 1 || !(slash = strrchr(self, '/')))
        return -ENAMETOOLONG;
    *slash = '\0';
    n = snprintf(path, size, "%s/%s", self, name);
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
