// SPDX-License-Identifier: BSD-2-Clause
// What both variants of the clock share: deadlines and the timer.
#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock_source.h"

uint64_t clock_now_ms(void)
{
    return clock_source_ms(CLOCK_REALTIME);
}

uint64_t clock_boot_ms(void)
{
    return clock_source_ms(CLOCK_BOOTTIME);
}

uint64_t clock_deadline_ms(int timeout_ms)
{
    return timeout_ms < 0 ? CLOCK_FOREVER : clock_boot_ms() + (uint64_t)timeout_ms;
}

int clock_left_ms(uint64_t deadline_ms)
{
    uint64_t now, left;

    if (deadline_ms == CLOCK_FOREVER)
        return -1;
    now = clock_boot_ms();
    if (deadline_ms <= now)
        return 0;
    left = clock_source_wait_ms(deadline_ms - now);
    return left > INT_MAX ? INT_MAX : (int)left;
}

int clock_timer(void)
{
    int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);

    return timer < 0 ? -errno : timer;
}

int clock_timer_set(int timer, uint64_t deadline_ms)
{
    struct itimerspec spec = {0};
    int left = clock_left_ms(deadline_ms);

    if (left >= 0) {
        spec.it_value.tv_sec = left / 1000;
        spec.it_value.tv_nsec = left ? (long)(left % 1000) * 1000000 : 1;
    }
    return timerfd_settime(timer, 0, &spec, NULL) < 0 ? -errno : 0;
}
