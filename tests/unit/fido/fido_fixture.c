// SPDX-License-Identifier: BSD-2-Clause
// awstap-fido with the software key, run and spoken to by the tests.
#include <errno.h>
#include <fcntl.h>
#include <fido/err.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "channel.h"
#include "clock.h"
#include "fido_fixture.h"
#include "program_fixture.h"

static char folder[] = "/tmp/awstap-fido-test-XXXXXX";
static const uint8_t USER_ID[32] = {7};
static const uint8_t SALT[32] = {1, 2, 3};

/* The files of the software key. */

static void path_of(char path[PATH_MAX], const char *name)
{
    assert_true(snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX);
}

void put_file(const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;

    path_of(path, name);
    assert_non_null(file = fopen(path, "w"));
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

void append_file(const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;

    path_of(path, name);
    assert_non_null(file = fopen(path, "a"));
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

void remove_file(const char *name)
{
    char path[PATH_MAX];

    path_of(path, name);
    if (unlink(path) < 0)
        assert_int_equal(errno, ENOENT);
}

/* A value of NAME.state; 0 where the key remembers nothing yet. */
unsigned long long state(const char *file_name, const char *name)
{
    char path[PATH_MAX], line[256], found[64];
    unsigned long long value, result = 0;
    FILE *file;

    path_of(path, file_name);
    if (!(file = fopen(path, "r")))
        return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%63s %llu", found, &value) == 2 && strcmp(found, name) == 0)
            result = value;
    fclose(file);
    return result;
}

void await_state(const char *file_name, const char *name, unsigned long long value)
{
    uint64_t deadline = clock_deadline_ms(PATIENCE_MS);

    while (state(file_name, name) != value) {
        assert_true(clock_left_ms(deadline) > 0);
        poll(NULL, 0, 2);
    }
}

/* The helper and its conversation. */

void start(struct helper *helper)
{
    char path[PATH_MAX];
    char *const argv[] = {path, NULL};
    char *const envp[] = {NULL};
    posix_spawn_file_actions_t actions;
    int pair[2];

    path_of(path, "awstap-fido");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], CHANNEL_HELPER_FD);
    assert_int_equal(posix_spawn(&helper->pid, path, &actions, NULL, argv, envp), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    assert_int_equal(channel_open(&helper->channel, pair[0]), 0);
}

/* Its exit status (128 and the signal where one ended it), once it is gone, which must be soon. */
int await_end(const struct helper *helper, int timeout_ms)
{
    struct pollfd gone = {.fd = (int)syscall(SYS_pidfd_open, helper->pid, 0), .events = POLLIN};
    int status;

    assert_true(gone.fd >= 0);
    assert_int_equal(poll(&gone, 1, timeout_ms), 1);
    close(gone.fd);
    assert_int_equal(waitpid(helper->pid, &status, 0), helper->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void stop(struct helper *helper)
{
    channel_close(&helper->channel);
    assert_int_equal(await_end(helper, END_MS), 0);
}

void tell(struct helper *helper, enum message_type type, const void *msg)
{
    assert_int_equal(channel_send(&helper->channel, type, msg, -1, PATIENCE_MS), 0);
}

/* The next message, which must be of this type; msg (or NULL) points into it until the next call.
 */
void expect(struct helper *helper, enum message_type type, void *msg)
{
    static struct frame frame;
    char unused[256];

    assert_int_equal(channel_receive(&helper->channel, &frame, PATIENCE_MS), 1);
    if (frame.type != type)
        fail_msg("%s came for %s", message_name(frame.type), message_name((uint8_t)type));
    assert_int_equal(message_get(&frame, type, msg ? msg : unused), 0);
}

void expect_and_drop(struct helper *helper, enum message_type type)
{
    struct frame frame;

    expect(helper, type, NULL);
    assert_int_equal(channel_next(&helper->channel, &frame), 1);
    channel_drop(&helper->channel, &frame);
}

/* Everything up to the answer; touches counts the FIDO_TOUCHes. The answer's type, to be dropped.
 */
void answer(struct helper *helper, struct frame *frame, int *touches)
{
    for (*touches = 0;; ++*touches) {
        assert_int_equal(channel_receive(&helper->channel, frame, PATIENCE_MS), 1);
        if (frame->type != MSG_FIDO_TOUCH)
            return;
        channel_drop(&helper->channel, frame);
    }
}

void expect_failure(struct helper *helper, int code, int touches)
{
    struct msg_fido_failed failed;
    struct frame frame;
    int seen;

    answer(helper, &frame, &seen);
    assert_int_equal(frame.type, MSG_FIDO_FAILED);
    assert_int_equal(message_get(&frame, MSG_FIDO_FAILED, &failed), 0);
    assert_int_equal((int)failed.code, code);
    assert_true(strlen(failed.text) > 0);
    assert_null(strchr(failed.text, '\n'));
    channel_drop(&helper->channel, &frame);
    assert_int_equal(seen, touches);
}

void tell_credential(struct helper *helper, uint32_t slot, const struct enrolled *e)
{
    const struct msg_fido_credential credential = {
        .slot = slot,
        .id = {e->id, e->id_len},
        .public_key = {e->public_key, sizeof e->public_key},
        .salt = {e->salt, sizeof e->salt},
        .flags = e->flags,
        .aaguid = {e->aaguid, sizeof e->aaguid},
    };

    tell(helper, MSG_FIDO_CREDENTIAL, &credential);
}

void ask_enrol(struct helper *helper, const char *path, uint32_t flags)
{
    const struct msg_fido_enrol enrol = {
        path, {USER_ID, sizeof USER_ID}, {SALT, sizeof SALT}, flags};

    tell(helper, MSG_FIDO_ENROL, &enrol);
}

void ask_derive(struct helper *helper, const char *path)
{
    tell(helper, MSG_FIDO_DERIVE, &(struct msg_fido_derive){path});
}

void expect_enrolled(struct helper *helper, struct enrolled *e)
{
    struct msg_fido_enrolled msg;
    struct frame frame;
    int touches;

    answer(helper, &frame, &touches);
    if (message_get(&frame, MSG_FIDO_ENROLLED, &msg) < 0)
        fail_msg("%s came for FIDO_ENROLLED", message_name(frame.type));
    assert_int_equal(touches, 2);
    assert_in_range(msg.id.len, 1, sizeof e->id);
    assert_int_equal(msg.public_key.len, sizeof e->public_key);
    assert_int_equal(msg.aaguid.len, sizeof e->aaguid);
    assert_int_equal(msg.secret.len, sizeof e->secret);
    *e = (struct enrolled){.id_len = msg.id.len, .flags = msg.flags};
    memcpy(e->id, msg.id.data, msg.id.len);
    memcpy(e->public_key, msg.public_key.data, sizeof e->public_key);
    memcpy(e->salt, SALT, sizeof SALT);
    memcpy(e->aaguid, msg.aaguid.data, sizeof e->aaguid);
    memcpy(e->secret, msg.secret.data, sizeof e->secret);
    channel_drop(&helper->channel, &frame);
}

void expect_secret(struct helper *helper, uint32_t slot, const struct enrolled *e)
{
    struct msg_fido_secret msg;
    struct frame frame;
    int touches;

    answer(helper, &frame, &touches);
    assert_int_equal(message_get(&frame, MSG_FIDO_SECRET, &msg), 0);
    assert_int_equal(touches, 1);
    assert_int_equal(msg.slot, slot);
    assert_int_equal(msg.secret.len, sizeof e->secret);
    assert_memory_equal(msg.secret.data, e->secret, sizeof e->secret);
    channel_drop(&helper->channel, &frame);
}

/* A fresh conversation that fails. */
void refuse_enrol(const char *path, uint32_t flags, int code, int touches)
{
    struct helper helper;

    start(&helper);
    ask_enrol(&helper, path, flags);
    expect_failure(&helper, code, touches);
    stop(&helper);
}

void refuse_derive(const char *path, const struct enrolled *e, int code, int touches)
{
    struct helper helper;

    start(&helper);
    tell_credential(&helper, 1, e);
    ask_derive(&helper, path);
    expect_failure(&helper, code, touches);
    stop(&helper);
}

void enrol_key(const char *path, struct enrolled *e)
{
    struct helper helper;

    start(&helper);
    ask_enrol(&helper, path, 0);
    expect_enrolled(&helper, e);
    stop(&helper);
}

/* The helper says that the key blinks, and it does. */
void expect_blinking(struct helper *helper)
{
    expect_and_drop(helper, MSG_FIDO_TOUCH);
    await_state("softkey/one.state", "waiting", (unsigned long long)helper->pid);
}

void begin_derive(struct helper *helper, const struct enrolled *e)
{
    start(helper);
    tell_credential(helper, 1, e);
    ask_derive(helper, KEY);
}

/* The folder of the tests: the program under test, its clock, and software keys. */

int open_folder(void **unused)
{
    char keys[PATH_MAX];

    (void)unused;
    assert_int_equal(clock_open(), 0);
    assert_int_equal(arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED), 0);
    assert_non_null(mkdtemp(folder));
    path_of(keys, "softkey");
    assert_int_equal(mkdir(keys, 0700), 0);
    assert_non_null(getenv("AWSTAP_BIN_DIR"));
    program_copy("awstap-fido", getenv("AWSTAP_BIN_DIR"), folder);
    return 0;
}

static int remove_key_files(void **unused)
{
    static const char *const files[] = {
        "softkey/one.touch", "softkey/one.state", "softkey/one.conf", "softkey/one.lock",
        "softkey/two.touch", "softkey/two.state", "softkey/two.conf", "softkey/two.lock"};

    (void)unused;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        remove_file(files[i]);
    return 0;
}

int close_folder(void **unused)
{
    char keys[PATH_MAX];

    remove_key_files(unused);
    remove_file("awstap-fido");
    remove_file("clock");
    path_of(keys, "softkey");
    rmdir(keys);
    rmdir(folder);
    arena_close();
    return 0;
}

/* One new key, plugged in, whose person touches at once. */
int plug_in(void **unused)
{
    remove_key_files(unused);
    put_file("clock", "0");
    put_file("softkey/one.touch", "auto");
    return 0;
}
