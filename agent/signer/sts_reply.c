// SPDX-License-Identifier: BSD-2-Clause
// The fields of STS's and IAM's answers.
#include "sts_reply.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ascii.h"

#define PATH_SIZE 96

const char *sts_field(const struct msg_net_reply *reply, const char *action, const char *path)
{
    char whole[PATH_SIZE];
    const char *value;

    snprintf(whole, sizeof whole, "%sResult/%s", action, path);
    value = list_find(&reply->fields, whole, NULL);
    return value && !list_find(&reply->fields, whole, value) ? value : "";
}

static unsigned two_digits(const char *at)
{
    return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

bool sts_time(const char *text, uint64_t *time)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    struct tm tm = {0}, back;
    time_t seconds;
    size_t i;

    for (i = 0; shape[i]; i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    if (text[i] == '.') {
        size_t n = strspn(text + i + 1, ASCII_DIGITS);

        if (n == 0 || n > 9)
            return false;
        i += 1 + n;
    }
    if (strcmp(text + i, "Z") != 0)
        return false;
    tm.tm_year = (int)(two_digits(text) * 100 + two_digits(text + 2)) - 1900;
    tm.tm_mon = (int)two_digits(text + 5) - 1;
    tm.tm_mday = (int)two_digits(text + 8);
    tm.tm_hour = (int)two_digits(text + 11);
    tm.tm_min = (int)two_digits(text + 14);
    tm.tm_sec = (int)two_digits(text + 17);
    back = tm;
    seconds = timegm(&back);
    if (seconds < 0 || back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon ||
        back.tm_mday != tm.tm_mday || back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min ||
        back.tm_sec != tm.tm_sec)
        return false;
    *time = (uint64_t)seconds;
    return true;
}

int sts_not_believed(const struct msg_net_reply *reply, const char *what, struct error *error)
{
    char request[81];

    return error_set(
        error, EXIT_AWS,
        "the answer of AWS is not as it should be (%s); check the endpoint URL and any "
        "proxy (request %s)",
        what, ascii_printable(request, sizeof request, reply->request_id));
}
