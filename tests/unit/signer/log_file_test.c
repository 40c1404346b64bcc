// SPDX-License-Identifier: BSD-2-Clause
// The log's check: what an agent wrote passes, and each way to change it is found.
#include "log_file.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log_chain.h"
#include "vault_fixture.h"

#define TIME 1767268800u
#define ROOM ((size_t)64 * 1024)

/* A log as an agent writes it: two files, and the segment that is being written. */
struct log {
    struct log_file files[2];
    uint8_t key[LOG_KEY_BYTES];
    struct log_begin begin;
    uint64_t count;
    struct log_anchor anchor;
    struct log_report report;
};

static void add(struct log *log, char line[LOG_LINE_MAX], size_t len)
{
    struct log_file *file = &log->files[1];
    uint8_t mac[LOG_MAC_BYTES];

    log_chain_mac(log->key, line, len, mac);
    log_chain_step(log->key);
    log->count++;
    len = log_line_end(line, len, mac);
    assert_true(file->size + len < ROOM);
    memcpy(file->data + file->size, line, len);
    file->size += len;
}

static void begin_part(struct log *log)
{
    const struct log_file *before = &log->files[log->files[1].size ? 1 : 0];
    char line[LOG_LINE_MAX];

    crypto_generichash(log->begin.before, LOG_HASH_BYTES, (uint8_t *)before->data,
                       before->data ? before->size : 0, NULL, 0);
    add(log, line, log_line_begin(line, TIME, &log->begin, log->count));
}

static void begin(struct log *log, const uint8_t *public_key)
{
    randombytes_buf(log->key, sizeof log->key);
    log_chain_id(log->key, log->begin.id);
    memcpy(log->begin.public_key, public_key, LOG_KEY_BYTES);
    assert_int_equal(
        crypto_box_seal(log->begin.sealed, log->key, sizeof log->key, log->begin.public_key), 0);
    log->count = 0;
    begin_part(log);
}

static void write_events(struct log *log, int n)
{
    const struct log_event event = {.what = "served", .who = "aws", .key = "work"};
    char line[LOG_LINE_MAX];

    while (n-- > 0)
        add(log, line, log_line_event(line, TIME, &event, log->begin.id, log->count));
}

/* The file is full. */
static void put_aside(struct log *log)
{
    free(log->files[0].data);
    log->files[0].data = log->files[1].data;
    log->files[0].size = log->files[1].size;
    log->files[1].data = malloc(ROOM);
    log->files[1].size = 0;
    assert_non_null(log->files[1].data);
    begin_part(log);
}

static struct log log_new(const struct vault *vault)
{
    struct log log = {.files = {{.name = "log.1"}, {.name = "log", .data = malloc(ROOM)}}};

    assert_non_null(log.files[1].data);
    begin(&log, vault->public_key);
    return log;
}

static void log_free(struct log *log)
{
    free(log->files[0].data);
    free(log->files[1].data);
}

/* What an opening of the vault would note now. */
static void anchor(struct log *log)
{
    struct agent agent = {.logs = true, .log_count = log->count};

    memcpy(agent.log_id, log->begin.id, LOG_ID_BYTES);
    memcpy(agent.log_key, log->begin.public_key, LOG_KEY_BYTES);
    log_anchor_note(&log->anchor, &agent);
}

static unsigned faults(struct log *log, const struct vault *vault)
{
    struct error error = {0};

    assert_int_equal(log_file_check(vault, log->files, &log->anchor, &log->report, &error), 0);
    return log->report.faults;
}

/* Where line number n of the file begins. */
static char *line_at(const struct log_file *file, int n)
{
    char *line = file->data;

    while (n-- > 1)
        line = (char *)memchr(line, '\n', file->size - (size_t)(line - file->data)) + 1;
    return line;
}

static size_t line_size(const char *line)
{
    return (size_t)((const char *)memchr(line, '\n', LOG_LINE_MAX) - line) + 1;
}

static void remove_line(struct log_file *file, int n)
{
    char *line = line_at(file, n);
    size_t size = line_size(line), behind = (size_t)(file->data + file->size - line) - size;

    memmove(line, line + size, behind);
    file->size -= size;
}

static void swap_lines(struct log_file *file, int n)
{
    char *first = line_at(file, n), *second = line_at(file, n + 1), copy[LOG_LINE_MAX];
    size_t first_size = line_size(first), second_size = line_size(second);

    memcpy(copy, first, first_size);
    memmove(first, second, second_size);
    memcpy(first + second_size, copy, first_size);
}

static void repeat_line(struct log_file *file, int n)
{
    char *line = line_at(file, n);
    size_t size = line_size(line);

    memmove(line + size, line, (size_t)(file->data + file->size - line));
    file->size += size;
}

static void change(struct log_file *file, int n, const char *from, const char *to)
{
    char *at = memmem(line_at(file, n), line_size(line_at(file, n)), from, strlen(from));

    assert_non_null(at);
    memcpy(at, to, strlen(to));
}

static void test_intact(void **state)
{
    struct vault *vault = fixture_unlock(*state);
    struct log log = log_new(vault);

    write_events(&log, 5);
    anchor(&log);
    begin(&log, vault->public_key);
    write_events(&log, 3);
    anchor(&log);
    put_aside(&log);
    write_events(&log, 4);
    assert_int_equal(faults(&log, vault), 0);
    assert_int_equal(log.report.lines, 15);
    assert_int_equal(log.report.first, TIME);
    put_aside(&log); /* the first segment is gone with its file, though the anchor knows it */
    write_events(&log, 1);
    assert_int_equal(faults(&log, vault), 0);
    assert_int_equal(log.report.lines, 7);
    log_free(&log);
    vault_free(vault);
}

static void expect_fault(struct log *log, const struct vault *vault, const char *text)
{
    assert_true(faults(log, vault) > 0);
    if (!strstr(log->report.text, text))
        fail_msg("\"%s\" is not in \"%s\"", text, log->report.text);
    log_free(log);
}

static struct log log_of_ten(const struct vault *vault)
{
    struct log log = log_new(vault);

    write_events(&log, 9);
    anchor(&log);
    return log;
}

static void test_lines(void **state)
{
    struct vault *vault = fixture_unlock(*state);
    struct log log = log_of_ten(vault);

    change(&log.files[1], 4, "aws", "foo");
    expect_fault(&log, vault, "line 4 of log was changed");
    assert_int_equal(log.report.lines, 9);
    log = log_of_ten(vault);
    change(&log.files[1], 4, "served", "serv\ned");
    expect_fault(&log, vault, "line 4 of log is damaged");
    log = log_of_ten(vault);
    remove_line(&log.files[1], 3);
    expect_fault(&log, vault, "1 line is missing before line 3 of log");
    log = log_of_ten(vault);
    swap_lines(&log.files[1], 5);
    expect_fault(&log, vault, "1 line is missing before line 5 of log");
    log = log_of_ten(vault);
    repeat_line(&log.files[1], 5);
    expect_fault(&log, vault, "line 6 of log was added or moved");
    assert_int_equal(log.report.lines, 10);
    vault_free(vault);
}

static void test_end(void **state)
{
    struct vault *vault = fixture_unlock(*state);
    struct log log = log_of_ten(vault);

    remove_line(&log.files[1], 10);
    remove_line(&log.files[1], 9);
    expect_fault(&log, vault, "2 lines are missing at the end");
    log = log_of_ten(vault);
    log.files[1].size = 0;
    expect_fault(&log, vault, "10 lines are missing at the end");
    log = log_of_ten(vault);
    log.files[1].size -= 5;
    expect_fault(&log, vault, "line 10 of log is damaged");
    vault_free(vault);
}

/* What was before a segment is held by its beginning, sealed to whatever key it is. */
static void test_earlier_segments(void **state)
{
    struct vault *vault = fixture_unlock(*state);
    uint8_t other[LOG_KEY_BYTES], secret[LOG_KEY_BYTES];
    struct log log;

    crypto_box_keypair(other, secret);
    log = log_new(vault);
    begin(&log, other);
    write_events(&log, 3);
    begin(&log, vault->public_key);
    write_events(&log, 1);
    assert_int_equal(faults(&log, vault), 0);
    assert_int_equal(log.report.lines, 3);
    assert_int_equal(log.report.unchecked, 4);
    change(&log.files[1], 4, "aws", "foo");
    expect_fault(&log, vault, "what stood before line 6 of log was changed or removed");
    log = log_of_ten(vault);
    put_aside(&log);
    begin(&log, vault->public_key);
    anchor(&log);
    log.files[0].size = 0;
    expect_fault(&log, vault, "what stood before line 1 of log was changed or removed");
    vault_free(vault);
}

/* Anyone can seal a key of his own to the vault, so no segment's key may be put in place of
 * another. */
static void test_forged_beginning(void **state)
{
    struct vault *vault = fixture_unlock(*state);
    struct log log = log_of_ten(vault), forged = log_new(vault);
    uint8_t other[LOG_KEY_BYTES], secret[LOG_KEY_BYTES];

    memcpy(forged.begin.id, log.begin.id, LOG_ID_BYTES);
    forged.files[1].size = forged.count = 0;
    begin_part(&forged);
    write_events(&forged, 9);
    forged.anchor = log.anchor;
    expect_fault(&forged, vault, "line 1 of log was changed, added or moved");
    log_free(&log);

    crypto_box_keypair(other, secret);
    log = log_of_ten(vault);
    memcpy(log.begin.public_key, other, sizeof other);
    log.files[1].size = log.count = 0;
    begin_part(&log);
    write_events(&log, 9);
    expect_fault(&log, vault, "names another key");
    vault_free(vault);
}

/* The log of an earlier day, which was right then. */
static void test_replayed_segment(void **state)
{
    struct vault *vault = fixture_unlock(*state);
    struct log log = log_of_ten(vault);
    size_t earlier = log.files[1].size;

    begin(&log, vault->public_key);
    write_events(&log, 2);
    anchor(&log);
    log.files[1].size = earlier;
    expect_fault(&log, vault, "3 lines are missing at the end");
    vault_free(vault);
}

static void test_anchor(void **state)
{
    struct vault *vault = fixture_unlock(*state);
    struct agent agent = {.logs = true, .log_count = 5};
    struct log_anchor anchor_;
    struct error error = {0};
    char path[200];
    uint8_t *data;
    size_t len;

    assert_int_equal(log_anchor_read(vault, &anchor_, &error), 1);
    log_anchor_make(&agent, vault);
    log_anchor_write();
    assert_int_equal(log_anchor_read(vault, &anchor_, &error), 0);
    assert_int_equal(anchor_.count, 1);
    assert_int_equal(anchor_.entries[0].count, 5);
    agent.log_count = 3; /* it never falls */
    log_anchor_make(&agent, vault);
    log_anchor_write();
    for (uint8_t i = 1; i <= LOG_ANCHOR_ENTRIES; i++) {
        agent.log_id[0] = i;
        log_anchor_make(&agent, vault);
        log_anchor_write();
        assert_int_equal(log_anchor_read(vault, &anchor_, &error), 0);
        assert_int_equal(anchor_.entries[0].count, i < LOG_ANCHOR_ENTRIES ? 5 : 3);
    }
    assert_int_equal(anchor_.count, LOG_ANCHOR_ENTRIES);
    snprintf(path, sizeof path, "%s/log.anchor", vault->state);
    data = fixture_load(path, &len);
    for (size_t i = 0; i < len; i += 37) {
        data[i] ^= 1;
        fixture_store(path, data, len);
        assert_int_equal(log_anchor_read(vault, &anchor_, &error), -1);
        assert_int_equal(error.status, EXIT_VAULT);
        data[i] ^= 1;
    }
    free(data);
    vault_free(vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_intact, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lines, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_end, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_earlier_segments, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_forged_beginning, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_replayed_segment, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_anchor, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
