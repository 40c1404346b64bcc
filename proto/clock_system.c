// SPDX-License-Identifier: BSD-2-Clause
// The system's own clocks.
#include "clock.h"
#include "clock_source.h"

int clock_open(void)
{
    return 0;
}

uint64_t clock_source_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_source_wait_ms(uint64_t wait_ms)
{
    return wait_ms;
}
