// SPDX-License-Identifier: BSD-2-Clause
// The log: one line for each thing asked for, each under a key of its own that is erased at once.
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "log_chain.h"
#include "place.h"
#include "vault_header.h"

#define OPEN_FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
#define LOCK_TRIES                                                                                 \
    20 /* a millisecond apart: another agent holds the lock for as long as a write                 \
        */

/* Whoever takes a line's turn takes its count and its key with it, written or not. */
static struct {
    const char *state, *vault;
    uint8_t *key;           /* of the next line, in the arena */
    uint64_t count;         /* of the next line */
    struct log_begin begin; /* before is that of the last part begun */
    bool begun;
    dev_t device; /* the file that holds the beginning of this segment, or of its last part */
    ino_t inode;
    uint64_t lost; /* lines since the last one that could be written */
    char trouble[256];
} journal;

/* The header can't be believed here. Another's key in it makes a log that the owner of the vault
 * can't check, and a vault that does not open: he is told of both. */
static int read_public_key(uint8_t public_key[LOG_KEY_BYTES])
{
    uint8_t header[VAULT_PUBLIC_KEY_AT + LOG_KEY_BYTES];
    int fd = open(journal.vault, O_RDONLY | OPEN_FLAGS);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, header, sizeof header);
    close(fd);
    if (n != (ssize_t)sizeof header || memcmp(header, VAULT_MAGIC, sizeof VAULT_MAGIC) != 0)
        return -EPROTO;
    memcpy(public_key, header + VAULT_PUBLIC_KEY_AT, LOG_KEY_BYTES);
    return 0;
}

static void begin_segment(const uint8_t public_key[LOG_KEY_BYTES])
{
    randombytes_buf(journal.key, LOG_KEY_BYTES);
    log_chain_id(journal.key, journal.begin.id);
    memcpy(journal.begin.public_key, public_key, LOG_KEY_BYTES);
    /* A public key that is none (it can't be one of ours) gives a segment that can't be checked. */
    if (crypto_box_seal(journal.begin.sealed, journal.key, LOG_KEY_BYTES, public_key) < 0)
        memset(journal.begin.sealed, 0, sizeof journal.begin.sealed);
    journal.count = 0;
    journal.inode = 0;
    journal.begun = true;
}

/* A vault that was given a new key checks what was sealed to the old one no more. */
static void follow_vault(void)
{
    uint8_t public_key[LOG_KEY_BYTES];

    if (read_public_key(public_key) == 0 &&
        (!journal.begun || memcmp(public_key, journal.begin.public_key, LOG_KEY_BYTES) != 0))
        begin_segment(public_key);
}

/* The state folder, made where it is missing; a descriptor or a negative errno. */
static int open_folder(void)
{
    int r = place_make_folder(journal.state), fd;

    if (r < 0)
        return r;
    fd = open(journal.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Who writes to the log holds this; a descriptor or a negative errno. */
static int take_lock(int folder)
{
    int r, fd = openat(folder, LOG_FILE ".lock", O_RDWR | O_CREAT | OPEN_FLAGS, 0600);

    if (fd < 0)
        return -errno;
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
        r = -errno;
        if (r != -EWOULDBLOCK || i == LOCK_TRIES) {
            close(fd);
            return r;
        }
        poll(NULL, 0, 1);
    }
    return fd;
}

static int open_file(int folder, struct stat *facts)
{
    int r, fd = openat(folder, LOG_FILE, O_RDWR | O_APPEND | O_CREAT | OPEN_FLAGS, 0600);

    if (fd < 0)
        return -errno;
    r = fstat(fd, facts) < 0 ? -errno : S_ISREG(facts->st_mode) ? 0 : -EINVAL;
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

/* A full one becomes the older one, and the one before that is gone. */
static int open_with_room(int folder, struct stat *facts)
{
    int fd = open_file(folder, facts);

    if (fd < 0 || facts->st_size < (off_t)LOG_FILE_MAX)
        return fd;
    close(fd);
    if (renameat(folder, LOG_FILE, folder, LOG_OLDER_FILE) < 0)
        return -errno;
    return open_file(folder, facts);
}

/* All of a line, or nothing of it. */
static int append(int fd, const char *line, size_t len)
{
    struct stat facts;
    ssize_t n;

    if (fstat(fd, &facts) < 0)
        return -errno;
    n = write(fd, line, len);
    if (n == (ssize_t)len)
        return 0;
    if (n > 0 && ftruncate(fd, facts.st_size) < 0)
        return -errno;
    return n < 0 ? -errno : -ENOSPC;
}

static int append_with_mac(int fd, char line[LOG_LINE_MAX], size_t len)
{
    uint8_t mac[LOG_MAC_BYTES];

    log_chain_mac(journal.key, line, len, mac);
    log_chain_step(journal.key);
    journal.count++;
    len = log_line_end(line, len, mac);
    return append(fd, line, len);
}

static void hash_part(crypto_generichash_state *hash, int fd, off_t size)
{
    uint8_t block[2048];
    ssize_t n;

    for (off_t at = 0; at < size && (n = pread(fd, block, sizeof block, at)) > 0; at += n)
        crypto_generichash_update(hash, block, (size_t)n);
}

/* What stands before the place where a part begins: the file itself, or for its first line the
 * older file. */
static void hash_before(int folder, int fd, off_t size, uint8_t hash[LOG_HASH_BYTES])
{
    crypto_generichash_state state;
    struct stat facts;

    crypto_generichash_init(&state, NULL, 0, LOG_HASH_BYTES);
    if (size) {
        hash_part(&state, fd, size);
    } else if ((fd = openat(folder, LOG_OLDER_FILE, O_RDONLY | OPEN_FLAGS)) >= 0) {
        if (fstat(fd, &facts) == 0 && facts.st_size < (off_t)(LOG_FILE_MAX + LOG_SLACK))
            hash_part(&state, fd, facts.st_size);
        close(fd);
    }
    crypto_generichash_final(&state, hash, LOG_HASH_BYTES);
}

/* A line that a power cut has left unfinished is ended first, so that no other is joined to it. */
static int end_torn_line(int fd, off_t *size)
{
    char last;
    int r = 0;

    if (*size && pread(fd, &last, 1, *size - 1) == 1 && last != '\n' &&
        (r = append(fd, "\n", 1)) == 0)
        ++*size;
    return r;
}

/* Each file has the beginning of each segment in it: the chain of keys goes on from where it is. */
static int begin_part(int folder, int fd, const struct stat *facts)
{
    char line[LOG_LINE_MAX];
    off_t size = facts->st_size;
    size_t len;
    int r = end_torn_line(fd, &size);

    if (r < 0)
        return r;
    hash_before(folder, fd, size, journal.begin.before);
    len = log_line_begin(line, clock_now_ms() / 1000, &journal.begin, journal.count);
    if ((r = append_with_mac(fd, line, len)) < 0)
        return r;
    journal.device = facts->st_dev;
    journal.inode = facts->st_ino;
    return 0;
}

static int write_event(int fd, const struct log_event *event)
{
    char line[LOG_LINE_MAX];
    size_t len =
        log_line_event(line, clock_now_ms() / 1000, event, journal.begin.id, journal.count);

    return append_with_mac(fd, line, len);
}

static int write_to_file(int folder, const struct log_event *event)
{
    struct stat facts;
    int r = 0, fd = open_with_room(folder, &facts);

    if (fd < 0)
        return fd;
    if (facts.st_dev != journal.device || facts.st_ino != journal.inode || facts.st_size == 0)
        r = begin_part(folder, fd, &facts);
    if (r == 0)
        r = write_event(fd, event);
    close(fd);
    return r;
}

static int write_locked(const struct log_event *event)
{
    int r, lock, folder = open_folder();

    if (folder < 0)
        return folder;
    r = lock = take_lock(folder);
    if (lock >= 0) {
        r = write_to_file(folder, event);
        close(lock);
    }
    close(folder);
    return r;
}

static const char *reason(int r)
{
    if (r == -EPERM)
        return "its folder must be yours, and no one else's to write to (chmod 700)";
    return r == -EWOULDBLOCK ? "another agent holds its lock" : strerror(-r);
}

void log_event(const struct log_event *event)
{
    uint64_t count;
    int r;

    follow_vault();
    if (!journal.begun)
        return;
    count = journal.count;
    r = write_locked(event);
    if (r == 0) {
        journal.lost = 0;
        journal.trouble[0] = '\0';
        return;
    }
    if (journal.count == count) {
        log_chain_step(journal.key);
        journal.count++;
    }
    journal.lost++;
    snprintf(journal.trouble, sizeof journal.trouble,
             "the log in %.100s can't be written: %.80s; %llu %s missing", journal.state, reason(r),
             (unsigned long long)journal.lost, journal.lost == 1 ? "line is" : "lines are");
}

int log_open(const char *state, const char *vault)
{
    journal.state = state;
    journal.vault = vault;
    journal.key = arena_alloc(LOG_KEY_BYTES);
    return journal.key ? 0 : -ENOMEM;
}

void log_close(void)
{
    arena_free(journal.key);
    journal.key = NULL;
    journal.begun = false;
}

struct bytes log_start(void)
{
    return (struct bytes){journal.begin.id, journal.begun ? LOG_ID_BYTES : 0};
}

struct bytes log_key(void)
{
    return (struct bytes){journal.begin.public_key, journal.begun ? LOG_KEY_BYTES : 0};
}

uint64_t log_count(void)
{
    return journal.count;
}

const char *log_trouble(void)
{
    return journal.trouble;
}
