// SPDX-License-Identifier: BSD-2-Clause
// The real way to the FIDO devices of this machine: libfido2's own, for USB keys.
#include "device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

#define HIDRAW    "/sys/class/hidraw/"
#define SETTLED_S 10 /* on a machine that is busy udev takes seconds */

/* Whether a HID device's descriptor, which anybody may read, begins with the FIDO usage page. */
static bool is_security_key(const char *name)
{
    static const uint8_t usage_page[] = {0x06, 0xd0, 0xf1};
    uint8_t begins[sizeof usage_page];
    char path[sizeof HIDRAW + NAME_MAX + sizeof "/device/report_descriptor"];
    bool is = false;
    int fd;

    snprintf(path, sizeof path, HIDRAW "%s/device/report_descriptor", name);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return false;
    if (read(fd, begins, sizeof begins) == sizeof begins)
        is = memcmp(begins, usage_page, sizeof begins) == 0;
    close(fd);
    return is;
}

/* A device that is just there is none: udev gives access to it a moment later. */
static bool is_forbidden(const char *name)
{
    char path[sizeof "/dev/" + NAME_MAX];
    struct stat status;

    snprintf(path, sizeof path, "/dev/%s", name);
    return stat(path, &status) == 0 &&
           clock_now_ms() / 1000 - (uint64_t)status.st_ctim.tv_sec > SETTLED_S &&
           access(path, R_OK | W_OK) < 0 && (errno == EACCES || errno == EPERM);
}

/* libfido2 passes over what it may not open, as if nothing were plugged in. */
static bool is_any_forbidden(void)
{
    DIR *folder = opendir(HIDRAW);
    const struct dirent *entry;
    bool any = false;

    if (!folder)
        return false;
    while (!any && (entry = readdir(folder)))
        any = entry->d_name[0] != '.' && is_security_key(entry->d_name) &&
              is_forbidden(entry->d_name);
    closedir(folder);
    return any;
}

int device_manifest(fido_dev_info_t *list, size_t *found)
{
    int r = fido_dev_info_manifest(list, DEVICE_MAX, found);

    /* What libfido2 says on a machine that has no HID device at all. */
    if (r == FIDO_ERR_INTERNAL && *found == 0)
        r = FIDO_OK;
    if (r == FIDO_OK && *found == 0 && is_any_forbidden())
        r = FIDO_ERR_UNAUTHORIZED_PERM;
    return r;
}

static int code_of(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return FIDO_ERR_UNAUTHORIZED_PERM;
    case EBUSY:
        return FIDO_ERR_CHANNEL_BUSY;
    default:
        return FIDO_ERR_NOTFOUND;
    }
}

/*
 * A character device below /dev that we may use. libfido2 would open any file, and tells neither
 * what is missing from what is forbidden. That the path may lead elsewhere a moment later gives
 * nobody anything: what is opened is spoken to as a security key, and believed as one.
 */
static int check_path(const char *path)
{
    char *real = realpath(path, NULL);
    struct stat status;
    int r;

    if (!real || stat(real, &status) < 0)
        r = code_of(errno);
    else if (strncmp(real, "/dev/", strlen("/dev/")) != 0 || !S_ISCHR(status.st_mode))
        r = FIDO_ERR_INVALID_ARGUMENT;
    else
        r = access(real, R_OK | W_OK) < 0 ? code_of(errno) : FIDO_OK;
    free(real);
    return r;
}

int device_open(const char *path, int timeout_ms, fido_dev_t **dev)
{
    fido_dev_t *opened;
    int r = check_path(path);

    if (r != FIDO_OK)
        return r;
    if (!(opened = fido_dev_new()))
        return FIDO_ERR_INTERNAL;
    if ((r = fido_dev_set_timeout(opened, timeout_ms)) != FIDO_OK ||
        (r = fido_dev_open(opened, path)) != FIDO_OK) {
        fido_dev_free(&opened);
        return r;
    }
    *dev = opened;
    return FIDO_OK;
}

const char *const *device_paths(void)
{
    static const char *const paths[] = {"/dev", "/sys", "/run/udev", NULL};

    return paths;
}
