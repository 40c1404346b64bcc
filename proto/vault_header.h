// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_VAULT_HEADER_H
#define AWSTAP_VAULT_HEADER_H

/* How every vault file begins, for those that look no further: magic, version (u32), vault id, the
 * vault's public key. agent/signer/VAULT.md has the rest. */

#define VAULT_MAGIC         "awstap vault\r\n\x1a" /* with its NUL: 16 bytes */
#define VAULT_VERSION       1u
#define VAULT_PUBLIC_KEY_AT (16 + 4 + 16)

#endif
