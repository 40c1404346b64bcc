// SPDX-License-Identifier: BSD-2-Clause
// The agent's log: what is in the file, its chain of keys, its bound, and what it does where it
// can't be written.
#include "log.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "log_chain.h"
#include "vault_header.h"

#define ARENA ((size_t)64 * 1024)

struct world {
    char folder[32], state[64], vault[64];
    uint8_t public_key[LOG_KEY_BYTES], private_key[LOG_KEY_BYTES];
};

static const struct log_event EVENT = {.what = "issued", .key = "work", .who = "aws"};

/* As much of a vault as the log reads. */
static void write_vault(struct world *world)
{
    FILE *file = fopen(world->vault, "w");

    assert_non_null(file);
    crypto_box_keypair(world->public_key, world->private_key);
    fwrite(VAULT_MAGIC, 1, sizeof VAULT_MAGIC, file);
    for (size_t i = sizeof VAULT_MAGIC; i < VAULT_PUBLIC_KEY_AT; i++)
        fputc(1, file);
    fwrite(world->public_key, 1, sizeof world->public_key, file);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    strcpy(world->folder, "/tmp/log_test.XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->state, sizeof world->state, "%s/new/state", world->folder);
    snprintf(world->vault, sizeof world->vault, "%s/vault", world->folder);
    assert_int_equal(arena_open(ARENA, ARENA_LOCK_WANTED), 0);
    assert_int_equal(clock_open(), 0);
    assert_int_equal(log_open(world->state, world->vault), 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    char command[80];

    log_close();
    arena_close();
    snprintf(command, sizeof command, "rm -r %s", world->folder);
    assert_int_equal(system(command), 0);
    free(world);
    return 0;
}

static char *load(const struct world *world, const char *name, size_t *len)
{
    char path[128], *data = malloc(LOG_FILE_MAX + LOG_SLACK);
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", world->state, name);
    file = fopen(path, "r");
    assert_non_null(data);
    assert_non_null(file);
    *len = fread(data, 1, LOG_FILE_MAX + LOG_SLACK, file);
    fclose(file);
    return data;
}

/* Each line must be one of ours, and have its MAC by the chain of the last segment begun. */
static size_t check(const struct world *world, const char *name, uint64_t *first)
{
    static struct log_line line;
    uint8_t key[LOG_KEY_BYTES], mac[LOG_MAC_BYTES];
    size_t size, count = 0;
    uint64_t next = 0;
    char *data = load(world, name, &size), *end;

    for (char *at = data; at < data + size; at = end + 1, count++) {
        end = memchr(at, '\n', size - (size_t)(at - data));
        assert_non_null(end);
        assert_int_equal(log_line_parse(at, (size_t)(end - at), &line), 0);
        if (line.is_begin) {
            assert_int_equal(crypto_box_seal_open(key, line.begin.sealed, LOG_SEALED_BYTES,
                                                  world->public_key, world->private_key),
                             0);
            next = 0;
        }
        if (count == 0)
            *first = line.count;
        for (; next < line.count; next++)
            log_chain_step(key);
        log_chain_mac(key, at, line.covered, mac);
        assert_memory_equal(mac, line.mac, sizeof mac);
    }
    free(data);
    return count;
}

static void test_before_vault(void **state)
{
    const struct world *world = *state;
    struct stat facts;

    log_event(&EVENT);
    assert_int_equal(log_start().len, 0);
    assert_int_equal(log_count(), 0);
    assert_string_equal(log_trouble(), "");
    assert_int_equal(stat(world->state, &facts), -1);
}

static void test_lines(void **state)
{
    struct world *world = *state;
    char path[128];
    struct stat facts;
    uint64_t first;

    write_vault(world);
    for (int i = 0; i < 5; i++)
        log_event(&EVENT);
    assert_int_equal(log_count(), 6);
    assert_int_equal(log_start().len, LOG_ID_BYTES);
    assert_int_equal(check(world, LOG_FILE, &first), 6);
    snprintf(path, sizeof path, "%s/" LOG_FILE, world->state);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    write_vault(world); /* with another key */
    log_event(&EVENT);
    assert_int_equal(log_count(), 2);
}

/* What a power cut left of a line, and a log that somebody has removed. */
static void test_torn_and_gone(void **state)
{
    struct world *world = *state;
    char path[128];
    uint64_t first;
    size_t size;
    char *data;

    write_vault(world);
    log_event(&EVENT);
    snprintf(path, sizeof path, "%s/" LOG_FILE, world->state);
    assert_int_equal(truncate(path, 700), 0);
    log_close();
    assert_int_equal(log_open(world->state, world->vault), 0);
    log_event(&EVENT);
    data = load(world, LOG_FILE, &size);
    assert_int_equal(data[700], '\n');
    free(data);
    unlink(path);
    log_event(&EVENT);
    assert_int_equal(check(world, LOG_FILE, &first), 2);
    assert_int_equal(first, 2);
}

static void test_bound(void **state)
{
    struct world *world = *state;
    char path[128];
    struct stat facts;
    uint64_t first, older_first;
    size_t lines;

    write_vault(world);
    snprintf(path, sizeof path, "%s/" LOG_OLDER_FILE, world->state);
    for (int i = 0; i < 1000 || stat(path, &facts) < 0; i++)
        log_event(&EVENT);
    assert_in_range(facts.st_size, LOG_FILE_MAX, LOG_FILE_MAX + LOG_SLACK);
    lines = check(world, LOG_OLDER_FILE, &older_first);
    assert_int_equal(older_first, 0);
    lines += check(world, LOG_FILE, &first);
    assert_int_equal(log_count(), lines);
}

static void limit(rlim_t size)
{
    const struct rlimit limit = {size, RLIM_INFINITY};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file that may not grow takes a part of a line, as a full disk may. */
static void test_full_disk(void **state)
{
    struct world *world = *state;
    uint64_t first;
    size_t size;

    write_vault(world);
    log_event(&EVENT);
    free(load(world, LOG_FILE, &size));
    signal(SIGXFSZ, SIG_IGN);
    limit(size + 20);
    log_event(&EVENT);
    log_event(&EVENT);
    limit(RLIM_INFINITY);
    assert_non_null(strstr(log_trouble(), "can't be written: "));
    assert_non_null(strstr(log_trouble(), "; 2 lines are missing"));
    assert_int_equal(log_count(), 4);
    log_event(&EVENT);
    assert_string_equal(log_trouble(), "");
    assert_int_equal(check(world, LOG_FILE, &first), 3);
}

static void test_unwritable_folder(void **state)
{
    struct world *world = *state;

    write_vault(world);
    log_event(&EVENT);
    assert_int_equal(chmod(world->state, 0777), 0);
    log_event(&EVENT);
    assert_non_null(strstr(log_trouble(), "chmod 700"));
    assert_int_equal(log_count(), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_before_vault, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torn_and_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unwritable_folder, setup, teardown),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
