// SPDX-License-Identifier: BSD-2-Clause
// Whether a file still has an access key that is about to be replaced.
#include "plain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Every section counts, also one that awstap would not import. */
static bool stands_in(struct span text, const char *id, const char *path, char why[PLAIN_SIZE])
{
    struct ini_line line;
    char heading[257];
    struct span here = {"", 0};
    struct ini ini;

    ini_begin(&ini, text.at ? text.at : "", text.len);
    while (ini_next(&ini, &line)) {
        if (line.kind == INI_SECTION)
            here = line.name;
        if (line.kind != INI_SETTING || !span_is_key(line.name, "aws_access_key_id") ||
            !span_is(line.value, id))
            continue;
        if (!aws_config_heading(here, heading, sizeof heading))
            snprintf(heading, sizeof heading, "%.*s", (int)here.len, here.at ? here.at : "");
        snprintf(why, PLAIN_SIZE, "profile %s in %s has its access key", heading, path);
        return true;
    }
    return false;
}

/* One that can't be read may have it. */
static bool unread(const char *path, int error, char why[PLAIN_SIZE])
{
    if (error == 0 || error == -ENOENT || error == -ENOTDIR)
        return false;
    snprintf(why, PLAIN_SIZE, "%s cannot be read (%s) and may have its access key", path,
             strerror(-error));
    return true;
}

static bool credentials_have(const char *path, const char *id, char why[PLAIN_SIZE])
{
    static struct credentials credentials; /* too large for the stack */
    int r = credentials_read(&credentials, path);
    bool has = unread(path, r, why) ||
               stands_in((struct span){credentials.text, credentials.len}, id, path, why);

    credentials_free(&credentials);
    return has;
}

static bool config_has(const char *path, const char *id, char why[PLAIN_SIZE])
{
    struct aws_config config;
    int r = aws_config_read(&config, path);
    bool has =
        unread(path, r, why) || stands_in((struct span){config.text, config.len}, id, path, why);

    aws_config_free(&config);
    return has;
}

bool plain_has(const struct import *import, const char *id, char why[PLAIN_SIZE])
{
    char usual[IMPORT_PATH];

    return (!import->credentials.stream && credentials_have(import->file, id, why)) ||
           (credentials_path(usual, sizeof usual) == 0 && credentials_have(usual, id, why)) ||
           config_has(import->config_file, id, why);
}
