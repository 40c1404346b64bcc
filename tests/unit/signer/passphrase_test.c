// SPDX-License-Identifier: BSD-2-Clause
// New passphrases: how strong they are taken to be, and what a guess is made to cost.
#include "passphrase.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "memory.h"

static size_t strength(const char *text)
{
    return passphrase_strength(text, strlen(text));
}

static void strengths(void **state)
{
    static const struct {
        const char *text;
        size_t strength;
    } CASES[] = {
        {"", 0},
        {"a", 1},
        {"ab", 2},
        {"correct horse battery staple", 28},
        {"Tr0ub4dor&3x", 12},
        {"aaaaaaaaaaaaaaaa", 2},
        {"abcdefghijklmnop", 2},
        {"zyxwvutsrqponmlk", 2},
        {"123456789012", 4},
        {"passwordpassword", 10}, /* the second one is but a way to the first */
        {"abcabcabcabcabcabc", 4},
        {"äöüßéèêëîïôç", 12},
        {"\xf0\x9f\x94\x91\xf0\x9f\x94\x92", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_int_equal(strength(CASES[i].text), CASES[i].strength);
}

static void made(void **state)
{
    struct slot slot = {.id = 1}, again;
    uint8_t *secret = arena_alloc(VAULT_KEY_BYTES), *same = arena_alloc(VAULT_KEY_BYTES);
    struct error error;

    (void)state;
    assert_int_equal(passphrase_make(&slot, "some words", 10, secret, &error), 0);
    assert_true(slot_valid(&slot));
    assert_int_equal(slot.passphrase.opslimit, 3);
    assert_int_equal(passphrase_lowered(&slot), slot.passphrase.memlimit != (uint64_t)256 << 20);
    again = slot;
    assert_int_equal(slot_stretch(&again, "some words", 10, same, &error), 0);
    assert_memory_equal(secret, same, VAULT_KEY_BYTES);
    arena_free(secret);
    arena_free(same);
}

static void memory_fields(void **state)
{
    static const char MEMINFO[] = "MemTotal:       16 kB\nMemFree:  8 kB\nMemAvailable:   12 kB\n";

    (void)state;
    assert_int_equal(memory_field(MEMINFO, "MemAvailable:", 1024), 12288);
    assert_int_equal(memory_field(MEMINFO, "MemTotal:", 1024), 16384);
    assert_int_equal(memory_field(MEMINFO, "Available:", 1024), UINT64_MAX);
    assert_int_equal(memory_field("max\n", "", 1), UINT64_MAX);
    assert_int_equal(memory_field("268435456\n", "", 1), 268435456);
    assert_int_equal(memory_field("file_mapped 1\nfile 2\n", "file ", 1), 2);
    assert_int_equal(memory_field("", "file ", 1), UINT64_MAX);
    assert_true(memory_available() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strengths),
        cmocka_unit_test(made),
        cmocka_unit_test(memory_fields),
    };

    if (sodium_init() < 0 || arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
