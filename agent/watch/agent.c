// SPDX-License-Identifier: BSD-2-Clause
// The conversation with the agent: what it wants shown, and what is told to it.
#include "agent.h"

#include <sys/epoll.h>

#include "channel.h"

#define SEND_MS 5000 /* the agent reads at once, or is dead */

static struct channel channel;
static int (*take_frame)(const struct frame *frame);
static bool ended;

static int take_frames(void)
{
    struct frame frame;
    int r;

    while ((r = channel_next(&channel, &frame)) == 1) {
        if ((r = take_frame(&frame)) < 0)
            return r;
        channel_drop(&channel, &frame);
    }
    return r;
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *unused)
{
    int r = channel_fill(&channel);

    (void)fd;
    (void)events;
    (void)unused;
    if (r >= 0)
        r = take_frames();
    if (r < 0 || channel.ended) {
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        ended = true;
    }
    return 0;
}

int agent_open(sd_event *event, int (*on_frame)(const struct frame *frame))
{
    int r = channel_open(&channel, CHANNEL_HELPER_FD);

    take_frame = on_frame;
    if (r < 0)
        return r;
    r = sd_event_add_io(event, NULL, CHANNEL_HELPER_FD, EPOLLIN, on_ready, NULL);
    if (r >= 0)
        r = channel_flush(&channel);
    return r < 0 ? r : 0;
}

void agent_close(void)
{
    channel_close(&channel);
}

void agent_tell(enum watch_event seen)
{
    const struct msg_watch_event event = {seen};

    if (!ended && channel_send(&channel, MSG_WATCH_EVENT, &event, -1, SEND_MS) < 0)
        ended = true;
}

bool agent_has_ended(void)
{
    return ended;
}
