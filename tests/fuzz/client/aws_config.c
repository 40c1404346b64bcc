// SPDX-License-Identifier: BSD-2-Clause
// The AWS config file: any bytes, and what they say about three profiles.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws_config.h"
#include "words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A value must lie within the text and end there. */
static void touch(const struct aws_config *config, const char *value)
{
    if (value && (value < config->text || value + strlen(value) > config->text + config->len))
        abort();
}

static void look_up(const struct aws_config *config, const char *name)
{
    struct aws_profile profile;
    struct words words;
    size_t size;

    aws_config_profile(config, name, &profile);
    touch(config, profile.role_arn);
    touch(config, profile.source_profile);
    touch(config, profile.external_id);
    touch(config, profile.duration_seconds);
    touch(config, profile.region);
    touch(config, profile.credential_process);
    if (!profile.credential_process)
        return;
    size = strlen(profile.credential_process) + 1;
    words_split(&words, profile.credential_process, size - 1);
    for (size_t i = 0; i < words.count; i++)
        if (words.word[i] + strlen(words.word[i]) >= words.store + size)
            abort();
    words_free(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aws_config config;
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    aws_config_parse(&config, text, size);
    look_up(&config, "default");
    look_up(&config, "work");
    look_up(&config, "my work");
    aws_config_free(&config);
    return 0;
}
