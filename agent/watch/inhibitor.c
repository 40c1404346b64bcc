// SPDX-License-Identifier: BSD-2-Clause
// The delay inhibitor: held while the machine is awake, let go when the agent is ready for sleep.
#include "inhibitor.h"

#include <fcntl.h>
#include <unistd.h>

#include "agent.h"
#include "logind.h"
#include "timer.h"

#define RELEASE_MS                                                                                 \
    4000 /* logind waits 5 s by default (InhibitDelayMaxSec): a hung agent has this */

static int inhibitor = -1;
static bool sleeping;
static struct timer limit;

static void let_go(void)
{
    if (inhibitor >= 0)
        close(inhibitor);
    inhibitor = -1;
}

static int on_inhibited(sd_bus_message *answer, void *unused, sd_bus_error *error)
{
    int fd;

    (void)unused;
    (void)error;
    if (sd_bus_message_is_method_error(answer, NULL) || sd_bus_message_read(answer, "h", &fd) < 0)
        return 0;
    let_go();
    inhibitor = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return 0;
}

void inhibitor_take(sd_bus *bus)
{
    let_go();
    sd_bus_call_method_async(bus, NULL, LOGIND, LOGIND_PATH, LOGIND_MANAGER, "Inhibit",
                             on_inhibited, NULL, "ssss", "sleep", "awstap",
                             "AWS sessions are forgotten before sleep", "delay");
}

static void sleep_is_near(void)
{
    sleeping = true;
    timer_set(&limit, RELEASE_MS);
    agent_tell(WATCH_SLEEP);
}

static void is_awake(sd_bus *bus)
{
    sleeping = false;
    timer_set(&limit, -1);
    agent_tell(WATCH_WAKE);
    if (inhibitor < 0)
        inhibitor_take(bus);
}

static int on_prepare_for_sleep(sd_bus_message *signal, void *unused, sd_bus_error *error)
{
    int begins;

    (void)unused;
    (void)error;
    if (!logind_sent(signal) || sd_bus_message_read(signal, "b", &begins) < 0)
        return 0;
    if (begins)
        sleep_is_near();
    else
        is_awake(sd_bus_message_get_bus(signal));
    return 0;
}

int inhibitor_listen(sd_bus *bus)
{
    return sd_bus_match_signal_async(bus, NULL, LOGIND, LOGIND_PATH, LOGIND_MANAGER,
                                     "PrepareForSleep", on_prepare_for_sleep, NULL, NULL);
}

void inhibitor_release(void)
{
    if (!sleeping)
        return; /* it comes late: what is held now is for the next sleep */
    timer_set(&limit, -1);
    let_go();
}

int inhibitor_open(sd_event *event)
{
    return timer_open(&limit, event, inhibitor_release);
}

void inhibitor_close(void)
{
    let_go();
}
