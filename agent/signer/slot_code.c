// SPDX-License-Identifier: BSD-2-Clause
// The code that goes with a passphrase. It slows down who guesses at this computer; against a
// stolen disk the passphrase stands alone, as the seed is in the vault.
#include "slot_code.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "ledger.h"
#include "totp.h"

#define DIGITS (TOTP_CODE_SIZE - 1)
#define WINDOW 1 /* steps by which the clocks may differ */

void slot_name(const struct vault *vault, uint32_t slot_id, char name[SLOT_NAME_SIZE])
{
    char hex[2 * VAULT_ID_BYTES + 1];

    sodium_bin2hex(hex, sizeof(hex), vault->id, VAULT_ID_BYTES);
    snprintf(name, SLOT_NAME_SIZE, "slot:%s:%" PRIu32, hex, slot_id);
}

/* The digits of what was typed. 0, or -1: it is no code. */
static int read_digits(const char *typed, char code[TOTP_CODE_SIZE])
{
    size_t len = 0;

    for (; *typed; typed++) {
        if (*typed == ' ')
            continue;
        if (*typed < '0' || *typed > '9' || len == DIGITS)
            return -1;
        code[len++] = *typed;
    }
    code[len] = '\0';
    return len == DIGITS ? 0 : -1;
}

/* The latest step of the window with this code, into *step. All are looked at, whichever it is. 1;
 * 0: none; -1: libcrypto failed. */
static int find_step(const uint8_t *seed, size_t seed_len, const char *code, uint64_t now,
                     uint64_t *step)
{
    char right[TOTP_CODE_SIZE];
    int found = 0;

    for (uint64_t at = now - WINDOW; at <= now + WINDOW && found >= 0; at++) {
        if (totp_code(seed, seed_len, at, right) < 0) {
            found = -1;
        } else if (sodium_memcmp(right, code, DIGITS) == 0) {
            *step = at;
            found = 1;
        }
    }
    sodium_memzero(right, sizeof(right));
    return found;
}

static enum slot_code use(const struct vault *vault, uint32_t slot_id, uint64_t now, uint64_t step,
                          struct error *error)
{
    char name[SLOT_NAME_SIZE];
    int r;

    slot_name(vault, slot_id, name);
    r = ledger_use(vault->state, name, now, step, error);
    if (r == 0)
        error_set(error, EXIT_PERSON, "this code was used already; wait for the next one");
    return r < 0 ? SLOT_CODE_FAILED : r == 0 ? SLOT_CODE_USED : SLOT_CODE_RIGHT;
}

enum slot_code slot_code_check(const struct vault *vault, uint32_t slot_id, const uint8_t *seed,
                               size_t seed_len, const char *typed, struct error *error)
{
    uint64_t now = totp_step(clock_now_ms()), step = 0;
    char code[TOTP_CODE_SIZE];
    int found = 0;

    if (read_digits(typed, code) < 0) {
        error_set(error, EXIT_PERSON, "a code is %d digits", DIGITS);
        return SLOT_CODE_WRONG;
    }
    found = find_step(seed, seed_len, code, now, &step);
    sodium_memzero(code, sizeof(code));
    if (found < 0) {
        error_set(error, EXIT_FAILED, "cannot compute the code");
        return SLOT_CODE_FAILED;
    }
    if (found)
        return use(vault, slot_id, now, step, error);
    error_set(error, EXIT_PERSON,
              "wrong code; if it stays wrong, compare the clocks of both devices");
    return SLOT_CODE_WRONG;
}
