// SPDX-License-Identifier: BSD-2-Clause
// A new passphrase and the cost of guessing it.
#include "passphrase.h"

#include <sodium.h>
#include <string.h>

#include "memory.h"

/* Argon2id as RFC 9106 (section 4) has it for less memory than 2 GiB: 3 passes. The lanes are
 * libsodium's, one, which 256 MiB make up for. */
#define MEMORY_BEST  ((size_t)256 * 1024 * 1024)
#define MEMORY_LEAST ((size_t)64 * 1024 * 1024)
#define PASSES       3
#define SPARE        ((uint64_t)32 * 1024 * 1024) /* to be left to everybody else */

/* Whether the 3 bytes that end at text[at] stood before. */
static bool stood_before(const char *text, size_t at)
{
    for (size_t i = 2; i < at; i++)
        if (memcmp(text + i - 2, text + at - 2, 3) == 0)
            return true;
    return false;
}

/* Whether text[at] goes on as the two before it did: the same again, one more, one less. */
static bool goes_on(const char *text, size_t at)
{
    int step = text[at] - text[at - 1];

    return step == text[at - 1] - text[at - 2] && step >= -1 && step <= 1;
}

size_t passphrase_strength(const char *text, size_t len)
{
    size_t strength = 0;

    for (size_t i = 0; i < len; i++) {
        bool continues = ((unsigned char)text[i] & 0xc0) == 0x80; /* within a UTF-8 character */

        if (!continues && !(i >= 2 && (goes_on(text, i) || stood_before(text, i))))
            strength++;
    }
    return strength;
}

/*
 * How much memory to begin with. More than there is would not only be refused: with overcommitted
 * memory the kernel ends a process, and that may be another one.
 */
static size_t affordable(void)
{
    uint64_t available = memory_available();
    size_t memory = MEMORY_BEST;

    while (memory > MEMORY_LEAST && available < memory + SPARE)
        memory /= 2;
    return memory;
}

int passphrase_make(struct slot *slot, const char *passphrase, size_t len, uint8_t *secret,
                    struct error *error)
{
    struct slot_passphrase *facts = &slot->passphrase;
    int r = -1;

    slot->kind = FACTOR_PASSPHRASE;
    *facts = (struct slot_passphrase){.opslimit = PASSES};
    randombytes_buf(facts->salt, sizeof(facts->salt));
    for (size_t memory = affordable(); r < 0 && memory >= MEMORY_LEAST; memory /= 2) {
        facts->memlimit = memory;
        r = slot_stretch(slot, passphrase, len, secret, error);
    }
    return r;
}

bool passphrase_lowered(const struct slot *slot)
{
    return slot->passphrase.memlimit < MEMORY_BEST;
}
