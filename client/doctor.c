// SPDX-License-Identifier: BSD-2-Clause
// What `awstap doctor` finds.
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

static const char *const WORDS[] = {
    [FINDING_OK] = "ok", [FINDING_HINT] = "hint", [FINDING_WRONG] = "wrong"};

void doctor_init(struct doctor *doctor)
{
    memset(doctor, 0, sizeof *doctor);
    table_init(&doctor->table, 3);
    json_init(&doctor->json);
    json_begin(&doctor->json, NULL, '[');
}

void doctor_free(struct doctor *doctor)
{
    table_free(&doctor->table);
    json_free(&doctor->json);
}

void doctor_say(struct doctor *doctor, enum finding finding, const char *subject,
                const char *format, ...)
{
    char text[1600];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    doctor->wrong |= finding == FINDING_WRONG;
    table_cell(&doctor->table, WORDS[finding]);
    table_cell(&doctor->table, subject);
    table_cell(&doctor->table, text);
    json_begin(&doctor->json, NULL, '{');
    json_text(&doctor->json, "finding", WORDS[finding]);
    json_text(&doctor->json, "subject", subject);
    json_text(&doctor->json, "text", text);
    json_end(&doctor->json, '}');
}

int doctor_print(struct doctor *doctor, bool as_json)
{
    int status;

    json_end(&doctor->json, ']');
    status = as_json ? output_json(&doctor->json) : table_print(&doctor->table);
    return status == EXIT_DONE && doctor->wrong ? EXIT_FAILED : status;
}
