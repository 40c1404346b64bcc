// SPDX-License-Identifier: BSD-2-Clause
// The AWS config file: what profiles say, and one setting written into it.
#include "aws_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "words.h"

#define BLANKS " \t\f\v\r"

void aws_config_parse(struct aws_config *config, char *text, size_t len)
{
    *config = (struct aws_config){text, len};
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] != '\n')
            continue;
        text[i] = '\0';
        for (size_t j = i; j > 0 && text[j - 1] && strchr(BLANKS, text[j - 1]); j--)
            text[j - 1] = '\0';
    }
}

int aws_config_path(char *path, size_t size)
{
    const char *file = getenv("AWS_CONFIG_FILE");

    return file_path(file && *file ? file : "~/.aws/config", path, size);
}

int aws_config_read(struct aws_config *config, const char *path)
{
    char *text;
    size_t len;
    int r = file_read(path, AWS_CONFIG_MAX, &text, &len);

    *config = (struct aws_config){0};
    if (r < 0)
        return r == -ENOENT || r == -ENOTDIR ? 0 : r;
    aws_config_parse(config, text, len);
    return 0;
}

void aws_config_free(struct aws_config *config)
{
    if (config->text)
        explicit_bzero(config->text, config->len);
    free(config->text);
    *config = (struct aws_config){0};
}

/* `[KIND NAME]`, as botocore takes it: it begins with KIND, and has two words. The name, which is
 * words's; NULL where it is none. */
static const char *name_of(struct span heading, const char *kind, struct words *words)
{
    size_t len = strlen(kind);
    bool fits = heading.len >= len && memcmp(heading.at, kind, len) == 0 &&
                words_split(words, heading.at, heading.len) == 0 && words->count == 2;

    return fits ? words->word[1] : NULL;
}

bool aws_config_heading(struct span heading, char *name, size_t size)
{
    struct words words = {0};
    const char *found =
        span_is(heading, "default") ? "default" : name_of(heading, "profile", &words);

    if (found && strlen(found) < size)
        strcpy(name, found);
    else
        found = NULL;
    words_free(&words);
    return found;
}

static bool heads_profile(struct span heading, const char *name)
{
    char *headed = malloc(heading.len + 1);
    bool heads =
        headed && aws_config_heading(heading, headed, heading.len + 1) && strcmp(headed, name) == 0;

    free(headed);
    return heads;
}

static bool heads_services(struct span heading, const char *services)
{
    struct words words = {0};
    const char *name = name_of(heading, "services", &words);
    bool heads = name && strcmp(name, services) == 0;

    words_free(&words);
    return heads;
}

static const struct {
    const char *key;
    size_t offset;
} SETTINGS[] = {
    {"aws_access_key_id", offsetof(struct aws_profile, aws_access_key_id)},
    {"ca_bundle", offsetof(struct aws_profile, ca_bundle)},
    {"credential_process", offsetof(struct aws_profile, credential_process)},
    {"credential_source", offsetof(struct aws_profile, credential_source)},
    {"duration_seconds", offsetof(struct aws_profile, duration_seconds)},
    {"endpoint_url", offsetof(struct aws_profile, endpoint_url)},
    {"external_id", offsetof(struct aws_profile, external_id)},
    {"login_session", offsetof(struct aws_profile, login_session)},
    {"mfa_serial", offsetof(struct aws_profile, mfa_serial)},
    {"region", offsetof(struct aws_profile, region)},
    {"role_arn", offsetof(struct aws_profile, role_arn)},
    {"role_session_name", offsetof(struct aws_profile, role_session_name)},
    {"services", offsetof(struct aws_profile, services)},
    {"source_profile", offsetof(struct aws_profile, source_profile)},
    {"sso_session", offsetof(struct aws_profile, sso_session)},
    {"sso_start_url", offsetof(struct aws_profile, sso_start_url)},
    {"web_identity_token_file", offsetof(struct aws_profile, web_identity_token_file)},
};

/* A value ends in the NUL that aws_config_parse() has put behind its line. */
static void take_setting(const struct ini_line *line, struct aws_profile *profile)
{
    for (size_t i = 0; i < sizeof SETTINGS / sizeof *SETTINGS; i++)
        if (span_is_key(line->name, SETTINGS[i].key))
            *(const char **)(void *)((char *)profile + SETTINGS[i].offset) =
                line->value.len ? line->value.at : NULL;
}

bool aws_config_profile(const struct aws_config *config, const char *name,
                        struct aws_profile *profile)
{
    bool found = false, here = false;
    struct ini_line line;
    struct ini ini;

    *profile = (struct aws_profile){0};
    if (!config->text)
        return false;
    ini_begin(&ini, config->text, config->len);
    while (ini_next(&ini, &line)) {
        if (line.kind == INI_SECTION) {
            here = heads_profile(line.name, name);
            found = found || here;
        } else if (here && line.kind == INI_SETTING) {
            take_setting(&line, profile);
        }
    }
    return found;
}

/* Whether no section above at heads the profile. */
static bool is_first(const struct aws_config *config, const char *at, const char *name)
{
    struct ini_line line;
    struct ini ini;

    ini_begin(&ini, config->text, config->len);
    while (ini_next(&ini, &line) && line.whole.at < at)
        if (line.kind == INI_SECTION && heads_profile(line.name, name))
            return false;
    return true;
}

bool aws_config_next(const struct aws_config *config, const char **at, char *name, size_t size)
{
    struct ini_line line;
    struct ini ini;

    if (!config->text)
        return false;
    ini_begin(&ini, config->text, config->len);
    while (ini_next(&ini, &line))
        if ((!*at || line.whole.at > *at) && line.kind == INI_SECTION &&
            aws_config_heading(line.name, name, size) && is_first(config, line.whole.at, name)) {
            *at = line.whole.at;
            return true;
        }
    return false;
}

/* The value of `endpoint_url = VALUE`, a line of its own within a service's value; or NULL. */
static const char *nested_url(struct span text)
{
    struct ini_line line;
    struct ini ini;

    ini_begin(&ini, text.at, text.len);
    return ini_next(&ini, &line) && line.kind == INI_SETTING &&
                   span_is_key(line.name, "endpoint_url") && line.value.len
               ? line.value.at
               : NULL;
}

const char *aws_config_service_url(const struct aws_config *config, const char *services,
                                   const char *service)
{
    bool here = false, inside = false;
    const char *url = NULL;
    struct ini_line line;
    struct ini ini;

    if (!config->text)
        return NULL;
    ini_begin(&ini, config->text, config->len);
    while (!url && ini_next(&ini, &line)) {
        if (line.kind == INI_SECTION)
            here = heads_services(line.name, services);
        if (line.kind == INI_SECTION || line.kind == INI_SETTING)
            inside = here && line.kind == INI_SETTING && span_is_key(line.name, service);
        if (inside && line.kind == INI_MORE)
            url = nested_url(line.value);
    }
    return url;
}

/* Where `credential_process` is to stand in a config file. */
struct place {
    bool found;         /* the section is there */
    struct span before; /* all up to the place */
    struct span indent; /* of the settings there */
    struct span after;  /* all behind it, and behind the value that stands there now */
    bool returns;       /* lines end as Windows has it */
    bool indented, replaces, in_value; /* an indent is known; there is a value; we are in it */
};

/* Right behind the heading, indented as what follows, so that none of it becomes part of our value.
 */
static void begin_at(struct place *place, const struct ini_line *line, struct span text)
{
    const char *behind = line->whole.at + line->whole.len;

    place->found = true;
    place->before = (struct span){text.at, (size_t)(behind - text.at)};
    place->after = (struct span){behind, text.len - place->before.len};
}

/* A setting that is there is replaced with all of its value. */
static void look_at(struct place *place, const struct ini_line *line, struct span text)
{
    const char *behind = line->whole.at + line->whole.len;

    if (line->kind == INI_SETTING) {
        place->in_value = !place->replaces && span_is_key(line->name, "credential_process");
        if (place->in_value || !place->indented)
            place->indent = (struct span){line->whole.at, line->indent};
        place->indented = true;
    }
    if (!place->in_value || (line->kind != INI_SETTING && line->kind != INI_MORE))
        return;
    if (!place->replaces)
        place->before.len = (size_t)(line->whole.at - text.at);
    place->replaces = true;
    place->after = (struct span){behind, (size_t)(text.at + text.len - behind)};
}

/* Of a last line without an end nothing is learnt. */
static void look_at_end(struct place *place, struct span line)
{
    if (line.len && line.at[line.len - 1] == '\n')
        place->returns = line.len >= 2 && line.at[line.len - 2] == '\r';
}

static void find_place(struct span text, const char *profile, struct place *place)
{
    struct ini_line line;
    bool here = false;
    struct ini ini;

    *place = (struct place){.before = text};
    ini_begin(&ini, text.at, text.len);
    while (ini_next(&ini, &line)) {
        look_at_end(place, line.whole);
        if (line.kind == INI_SECTION) {
            here = !place->found && heads_profile(line.name, profile);
            if (here)
                begin_at(place, &line, text);
        } else if (here) {
            look_at(place, &line, text);
        }
    }
}

/* `[profile NAME]`, with quotes where it needs them. Whether the name can be written so that every
 * AWS tool reads it. */
static bool put_heading(const char *profile, char heading[AWS_CONFIG_HEADING])
{
    const char *quote = strchr(profile, ' ') ? "\"" : "";
    int n;

    for (const char *c = profile; *c; c++)
        if ((unsigned char)*c < ' ' || strchr("[]\"'\\#;\x7f", *c))
            return false;
    if (!*profile)
        return false;
    if (strcmp(profile, "default") == 0)
        n = snprintf(heading, AWS_CONFIG_HEADING, "[default]");
    else
        n = snprintf(heading, AWS_CONFIG_HEADING, "[profile %s%s%s]", quote, profile, quote);
    return n < AWS_CONFIG_HEADING;
}

static struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

size_t aws_config_set_process(struct span text, const char *profile, const char *process,
                              char heading[AWS_CONFIG_HEADING],
                              struct span pieces[AWS_CONFIG_PIECES])
{
    struct place place;
    struct span newline;
    size_t n = 0;

    if (!put_heading(profile, heading))
        return 0;
    find_place(text, profile, &place);
    newline = span_of(place.returns ? "\r\n" : "\n");
    pieces[n++] = place.before;
    if (place.before.len && place.before.at[place.before.len - 1] != '\n')
        pieces[n++] = newline;
    if (!place.found && text.len)
        pieces[n++] = newline;
    if (!place.found) {
        pieces[n++] = span_of(heading);
        pieces[n++] = newline;
    }
    pieces[n++] = place.indent;
    pieces[n++] = span_of("credential_process = ");
    pieces[n++] = span_of(process);
    pieces[n++] = newline;
    pieces[n++] = place.after;
    return n;
}

static bool next_section(struct ini *ini, struct ini_line *line)
{
    while (ini_next(ini, line))
        if (line->kind == INI_SECTION)
            return true;
    return false;
}

/* Whether all sections of before are in now, in their order. */
static bool keeps_sections(struct span before, const struct aws_config *now)
{
    struct ini_line old, new;
    struct ini olds, news;

    ini_begin(&olds, before.at, before.len);
    ini_begin(&news, now->text, now->len);
    while (next_section(&olds, &old))
        if (!next_section(&news, &new) || old.name.len != new.name.len ||
            (old.name.len && memcmp(old.name.at, new.name.at, old.name.len) != 0))
            return false;
    return true;
}

/* How often the profile, and credential_process in it, is there. */
struct found {
    size_t sections, values;
    bool more; /* the value goes on in the lines behind */
};

static void find_process(const struct aws_config *config, const char *profile, struct found *found)
{
    bool here = false, in_value = false;
    struct ini_line line;
    struct ini ini;

    *found = (struct found){0};
    ini_begin(&ini, config->text, config->len);
    while (ini_next(&ini, &line)) {
        if (line.kind == INI_SECTION) {
            here = heads_profile(line.name, profile);
            found->sections += here;
        }
        if (line.kind == INI_SECTION || line.kind == INI_SETTING)
            in_value = here && span_is_key(line.name, "credential_process");
        found->values += in_value && line.kind == INI_SETTING;
        found->more = found->more || (in_value && line.kind == INI_MORE);
    }
}

const char *aws_config_check_process(struct span before, const struct aws_config *now,
                                     const char *profile, const char *process)
{
    struct aws_profile read;
    struct found found;

    aws_config_profile(now, profile, &read);
    find_process(now, profile, &found);
    if (found.sections > 1 || found.values > 1)
        return "it, or its credential_process, stands there more than once, and AWS tools take one "
               "of them: make them one";
    if (!keeps_sections(before, now) || found.more || !read.credential_process ||
        strcmp(read.credential_process, process) != 0)
        return "with a credential_process in it AWS tools would read the lines behind as a part of "
               "that: begin these without blanks";
    return NULL;
}
