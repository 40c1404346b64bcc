// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TRUST_H
#define AWSTAP_TRUST_H

#include "failure.h"

/*
 * The CA certificates that a server must be certified by: a file, or a folder in which OpenSSL
 * finds each by its hash. One of them is NULL; both are where the system has no such folder, and
 * libcurl's own default serves.
 */
struct trust {
    const char *file, *folder;
};

/*
 * Choose them: ca_bundle, a file or a folder, and nothing beside it; or, where it is empty, the
 * system's folder, as reading one certificate takes a quarter of the time of reading all. The
 * pointers lead to ca_bundle or to constants. 0, or -EIO and *failure: ca_bundle can't be read.
 */
int trust_choose(struct trust *trust, const char *ca_bundle, struct failure *failure);

#endif
