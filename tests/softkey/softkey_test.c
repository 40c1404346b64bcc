// SPDX-License-Identifier: BSD-2-Clause
// The software key as libfido2 sees it, through the seam that awstap-fido uses. Its keys live in
// the folder softkey/ beside this program.
#include "../../agent/fido/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <fido/es256.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RP          "test.awstap.example"
#define FILE_MAX    1024
#define SECRET_SIZE 32
#define PATIENCE_MS 5000 /* how long an event is waited for */

static const uint8_t client_data[32] = {1};
static const uint8_t salts[64] = {2, [32] = 3};

static const char *folder(void)
{
    return device_paths()[0];
}

static void file_path(char path[FILE_MAX], const char *name, const char *suffix)
{
    assert_true(snprintf(path, FILE_MAX, "%s/%s.%s", folder(), name, suffix) < FILE_MAX);
}

/* Put text into one of a key's files, in place. */
static void put(const char *name, const char *suffix, const char *text)
{
    char path[FILE_MAX];
    FILE *file;

    file_path(path, name, suffix);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void drop(const char *name, const char *suffix)
{
    char path[FILE_MAX];

    file_path(path, name, suffix);
    assert_true(unlink(path) == 0 || errno == ENOENT);
}

/* The number that NAME.state has for field; -1: no such file or line. */
static long state(const char *name, const char *field)
{
    char path[FILE_MAX], line[256], word[64];
    long value, found = -1;
    FILE *file;

    file_path(path, name, "state");
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%63s %ld", word, &value) == 2 && strcmp(word, field) == 0)
            found = value;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

static void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait until the key does (or does not) wait for the person. */
static void await_waiting(const char *name, bool waiting)
{
    long end = now_ms() + PATIENCE_MS;

    while ((state(name, "waiting") > 0) != waiting) {
        assert_true(now_ms() < end);
        pause_ms(1);
    }
}

static void plug_in(const char *name, const char *conf, const char *touch)
{
    if (conf != NULL)
        put(name, "conf", conf);
    put(name, "touch", touch);
}

/* The two keys of these tests, a and b, as if just bought. */
static int clean(void **unused)
{
    static const char *const names[] = {"a", "b"};
    static const char *const suffixes[] = {"touch", "state", "conf", "lock"};

    (void)unused;
    for (size_t n = 0; n < 2; n++) {
        for (size_t s = 0; s < 4; s++)
            drop(names[n], suffixes[s]);
    }
    return 0;
}

static fido_dev_t *opened(const char *name)
{
    char path[64];
    fido_dev_t *dev = NULL;

    snprintf(path, sizeof(path), "softkey:%s", name);
    assert_int_equal(device_open(path, PATIENCE_MS, &dev), FIDO_OK);
    return dev;
}

static void closed(fido_dev_t *dev)
{
    fido_dev_close(dev);
    fido_dev_free(&dev);
}

static fido_cred_t *new_credential(void)
{
    static const uint8_t user[16] = {4};
    fido_cred_t *cred = fido_cred_new();

    assert_non_null(cred);
    assert_int_equal(fido_cred_set_type(cred, COSE_ES256), FIDO_OK);
    assert_int_equal(fido_cred_set_clientdata_hash(cred, client_data, 32), FIDO_OK);
    assert_int_equal(fido_cred_set_rp(cred, RP, "awstap"), FIDO_OK);
    assert_int_equal(fido_cred_set_user(cred, user, sizeof(user), "u", NULL, NULL), FIDO_OK);
    assert_int_equal(fido_cred_set_extensions(cred, FIDO_EXT_HMAC_SECRET), FIDO_OK);
    return cred;
}

/* Enrol on a plugged key and check what it attests. */
static fido_cred_t *enrolled(const char *name, const char *pin)
{
    fido_dev_t *dev = opened(name);
    fido_cred_t *cred = new_credential();

    assert_int_equal(fido_dev_make_cred(dev, cred, pin), FIDO_OK);
    assert_int_equal(fido_cred_verify_self(cred), FIDO_OK);
    closed(dev);
    return cred;
}

static fido_assert_t *new_assertion(const fido_cred_t *cred)
{
    fido_assert_t *assertion = fido_assert_new();

    assert_non_null(assertion);
    assert_int_equal(fido_assert_set_rp(assertion, RP), FIDO_OK);
    assert_int_equal(fido_assert_set_clientdata_hash(assertion, client_data, 32), FIDO_OK);
    assert_int_equal(
        fido_assert_allow_cred(assertion, fido_cred_id_ptr(cred), fido_cred_id_len(cred)), FIDO_OK);
    assert_int_equal(fido_assert_set_up(assertion, FIDO_OPT_TRUE), FIDO_OK);
    return assertion;
}

static fido_assert_t *new_derivation(const fido_cred_t *cred, size_t salt_size)
{
    fido_assert_t *assertion = new_assertion(cred);

    assert_int_equal(fido_assert_set_extensions(assertion, FIDO_EXT_HMAC_SECRET), FIDO_OK);
    assert_int_equal(fido_assert_set_hmac_salt(assertion, salts, salt_size), FIDO_OK);
    return assertion;
}

static int verified(const fido_assert_t *assertion, const fido_cred_t *cred)
{
    es256_pk_t *key = es256_pk_new();
    int r;

    assert_non_null(key);
    assert_int_equal(es256_pk_from_ptr(key, fido_cred_pubkey_ptr(cred), fido_cred_pubkey_len(cred)),
                     FIDO_OK);
    r = fido_assert_verify(assertion, 0, COSE_ES256, key);
    es256_pk_free(&key);
    return r;
}

/* Derive a secret; uv without a PIN means the sensor. The result of libfido2. */
static int derive(const char *name, const fido_cred_t *cred, const char *pin, bool uv,
                  uint8_t secret[SECRET_SIZE])
{
    fido_dev_t *dev = opened(name);
    fido_assert_t *assertion = new_derivation(cred, 32);
    int r;

    if (uv)
        assert_int_equal(fido_assert_set_uv(assertion, FIDO_OPT_TRUE), FIDO_OK);
    r = fido_dev_get_assert(dev, assertion, pin);
    if (r == FIDO_OK) {
        assert_int_equal(fido_assert_hmac_secret_len(assertion, 0), SECRET_SIZE);
        memcpy(secret, fido_assert_hmac_secret_ptr(assertion, 0), SECRET_SIZE);
        assert_int_equal(verified(assertion, cred), FIDO_OK);
    }
    fido_assert_free(&assertion);
    closed(dev);
    return r;
}

static int derive_only(const char *name, const fido_cred_t *cred, const char *pin)
{
    uint8_t secret[SECRET_SIZE];

    return derive(name, cred, pin, false, secret);
}

static void secrets_with(const char *conf)
{
    uint8_t once[SECRET_SIZE], again[SECRET_SIZE], two[2 * SECRET_SIZE];
    fido_assert_t *assertion;
    fido_cred_t *cred;
    fido_dev_t *dev;

    plug_in("a", conf, "auto\n");
    cred = enrolled("a", NULL);
    assert_int_equal(derive("a", cred, NULL, false, once), FIDO_OK);
    assert_int_equal(derive("a", cred, NULL, false, again), FIDO_OK);
    assert_memory_equal(once, again, SECRET_SIZE);

    dev = opened("a");
    assertion = new_derivation(cred, 64);
    assert_int_equal(fido_dev_get_assert(dev, assertion, NULL), FIDO_OK);
    assert_int_equal(fido_assert_hmac_secret_len(assertion, 0), sizeof(two));
    memcpy(two, fido_assert_hmac_secret_ptr(assertion, 0), sizeof(two));
    assert_memory_equal(two, once, SECRET_SIZE);
    assert_memory_not_equal(two + SECRET_SIZE, once, SECRET_SIZE);
    assert_int_equal(fido_assert_sigcount(assertion, 0), 4);
    assert_int_equal(state("a", "touches"), 4);
    assert_int_equal(state("a", "credentials"), 1);
    assert_int_equal(state("a", "secrets"), 3);
    assert_true(state("a", "busy_us") > 0);
    fido_assert_free(&assertion);
    closed(dev);
    fido_cred_free(&cred);
}

static void secrets(void **unused)
{
    (void)unused;
    secrets_with("");
}

static void secrets_by_protocol_1(void **unused)
{
    (void)unused;
    secrets_with("pin_protocol 1\n");
}

static void secrets_by_protocol_2(void **unused)
{
    (void)unused;
    secrets_with("pin_protocol 2\n");
}

/* With a PIN: another secret, the same one each time; by every kind of token. */
static void secrets_with_pin(const char *conf)
{
    uint8_t without[SECRET_SIZE], with[SECRET_SIZE], again[SECRET_SIZE];
    fido_cred_t *cred;

    plug_in("a", conf, "auto\n");
    cred = enrolled("a", "1234");
    assert_int_equal(derive("a", cred, NULL, false, without), FIDO_OK);
    assert_int_equal(derive("a", cred, "1234", true, with), FIDO_OK);
    assert_int_equal(derive("a", cred, "1234", true, again), FIDO_OK);
    assert_memory_equal(with, again, SECRET_SIZE);
    assert_memory_not_equal(with, without, SECRET_SIZE);
    fido_cred_free(&cred);
}

static void pin_secrets(void **unused)
{
    (void)unused;
    secrets_with_pin("pin 1234\n");
    clean(NULL);
    secrets_with_pin("pin 1234\npin_protocol 1\n");
    clean(NULL);
    secrets_with_pin("pin 1234\npin_protocol 2\n");
    clean(NULL);
    secrets_with_pin("pin 1234\nonly_2_0 1\n");
}

static void sensor(void **unused)
{
    uint8_t without[SECRET_SIZE], with[SECRET_SIZE];
    fido_cred_t *cred;

    (void)unused;
    plug_in("a", "uv 1\nmake_cred_uv_not_required 1\n", "auto\n");
    cred = enrolled("a", NULL);
    assert_int_equal(derive("a", cred, NULL, false, without), FIDO_OK);
    assert_int_equal(state("a", "touches"), 2);
    assert_int_equal(derive("a", cred, NULL, true, with), FIDO_OK);
    assert_int_equal(state("a", "touches"), 3);
    assert_memory_not_equal(with, without, SECRET_SIZE);
    put("a", "touch", "deny\n");
    assert_int_equal(derive("a", cred, NULL, true, with), FIDO_ERR_UV_INVALID);
    assert_int_equal(derive("a", cred, NULL, true, with), FIDO_ERR_UV_INVALID);
    assert_int_equal(derive("a", cred, NULL, true, with), FIDO_ERR_UV_BLOCKED);
    fido_cred_free(&cred);
}

static void always_uv(void **unused)
{
    fido_assert_t *assertion;
    fido_cred_t *cred;
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", "pin 1234\nalways_uv 1\n", "auto\n");
    cred = enrolled("a", "1234");
    assert_int_equal(derive_only("a", cred, NULL), FIDO_ERR_PIN_REQUIRED);
    assert_int_equal(derive_only("a", cred, "1234"), FIDO_OK);
    dev = opened("a");
    assertion = new_assertion(cred);
    assert_int_equal(fido_assert_set_up(assertion, FIDO_OPT_FALSE), FIDO_OK);
    assert_int_equal(fido_dev_get_assert(dev, assertion, NULL), FIDO_ERR_PIN_REQUIRED);
    fido_assert_free(&assertion);
    closed(dev);
    fido_cred_free(&cred);
}

static void protected_credential(void **unused)
{
    fido_cred_t *cred = new_credential();
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", "pin 1234\n", "auto\n");
    dev = opened("a");
    assert_int_equal(fido_cred_set_prot(cred, FIDO_CRED_PROT_UV_REQUIRED), FIDO_OK);
    assert_int_equal(fido_dev_make_cred(dev, cred, "1234"), FIDO_OK);
    assert_int_equal(fido_cred_prot(cred), FIDO_CRED_PROT_UV_REQUIRED);
    closed(dev);
    assert_int_equal(derive_only("a", cred, NULL), FIDO_ERR_NO_CREDENTIALS);
    assert_int_equal(derive_only("a", cred, "1234"), FIDO_OK);
    fido_cred_free(&cred);
}

static void wrong_pins(void **unused)
{
    fido_cred_t *cred;
    fido_dev_t *dev;
    int retries;

    (void)unused;
    plug_in("a", "pin 1234\n", "auto\n");
    cred = enrolled("a", "1234");
    assert_int_equal(derive_only("a", cred, "0000"), FIDO_ERR_PIN_INVALID);
    assert_int_equal(derive_only("a", cred, "1234"), FIDO_OK);
    for (int left = 7; left > 0; left--) {
        int expected = left % 3 == 2 ? FIDO_ERR_PIN_AUTH_BLOCKED : FIDO_ERR_PIN_INVALID;

        assert_int_equal(derive_only("a", cred, "0000"), expected);
        assert_int_equal(state("a", "retries"), left);
        if (expected == FIDO_ERR_PIN_AUTH_BLOCKED) {
            assert_int_equal(derive_only("a", cred, "1234"), FIDO_ERR_PIN_AUTH_BLOCKED);
            drop("a", "touch");
            put("a", "touch", "auto\n");
        }
    }
    dev = opened("a");
    assert_int_equal(fido_dev_get_retry_count(dev, &retries), FIDO_OK);
    assert_int_equal(retries, 1);
    closed(dev);
    assert_int_equal(derive_only("a", cred, "0000"), FIDO_ERR_PIN_BLOCKED);
    assert_int_equal(derive_only("a", cred, "1234"), FIDO_ERR_PIN_BLOCKED);
    fido_cred_free(&cred);
}

static void setting_the_pin(void **unused)
{
    fido_cred_t *cred = new_credential();
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", NULL, "auto\n");
    dev = opened("a");
    assert_false(fido_dev_has_pin(dev));
    assert_int_equal(fido_dev_make_cred(dev, cred, "1234"), FIDO_ERR_PIN_NOT_SET);
    assert_int_equal(fido_dev_set_pin(dev, "1234", NULL), FIDO_OK);
    assert_int_equal(fido_dev_set_pin(dev, "5678", NULL), FIDO_ERR_PIN_AUTH_INVALID);
    assert_int_equal(fido_dev_set_pin(dev, "5678", "0000"), FIDO_ERR_PIN_INVALID);
    assert_int_equal(fido_dev_set_pin(dev, "5678", "1234"), FIDO_OK);
    assert_int_equal(state("a", "pin"), 5678);
    assert_int_equal(fido_dev_make_cred(dev, cred, NULL), FIDO_ERR_PIN_REQUIRED);
    assert_int_equal(fido_dev_make_cred(dev, cred, "5678"), FIDO_OK);
    closed(dev);
    fido_cred_free(&cred);
}

static void another_key(void **unused)
{
    fido_cred_t *cred, *excluding;
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", NULL, "auto\n");
    plug_in("b", NULL, "auto\n");
    cred = enrolled("a", NULL);
    assert_int_equal(derive_only("b", cred, NULL), FIDO_ERR_NO_CREDENTIALS);

    excluding = new_credential();
    assert_int_equal(fido_cred_exclude(excluding, fido_cred_id_ptr(cred), fido_cred_id_len(cred)),
                     FIDO_OK);
    dev = opened("a");
    assert_int_equal(fido_dev_make_cred(dev, excluding, NULL), FIDO_ERR_CREDENTIAL_EXCLUDED);
    closed(dev);
    dev = opened("b");
    assert_int_equal(fido_dev_make_cred(dev, excluding, NULL), FIDO_OK);
    closed(dev);
    fido_cred_free(&excluding);
    fido_cred_free(&cred);
}

static void preflight(void **unused)
{
    fido_cred_t *cred;
    fido_assert_t *assertion;
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", NULL, "auto\n");
    cred = enrolled("a", NULL);
    put("a", "touch", "never\n");
    dev = opened("a");
    assertion = new_assertion(cred);
    assert_int_equal(fido_assert_set_up(assertion, FIDO_OPT_FALSE), FIDO_OK);
    assert_int_equal(fido_dev_get_assert(dev, assertion, NULL), FIDO_OK);
    assert_int_equal(fido_assert_flags(assertion, 0), 0);
    fido_assert_free(&assertion);
    assertion = new_derivation(cred, 32);
    assert_int_equal(fido_assert_set_up(assertion, FIDO_OPT_FALSE), FIDO_OK);
    assert_int_equal(fido_dev_get_assert(dev, assertion, NULL), FIDO_ERR_UNSUPPORTED_OPTION);
    assert_int_equal(state("a", "touches"), 1);
    fido_assert_free(&assertion);
    closed(dev);
    fido_cred_free(&cred);
}

static void touchless(void **unused)
{
    fido_cred_t *cred;
    fido_assert_t *assertion;
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", "touchless_up 1\ntouchless_secret 1\n", "auto\n");
    cred = enrolled("a", NULL);
    put("a", "touch", "never\n");
    dev = opened("a");
    assertion = new_derivation(cred, 32);
    assert_int_equal(fido_dev_get_assert(dev, assertion, NULL), FIDO_OK);
    assert_int_equal(fido_assert_hmac_secret_len(assertion, 0), SECRET_SIZE);
    assert_int_equal(verified(assertion, cred), FIDO_ERR_INVALID_PARAM);
    assert_int_equal(fido_assert_set_up(assertion, FIDO_OPT_FALSE), FIDO_OK);
    assert_int_equal(fido_dev_get_assert(dev, assertion, NULL), FIDO_OK);
    assert_int_equal(fido_assert_hmac_secret_len(assertion, 0), SECRET_SIZE);
    fido_assert_free(&assertion);
    closed(dev);
    fido_cred_free(&cred);
}

static void empty_secret(void **unused)
{
    fido_cred_t *cred;
    fido_assert_t *assertion;
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", "empty_secret 1\n", "auto\n");
    cred = enrolled("a", NULL);
    dev = opened("a");
    assertion = new_derivation(cred, 32);
    assert_int_equal(fido_dev_get_assert(dev, assertion, NULL), FIDO_OK);
    assert_int_equal(fido_assert_hmac_secret_len(assertion, 0), 0);
    fido_assert_free(&assertion);
    closed(dev);
    fido_cred_free(&cred);
}

static void lesser_key(void **unused)
{
    fido_cbor_info_t *info = fido_cbor_info_new();
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", "no_hmac_secret 1\nno_cred_protect 1\naaguid 00112233445566778899aabbccddeeff\n",
            "auto\n");
    dev = opened("a");
    assert_non_null(info);
    assert_int_equal(fido_dev_get_cbor_info(dev, info), FIDO_OK);
    assert_int_equal(fido_cbor_info_extensions_len(info), 0);
    assert_int_equal(fido_cbor_info_aaguid_ptr(info)[1], 0x11);
    fido_cbor_info_free(&info);
    closed(dev);
}

static void injected(void **unused)
{
    fido_cred_t *cred;
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", NULL, "auto\n");
    cred = enrolled("a", NULL);
    put("a", "conf", "error get_assert 3a\n");
    assert_int_equal(derive_only("a", cred, NULL), FIDO_ERR_ACTION_TIMEOUT);
    assert_int_equal(state("a", "touches"), 1);
    put("a", "conf", "error get_assert 27 touched\n");
    assert_int_equal(derive_only("a", cred, NULL), FIDO_ERR_OPERATION_DENIED);
    assert_int_equal(state("a", "touches"), 2);
    put("a", "conf", "junk get_assert\n");
    assert_int_equal(derive_only("a", cred, NULL), FIDO_ERR_RX_NOT_CBOR);
    put("a", "conf", "error client_pin 21\n");
    assert_int_not_equal(derive_only("a", cred, NULL), FIDO_OK);
    put("a", "conf", "error open 06\n");
    assert_int_equal(device_open("softkey:a", PATIENCE_MS, &dev), FIDO_ERR_RX);
    put("a", "conf", "touchles 1\n");
    assert_int_equal(device_open("softkey:a", PATIENCE_MS, &dev), FIDO_ERR_INTERNAL);
    fido_cred_free(&cred);
}

/* A derivation in a thread of its own, for what happens while it waits. */
struct errand {
    pthread_t thread;
    fido_dev_t *dev;
    fido_assert_t *assertion;
    int r;
};

static void *run(void *arg)
{
    struct errand *errand = arg;

    errand->r = fido_dev_get_assert(errand->dev, errand->assertion, NULL);
    return NULL;
}

static void send_off(struct errand *errand, const char *name, const fido_cred_t *cred)
{
    errand->dev = opened(name);
    errand->assertion = new_derivation(cred, 32);
    assert_int_equal(pthread_create(&errand->thread, NULL, run, errand), 0);
    await_waiting(name, true);
    assert_int_equal(state(name, "waiting"), getpid());
}

static int come_back(struct errand *errand, const char *name)
{
    assert_int_equal(pthread_join(errand->thread, NULL), 0);
    await_waiting(name, false);
    fido_assert_free(&errand->assertion);
    closed(errand->dev);
    return errand->r;
}

static void the_person(void **unused)
{
    struct errand errand;
    fido_cred_t *cred;
    long start;

    (void)unused;
    plug_in("a", "keepalive 5\n", "auto\n");
    cred = enrolled("a", NULL);
    put("a", "touch", "deny\n");
    assert_int_equal(derive_only("a", cred, NULL), FIDO_ERR_OPERATION_DENIED);
    put("a", "touch", "never\n");
    send_off(&errand, "a", cred);
    put("a", "touch", "auto\n");
    assert_int_equal(come_back(&errand, "a"), FIDO_OK);
    put("a", "touch", "never\n");
    send_off(&errand, "a", cred);
    put("a", "touch", "deny\n");
    assert_int_equal(come_back(&errand, "a"), FIDO_ERR_OPERATION_DENIED);
    assert_int_equal(state("a", "touches"), 2);
    put("a", "touch", "after 40\n");
    start = now_ms();
    assert_int_equal(derive_only("a", cred, NULL), FIDO_OK);
    assert_true(now_ms() - start >= 40);
    assert_true(state("a", "busy_us") >= 40000);
    fido_cred_free(&cred);
}

static void nobody(void **unused)
{
    fido_cred_t *cred;

    (void)unused;
    plug_in("a", NULL, "auto\n");
    cred = enrolled("a", NULL);
    put("a", "touch", "never\n");
    put("a", "conf", "timeout 20\n");
    assert_int_equal(derive_only("a", cred, NULL), FIDO_ERR_USER_ACTION_TIMEOUT);
    put("a", "conf", "timeout 20 3a\n");
    assert_int_equal(derive_only("a", cred, NULL), FIDO_ERR_ACTION_TIMEOUT);
    fido_cred_free(&cred);
}

static void cancelled(void **unused)
{
    struct errand errand;
    fido_cred_t *cred;

    (void)unused;
    plug_in("a", NULL, "auto\n");
    cred = enrolled("a", NULL);
    put("a", "touch", "never\n");
    send_off(&errand, "a", cred);
    assert_int_equal(fido_dev_cancel(errand.dev), FIDO_OK);
    assert_int_equal(come_back(&errand, "a"), FIDO_ERR_KEEPALIVE_CANCEL);
    assert_int_equal(state("a", "cancels"), 1);
    fido_cred_free(&cred);
}

static void unplugged(void **unused)
{
    struct errand errand;
    fido_cred_t *cred;
    fido_dev_t *dev;

    (void)unused;
    plug_in("a", NULL, "auto\n");
    cred = enrolled("a", NULL);
    put("a", "touch", "never\n");
    send_off(&errand, "a", cred);
    drop("a", "touch");
    assert_int_equal(come_back(&errand, "a"), FIDO_ERR_RX);
    assert_int_equal(device_open("softkey:a", PATIENCE_MS, &dev), FIDO_ERR_INTERNAL);
    put("a", "touch", "never\n");
    send_off(&errand, "a", cred);
    drop("a", "touch");
    put("a", "touch", "auto\n");
    assert_int_equal(come_back(&errand, "a"), FIDO_ERR_RX);
    fido_cred_free(&cred);
}

/* While a key waits, others cannot use it, and other keys can be used. */
static void busy(void **unused)
{
    struct errand errand;
    fido_cred_t *cred, *other;
    fido_dev_t *dev = NULL;

    (void)unused;
    plug_in("a", NULL, "auto\n");
    plug_in("b", NULL, "auto\n");
    cred = enrolled("a", NULL);
    other = enrolled("b", NULL);
    put("a", "touch", "never\n");
    send_off(&errand, "a", cred);
    assert_int_equal(device_open("softkey:a", PATIENCE_MS, &dev), FIDO_ERR_RX);
    assert_int_equal(derive_only("b", other, NULL), FIDO_OK);
    put("a", "touch", "auto\n");
    assert_int_equal(come_back(&errand, "a"), FIDO_OK);
    assert_int_equal(derive_only("a", cred, NULL), FIDO_OK);
    fido_cred_free(&cred);
    fido_cred_free(&other);
}

/* A process that is killed leaves its number in NAME.state and the key free. */
static void killed(void **unused)
{
    fido_cred_t *cred;
    pid_t child;

    (void)unused;
    plug_in("a", NULL, "auto\n");
    cred = enrolled("a", NULL);
    put("a", "touch", "never\n");
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(derive_only("a", cred, NULL));
    await_waiting("a", true);
    assert_int_equal(state("a", "waiting"), child);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    put("a", "touch", "auto\n");
    assert_int_equal(derive_only("a", cred, NULL), FIDO_OK);
    assert_int_equal(state("a", "waiting"), 0);
    fido_cred_free(&cred);
}

static void chosen_by_touch(void **unused)
{
    fido_dev_t *a, *b;
    int touched;

    (void)unused;
    plug_in("a", "pin 1234\n", "never\n");
    plug_in("b", NULL, "never\n");
    a = opened("a");
    b = opened("b");
    assert_int_equal(fido_dev_get_touch_begin(a), FIDO_OK);
    assert_int_equal(fido_dev_get_touch_begin(b), FIDO_OK);
    assert_int_equal(fido_dev_get_touch_status(a, &touched, 10), FIDO_OK);
    assert_int_equal(touched, 0);
    put("b", "touch", "auto\n");
    assert_int_equal(fido_dev_get_touch_status(b, &touched, PATIENCE_MS), FIDO_OK);
    assert_int_equal(touched, 1);
    assert_int_equal(fido_dev_cancel(a), FIDO_OK);
    closed(a);
    closed(b);
}

static void listed(void **unused)
{
    fido_dev_info_t *list = fido_dev_info_new(DEVICE_MAX);
    fido_dev_t *dev;
    size_t found;

    (void)unused;
    assert_non_null(list);
    assert_int_equal(device_manifest(list, &found), FIDO_OK);
    assert_int_equal(found, 0);
    plug_in("b", "", "auto\n");
    plug_in("a", "", "auto\n");
    assert_int_equal(device_manifest(list, &found), FIDO_OK);
    assert_int_equal(found, 2);
    assert_string_equal(fido_dev_info_path(fido_dev_info_ptr(list, 0)), "softkey:a");
    assert_string_equal(fido_dev_info_path(fido_dev_info_ptr(list, 1)), "softkey:b");
    dev = opened("b");
    assert_true(fido_dev_is_fido2(dev));
    closed(dev);
    assert_int_equal(device_open("softkey:../a", PATIENCE_MS, &dev), FIDO_ERR_INTERNAL);
    assert_int_equal(device_open("/dev/no-such-device", PATIENCE_MS, &dev), FIDO_ERR_INTERNAL);
    fido_dev_info_free(&list, DEVICE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(listed, clean),
        cmocka_unit_test_setup(secrets, clean),
        cmocka_unit_test_setup(secrets_by_protocol_1, clean),
        cmocka_unit_test_setup(secrets_by_protocol_2, clean),
        cmocka_unit_test_setup(pin_secrets, clean),
        cmocka_unit_test_setup(sensor, clean),
        cmocka_unit_test_setup(always_uv, clean),
        cmocka_unit_test_setup(protected_credential, clean),
        cmocka_unit_test_setup(wrong_pins, clean),
        cmocka_unit_test_setup(setting_the_pin, clean),
        cmocka_unit_test_setup(another_key, clean),
        cmocka_unit_test_setup(preflight, clean),
        cmocka_unit_test_setup(touchless, clean),
        cmocka_unit_test_setup(empty_secret, clean),
        cmocka_unit_test_setup(lesser_key, clean),
        cmocka_unit_test_setup(injected, clean),
        cmocka_unit_test_setup(the_person, clean),
        cmocka_unit_test_setup(nobody, clean),
        cmocka_unit_test_setup(cancelled, clean),
        cmocka_unit_test_setup(unplugged, clean),
        cmocka_unit_test_setup(busy, clean),
        cmocka_unit_test_setup(killed, clean),
        cmocka_unit_test_setup(chosen_by_touch, clean),
    };

    if (mkdir(folder(), 0700) < 0 && errno != EEXIST) {
        perror(folder());
        return 1;
    }
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    return cmocka_run_group_tests_name("softkey", tests, NULL, clean);
}
