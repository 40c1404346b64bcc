// SPDX-License-Identifier: BSD-2-Clause
// What the sanitized build does with what it finds: helpers have no environment to say it in and no
// terminal, so reports go to the folder `sanitizer` beside the binary, where the tests look for
// them. This is asked before libc is ready for its callers, so it is built without sanitizers and
// calls nothing that they replace.
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_MAX_ 2048

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

static size_t append(char *text, size_t at, const char *more)
{
    while (*more)
        text[at++] = *more++;
    text[at] = '\0';
    return at;
}

static const char *options(void)
{
    static char text[PATH_MAX_ + 128];
    size_t at = append(text, 0, "print_stacktrace=1:log_path=");
    long n = syscall(SYS_readlink, "/proc/self/exe", text + at, (size_t)PATH_MAX_);

    if (n <= 0)
        return "";
    for (at += (size_t)n; text[at - 1] != '/'; at--)
        ;
    append(text, at, "sanitizer/report");
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
