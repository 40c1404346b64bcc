// SPDX-License-Identifier: BSD-2-Clause
// The devices of a test: every software key in the folder softkey/ beside the running program, and
// any other path as libfido2 opens it.
#include "../../agent/fido/device.h"

#include "key.h"
#include "plug.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "/softkey"
#define PREFIX "softkey:"
#define SUFFIX ".touch"

static pthread_once_t folder_once = PTHREAD_ONCE_INIT;
static char folder[PATH_MAX];

static void find_folder(void)
{
    ssize_t size = readlink("/proc/self/exe", folder, sizeof(folder) - sizeof(FOLDER));
    char *slash;

    folder[size < 0 ? 0 : size] = '\0';
    slash = strrchr(folder, '/');
    memcpy(slash != NULL ? slash : folder, FOLDER, sizeof(FOLDER));
}

static void *io_open(const char *path)
{
    struct plug *plug;
    int r = plug_open(folder, path + strlen(PREFIX), &plug);

    if (r == 0)
        return plug;
    errno = -r;
    return NULL;
}

static void io_close(void *handle)
{
    plug_close(handle);
}

static int io_read(void *handle, unsigned char *report, size_t size, int timeout_ms)
{
    if (size != REPORT_SIZE || plug_read(handle, report, timeout_ms) < 0)
        return -1;
    return REPORT_SIZE;
}

/* libfido2 puts the number of the report (0) in front, as hidraw wants it. */
static int io_write(void *handle, const unsigned char *report, size_t size)
{
    if (size != 1 + REPORT_SIZE || plug_write(handle, report + 1) < 0)
        return -1;
    return 1 + REPORT_SIZE;
}

static const fido_dev_io_t io = {io_open, io_close, io_read, io_write};

static int is_key(const struct dirent *entry)
{
    const char *suffix = strrchr(entry->d_name, '.');

    return suffix != NULL && suffix != entry->d_name && strcmp(suffix, SUFFIX) == 0 &&
           (size_t)(suffix - entry->d_name) <= KEY_NAME_MAX && entry->d_name[0] != '.';
}

static int add_device(fido_dev_info_t *list, size_t index, const char *file)
{
    char path[sizeof(PREFIX) + KEY_NAME_MAX];
    char product[64];
    int size = (int)(strlen(file) - strlen(SUFFIX));

    snprintf(path, sizeof(path), PREFIX "%.*s", size, file);
    snprintf(product, sizeof(product), "software key %.*s", size, file);
    return fido_dev_info_set(list, index, path, "awstap", product, &io, NULL);
}

int device_manifest(fido_dev_info_t *list, size_t *found)
{
    struct dirent **entries = NULL;
    int count;
    int r = FIDO_OK;

    *found = 0;
    pthread_once(&folder_once, find_folder);
    count = scandir(folder, &entries, is_key, alphasort);
    if (count < 0)
        return errno == ENOENT ? FIDO_OK : FIDO_ERR_INTERNAL;
    for (int i = 0; i < count; i++) {
        if (r == FIDO_OK && *found < DEVICE_MAX) {
            r = add_device(list, *found, entries[i]->d_name);
            *found += r == FIDO_OK;
        }
        free(entries[i]);
    }
    free(entries);
    return r;
}

int device_open(const char *path, int timeout_ms, fido_dev_t **dev)
{
    fido_dev_t *d = fido_dev_new();
    int r = d == NULL ? FIDO_ERR_INTERNAL : FIDO_OK;

    pthread_once(&folder_once, find_folder);
    if (r == FIDO_OK && strncmp(path, PREFIX, strlen(PREFIX)) == 0)
        r = fido_dev_set_io_functions(d, &io);
    if (r == FIDO_OK)
        r = fido_dev_set_timeout(d, timeout_ms);
    if (r == FIDO_OK)
        r = fido_dev_open(d, path);
    if (r != FIDO_OK) {
        fido_dev_free(&d);
        return r;
    }
    *dev = d;
    return FIDO_OK;
}

const char *const *device_paths(void)
{
    static const char *const paths[] = {folder, "/dev", NULL};

    pthread_once(&folder_once, find_folder);
    return paths;
}
