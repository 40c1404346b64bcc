// SPDX-License-Identifier: BSD-2-Clause
// awstap-fido with the software key: the test build of it in the folder AWSTAP_BIN_DIR runs in a
// folder of its own, and is spoken to as the signer does.
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
#include "program_fixture.h"

#define PATIENCE_MS 10000 /* no test waits so long but for a fault */
#define END_MS      1500  /* a helper whose conversation closed is gone by then */
#define KEY         "softkey:one"

static char folder[] = "/tmp/awstap-fido-test-XXXXXX";
static const uint8_t USER_ID[32] = {7};
static const uint8_t SALT[32] = {1, 2, 3};
static const uint8_t AAGUID[] = "awstap softkey 1";

/* What an enrolment gave; what a vault would keep, and the secret. */
struct enrolled {
    uint8_t id[1024], public_key[64], salt[32], aaguid[16], secret[32];
    size_t id_len;
    uint32_t flags;
};

struct helper {
    pid_t pid;
    struct channel channel;
};

/* The files of the software key. */

static void path_of(char path[PATH_MAX], const char *name)
{
    assert_true(snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX);
}

static void put_file(const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;

    path_of(path, name);
    assert_non_null(file = fopen(path, "w"));
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
    char path[PATH_MAX];

    path_of(path, name);
    if (unlink(path) < 0)
        assert_int_equal(errno, ENOENT);
}

/* A value of NAME.state; 0 where the key remembers nothing yet. */
static unsigned long long state(const char *file_name, const char *name)
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

static void await_state(const char *file_name, const char *name, unsigned long long value)
{
    uint64_t deadline = clock_deadline_ms(PATIENCE_MS);

    while (state(file_name, name) != value) {
        assert_true(clock_left_ms(deadline) > 0);
        poll(NULL, 0, 2);
    }
}

/* The helper and its conversation. */

static void start(struct helper *helper)
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
static int await_end(const struct helper *helper, int timeout_ms)
{
    struct pollfd gone = {.fd = (int)syscall(SYS_pidfd_open, helper->pid, 0), .events = POLLIN};
    int status;

    assert_true(gone.fd >= 0);
    assert_int_equal(poll(&gone, 1, timeout_ms), 1);
    close(gone.fd);
    assert_int_equal(waitpid(helper->pid, &status, 0), helper->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void stop(struct helper *helper)
{
    channel_close(&helper->channel);
    assert_int_equal(await_end(helper, END_MS), 0);
}

static void tell(struct helper *helper, enum message_type type, const void *msg)
{
    assert_int_equal(channel_send(&helper->channel, type, msg, -1, PATIENCE_MS), 0);
}

/* The next message, which must be of this type; msg (or NULL) points into it until the next call.
 */
static void expect(struct helper *helper, enum message_type type, void *msg)
{
    static struct frame frame;
    char unused[256];

    assert_int_equal(channel_receive(&helper->channel, &frame, PATIENCE_MS), 1);
    if (frame.type != type)
        fail_msg("%s came for %s", message_name(frame.type), message_name((uint8_t)type));
    assert_int_equal(message_get(&frame, type, msg ? msg : unused), 0);
}

static void expect_and_drop(struct helper *helper, enum message_type type)
{
    struct frame frame;

    expect(helper, type, NULL);
    assert_int_equal(channel_next(&helper->channel, &frame), 1);
    channel_drop(&helper->channel, &frame);
}

/* Everything up to the answer; touches counts the FIDO_TOUCHes. The answer's type, to be dropped.
 */
static void answer(struct helper *helper, struct frame *frame, int *touches)
{
    for (*touches = 0;; ++*touches) {
        assert_int_equal(channel_receive(&helper->channel, frame, PATIENCE_MS), 1);
        if (frame->type != MSG_FIDO_TOUCH)
            return;
        channel_drop(&helper->channel, frame);
    }
}

static void expect_failure(struct helper *helper, int code, int touches)
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

static void tell_credential(struct helper *helper, uint32_t slot, const struct enrolled *e)
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

static void ask_enrol(struct helper *helper, const char *path, uint32_t flags)
{
    const struct msg_fido_enrol enrol = {
        path, {USER_ID, sizeof USER_ID}, {SALT, sizeof SALT}, flags};

    tell(helper, MSG_FIDO_ENROL, &enrol);
}

static void ask_derive(struct helper *helper, const char *path)
{
    tell(helper, MSG_FIDO_DERIVE, &(struct msg_fido_derive){path});
}

static void expect_enrolled(struct helper *helper, struct enrolled *e)
{
    struct msg_fido_enrolled msg;
    struct frame frame;
    int touches;

    answer(helper, &frame, &touches);
    assert_int_equal(message_get(&frame, MSG_FIDO_ENROLLED, &msg), 0);
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

static void expect_secret(struct helper *helper, uint32_t slot, const struct enrolled *e)
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
static void refuse_enrol(const char *path, uint32_t flags, int code, int touches)
{
    struct helper helper;

    start(&helper);
    ask_enrol(&helper, path, flags);
    expect_failure(&helper, code, touches);
    stop(&helper);
}

static void refuse_derive(const char *path, const struct enrolled *e, int code, int touches)
{
    struct helper helper;

    start(&helper);
    tell_credential(&helper, 1, e);
    ask_derive(&helper, path);
    expect_failure(&helper, code, touches);
    stop(&helper);
}

static void enrol_key(const char *path, struct enrolled *e)
{
    struct helper helper;

    start(&helper);
    ask_enrol(&helper, path, FIDO_UP);
    expect_enrolled(&helper, e);
    stop(&helper);
}

/* The helper says that the key blinks, and it does. */
static void expect_blinking(struct helper *helper)
{
    expect_and_drop(helper, MSG_FIDO_TOUCH);
    await_state("softkey/one.state", "waiting", (unsigned long long)helper->pid);
}

/* A derivation that waits for a touch. */
static void begin_derive(struct helper *helper, const struct enrolled *e)
{
    start(helper);
    tell_credential(helper, 1, e);
    ask_derive(helper, KEY);
    expect_blinking(helper);
}

/* A key newly enrolled blinks, and nobody touches it. */
static void begin_untouched(struct helper *helper, struct enrolled *e)
{
    enrol_key(KEY, e);
    put_file("softkey/one.touch", "never");
    begin_derive(helper, e);
}

/* The tests. */

static void lists_every_device(void **unused)
{
    struct msg_fido_device device;
    struct helper helper;
    struct frame frame;
    int touches, found = 0;

    (void)unused;
    put_file("softkey/two.touch", "auto");
    start(&helper);
    tell(&helper, MSG_FIDO_LIST, NULL);
    for (;; found++) {
        answer(&helper, &frame, &touches);
        if (frame.type == MSG_DONE)
            break;
        assert_int_equal(message_get(&frame, MSG_FIDO_DEVICE, &device), 0);
        assert_string_equal(device.path, found ? "softkey:two" : KEY);
        assert_string_equal(device.product,
                            found ? "awstap software key two" : "awstap software key one");
        channel_drop(&helper.channel, &frame);
    }
    assert_int_equal(found, 2);
    channel_drop(&helper.channel, &frame);
    stop(&helper);
}

static void enrols_and_derives_the_same(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    enrol_key(KEY, &e);
    assert_int_equal(e.flags, FIDO_UP);
    assert_memory_equal(e.aaguid, AAGUID, sizeof e.aaguid);
    assert_int_equal(state("softkey/one.state", "touches"), 2);
    assert_int_equal(state("softkey/one.state", "secrets"), 1);

    put_file("softkey/one.touch", "after 30");
    start(&helper);
    tell_credential(&helper, 4, &e);
    ask_derive(&helper, KEY);
    expect_secret(&helper, 4, &e);
    stop(&helper);
    assert_int_equal(state("softkey/one.state", "touches"), 3);
}

static void chooses_its_own_credential(void **unused)
{
    struct enrolled one, two;
    struct helper helper;

    (void)unused;
    put_file("softkey/two.touch", "auto");
    enrol_key(KEY, &one);
    enrol_key("softkey:two", &two);
    start(&helper);
    tell_credential(&helper, 1, &one);
    tell_credential(&helper, 2, &two);
    ask_derive(&helper, "softkey:two");
    expect_secret(&helper, 2, &two);
    stop(&helper);
}

static void foreign_key_does_not_blink(void **unused)
{
    struct enrolled e;

    (void)unused;
    put_file("softkey/two.touch", "auto");
    enrol_key("softkey:two", &e);
    refuse_derive(KEY, &e, FIDO_ERR_NO_CREDENTIALS, 0);
    assert_int_equal(state("softkey/one.state", "touches"), 0);
}

static void another_model_is_not_asked(void **unused)
{
    struct enrolled e;

    (void)unused;
    enrol_key(KEY, &e);
    e.aaguid[0] ^= 1;
    refuse_derive(KEY, &e, FIDO_ERR_NO_CREDENTIALS, 0);
    assert_int_equal(state("softkey/one.state", "touches"), 2);
}

static void forged_key_is_found_out(void **unused)
{
    struct enrolled e, other;

    (void)unused;
    enrol_key(KEY, &e);
    enrol_key(KEY, &other);
    memcpy(e.public_key, other.public_key, sizeof e.public_key);
    refuse_derive(KEY, &e, FIDO_ERR_INVALID_SIG, 1);
}

static void closing_cancels(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_untouched(&helper, &e);
    channel_close(&helper.channel);
    await_end(&helper, END_MS);
    assert_int_equal(state("softkey/one.state", "cancels"), 1);
    assert_int_equal(state("softkey/one.state", "waiting"), 0);
}

static void sigterm_cancels(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_untouched(&helper, &e);
    kill(helper.pid, SIGTERM);
    await_end(&helper, END_MS);
    assert_int_equal(state("softkey/one.state", "cancels"), 1);
    channel_close(&helper.channel);

    start(&helper);
    tell(&helper, MSG_FIDO_LIST, NULL);
    expect_and_drop(&helper, MSG_FIDO_DEVICE);
    kill(helper.pid, SIGTERM);
    await_end(&helper, END_MS);
    channel_close(&helper.channel);
}

static void nobody_touches(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_untouched(&helper, &e);
    put_file("clock", "30001");
    expect_failure(&helper, FIDO_ERR_USER_ACTION_TIMEOUT, 0);
    assert_int_equal(state("softkey/one.state", "cancels"), 1);
    assert_int_equal(state("softkey/one.state", "waiting"), 0);

    /* The key is in step again: the same conversation goes on. */
    put_file("softkey/one.touch", "auto");
    tell_credential(&helper, 1, &e);
    ask_derive(&helper, KEY);
    expect_secret(&helper, 1, &e);
    stop(&helper);
}

static void key_gives_up_by_itself(void **unused)
{
    struct enrolled e;

    (void)unused;
    enrol_key(KEY, &e);
    put_file("softkey/one.touch", "never");
    put_file("softkey/one.conf", "timeout 50 3a\n");
    refuse_derive(KEY, &e, FIDO_ERR_USER_ACTION_TIMEOUT, 1);
}

static void person_refuses(void **unused)
{
    struct enrolled e;

    (void)unused;
    enrol_key(KEY, &e);
    put_file("softkey/one.touch", "deny");
    refuse_derive(KEY, &e, FIDO_ERR_OPERATION_DENIED, 1);
    refuse_enrol(KEY, FIDO_UP, FIDO_ERR_OPERATION_DENIED, 1);
}

static void unplugged(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_untouched(&helper, &e);
    remove_file("softkey/one.touch");
    expect_failure(&helper, FIDO_ERR_RX, 0);
    stop(&helper);
    refuse_derive(KEY, &e, FIDO_ERR_INTERNAL, 0);
}

static void busy_with_another_program(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_untouched(&helper, &e);
    refuse_derive(KEY, &e, FIDO_ERR_RX, 0);
    put_file("softkey/one.touch", "auto");
    expect(&helper, MSG_FIDO_SECRET, NULL);
    stop(&helper);
}

static void enrolled_already(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    enrol_key(KEY, &e);
    start(&helper);
    tell_credential(&helper, 1, &e);
    ask_enrol(&helper, KEY, FIDO_UP);
    expect_failure(&helper, FIDO_ERR_CREDENTIAL_EXCLUDED, 0);
    stop(&helper);

    put_file("softkey/two.touch", "auto");
    start(&helper);
    tell_credential(&helper, 1, &e);
    ask_enrol(&helper, "softkey:two", FIDO_UP);
    expect_enrolled(&helper, &e);
    stop(&helper);
}

static void refuses_keys_that_will_not_do(void **unused)
{
    static const struct {
        const char *conf;
        int code, touches;
    } keys[] = {
        {"touchless_secret 1\n", FIDO_ERR_USER_PRESENCE_REQUIRED, 1},
        {"touchless_up 1\n", FIDO_ERR_USER_PRESENCE_REQUIRED, 2},
        {"empty_secret 1\n", FIDO_ERR_INVALID_LENGTH, 2},
        {"no_hmac_secret 1\n", FIDO_ERR_UNSUPPORTED_EXTENSION, 0},
        {"pin 123456\n", FIDO_ERR_PIN_REQUIRED, 0},
        {"pin 123456\nmake_cred_uv_not_required 1\n", FIDO_ERR_PIN_REQUIRED, 0},
        {"always_uv 1\n", FIDO_ERR_PIN_REQUIRED, 0},
        {"uv 1\nmake_cred_uv_not_required 1\n", FIDO_ERR_PIN_REQUIRED, 0},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        put_file("softkey/one.conf", keys[i].conf);
        refuse_enrol(KEY, FIDO_UP, keys[i].code, keys[i].touches);
        remove_file("softkey/one.state");
    }
}

static void asks_for_no_pin_yet(void **unused)
{
    struct enrolled e;

    (void)unused;
    refuse_enrol(KEY, FIDO_UP | FIDO_UV | FIDO_PIN, FIDO_ERR_PIN_REQUIRED, 0);
    enrol_key(KEY, &e);
    e.flags = FIDO_UP | FIDO_UV | FIDO_PIN;
    refuse_derive(KEY, &e, FIDO_ERR_PIN_REQUIRED, 0);
}

/* A slot is what it was when enrolled, whatever was set on the key since. */
static void pin_set_later(void **unused)
{
    struct helper helper;
    struct enrolled e;
    char path[PATH_MAX];
    FILE *file;

    (void)unused;
    enrol_key(KEY, &e);
    path_of(path, "softkey/one.state");
    assert_non_null(file = fopen(path, "a"));
    fputs("pin 123456\n", file);
    fclose(file);
    start(&helper);
    tell_credential(&helper, 1, &e);
    ask_derive(&helper, KEY);
    expect_secret(&helper, 1, &e);
    stop(&helper);

    put_file("softkey/one.conf", "always_uv 1\n");
    refuse_derive(KEY, &e, FIDO_ERR_PIN_REQUIRED, 0);
    put_file("softkey/one.conf", "empty_secret 1\n");
    refuse_derive(KEY, &e, FIDO_ERR_INVALID_LENGTH, 1);
    put_file("softkey/one.conf", "touchless_up 1\n");
    refuse_derive(KEY, &e, FIDO_ERR_USER_PRESENCE_REQUIRED, 1);
}

static void faults_at_enrolment(void **unused)
{
    static const struct {
        const char *conf;
        int code, touches;
    } faults[] = {
        {"error open 06\n", FIDO_ERR_RX, 0},
        {"error info 7f\n", FIDO_ERR_ERR_OTHER, 0},
        {"junk info\n", FIDO_ERR_RX_NOT_CBOR, 0},
        {"error make_cred 28\n", FIDO_ERR_KEY_STORE_FULL, 1},
        {"error make_cred 19 touched\n", FIDO_ERR_CREDENTIAL_EXCLUDED, 1},
        {"junk make_cred\n", FIDO_ERR_RX_NOT_CBOR, 1},
        {"error get_assert 2e touched\n", FIDO_ERR_NO_CREDENTIALS, 2},
        {"error get_assert 36\n", FIDO_ERR_PIN_REQUIRED, 2},
        {"junk get_assert\n", FIDO_ERR_RX_NOT_CBOR, 2},
        {"error client_pin 01\n", FIDO_ERR_INTERNAL, 2},
        {"junk client_pin\n", FIDO_ERR_INTERNAL, 2},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        put_file("softkey/one.conf", faults[i].conf);
        refuse_enrol(KEY, FIDO_UP, faults[i].code, faults[i].touches);
    }
}

static void selects_by_touch(void **unused)
{
    const struct msg_fido_select select = {KEY};
    struct helper helper;
    struct enrolled e;

    (void)unused;
    start(&helper);
    tell(&helper, MSG_FIDO_SELECT, &select);
    expect_and_drop(&helper, MSG_FIDO_TOUCH);
    expect_and_drop(&helper, MSG_DONE);
    ask_enrol(&helper, KEY, FIDO_UP);
    expect_enrolled(&helper, &e);
    stop(&helper);
}

static void selection_ends(void **unused)
{
    const struct msg_fido_select select = {KEY};
    struct helper helper;

    (void)unused;
    put_file("softkey/one.touch", "never");
    start(&helper);
    tell(&helper, MSG_FIDO_SELECT, &select);
    expect_blinking(&helper);
    put_file("clock", "15001");
    expect_failure(&helper, FIDO_ERR_ACTION_TIMEOUT, 0);

    tell(&helper, MSG_FIDO_SELECT, &select);
    expect_blinking(&helper);
    remove_file("softkey/one.touch");
    expect_failure(&helper, FIDO_ERR_RX, 0);

    put_file("softkey/one.touch", "never");
    tell(&helper, MSG_FIDO_SELECT, &select);
    expect_blinking(&helper);
    channel_close(&helper.channel);
    await_end(&helper, END_MS);
    assert_int_equal(state("softkey/one.state", "cancels"), 2);
}

static void ends_at_nonsense(void **unused)
{
    struct enrolled e = {.id_len = 0};
    struct helper helper;

    (void)unused;
    start(&helper);
    tell(&helper, MSG_STATUS, NULL);
    assert_int_equal(await_end(&helper, END_MS), EXIT_FAILURE);
    channel_close(&helper.channel);

    start(&helper);
    tell_credential(&helper, 1, &e);
    assert_int_equal(await_end(&helper, END_MS), EXIT_FAILURE);
    channel_close(&helper.channel);
}

/* The folder of the tests: the program under test, its clock, and software keys. */

static int open_folder(void **unused)
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

static int close_folder(void **unused)
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
static int plug_in(void **unused)
{
    remove_key_files(unused);
    put_file("clock", "0");
    put_file("softkey/one.touch", "auto");
    return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, plug_in)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_every_device),
        TEST(enrols_and_derives_the_same),
        TEST(chooses_its_own_credential),
        TEST(foreign_key_does_not_blink),
        TEST(another_model_is_not_asked),
        TEST(forged_key_is_found_out),
        TEST(closing_cancels),
        TEST(sigterm_cancels),
        TEST(nobody_touches),
        TEST(key_gives_up_by_itself),
        TEST(person_refuses),
        TEST(unplugged),
        TEST(busy_with_another_program),
        TEST(enrolled_already),
        TEST(refuses_keys_that_will_not_do),
        TEST(asks_for_no_pin_yet),
        TEST(pin_set_later),
        TEST(faults_at_enrolment),
        TEST(selects_by_touch),
        TEST(selection_ends),
        TEST(ends_at_nonsense),
    };

    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
