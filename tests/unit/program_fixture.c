// SPDX-License-Identifier: BSD-2-Clause
// The built program under test, in a folder of the test's own.
#include "program_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

void program_copy(const char *name, const char *from_folder, const char *to_folder)
{
    char path[PATH_MAX];
    struct stat facts;
    int from, to;

    assert_true(snprintf(path, sizeof path, "%s/%s", from_folder, name) < PATH_MAX);
    from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        fail_msg("%s: %s", path, strerror(errno));
    assert_true(snprintf(path, sizeof path, "%s/%s", to_folder, name) < PATH_MAX);
    to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_true(to >= 0);
    assert_int_equal(fstat(from, &facts), 0);
    for (off_t left = facts.st_size; left > 0;) {
        ssize_t n = sendfile(to, from, NULL, (size_t)left);

        assert_true(n > 0);
        left -= n;
    }
    close(from);
    close(to);
}
