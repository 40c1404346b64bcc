// SPDX-License-Identifier: BSD-2-Clause
// The recovery code: a slot's secret as letters and digits that a person can copy by hand.
#include "recovery.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

#include "hash.h"

#define GROUPS      8
#define GROUP_BYTES (RECOVERY_SECRET_BYTES / GROUPS)
#define GROUP_CHARS 8 /* 5 bits each: the group's 32 and the checksum's 8 */

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The group as the 40 bits that are printed. */
static uint64_t with_checksum(const uint8_t *group, uint8_t place)
{
    uint8_t hash[HASH_BYTES];
    uint64_t bits = 0;

    hash_labelled(hash, NULL, "awstap 1 recovery group",
                  (struct bytes[]){{&place, 1}, {group, GROUP_BYTES}}, 2);
    for (size_t i = 0; i < GROUP_BYTES; i++)
        bits = bits << 8 | group[i];
    bits = bits << 8 | hash[0];
    sodium_memzero(hash, sizeof(hash));
    return bits;
}

void recovery_print(const uint8_t secret[RECOVERY_SECRET_BYTES], char text[RECOVERY_TEXT_SIZE])
{
    for (uint8_t group = 0; group < GROUPS; group++) {
        uint64_t bits = with_checksum(secret + group * GROUP_BYTES, group);
        for (int shift = 5 * (GROUP_CHARS - 1); shift >= 0; shift -= 5)
            *text++ = digits[bits >> shift & 31];
        *text++ = group == GROUPS - 1 ? '\0' : '-';
    }
}

/* The value of a character; -1 for one that is skipped, -2 for one that is none of ours. */
static int digit(char character)
{
    char upper = (char)toupper((unsigned char)character);

    if (upper == '-' || upper == ' ' || upper == '\n')
        return -1;
    if (upper == 'I' || upper == 'L')
        upper = '1';
    if (upper == 'O')
        upper = '0';
    const char *found = upper ? strchr(digits, upper) : NULL;
    return found ? (int)(found - digits) : -2;
}

/* Take the next group off the text. 0, or -1 where it is short or mistyped. */
static int parse_group(const char **text, size_t *len, uint8_t place, uint8_t *group)
{
    uint64_t bits = 0;
    int count = 0;

    while (count < GROUP_CHARS && *len != 0) {
        int value = digit(**text);
        (*text)++;
        (*len)--;
        if (value == -2)
            return -1;
        if (value == -1)
            continue;
        bits = bits << 5 | (uint64_t)value;
        count++;
    }
    for (size_t i = 0; i < GROUP_BYTES; i++)
        group[i] = (uint8_t)(bits >> (8 * (GROUP_BYTES - i)));
    return count == GROUP_CHARS && bits == with_checksum(group, place) ? 0 : -1;
}

int recovery_parse(const char *text, size_t len, uint8_t secret[RECOVERY_SECRET_BYTES],
                   struct error *error)
{
    for (uint8_t group = 0; group < GROUPS; group++) {
        if (parse_group(&text, &len, group, secret + group * GROUP_BYTES) < 0) {
            sodium_memzero(secret, RECOVERY_SECRET_BYTES);
            return error_set(error, EXIT_PERSON,
                             "the recovery code is mistyped in its group %d of %d", group + 1,
                             GROUPS);
        }
    }
    while (len != 0 && digit(*text) == -1) {
        text++;
        len--;
    }
    if (len == 0)
        return 0;
    sodium_memzero(secret, RECOVERY_SECRET_BYTES);
    return error_set(error, EXIT_PERSON, "the recovery code is too long: it has %d groups", GROUPS);
}
