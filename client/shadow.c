// SPDX-License-Identifier: BSD-2-Clause
// Static keys that stand before awstap.
#include "shadow.h"

#include <stdio.h>
#include <stdlib.h>

bool shadow_environment(char out[SHADOW_SIZE])
{
    const char *id = getenv("AWS_ACCESS_KEY_ID");

    if (!id || !*id)
        return false;
    snprintf(out, SHADOW_SIZE,
             "AWS_ACCESS_KEY_ID is set in this environment, and wins wherever no --profile is "
             "given: unset it, and take it out of where it is set");
    return true;
}

bool shadow_config(const struct aws_profile *profile, const char *name, const char *path,
                   char out[SHADOW_SIZE])
{
    if (!profile->aws_access_key_id)
        return false;
    snprintf(out, SHADOW_SIZE,
             "profile %.256s has an access key in %.512s itself, which many AWS tools take before "
             "they ask awstap: run `awstap key import --credentials %.512s`",
             name, path, path);
    return true;
}

bool shadow_setting(const struct credentials *credentials, const char *name, const char *path,
                    char out[SHADOW_SIZE])
{
    const char *setting = credentials_overriding(credentials, name);

    if (!setting)
        return false;
    snprintf(out, SHADOW_SIZE,
             "profile %.256s has %s in %.512s, which AWS tools take before they ask awstap: move "
             "it to a profile of its own, or take it out",
             name, setting, path);
    return true;
}

bool shadow_default(const struct credentials *credentials, const char *name, const char *path,
                    char out[SHADOW_SIZE])
{
    const char *setting = credentials_inherited(credentials, name);

    if (!setting)
        return false;
    snprintf(
        out, SHADOW_SIZE,
        "profile %.256s has %s by the section [DEFAULT] of %.512s, which the AWS CLI puts into "
        "every other one there, and takes before it asks awstap: rename it [default], or take "
        "it out",
        name, setting, path);
    return true;
}

bool shadow_credentials(struct credentials *credentials, const char *name, const char *path,
                        char out[SHADOW_SIZE])
{
    const struct credentials_profile *profile = credentials_find(credentials, name);

    if (!profile)
        return false;
    snprintf(out, SHADOW_SIZE,
             "profile %.256s has an access key in %.512s, which AWS tools take before they ask "
             "awstap: run `awstap key import`, or take it out",
             name, path);
    return true;
}
