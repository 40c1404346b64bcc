// SPDX-License-Identifier: BSD-2-Clause
// NAME.state: what a key remembers when it is unplugged, and what tests ask it about.
#include "memory.h"

#include "hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct memory, name)                                                       \
    }

static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
    FIELD(retries),     FIELD(misses),     FIELD(uv_retries), FIELD(counter), FIELD(touches),
    FIELD(credentials), FIELD(assertions), FIELD(secrets),    FIELD(cancels), FIELD(waiting),
    FIELD(busy_us),     FIELD(inode),      FIELD(born),
};

#define NUMBER_COUNT (sizeof(numbers) / sizeof(numbers[0]))

static bool parse_line(struct memory *memory, char *line)
{
    char *value = strchr(line, ' ');
    char *end;

    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(line, "master") == 0)
        return hex_decode(value, memory->master, sizeof(memory->master));
    if (strcmp(line, "pin") == 0)
        return snprintf(memory->pin, sizeof(memory->pin), "%s", value) <= PIN_MAX;
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        if (strcmp(line, numbers[i].name) == 0) {
            uint64_t number = strtoull(value, &end, 10);

            memcpy((char *)memory + numbers[i].offset, &number, sizeof(number));
            return *value != '\0' && *end == '\0';
        }
    }
    return false;
}

int memory_new(struct memory *memory, const struct options *options)
{
    *memory = (struct memory){.retries = PIN_RETRIES, .uv_retries = UV_RETRIES};
    memcpy(memory->pin, options->pin, sizeof(memory->pin));
    return crypto_random(memory->master, sizeof(memory->master));
}

bool memory_parse(struct memory *memory, char *text)
{
    char *rest = NULL;

    *memory = (struct memory){.retries = PIN_RETRIES, .uv_retries = UV_RETRIES};
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (!parse_line(memory, line))
            return false;
    }
    return true;
}

size_t memory_format(const struct memory *memory, char text[MEMORY_TEXT_MAX])
{
    char master[2 * sizeof(memory->master) + 1];
    size_t size;

    hex_encode(memory->master, sizeof(memory->master), master);
    size = (size_t)snprintf(text, MEMORY_TEXT_MAX, "master %s\n", master);
    if (memory->pin[0] != '\0')
        size += (size_t)snprintf(text + size, MEMORY_TEXT_MAX - size, "pin %s\n", memory->pin);
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        uint64_t number;

        memcpy(&number, (const char *)memory + numbers[i].offset, sizeof(number));
        size += (size_t)snprintf(text + size, MEMORY_TEXT_MAX - size, "%s %" PRIu64 "\n",
                                 numbers[i].name, number);
    }
    return size;
}
