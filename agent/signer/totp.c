// SPDX-License-Identifier: BSD-2-Clause
// TOTP codes (RFC 6238 over RFC 4226). SHA-1 is libcrypto's, as libsodium has none; HMAC() clears
// its copy of the seed before it returns.
#include "totp.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define SHA1_SIZE 20

uint64_t totp_step(uint64_t time_ms)
{
    return time_ms / TOTP_PERIOD_MS;
}

uint64_t totp_step_start_ms(uint64_t step)
{
    return step * TOTP_PERIOD_MS;
}

int totp_code(const uint8_t *seed, size_t len, uint64_t step, char code[TOTP_CODE_SIZE])
{
    uint8_t counter[8], mac[SHA1_SIZE];
    uint64_t big = htobe64(step);
    uint32_t number;
    unsigned at, size = sizeof mac;

    if (!len || len > INT_MAX)
        return -EINVAL;
    memcpy(counter, &big, sizeof counter);
    if (!HMAC(EVP_sha1(), seed, (int)len, counter, sizeof counter, mac, &size))
        return -EIO;
    at = mac[SHA1_SIZE - 1] & 0x0f;
    memcpy(&number, mac + at, sizeof number);
    number = (be32toh(number) & 0x7fffffff) % 1000000;
    snprintf(code, TOTP_CODE_SIZE, "%06u", number);
    explicit_bzero(mac, sizeof mac);
    return 0;
}
