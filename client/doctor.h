// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_DOCTOR_H
#define AWSTAP_DOCTOR_H

#include "json.h"
#include "key_name.h"
#include "message.h"
#include "table.h"

/* What `awstap doctor` finds: a line for each thing that it looks at. */

#define DOCTOR_KEYS 64
#define DOCTOR_WHY  1024

enum finding { FINDING_OK, FINDING_HINT, FINDING_WRONG };

struct doctor {
    struct table table;
    struct json json;
    bool wrong;           /* something is */
    char why[DOCTOR_WHY]; /* what failed last, by failure_keep() */
    bool knows;           /* the vault could be asked for its keys: */
    size_t key_count;
    char keys[DOCTOR_KEYS][KEY_NAME_MAX + 1];
};

void doctor_init(struct doctor *doctor);
void doctor_free(struct doctor *doctor);

/* Note what was found about subject, one word or two, and what to do. */
void doctor_say(struct doctor *doctor, enum finding finding, const char *subject,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Look at the files of AWS tools and at the environment: who asks awstap, and what stands before
 * it. */
void doctor_profiles(struct doctor *doctor);

/* All of it to stdout. An exit status: EXIT_FAILED where something is wrong. */
int doctor_print(struct doctor *doctor, bool as_json);

#endif
