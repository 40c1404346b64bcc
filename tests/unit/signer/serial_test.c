// SPDX-License-Identifier: BSD-2-Clause
// Another MFA serial for a key: allowed at the open vault, put in when it is narrowed, believed by
// whoever opens it next; nothing else than what was allowed is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "serial.h"
#include "vault_fixture.h"

#define OLD "arn:aws:iam::123456789012:mfa/alice"
#define NEW "arn:aws:iam::123456789012:mfa/alice-awstap"

static int put(struct vault *vault, void *context, struct error *error)
{
    return serial_put(vault, vault_key(vault, "work", error), context, error);
}

/* What is allowed at one opening of the vault, which is narrowed then. */
static struct vault *allow(struct fixture *fixture, const char *serial,
                           struct allowed_serial *allowed)
{
    struct vault *vault = fixture_unlock(fixture);
    struct key *key = vault_key(vault, "work", &fixture->error);

    assert_int_equal(serial_allow(vault, key, serial, allowed, &fixture->error), 0);
    assert_string_equal(key->mfa_serial, OLD);
    vault_narrow(vault);
    return vault;
}

static void expect_serial(struct fixture *fixture, const char *serial)
{
    struct vault *vault = fixture_unlock(fixture);

    assert_string_equal(vault_key(vault, "work", &fixture->error)->mfa_serial, serial);
    assert_string_equal(vault_key(vault, "home", &fixture->error)->mfa_serial, "");
    vault_free(vault);
}

static void test_put(void **state)
{
    static const char *const serials[] = {NEW, ""};

    for (size_t i = 0; i < 2; i++) {
        struct fixture *fixture = *state;
        struct allowed_serial allowed;
        struct vault *vault = allow(fixture, serials[i], &allowed);

        assert_int_equal(vault_change(vault, put, &allowed, &fixture->error), 0);
        vault_free(vault);
        expect_serial(fixture, serials[i]);
        fixture_teardown(state);
        fixture_setup(state);
    }
}

/* What the agent keeps of the vault is of the new head. */
static void test_kept(void **state)
{
    struct fixture *fixture = *state;
    uint8_t record_key[VAULT_KEY_BYTES], head[VAULT_KEY_BYTES];
    struct allowed_serial allowed;
    struct vault *vault = allow(fixture, NEW, &allowed);

    assert_int_equal(vault_change(vault, put, &allowed, &fixture->error), 0);
    vault_kept(vault, record_key, head);
    vault_free(vault);
    vault = fixture_read(fixture);
    assert_int_equal(vault_admit(vault, record_key, head, &fixture->error), 0);
    vault_free(vault);
}

/* Other records written since do not matter; another head does, and nothing is changed then. */
static void test_head_changed(void **state)
{
    struct fixture *fixture = *state;
    struct allowed_serial allowed;
    struct vault *vault = allow(fixture, NEW, &allowed), *other = fixture_unlock(fixture);
    struct key *key = vault_key(other, "home", &fixture->error);
    struct key_policy policy = key->policy;

    policy.touch = TOUCH_USE;
    assert_int_equal(vault_set_policy(other, key, &policy, &fixture->error), 0);
    assert_int_equal(vault_write(other, &fixture->error), 0);
    vault_free(other);
    assert_int_equal(vault_change(vault, put, &allowed, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_FAILED);
    assert_non_null(strstr(fixture->error.text, "changed since it was opened"));
    vault_free(vault);
    expect_serial(fixture, OLD);
}

/* Who holds K_rec alone puts in no serial of his own. */
static void test_not_allowed(void **state)
{
    struct fixture *fixture = *state;
    struct allowed_serial allowed;
    struct vault *vault = allow(fixture, NEW, &allowed);

    strcpy(allowed.serial, OLD "-mallory");
    assert_int_equal(
        serial_put(vault, vault_key(vault, "work", &fixture->error), &allowed, &fixture->error), 0);
    fixture_store_forged(fixture, vault);
    vault_free(vault);
    vault = fixture_read(fixture);
    assert_int_equal(vault_unlock(vault, 1, fixture->first, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_VAULT);
    vault_free(vault);
}

static void test_too_long(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);
    struct key *key = vault_key(vault, "work", &fixture->error);
    struct allowed_serial allowed;
    char serial[KEY_SERIAL_MAX + 2];

    memset(serial, 'a', sizeof serial - 1);
    serial[sizeof serial - 1] = '\0';
    assert_int_equal(serial_allow(vault, key, serial, &allowed, &fixture->error), -1);
    assert_string_equal(key->mfa_serial, OLD);
    vault_free(vault);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_put),         TEST(test_kept),     TEST(test_head_changed),
        TEST(test_not_allowed), TEST(test_too_long),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
