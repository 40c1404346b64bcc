// SPDX-License-Identifier: BSD-2-Clause
// A vault in a folder of its own, for the tests of the signer.
#include "vault_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "vault_format.h"

#define ARENA_BYTES ((size_t)1024 * 1024)

int fixture_group_setup(void **state)
{
    (void)state;
    return sodium_init() < 0 || clock_open() < 0 || arena_open(ARENA_BYTES, ARENA_LOCK_WANTED) < 0;
}

int fixture_group_teardown(void **state)
{
    (void)state;
    arena_close();
    return 0;
}

struct slot fixture_slot(const char *label)
{
    struct slot slot = {.kind = FACTOR_FIDO2, .fido2 = {.credential_len = 48, .flags = FIDO_UP}};

    randombytes_buf(slot.fido2.credential, slot.fido2.credential_len);
    randombytes_buf(slot.fido2.public_key, sizeof(slot.fido2.public_key));
    randombytes_buf(slot.fido2.salt, sizeof(slot.fido2.salt));
    snprintf(slot.label, sizeof(slot.label), "%s", label);
    return slot;
}

struct key fixture_key(const char *name)
{
    struct key key = {
        .arn = "arn:aws:iam::123456789012:user/alice",
        .account = "123456789012",
        .partition = "aws",
        .region = "eu-central-1",
        .sts_url = "http://127.0.0.1:4566",
        .iam_url = "http://127.0.0.1:4567",
        .policy = key_policy_default,
    };

    snprintf(key.name, sizeof(key.name), "%s", name);
    return key;
}

static __attribute__((noinline)) void add_slot(struct fixture *fixture, struct vault *vault,
                                               const char *label, const uint8_t *secret)
{
    struct slot slot = fixture_slot(label);

    assert_int_equal(vault_add_slot(vault, &slot, secret, NULL, &fixture->error), 0);
}

static __attribute__((noinline)) void add_key(struct fixture *fixture, struct vault *vault,
                                              const char *name, const char *id, const char *secret)
{
    struct key key = fixture_key(name);

    assert_int_equal(vault_add_key(vault, &key, id, secret, &fixture->error), 0);
}

static void fill(struct fixture *fixture, struct vault *vault)
{
    struct error *error = &fixture->error;

    add_slot(fixture, vault, "the first", fixture->first);
    add_slot(fixture, vault, "the second", fixture->second);
    add_key(fixture, vault, "work", "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    add_key(fixture, vault, "home", "AKIAI44QH8DHBEXAMPLE",
            "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY");
    assert_int_equal(vault_set_mfa(vault, vault_key(vault, "work", error),
                                   "arn:aws:iam::123456789012:mfa/alice", "12345678901234567890",
                                   20, error),
                     0);
}

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct vault *vault;

    strcpy(fixture->folder, "/tmp/awstap-vault-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/data/awstap/vault", fixture->folder);
    snprintf(fixture->state, sizeof(fixture->state), "%s/state/awstap", fixture->folder);
    randombytes_buf(fixture->first, sizeof(fixture->first));
    randombytes_buf(fixture->second, sizeof(fixture->second));
    assert_int_equal(vault_create(fixture->path, fixture->state, &vault, &fixture->error), 0);
    fill(fixture, vault);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
    *state = fixture;
    return 0;
}

static void remove_folder(const char *path)
{
    char inner[512];
    DIR *folder = opendir(path);

    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (unlink(inner) < 0)
            remove_folder(inner);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

struct vault *fixture_read(struct fixture *fixture)
{
    struct vault *vault = NULL;

    if (vault_read(fixture->path, fixture->state, &vault, &fixture->error) != 0)
        fail_msg("%s", fixture->error.text);
    return vault;
}

struct vault *fixture_unlock(struct fixture *fixture)
{
    struct vault *vault = fixture_read(fixture);

    if (vault_unlock(vault, 1, fixture->first, &fixture->error) < 0)
        fail_msg("%s", fixture->error.text);
    return vault;
}

void fixture_forget(struct fixture *fixture)
{
    remove_folder(fixture->state);
}

uint8_t *fixture_load(const char *path, size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    uint8_t *data = malloc((size_t)st.st_size + 1);
    assert_non_null(data);
    assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
    close(fd);
    *len = (size_t)st.st_size;
    return data;
}

void fixture_store(const char *path, const uint8_t *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
}

void fixture_store_forged(struct fixture *fixture, const struct vault *vault)
{
    struct vault_sections sections;
    uint8_t hash[VAULT_KEY_BYTES];
    struct buf bytes;

    buf_init(&bytes);
    assert_int_equal(vault_encode(vault, &bytes, &sections), 0);
    assert_int_equal(vault_encode_end(vault, &bytes, hash), 0);
    fixture_store(fixture->path, buf_data(&bytes), buf_len(&bytes));
    buf_free(&bytes);
    fixture_forget(fixture);
}
