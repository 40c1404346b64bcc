// SPDX-License-Identifier: BSD-2-Clause
// One key's files: NAME.touch (it is plugged, and the person), NAME.conf, NAME.state, NAME.lock.
#include "key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME_MAX (KEY_NAME_MAX + 16)
#define CONF_MAX      2048

/* Bytes of NAME.lock, each a lock of its own, let go of by the kernel when a process dies. */
#define LOCK_STATE   0
#define LOCK_COMMAND 1

static void file_name(const struct key *key, const char *suffix, char name[FILE_NAME_MAX])
{
    snprintf(name, FILE_NAME_MAX, "%s.%s", key->name, suffix);
}

/* All of a small file, terminated; its length, or a negative errno (-EFBIG: max or more bytes). */
static ssize_t read_text(const struct key *key, const char *suffix, char *text, size_t max)
{
    char name[FILE_NAME_MAX];
    ssize_t size;
    int fd;

    file_name(key, suffix, name);
    fd = openat(key->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    size = read(fd, text, max);
    if (size < 0)
        size = -errno;
    else if ((size_t)size == max)
        size = -EFBIG;
    else
        text[size] = '\0';
    close(fd);
    return size;
}

bool key_name_valid(const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size <= KEY_NAME_MAX && name[0] != '.' && strchr(name, '/') == NULL;
}

/* Which file NAME.touch is: one made anew differs in inode or in time of birth. */
static int plugging(const struct key *key, uint64_t *inode, uint64_t *born)
{
    char name[FILE_NAME_MAX];
    struct statx st;

    file_name(key, "touch", name);
    if (statx(key->folder, name, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &st) < 0)
        return errno == ENOENT ? -ENODEV : -errno;
    *inode = st.stx_ino;
    *born = (uint64_t)st.stx_btime.tv_sec * 1000000000U + st.stx_btime.tv_nsec;
    return 0;
}

int key_open(struct key *key, const char *folder, const char *name)
{
    char lock[FILE_NAME_MAX];
    int r;

    *key = (struct key){.folder = -1, .lock = -1};
    if (!key_name_valid(name))
        return -ENODEV;
    snprintf(key->name, sizeof(key->name), "%s", name);
    key->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (key->folder < 0)
        return errno == ENOENT ? -ENODEV : -errno;
    r = plugging(key, &key->inode, &key->born);
    if (r == 0) {
        file_name(key, "lock", lock);
        key->lock = openat(key->folder, lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = key->lock < 0 ? -errno : 0;
    }
    if (r < 0)
        key_close(key);
    return r;
}

void key_close(struct key *key)
{
    if (key->lock >= 0)
        close(key->lock);
    if (key->folder >= 0)
        close(key->folder);
    key->lock = key->folder = -1;
}

bool key_plugged(const struct key *key)
{
    uint64_t inode, born;

    return plugging(key, &inode, &born) == 0 && inode == key->inode && born == key->born;
}

enum touch key_touch(const struct key *key, uint64_t waited_ms)
{
    char text[64];
    unsigned long after;

    if (read_text(key, "touch", text, sizeof(text)) < 0)
        return TOUCH_AWAITED;
    text[strcspn(text, "\n")] = '\0';
    if (strcmp(text, "auto") == 0)
        return TOUCH_GIVEN;
    if (strcmp(text, "deny") == 0)
        return TOUCH_DENIED;
    if (sscanf(text, "after %lu", &after) == 1 && waited_ms >= after)
        return TOUCH_GIVEN;
    return TOUCH_AWAITED;
}

int key_options(const struct key *key, struct options *options)
{
    char text[CONF_MAX];
    char *rest = NULL;
    ssize_t size = read_text(key, "conf", text, sizeof(text));

    options_default(options);
    if (size < 0)
        return size == -ENOENT ? 0 : (int)size;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (!options_line(options, line)) {
            fprintf(stderr, "softkey: %s.conf: not understood: %s\n", key->name, line);
            return -EINVAL;
        }
    }
    return 0;
}

int key_recall(const struct key *key, const struct options *options, struct memory *memory)
{
    char text[MEMORY_TEXT_MAX];
    ssize_t size = read_text(key, "state", text, sizeof(text));

    if (size == -ENOENT)
        return memory_new(memory, options);
    if (size < 0)
        return (int)size;
    if (memory_parse(memory, text))
        return 0;
    fprintf(stderr, "softkey: %s.state: not understood\n", key->name);
    return -EINVAL;
}

int key_remember(const struct key *key, const struct memory *memory)
{
    char text[MEMORY_TEXT_MAX];
    char state[FILE_NAME_MAX], fresh[FILE_NAME_MAX];
    size_t size = memory_format(memory, text);
    bool written;
    int fd;

    file_name(key, "state", state);
    file_name(key, "state.new", fresh);
    fd = openat(key->folder, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    written = write(fd, text, size) == (ssize_t)size;
    close(fd);
    if (!written)
        return -EIO;
    return renameat(key->folder, fresh, key->folder, state) < 0 ? -errno : 0;
}

static int set_lock(const struct key *key, int command, off_t byte, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    while (fcntl(key->lock, command, &lock) < 0) {
        if (errno != EINTR)
            return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
    }
    return 0;
}

int key_lock(const struct key *key)
{
    return set_lock(key, F_OFD_SETLKW, LOCK_STATE, F_WRLCK);
}

void key_unlock(const struct key *key)
{
    set_lock(key, F_OFD_SETLK, LOCK_STATE, F_UNLCK);
}

int key_claim(const struct key *key)
{
    return set_lock(key, F_OFD_SETLK, LOCK_COMMAND, F_WRLCK);
}

void key_yield(const struct key *key)
{
    set_lock(key, F_OFD_SETLK, LOCK_COMMAND, F_UNLCK);
}
