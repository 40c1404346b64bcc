// SPDX-License-Identifier: BSD-2-Clause
// Which CA certificates a server is checked against.
#include "trust.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const SYSTEM_FOLDERS[] = {
    "/etc/ssl/certs",                                /* Debian, SUSE, Arch, Alpine */
    "/etc/pki/ca-trust/extracted/pem/directory-hash" /* Fedora, RHEL */
};

#define FOLDERS (sizeof SYSTEM_FOLDERS / sizeof *SYSTEM_FOLDERS)
#define LOOK_AT 1024 /* entries: a hashed folder shows its first hash within a few */

/* Whether the name is one that OpenSSL looks for: eight hexadecimal digits, a dot, a number. */
static bool is_hash(const char *name)
{
    size_t digits = strspn(name, "0123456789abcdef");

    return digits == 8 && name[8] == '.' && isdigit((unsigned char)name[9]);
}

static bool is_hashed_folder(const char *path)
{
    DIR *folder = opendir(path);
    bool found = false;

    if (!folder)
        return false;
    for (int i = 0; i < LOOK_AT && !found; i++) {
        const struct dirent *entry = readdir(folder);

        if (!entry)
            break;
        found = is_hash(entry->d_name);
    }
    closedir(folder);
    return found;
}

static int choose_given(struct trust *trust, const char *ca_bundle, struct failure *failure)
{
    struct stat facts;

    if (stat(ca_bundle, &facts) < 0 || access(ca_bundle, R_OK) < 0)
        return failure_set(failure, NET_UNTRUSTED,
                           "cannot read the CA certificates in %.200s: %s; correct --ca-bundle",
                           ca_bundle, strerror(errno));
    if (S_ISDIR(facts.st_mode))
        trust->folder = ca_bundle;
    else
        trust->file = ca_bundle;
    return 0;
}

int trust_choose(struct trust *trust, const char *ca_bundle, struct failure *failure)
{
    *trust = (struct trust){NULL, NULL};
    if (*ca_bundle)
        return choose_given(trust, ca_bundle, failure);
    for (size_t i = 0; i < FOLDERS && !trust->folder; i++)
        if (is_hashed_folder(SYSTEM_FOLDERS[i]))
            trust->folder = SYSTEM_FOLDERS[i];
    return 0;
}
