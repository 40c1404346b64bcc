// SPDX-License-Identifier: BSD-2-Clause
// What the sanitized build does with what it finds: helpers have no environment to say it in and no terminal, so
// reports go to the folder `sanitizer` beside the binary, where the tests look for them.
#include <stdio.h>

#include "beside.h"

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

static const char *options(void)
{
    static char text[BESIDE_MAX + 64], path[BESIDE_MAX];

    if (beside_path("sanitizer/report", path, sizeof path) < 0)
        return "";
    snprintf(text, sizeof text, "log_path=%s:detect_stack_use_after_return=1:print_stacktrace=1", path);
    return text;
}

const char *__asan_default_options(void)
{
    return options();
}

const char *__ubsan_default_options(void)
{
    return options();
}
