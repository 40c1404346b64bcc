// SPDX-License-Identifier: BSD-2-Clause
// softkey-uhid DIR NAME: the key called NAME in DIR as a HID device of this machine's kernel, which
// calls it HID_UNIQ=NAME. Needs /dev/uhid; serves until the key is unplugged, then the device goes.
#include "plug.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/uhid.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS    5
#define BUS        3 /* USB: libfido2 passes over virtual ones */
#define VENDOR_ID  0x1209
#define PRODUCT_ID 0xf1d0

// clang-format off
/* Of the FIDO usage page: one report of REPORT_SIZE bytes in each direction. */
static const uint8_t descriptor[] = {
    0x06, 0xd0, 0xf1,       /* usage page: FIDO */
    0x09, 0x01,             /* usage: CTAPHID */
    0xa1, 0x01,             /* collection: application */
    0x15, 0x00,             /* logical minimum: 0 */
    0x26, 0xff, 0x00,       /* logical maximum: 255 */
    0x75, 0x08,             /* report size: 8 bits */
    0x95, REPORT_SIZE,      /* report count */
    0x09, 0x20, 0x81, 0x02, /* usage: data in; input: variable */
    0x09, 0x21, 0x91, 0x02, /* usage: data out; output: variable */
    0xc0,                   /* end of collection */
};
// clang-format on

static int tell(int uhid, const struct uhid_event *event)
{
    ssize_t size = write(uhid, event, sizeof(*event));

    if (size < 0)
        return -errno;
    return size == sizeof(*event) ? 0 : -EIO;
}

/* Make the device: on success *uhid is the descriptor that it lives as long as. */
static int create(const char *name, int *uhid)
{
    struct uhid_event event = {.type = UHID_CREATE2};
    struct uhid_create2_req *request = &event.u.create2;
    int fd = open("/dev/uhid", O_RDWR | O_CLOEXEC);
    int r;

    if (fd < 0)
        return -errno;
    snprintf((char *)request->name, sizeof(request->name), "awstap software key %s", name);
    snprintf((char *)request->uniq, sizeof(request->uniq), "%s", name);
    request->rd_size = sizeof(descriptor);
    memcpy(request->rd_data, descriptor, sizeof(descriptor));
    request->bus = BUS;
    request->vendor = VENDOR_ID;
    request->product = PRODUCT_ID;
    if ((r = tell(fd, &event)) < 0)
        close(fd);
    else
        *uhid = fd;
    return r;
}

/* Take what the kernel tells; what a program wrote comes as hidraw took it, its number first. */
static int from_host(struct plug *plug, int uhid)
{
    struct uhid_event event = {0};
    ssize_t size = read(uhid, &event, sizeof(event));

    if (size < 0)
        return errno == EINTR ? 0 : -errno;
    if (event.type != UHID_OUTPUT || event.u.output.size != 1 + REPORT_SIZE)
        return 0;
    return plug_write(plug, event.u.output.data + 1);
}

static int to_host(struct plug *plug, int uhid)
{
    struct uhid_event event = {.type = UHID_INPUT2, .u.input2.size = REPORT_SIZE};
    int r;

    while ((r = plug_read(plug, event.u.input2.data, 0)) == 0) {
        if ((r = tell(uhid, &event)) < 0)
            return r;
    }
    return r == -ETIMEDOUT ? 0 : r;
}

static int serve(struct plug *plug, int uhid)
{
    struct pollfd wait = {.fd = uhid, .events = POLLIN};
    int r = 0;

    while (r == 0) {
        if (poll(&wait, 1, TICK_MS) > 0)
            r = from_host(plug, uhid);
        if (r == 0)
            r = to_host(plug, uhid);
    }
    return r;
}

int main(int argc, char **argv)
{
    struct plug *plug = NULL;
    int uhid = -1;
    int r;

    if (argc != 3) {
        fprintf(stderr, "usage: softkey-uhid DIR NAME\n");
        return 2;
    }
    if ((r = plug_open(argv[1], argv[2], &plug)) == 0 && (r = create(argv[2], &uhid)) == 0)
        r = serve(plug, uhid);
    fprintf(stderr, "softkey-uhid: %s: %s\n", argv[2], strerror(-r));
    if (uhid >= 0)
        close(uhid);
    if (plug)
        plug_close(plug);
    return 1;
}
