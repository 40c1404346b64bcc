// SPDX-License-Identifier: BSD-2-Clause
// What the sanitized build does with what it finds: helpers have no environment to say it in and no
// terminal, so reports go to the folder `sanitizer` beside the binary, where the tests look for
// them. The search for leaks is half of the time of a short-lived process: with the file `no-leaks`
// beside the binary there is none. This is asked before libc is ready for its callers, so it is
// built without sanitizers and calls nothing that they replace.
#include <fcntl.h>
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
    static char path[PATH_MAX_ + 32], text[PATH_MAX_ + 128];
    long n = syscall(SYS_readlink, "/proc/self/exe", path, (size_t)PATH_MAX_);
    size_t at = 0;

    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n <= 0)
        return "";
    append(path, (size_t)n, "no-leaks");
    if (syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0)
        at = append(text, at, "detect_leaks=0:");
    append(path, (size_t)n, "sanitizer/report");
    at = append(text, at, "print_stacktrace=1:log_path=");
    append(text, at, path);
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
