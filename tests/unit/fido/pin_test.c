// SPDX-License-Identifier: BSD-2-Clause
// awstap-fido and keys that verify their user: by a PIN, by a sensor of their own.
#include <fido/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failure.h"
#include "fido_fixture.h"

#define PIN       "123456"
#define BY_PIN    (FIDO_UP | FIDO_UV | FIDO_PIN)
#define BY_SENSOR (FIDO_UP | FIDO_UV)

static void expect_pin_wanted(struct helper *helper, uint32_t tries, const char *problem)
{
    struct msg_fido_pin_wanted wanted;
    struct frame frame;

    assert_int_equal(channel_receive(&helper->channel, &frame, PATIENCE_MS), 1);
    if (message_get(&frame, MSG_FIDO_PIN_WANTED, &wanted) < 0)
        fail_msg("%s came for the PIN", message_name(frame.type));
    assert_int_equal(wanted.tries, tries);
    if (problem[0] ? !strstr(wanted.problem, problem) : wanted.problem[0] != '\0')
        fail_msg("\"%s\" was said for \"%s\"", wanted.problem, problem);
    channel_drop(&helper->channel, &frame);
}

static void give_pin(struct helper *helper, const char *pin)
{
    const struct msg_fido_pin msg = {{(const uint8_t *)pin, strlen(pin)}};

    tell(helper, MSG_FIDO_PIN, &msg);
}

static void expect_touch(struct helper *helper, uint32_t fingerprint)
{
    struct msg_fido_touch touch;
    struct frame frame;

    assert_int_equal(channel_receive(&helper->channel, &frame, PATIENCE_MS), 1);
    assert_int_equal(message_get(&frame, MSG_FIDO_TOUCH, &touch), 0);
    assert_int_equal(touch.fingerprint, fingerprint);
    channel_drop(&helper->channel, &frame);
}

static void enrol_with_pin(const char *path, struct enrolled *e)
{
    struct helper helper;

    start(&helper);
    ask_enrol(&helper, path, 0);
    expect_pin_wanted(&helper, 8, "");
    give_pin(&helper, PIN);
    expect_enrolled(&helper, e);
    assert_int_equal(e->flags, BY_PIN);
    stop(&helper);
}

static void begin_with_pin(struct helper *helper, struct enrolled *e)
{
    put_file("softkey/one.conf", "pin " PIN "\n");
    enrol_with_pin(KEY, e);
    begin_derive(helper, e);
}

/* The one wrong PIN after the other, as far as the key lets us in one go. */
static void miss(struct helper *helper, int times, uint32_t tries)
{
    char problem[64];

    for (int i = 1; i <= times; i++) {
        give_pin(helper, "999999");
        snprintf(problem, sizeof problem, "wrong PIN, %u tries left", tries - (uint32_t)i);
        expect_pin_wanted(helper, tries - (uint32_t)i, problem);
    }
}

static void pin_then_touch(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_with_pin(&helper, &e);
    assert_int_equal(state("softkey/one.state", "touches"), 2);
    expect_pin_wanted(&helper, 8, "");
    give_pin(&helper, PIN);
    expect_secret(&helper, 1, &e);
    stop(&helper);
    assert_int_equal(state("softkey/one.state", "touches"), 3);
}

static void every_kind_of_key_with_a_pin(void **unused)
{
    static const char *const kinds[] = {"only_2_0 1\n",
                                        "pin_protocol 1\n",
                                        "pin_protocol 2\n",
                                        "always_uv 1\n",
                                        "make_cred_uv_not_required 1\n",
                                        "touchless_secret 1\n"};

    (void)unused;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct helper helper;
        struct enrolled e;
        char conf[128];

        snprintf(conf, sizeof conf, "pin " PIN "\n%s", kinds[i]);
        put_file("softkey/one.conf", conf);
        enrol_with_pin(KEY, &e);
        begin_derive(&helper, &e);
        expect_pin_wanted(&helper, 8, "");
        give_pin(&helper, PIN);
        expect_secret(&helper, 1, &e);
        stop(&helper);
        remove_file("softkey/one.state");
    }
}

static void wrong_pin_then_the_right_one(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_with_pin(&helper, &e);
    expect_pin_wanted(&helper, 8, "");
    miss(&helper, 2, 8);
    give_pin(&helper, PIN);
    expect_secret(&helper, 1, &e);
    assert_int_equal(state("softkey/one.state", "retries"), 8);
    stop(&helper);
}

static void what_is_no_pin_costs_no_try(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_with_pin(&helper, &e);
    expect_pin_wanted(&helper, 8, "");
    give_pin(&helper, "123");
    expect_pin_wanted(&helper, 8, "4 to 63 characters");
    give_pin(&helper, "");
    expect_pin_wanted(&helper, 8, "4 to 63 characters");
    give_pin(&helper, "1234567890123456789012345678901234567890123456789012345678901234");
    expect_pin_wanted(&helper, 8, "4 to 63 characters");
    give_pin(&helper, PIN);
    expect_secret(&helper, 1, &e);
    stop(&helper);
}

/* Three wrong ones in a row: only a power cycle helps. Eight: nothing does. */
static void wrong_pins_lock_the_key(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_with_pin(&helper, &e);
    for (uint32_t tries = 8; tries > 2; tries -= 3) {
        expect_pin_wanted(&helper, tries, "");
        miss(&helper, 2, tries);
        give_pin(&helper, "999999");
        expect_failure(&helper, FIDO_ERR_PIN_AUTH_BLOCKED, 0);
        stop(&helper);
        begin_derive(&helper, &e);
        expect_pin_wanted(&helper, tries - 3, "");
        give_pin(&helper, PIN);
        expect_failure(&helper, FIDO_ERR_PIN_AUTH_BLOCKED, 0);
        stop(&helper);
        remove_file("softkey/one.touch");
        put_file("softkey/one.touch", "auto");
        begin_derive(&helper, &e);
    }
    expect_pin_wanted(&helper, 2, "");
    give_pin(&helper, "999999");
    expect_pin_wanted(&helper, 1, "wrong PIN; this is the last try");
    give_pin(&helper, "999999");
    expect_failure(&helper, FIDO_ERR_PIN_BLOCKED, 0);
    stop(&helper);
    refuse_derive(KEY, &e, FIDO_ERR_PIN_BLOCKED, 0);
    assert_int_equal(state("softkey/one.state", "touches"), 2);
}

static void last_try_is_announced_at_once(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    put_file("softkey/one.conf", "pin " PIN "\n");
    enrol_with_pin(KEY, &e);
    append_file("softkey/one.state", "retries 1\n");
    begin_derive(&helper, &e);
    expect_pin_wanted(&helper, 1, "this is the last try");
    give_pin(&helper, PIN);
    expect_secret(&helper, 1, &e);
    stop(&helper);
}

static void closing_ends_the_question(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_with_pin(&helper, &e);
    expect_pin_wanted(&helper, 8, "");
    channel_close(&helper.channel);
    await_end(&helper, END_MS);
}

static void pulled_while_the_pin_is_asked(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_with_pin(&helper, &e);
    expect_pin_wanted(&helper, 8, "");
    remove_file("softkey/one.touch");
    expect_failure(&helper, FIDO_ERR_TX, 0);
    stop(&helper);
}

static void selected_before_the_pin(void **unused)
{
    const struct msg_fido_select select = {KEY};
    struct helper helper;
    struct enrolled e;

    (void)unused;
    begin_with_pin(&helper, &e);
    expect_pin_wanted(&helper, 8, "");
    tell(&helper, MSG_FIDO_SELECT, &select);
    expect_touch(&helper, 0);
    expect_and_drop(&helper, MSG_DONE);
    give_pin(&helper, PIN);
    expect_secret(&helper, 1, &e);
    stop(&helper);

    put_file("softkey/one.touch", "never");
    begin_derive(&helper, &e);
    expect_pin_wanted(&helper, 8, "");
    tell(&helper, MSG_FIDO_SELECT, &select);
    expect_blinking(&helper);
    put_file("clock", "30001");
    expect_failure(&helper, FIDO_ERR_USER_ACTION_TIMEOUT, 0);
    stop(&helper);
}

/* Two keys of one model: which slot is whose shows only with the PIN. */
static void chooses_among_slots_by_the_pin(void **unused)
{
    struct enrolled one, two;
    struct helper helper;

    (void)unused;
    put_file("softkey/two.touch", "auto");
    put_file("softkey/one.conf", "pin " PIN "\n");
    put_file("softkey/two.conf", "pin " PIN "\n");
    enrol_with_pin(KEY, &one);
    enrol_with_pin("softkey:two", &two);
    start(&helper);
    tell_credential(&helper, 1, &one);
    tell_credential(&helper, 2, &two);
    ask_derive(&helper, "softkey:two");
    expect_pin_wanted(&helper, 8, "");
    give_pin(&helper, PIN);
    expect_secret(&helper, 2, &two);
    stop(&helper);
    begin_derive(&helper, &two);
    expect_pin_wanted(&helper, 8, "");
    give_pin(&helper, PIN);
    expect_failure(&helper, FIDO_ERR_NO_CREDENTIALS, 0);
    stop(&helper);
    assert_int_equal(state("softkey/one.state", "touches"), 2);
}

static void fingerprint_is_enough(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    put_file("softkey/one.conf", "uv 1\npin " PIN "\n");
    enrol_key(KEY, &e);
    assert_int_equal(e.flags, BY_SENSOR);
    begin_derive(&helper, &e);
    expect_touch(&helper, 1);
    expect_and_drop(&helper, MSG_FIDO_SECRET);
    stop(&helper);
}

static void unknown_finger_then_the_pin(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    put_file("softkey/one.conf", "uv 1\npin " PIN "\n");
    enrol_key(KEY, &e);
    put_file("softkey/one.touch", "deny");
    begin_derive(&helper, &e);
    expect_touch(&helper, 1);
    expect_pin_wanted(&helper, 8, "fingerprint not recognised; use the PIN");
    put_file("softkey/one.touch", "auto");
    give_pin(&helper, PIN);
    expect_secret(&helper, 1, &e);
    stop(&helper);
}

static void locked_sensor_then_the_pin(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    put_file("softkey/one.conf", "uv 1\npin " PIN "\n");
    enrol_key(KEY, &e);
    append_file("softkey/one.state", "uv_retries 0\n");
    begin_derive(&helper, &e);
    expect_touch(&helper, 1);
    expect_pin_wanted(&helper, 8, "reader is locked");
    give_pin(&helper, PIN);
    expect_secret(&helper, 1, &e);
    stop(&helper);
}

/* A sensor without a PIN to fall back on. */
static void unknown_finger_and_no_pin(void **unused)
{
    struct enrolled e;

    (void)unused;
    put_file("softkey/one.conf", "uv 1\n");
    enrol_key(KEY, &e);
    put_file("softkey/one.touch", "deny");
    refuse_derive(KEY, &e, FIDO_ERR_UV_INVALID, 1);
}

/* A slot is what it was when enrolled, whatever was set on the key since. */
static void pin_set_later(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    enrol_key(KEY, &e);
    assert_int_equal(e.flags, FIDO_UP);
    append_file("softkey/one.state", "pin 123456\n");
    begin_derive(&helper, &e);
    expect_secret(&helper, 1, &e);
    stop(&helper);

    put_file("softkey/one.conf", "always_uv 1\n");
    refuse_derive(KEY, &e, FAILURE_ALWAYS_VERIFIES, 0);
    put_file("softkey/one.conf", "empty_secret 1\n");
    refuse_derive(KEY, &e, FIDO_ERR_INVALID_LENGTH, 1);
    put_file("softkey/one.conf", "touchless_up 1\n");
    refuse_derive(KEY, &e, FIDO_ERR_USER_PRESENCE_REQUIRED, 1);
}

static void pin_gone_since(void **unused)
{
    struct enrolled e;

    (void)unused;
    enrol_key(KEY, &e);
    e.flags = BY_PIN;
    refuse_derive(KEY, &e, FIDO_ERR_PIN_NOT_SET, 0);
}

static void refuses_keys_that_will_not_do(void **unused)
{
    static const struct {
        const char *conf;
        uint32_t flags;
        int code;
    } keys[] = {
        {"pin 123456\n", FIDO_UP, FIDO_ERR_PIN_REQUIRED},
        {"pin 123456\nmake_cred_uv_not_required 1\n", FIDO_UP, FIDO_ERR_PIN_REQUIRED},
        {"uv 1\n", FIDO_UP, FIDO_ERR_PIN_REQUIRED},
        {"always_uv 1\n", 0, FIDO_ERR_PIN_NOT_SET},
        {"", BY_PIN, FIDO_ERR_PIN_NOT_SET},
        {"pin 123456\nno_cred_protect 1\n", 0, FAILURE_UNPROTECTED},
        {"uv 1\nno_cred_protect 1\n", 0, FAILURE_UNPROTECTED},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        put_file("softkey/one.conf", keys[i].conf);
        refuse_enrol(KEY, keys[i].flags, keys[i].code, 0);
        remove_file("softkey/one.state");
    }
}

static void enrolled_already(void **unused)
{
    struct helper helper;
    struct enrolled e;

    (void)unused;
    put_file("softkey/one.conf", "pin " PIN "\n");
    enrol_with_pin(KEY, &e);
    start(&helper);
    tell_credential(&helper, 1, &e);
    ask_enrol(&helper, KEY, 0);
    expect_pin_wanted(&helper, 8, "");
    give_pin(&helper, PIN);
    expect_failure(&helper, FIDO_ERR_CREDENTIAL_EXCLUDED, 1);
    stop(&helper);
}

/* A fault at any step, once the PIN has been given. */
static void faults(void **unused)
{
    static const struct {
        const char *fault;
        int code, touches;
    } faults[] = {
        {"error get_assert 2e\n", FIDO_ERR_NO_CREDENTIALS, 0},
        {"error get_assert 2e touched\n", FIDO_ERR_NO_CREDENTIALS, 1},
        {"error get_assert 37\n", FIDO_ERR_PIN_POLICY_VIOLATION, 0},
        {"error get_assert 33 touched\n", FIDO_ERR_PIN_AUTH_INVALID, 1},
        {"junk get_assert\n", FIDO_ERR_RX_NOT_CBOR, 1},
        {"empty_secret 1\n", FIDO_ERR_INVALID_LENGTH, 1},
        {"touchless_up 1\n", FIDO_ERR_USER_PRESENCE_REQUIRED, 1},
    };
    struct helper helper;
    struct enrolled e;

    (void)unused;
    put_file("softkey/one.conf", "pin " PIN "\n");
    enrol_with_pin(KEY, &e);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        put_file("softkey/one.conf", faults[i].fault);
        begin_derive(&helper, &e);
        expect_pin_wanted(&helper, 8, "");
        give_pin(&helper, PIN);
        expect_failure(&helper, faults[i].code, faults[i].touches);
        stop(&helper);
    }
    put_file("softkey/one.conf", "error client_pin 7f\n");
    refuse_derive(KEY, &e, FIDO_ERR_ERR_OTHER, 0);
}

#define TEST(f) cmocka_unit_test_setup(f, plug_in)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pin_then_touch),
        TEST(every_kind_of_key_with_a_pin),
        TEST(wrong_pin_then_the_right_one),
        TEST(what_is_no_pin_costs_no_try),
        TEST(wrong_pins_lock_the_key),
        TEST(last_try_is_announced_at_once),
        TEST(closing_ends_the_question),
        TEST(pulled_while_the_pin_is_asked),
        TEST(selected_before_the_pin),
        TEST(chooses_among_slots_by_the_pin),
        TEST(fingerprint_is_enough),
        TEST(unknown_finger_then_the_pin),
        TEST(locked_sensor_then_the_pin),
        TEST(unknown_finger_and_no_pin),
        TEST(pin_set_later),
        TEST(pin_gone_since),
        TEST(refuses_keys_that_will_not_do),
        TEST(enrolled_already),
        TEST(faults),
    };

    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
