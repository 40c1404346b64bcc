// SPDX-License-Identifier: BSD-2-Clause
// The AWS credentials file. All of its text is in the arena, since most of it is secret.
#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "aws_config.h"
#include "file.h"

int credentials_path(char *path, size_t size)
{
    const char *file = getenv("AWS_SHARED_CREDENTIALS_FILE");

    return file_path(file && *file ? file : "~/.aws/credentials", path, size);
}

/* On the way through the text: the section that we are in. */
struct reading {
    struct credentials *credentials;
    struct credentials_profile section;
    bool inside;       /* a section has begun */
    bool other, token; /* something else is said in it; it has a session token */
    struct span *last; /* the line that MORE would belong to: the id's or the secret's, or NULL */
};

static void set_problem(struct credentials_profile *profile, enum credentials_problem problem)
{
    if (profile->problem == CREDENTIALS_GOOD)
        profile->problem = problem;
}

/* A section that is there already is another part of the same profile, or a second one of its name:
 * the AWS CLI refuses such a file. */
static void note_twin(struct reading *reading)
{
    struct credentials_profile *twin =
        credentials_find(reading->credentials, reading->section.name);

    if (!twin)
        return;
    twin->problem = CREDENTIALS_TWICE;
    reading->section.problem = CREDENTIALS_TWICE;
}

/* Only what has an access key in it is worth a place. */
static void end_section(struct reading *reading)
{
    struct credentials_profile *section = &reading->section;
    struct credentials *credentials = reading->credentials;

    if (!reading->inside)
        return;
    if (reading->token)
        set_problem(section, CREDENTIALS_TEMPORARY);
    if (!section->id_line.len || !*section->id)
        set_problem(section, CREDENTIALS_NO_ID);
    if (!section->secret_line.len || !section->secret)
        set_problem(section, CREDENTIALS_NO_SECRET);
    section->bare = !reading->other;
    if (!section->id_line.len && !section->secret_line.len)
        return;
    if (credentials->count == CREDENTIALS_PROFILES) {
        credentials->left_out = true;
        arena_free(section->secret);
        return;
    }
    note_twin(reading);
    credentials->profiles[credentials->count++] = *section;
}

/* `[profile NAME]`, as in the config file, stands for NAME: so does aws-vault write it. False where
 * out is too small. */
static bool read_heading(struct span heading, char *out, size_t size)
{
    return aws_config_heading(heading, out, size) || span_copy(heading, out, size);
}

/* What configparser puts into every other section. */
static bool is_default(struct span heading)
{
    return span_is(heading, "DEFAULT");
}

static void begin_section(struct reading *reading, const struct ini_line *line)
{
    struct credentials_profile *section = &reading->section;

    end_section(reading);
    *reading = (struct reading){.credentials = reading->credentials, .inside = true};
    section->section = line->whole;
    if (is_default(line->name))
        set_problem(section, CREDENTIALS_DEFAULT);
    if (!read_heading(line->name, section->name, sizeof section->name)) {
        span_copy((struct span){line->name.at, sizeof section->name - 1}, section->name,
                  sizeof section->name);
        set_problem(section, CREDENTIALS_LONG);
    }
}

/* The line of the id or of the secret. */
static void take_line(struct reading *reading, struct span *place, const struct ini_line *line)
{
    if (place->len)
        set_problem(&reading->section, CREDENTIALS_TWICE);
    *place = line->whole;
    reading->last = place;
}

/* 0 or -ENOMEM. */
static int take_secret(struct reading *reading, const struct ini_line *line)
{
    struct credentials_profile *section = &reading->section;

    take_line(reading, &section->secret_line, line);
    arena_free(section->secret);
    section->secret = NULL;
    if (!line->value.len)
        return 0;
    if (!(section->secret = arena_alloc(line->value.len + 1)))
        return -ENOMEM;
    memcpy(section->secret, line->value.at, line->value.len);
    return 0;
}

/* 0 or -ENOMEM. */
static int take_setting(struct reading *reading, const struct ini_line *line)
{
    struct credentials_profile *section = &reading->section;
    bool fits = true;

    reading->last = NULL;
    if (span_is_key(line->name, "aws_secret_access_key"))
        return take_secret(reading, line);
    if (span_is_key(line->name, "aws_access_key_id")) {
        take_line(reading, &section->id_line, line);
        fits = span_copy(line->value, section->id, sizeof section->id);
    } else {
        reading->other = true;
        if (span_is_key(line->name, "region"))
            fits = span_copy(line->value, section->region, sizeof section->region);
        if (span_is_key(line->name, "mfa_serial"))
            fits = span_copy(line->value, section->mfa_serial, sizeof section->mfa_serial);
        if (line->value.len && (span_is_key(line->name, "aws_session_token") ||
                                span_is_key(line->name, "aws_security_token")))
            reading->token = true;
    }
    if (!fits)
        set_problem(section, CREDENTIALS_LONG);
    return 0;
}

/* Outside of any section there is nothing that the AWS CLI would take. 0 or -ENOMEM. */
static int take(struct reading *reading, const struct ini_line *line)
{
    if (line->kind == INI_SECTION)
        begin_section(reading, line);
    if (!reading->inside)
        return 0;
    reading->section.section.len =
        (size_t)(line->whole.at + line->whole.len - reading->section.section.at);
    if (line->kind == INI_SETTING)
        return take_setting(reading, line);
    if (line->kind == INI_MORE && reading->last)
        set_problem(&reading->section, CREDENTIALS_LONG);
    if (line->kind == INI_COMMENT || line->kind == INI_MORE || line->kind == INI_OTHER)
        reading->other = true;
    return 0;
}

static bool mentions_secret(struct span line)
{
    static const char KEY[] = "aws_secret_access_key";

    for (size_t i = 0; i + sizeof KEY - 1 <= line.len; i++)
        if (strncasecmp(line.at + i, KEY, sizeof KEY - 1) == 0)
            return true;
    return false;
}

int credentials_parse(struct credentials *credentials, char *text, size_t len)
{
    struct reading reading = {.credentials = credentials};
    struct ini_line line;
    struct ini ini;
    size_t number = 0;
    int r = 0;

    credentials->text = text;
    credentials->len = len;
    if (len && memchr(text, '\0', len))
        return -EINVAL;
    ini_begin(&ini, text, len);
    while (r == 0 && ini_next(&ini, &line)) {
        number++;
        if (line.kind == INI_COMMENT && !credentials->comment_line && mentions_secret(line.whole))
            credentials->comment_line = number;
        r = take(&reading, &line);
    }
    end_section(&reading);
    return r;
}

/* All of it into room of CREDENTIALS_MAX + 1 bytes. How many, or a negative errno. */
static ssize_t read_all(int fd, char *room)
{
    size_t have = 0;
    ssize_t n;

    do {
        n = read(fd, room + have, CREDENTIALS_MAX + 1 - have);
        if (n < 0 && errno != EINTR)
            return -errno;
        have += (size_t)(n > 0 ? n : 0);
        if (have > CREDENTIALS_MAX)
            return -EFBIG;
    } while (n != 0);
    return (ssize_t)have;
}

/* A pipe that the person names is waited for; a terminal, a device or a folder is none.
 * /dev/null is as an empty file. */
static int open_source(struct credentials *credentials, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                      : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || file_is_null(&st))) {
        credentials->stream = is_stdin || S_ISFIFO(st.st_mode);
        return fd;
    }
    close(fd);
    return -EINVAL;
}

int credentials_read(struct credentials *credentials, const char *path)
{
    char *text = NULL;
    ssize_t n;
    int fd;

    memset(credentials, 0, sizeof *credentials);
    if ((fd = open_source(credentials, path)) < 0)
        return fd;
    if (!(text = arena_alloc(CREDENTIALS_MAX + 1)))
        n = -ENOMEM;
    else
        n = read_all(fd, text);
    close(fd);
    if (n >= 0)
        return credentials_parse(credentials, text, (size_t)n);
    arena_free(text);
    return (int)n;
}

void credentials_free(struct credentials *credentials)
{
    for (size_t i = 0; i < credentials->count; i++)
        arena_free(credentials->profiles[i].secret);
    arena_free(credentials->text);
    memset(credentials, 0, sizeof *credentials);
}

struct credentials_profile *credentials_find(struct credentials *credentials, const char *name)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (strcmp(credentials->profiles[i].name, name) == 0)
            return &credentials->profiles[i];
    return NULL;
}

static const char *overriding(struct span name)
{
    static const char *const NAMES[] = {
        "role_arn",      "source_profile", "credential_source", "credential_process",
        "sso_session",   "sso_start_url",  "sso_account_id",    "web_identity_token_file",
        "login_session",
    };

    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (span_is_key(name, NAMES[i]))
            return NAMES[i];
    return NULL;
}

/* Whether the section is of this name; NULL: [DEFAULT]. */
static bool heads(struct span heading, const char *name)
{
    char here[sizeof((struct credentials *)0)->profiles->name];

    if (is_default(heading))
        return !name;
    return name && read_heading(heading, here, sizeof here) && strcmp(here, name) == 0;
}

/* What judge says of the first setting, in the sections of this name, that it says anything of;
 * *there: there is such a section. */
static const char *judge_section(const struct credentials *credentials, const char *name,
                                 const char *judge(const struct ini_line *setting), bool *there)
{
    const char *found = NULL;
    struct ini_line line;
    bool here = false;
    struct ini ini;

    *there = false;
    ini_begin(&ini, credentials->text ? credentials->text : "", credentials->len);
    while (ini_next(&ini, &line)) {
        if (line.kind == INI_SECTION)
            here = heads(line.name, name);
        *there = *there || here;
        if (here && line.kind == INI_SETTING && !found)
            found = judge(&line);
    }
    return found;
}

static const char *judge_way(const struct ini_line *setting)
{
    return setting->value.len ? overriding(setting->name) : NULL;
}

/* An access key counts without a value, too: AWS tools take it, and fail. */
static const char *judge_inherited(const struct ini_line *setting)
{
    static const char KEY[] = "aws_access_key_id";

    return span_is_key(setting->name, KEY) ? KEY : judge_way(setting);
}

const char *credentials_overriding(const struct credentials *credentials, const char *name)
{
    bool there;

    return judge_section(credentials, name, judge_way, &there);
}

const char *credentials_inherited(const struct credentials *credentials, const char *name)
{
    bool there;
    const char *found = judge_section(credentials, NULL, judge_inherited, &there);

    judge_section(credentials, name, judge_way, &there);
    return there ? found : NULL;
}

/* The text from *at up to what is left out, as a piece. */
static size_t keep_up_to(const char **at, struct span out, struct span pieces[CREDENTIALS_PIECES],
                         size_t n)
{
    if (out.at > *at)
        pieces[n++] = (struct span){*at, (size_t)(out.at - *at)};
    *at = out.at + out.len;
    return n;
}

size_t credentials_without(const struct credentials *credentials,
                           bool (*leaves_out)(const struct credentials_profile *profile,
                                              const void *context),
                           const void *context, struct span pieces[CREDENTIALS_PIECES])
{
    const struct span end = {credentials->text + credentials->len, 0};
    const char *at = credentials->text;
    size_t n = 0;

    for (size_t i = 0; i < credentials->count; i++) {
        const struct credentials_profile *profile = &credentials->profiles[i];
        bool id_first = profile->id_line.at < profile->secret_line.at;

        if (profile->problem != CREDENTIALS_GOOD || !leaves_out(profile, context))
            continue;
        if (profile->bare) {
            n = keep_up_to(&at, profile->section, pieces, n);
            continue;
        }
        n = keep_up_to(&at, id_first ? profile->id_line : profile->secret_line, pieces, n);
        n = keep_up_to(&at, id_first ? profile->secret_line : profile->id_line, pieces, n);
    }
    return keep_up_to(&at, end, pieces, n);
}
