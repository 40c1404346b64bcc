// SPDX-License-Identifier: BSD-2-Clause
// doctor: who asks awstap, by the files of AWS tools, and what stands before it.
#include "doctor.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "aws_config.h"
#include "chain.h"
#include "credentials.h"
#include "process.h"
#include "resolve.h"
#include "shadow.h"

#define PATH_SIZE 1024

/* The files, as far as they could be read. */
struct files {
    struct aws_config config;
    struct credentials credentials;
    char config_path[PATH_SIZE], credentials_path[PATH_SIZE];
    char shadow[SHADOW_SIZE]; /* what stands before awstap, as it was said last */
    size_t asking;            /* profiles that ask awstap */
};

static bool in_vault(const struct doctor *doctor, const char *name)
{
    for (size_t i = 0; i < doctor->key_count; i++)
        if (strcmp(doctor->keys[i], name) == 0)
            return true;
    return false;
}

static bool check_program(struct doctor *doctor, const char *name, const char *process)
{
    char program[PROCESS_SIZE];

    if (process_is_there(process, program))
        return true;
    doctor_say(doctor, FINDING_WRONG, "profile",
               "%.256s runs %.512s, which is not there: mend its credential_process", name,
               program);
    return false;
}

/* AWS tools must read it as we do. */
static bool check_place(struct doctor *doctor, const struct files *files, const char *name,
                        const char *process)
{
    const struct aws_config *config = &files->config;
    const char *why =
        aws_config_check_process((struct span){config->text, config->len}, config, name, process);

    if (why)
        doctor_say(doctor, FINDING_WRONG, "profile", "%.256s in %.512s: %s", name,
                   files->config_path, why);
    return !why;
}

/* What the profile asks for must lead to a key in the vault. */
static bool check_name(struct doctor *doctor, const struct files *files, const char *name)
{
    static struct resolved resolved; /* too large for the stack */
    int status = resolve_quietly(&files->config, name, &resolved, doctor->why, DOCTOR_WHY);

    resolved_free(&resolved);
    if (status != EXIT_DONE) {
        doctor_say(doctor, FINDING_WRONG, "profile", "%.256s: %s", name, doctor->why);
        return false;
    }
    if (!doctor->knows || in_vault(doctor, resolved.key))
        return true;
    doctor_say(doctor, FINDING_WRONG, "profile",
               "%.256s asks for the key %s, which is not in the vault: mend its "
               "credential_process, or add the key (awstap key add %s)",
               name, resolved.key, resolved.key);
    return false;
}

/* What was found to stand before awstap, if it does. Whether it does not. */
static bool check_shadow(struct doctor *doctor, const struct files *files, bool shadowed)
{
    if (shadowed)
        doctor_say(doctor, FINDING_WRONG, "profile", "%s", files->shadow);
    return !shadowed;
}

/* Each of them is named. */
static bool check_shadows(struct doctor *doctor, struct files *files, const char *name,
                          const struct aws_profile *profile)
{
    struct credentials *credentials = &files->credentials;
    const char *path = files->credentials_path;
    bool fine;

    fine = check_shadow(doctor, files,
                        shadow_config(profile, name, files->config_path, files->shadow));
    fine =
        check_shadow(doctor, files, shadow_credentials(credentials, name, path, files->shadow)) &&
        fine;
    fine =
        check_shadow(doctor, files, shadow_setting(credentials, name, path, files->shadow)) && fine;
    return check_shadow(doctor, files, shadow_default(credentials, name, path, files->shadow)) &&
           fine;
}

static void check_profile(struct doctor *doctor, struct files *files, const char *name)
{
    char asked[PROFILE_SIZE];
    struct aws_profile profile;
    bool fine;

    aws_config_profile(&files->config, name, &profile);
    if (!profile.credential_process ||
        !process_name(profile.credential_process, asked, sizeof asked))
        return;
    files->asking++;
    fine = check_program(doctor, name, profile.credential_process);
    fine = check_place(doctor, files, name, profile.credential_process) && fine;
    fine = check_name(doctor, files, name) && fine;
    fine = check_shadows(doctor, files, name, &profile) && fine;
    if (fine)
        doctor_say(doctor, FINDING_OK, "profile", "%.256s asks awstap for %.256s", name, asked);
}

/* Keys that awstap could have. Those that stand before it were named with their profiles. */
static void check_credentials(struct doctor *doctor, const struct files *files)
{
    size_t keys = 0;
    struct stat st;

    for (size_t i = 0; i < files->credentials.count; i++)
        keys += files->credentials.profiles[i].problem == CREDENTIALS_GOOD;
    if (keys)
        doctor_say(doctor, FINDING_HINT, "plain keys",
                   "%zu long-lived access key%s in the clear in %s: awstap key import takes them "
                   "over",
                   keys, keys == 1 ? " is" : "s are", files->credentials_path);
    if (files->credentials.count && stat(files->credentials_path, &st) == 0 &&
        st.st_mode & (S_IRGRP | S_IROTH))
        doctor_say(doctor, FINDING_WRONG, "plain keys",
                   "others on this computer can read %s: chmod 600 it", files->credentials_path);
}

static void check_all(struct doctor *doctor, struct files *files)
{
    const char *at = NULL;
    char name[PROFILE_SIZE];

    while (aws_config_next(&files->config, &at, name, sizeof name))
        check_profile(doctor, files, name);
    if (!files->asking)
        doctor_say(
            doctor, FINDING_HINT, "profile",
            "no profile in %s asks awstap yet: give one a line `credential_process = …/awstap "
            "get NAME`",
            files->config_path);
    check_credentials(doctor, files);
    if (shadow_environment(files->shadow))
        doctor_say(doctor, FINDING_WRONG, "environment", "%s", files->shadow);
}

void doctor_profiles(struct doctor *doctor)
{
    static struct files files; /* too large for the stack */
    int r;

    memset(&files, 0, sizeof files);
    if ((r = aws_config_path(files.config_path, PATH_SIZE)) < 0 ||
        (r = aws_config_read(&files.config, files.config_path)) < 0)
        doctor_say(doctor, FINDING_WRONG, "profile", "%s cannot be read: %s",
                   *files.config_path ? files.config_path : "~/.aws/config", strerror(-r));
    if ((r = credentials_path(files.credentials_path, PATH_SIZE)) < 0 ||
        ((r = credentials_read(&files.credentials, files.credentials_path)) < 0 && r != -ENOENT))
        doctor_say(doctor, FINDING_WRONG, "plain keys", "%s cannot be read: %s",
                   *files.credentials_path ? files.credentials_path : "~/.aws/credentials",
                   strerror(-r));
    check_all(doctor, &files);
    credentials_free(&files.credentials);
    aws_config_free(&files.config);
}
