// SPDX-License-Identifier: BSD-2-Clause
// The clock of the test build: the system's, moved by the milliseconds in the file `clock` beside
// the binary, which is read anew at every reading. It is part of no installed program.
#include "clock.h"
#include "clock_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "beside.h"

#define LOOK_AGAIN_MS                                                                              \
    50 /* who waits in the test build looks this often whether the clock has jumped */

static int file = -1;
static int64_t last_offset;

int clock_open(void)
{
    char path[BESIDE_MAX];
    int r = beside_path("clock", path, sizeof path);

    if (r < 0)
        return r;
    file = open(path, O_RDONLY | O_CLOEXEC);
    return file < 0 && errno != ENOENT ? -errno : 0;
}

/* The tests write the file in place; a reading that falls between two writes keeps the last offset.
 */
static int64_t offset_ms(void)
{
    char text[32] = {0};
    ssize_t n = file < 0 ? 0 : pread(file, text, sizeof text - 1, 0);

    if (n > 0)
        last_offset = strtoll(text, NULL, 10);
    return last_offset;
}

uint64_t clock_source_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (uint64_t)((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + offset_ms());
}

uint64_t clock_source_wait_ms(uint64_t wait_ms)
{
    return wait_ms < LOOK_AGAIN_MS ? wait_ms : LOOK_AGAIN_MS;
}
