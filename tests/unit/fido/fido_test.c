// SPDX-License-Identifier: BSD-2-Clause
// awstap-fido and keys that verify nobody: a touch is all they want.
#include <fido/err.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failure.h"
#include "fido_fixture.h"

static const uint8_t AAGUID[] = "awstap softkey 1";

/* A key newly enrolled blinks, and nobody touches it. */
static void begin_untouched(struct helper *helper, struct enrolled *e)
{
    enrol_key(KEY, e);
    put_file("softkey/one.touch", "never");
    begin_derive(helper, e);
    expect_blinking(helper);
}

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
        {"touchless_secret 1\n", FAILURE_TOUCHLESS, 1},
        {"touchless_up 1\n", FIDO_ERR_USER_PRESENCE_REQUIRED, 2},
        {"empty_secret 1\n", FIDO_ERR_INVALID_LENGTH, 2},
        {"no_hmac_secret 1\n", FIDO_ERR_UNSUPPORTED_EXTENSION, 0},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        put_file("softkey/one.conf", keys[i].conf);
        refuse_enrol(KEY, FIDO_UP, keys[i].code, keys[i].touches);
        remove_file("softkey/one.state");
    }
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
        TEST(faults_at_enrolment),
        TEST(selects_by_touch),
        TEST(selection_ends),
        TEST(ends_at_nonsense),
    };

    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
