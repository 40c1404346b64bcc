// SPDX-License-Identifier: BSD-2-Clause
// Where awstap's files are, and which folders can be trusted with them.
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_our_folder(const struct stat *facts)
{
    return S_ISDIR(facts->st_mode) && facts->st_uid == geteuid();
}

int place_socket(char *path, size_t size)
{
    const char *chosen = getenv("AWSTAP_SOCK"), *runtime = getenv("XDG_RUNTIME_DIR");
    char fallback[64];
    struct stat facts;
    int n;

    if (chosen && *chosen) {
        n = snprintf(path, size, "%s", chosen);
        return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
    }
    if (!runtime || *runtime != '/') {
        snprintf(fallback, sizeof fallback, "/run/user/%u", (unsigned)geteuid());
        if (stat(fallback, &facts) < 0 || !is_our_folder(&facts))
            return -ENOENT;
        runtime = fallback;
    }
    n = snprintf(path, size, "%s/awstap/agent.sock", runtime);
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int place_xdg(const char *variable, const char *fallback, const char *name, char *path, size_t size)
{
    const char *base = getenv(variable), *home = getenv("HOME");
    int n;

    if (base && base[0] == '/')
        n = snprintf(path, size, "%s/awstap%s", base, name);
    else if (home && home[0] == '/')
        n = snprintf(path, size, "%s/%s/awstap%s", home, fallback, name);
    else
        return -ENOENT;
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int place_state(char *path, size_t size)
{
    return place_xdg("XDG_STATE_HOME", ".local/state", "", path, size);
}

int place_parent(const char *path, char *folder, size_t size)
{
    int n = snprintf(folder, size, "%s", path);
    char *slash;

    if (n < 0 || (size_t)n >= size)
        return -ENAMETOOLONG;
    if ((slash = strrchr(folder, '/')))
        slash[slash == folder] = '\0';
    else
        snprintf(folder, size, ".");
    return 0;
}

bool place_is_ours_alone(const struct stat *facts)
{
    return is_our_folder(facts) && !(facts->st_mode & (S_IWGRP | S_IWOTH));
}

/* 0 also where it is there already. */
static int make(const char *folder)
{
    return mkdir(folder, S_IRWXU) < 0 && errno != EEXIST ? -errno : 0;
}

int place_make_folder(const char *path)
{
    char folder[PLACE_MAX];
    struct stat facts;
    int r = 0, n = snprintf(folder, sizeof folder, "%s", path);

    if (n < 1 || (size_t)n >= sizeof folder)
        return -ENAMETOOLONG;
    for (char *c = folder + 1; *c && r == 0; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        r = make(folder);
        *c = '/';
    }
    if (r < 0 || (r = make(folder)) < 0)
        return r;
    if (stat(folder, &facts) < 0)
        return -errno;
    return place_is_ours_alone(&facts) ? 0 : -EPERM;
}
