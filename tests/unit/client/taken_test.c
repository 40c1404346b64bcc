// SPDX-License-Identifier: BSD-2-Clause
// Which roles the log says were taken with a key.
#include "taken.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "log_line.h"
#include "message.h"

static char folder[64], state_folder[80];

static int set_up(void **state)
{
    char socket[96];

    (void)state;
    strcpy(folder, "/tmp/awstap-taken-XXXXXX");
    if (!mkdtemp(folder) || arena_open(256 * 1024, ARENA_LOCK_WANTED) < 0)
        return -1;
    snprintf(socket, sizeof socket, "%s/nobody", folder);
    snprintf(state_folder, sizeof state_folder, "%s/awstap", folder);
    setenv("AWSTAP_SOCK", socket, 1);
    setenv("XDG_STATE_HOME", folder, 1);
    return mkdir(state_folder, 0700);
}

static int tear_down(void **state)
{
    static const char *const FILES[] = {LOG_FILE, LOG_OLDER_FILE};
    char path[128];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", state_folder, FILES[i]);
        unlink(path);
    }
    rmdir(state_folder);
    rmdir(folder);
    arena_close();
    return 0;
}

static void put(const char *name, const char *data, size_t len)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", state_folder, name);
    file = fopen(path, "a");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

static void put_event(const char *name, uint64_t time, const char *key, const char *role,
                      const char *access_key_id)
{
    static const uint8_t tag[LOG_TAG_BYTES], mac[LOG_MAC_BYTES];
    const struct log_event event = {
        .what = "issued", .key = key, .role = role, .access_key_id = access_key_id};
    char line[LOG_LINE_MAX];
    size_t len = log_line_event(line, time, &event, tag, 1);

    put(name, line, log_line_end(line, len, mac));
}

static void test_no_log(void **state)
{
    struct taken taken;

    (void)state;
    assert_int_equal(taken_read(&taken, "work", 0), EXIT_DONE);
    assert_int_equal(taken.count, 0);
    assert_int_equal(taken.since, 0);
    taken_free(&taken);
}

static void test_whose_and_since_when(void **state)
{
    struct taken taken;

    (void)state;
    put_event(LOG_OLDER_FILE, 100, "work", "arn:aws:iam::1:role/before", "ASIA1");
    put_event(LOG_OLDER_FILE, 200, "work", "arn:aws:iam::1:role/first", "ASIA2");
    put(LOG_OLDER_FILE, "no line of ours\n", 16);
    put_event(LOG_FILE, 300, "home", "arn:aws:iam::1:role/others", "ASIA3");
    put_event(LOG_FILE, 300, "work", "arn:aws:iam::1:role/refused", "");
    put_event(LOG_FILE, 300, "work", "", "ASIA4");
    put_event(LOG_FILE, 301, "work", "arn:aws:iam::1:role/second", "ASIA5");
    put_event(LOG_FILE, 302, "work", "arn:aws:iam::1:role/first", "ASIA6");
    assert_int_equal(taken_read(&taken, "work", 200), EXIT_DONE);
    assert_int_equal(taken.count, 2);
    assert_string_equal(taken.roles[0], "arn:aws:iam::1:role/first");
    assert_string_equal(taken.roles[1], "arn:aws:iam::1:role/second");
    assert_int_equal(taken.since, 100);
    assert_int_equal(taken.damaged, 1);
    assert_int_equal(taken.left_out, 0);
    taken_free(&taken);
}

static void test_more_than_there_is_room_for(void **state)
{
    struct taken taken;
    char role[64];

    (void)state;
    for (unsigned i = 0; i < TAKEN_MAX + 3; i++) {
        snprintf(role, sizeof role, "arn:aws:iam::1:role/%u", i);
        put_event(LOG_FILE, 400, "many", role, "ASIA7");
    }
    assert_int_equal(taken_read(&taken, "many", 0), EXIT_DONE);
    assert_int_equal(taken.count, TAKEN_MAX);
    assert_int_equal(taken.left_out, 3);
    taken_free(&taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_log),
        cmocka_unit_test(test_whose_and_since_when),
        cmocka_unit_test(test_more_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
