// SPDX-License-Identifier: BSD-2-Clause
// Conversations over a socketpair: greetings, descriptors, bytes one at a time, ends and time-outs.
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"

#define SOON_MS  20
#define NEVER_MS 5000 /* a wait that is to end otherwise */

/* Two ends that speak to each other; a test that plays a bad one uses b.fd alone. */
static struct channel a, b;

static int setup(void **state)
{
    int pair[2];

    (void)state;
    if (arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    return channel_open(&a, pair[0]) < 0 || channel_open(&b, pair[1]) < 0;
}

static int teardown(void **state)
{
    (void)state;
    channel_close(&a);
    channel_close(&b);
    arena_close();
    return 0;
}

static void assert_closed(int fd)
{
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(errno, EBADF);
}

/* How many descriptors this process has. */
static int open_fds(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void send_get(struct channel *channel, const char *key)
{
    const struct msg_get get = {.key = key, .duration = 900};

    assert_int_equal(channel_send(channel, MSG_GET, &get, -1, NEVER_MS), 0);
}

static void expect_get(struct channel *channel, const char *key)
{
    struct frame frame;
    struct msg_get get;

    assert_int_equal(channel_receive(channel, &frame, NEVER_MS), 1);
    assert_int_equal(message_get(&frame, MSG_GET, &get), 0);
    assert_string_equal(get.key, key);
    assert_int_equal(get.duration, 900);
    channel_drop(channel, &frame);
}

static void test_both_directions(void **state)
{
    (void)state;
    send_get(&a, "one");
    send_get(&a, "two");
    expect_get(&b, "one");
    send_get(&b, "three");
    expect_get(&b, "two");
    expect_get(&a, "three");
    assert_true(a.greeted && b.greeted);
    assert_int_equal(fcntl(a.fd, F_GETFD), FD_CLOEXEC);
}

/* Write bytes of our own making to a, as b. */
static void write_raw(const void *data, size_t n)
{
    assert_int_equal(send(b.fd, data, n, MSG_NOSIGNAL), n);
}

static void write_buf(const struct buf *buf)
{
    write_raw(buf_data(buf), buf_len(buf));
}

/* What a says to a first frame of b's. */
static int answer_to_first(enum message_type type, const void *msg)
{
    struct frame frame;
    struct buf out;

    buf_init(&out);
    assert_int_equal(message_put(&out, type, msg), 0);
    write_buf(&out);
    buf_free(&out);
    return channel_receive(&a, &frame, NEVER_MS);
}

static void test_other_version(void **state)
{
    const struct msg_hello hello = {PROTOCOL_VERSION, "99.9"};

    (void)state;
    assert_int_equal(answer_to_first(MSG_HELLO, &hello), -EPROTONOSUPPORT);
    assert_string_equal(a.peer_version, "99.9");
    assert_false(a.greeted);
}

static void test_other_protocol(void **state)
{
    const struct msg_hello hello = {PROTOCOL_VERSION + 1, AWSTAP_VERSION};

    (void)state;
    assert_int_equal(answer_to_first(MSG_HELLO, &hello), -EPROTONOSUPPORT);
    assert_string_equal(a.peer_version, AWSTAP_VERSION);
}

static void test_no_greeting(void **state)
{
    (void)state;
    assert_int_equal(answer_to_first(MSG_LOCK, NULL), -EPROTO);
}

static void test_nonsense(void **state)
{
    struct frame frame;

    (void)state;
    write_raw("GET / HTTP/1.1\r\n\r\n", 18);
    assert_int_equal(channel_receive(&a, &frame, NEVER_MS), -EPROTO);
}

/* One byte at a time, a message is there with its last and not before. */
static void test_byte_by_byte(void **state)
{
    const struct msg_get get = {.key = "work", .duration = 900};
    struct frame frame;

    (void)state;
    assert_int_equal(channel_put(&b, MSG_GET, &get, -1), 0);
    assert_int_equal(channel_fill(&a), 0);
    while (buf_len(&b.out)) {
        assert_int_equal(channel_next(&a, &frame), 0);
        write_raw(buf_data(&b.out), 1);
        buf_take(&b.out, 1);
        assert_int_equal(channel_fill(&a), 1);
    }
    expect_get(&a, "work");
    assert_int_equal(channel_fill(&a), 0);
    assert_false(a.ended);
}

/* More than a socket takes at once: it leaves in parts, and waiting for room has an end. */
static void test_partial_writes(void **state)
{
    static uint8_t body[8192];
    const struct msg_net_request request = {.body = {body, sizeof body}};
    int small = 4096, queued = 0, got = 0;
    struct frame frame;

    (void)state;
    assert_int_equal(setsockopt(a.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    while (channel_flush(&a) == 1 || queued < 10) {
        assert_int_equal(channel_put(&a, MSG_NET_REQUEST, &request, -1), 0);
        queued++;
    }
    assert_int_equal(channel_send(&a, MSG_NET_REQUEST, &request, -1, SOON_MS), -ETIMEDOUT);
    for (queued++; got < queued; got++) {
        while (channel_next(&b, &frame) == 0) {
            assert_true(channel_flush(&a) >= 0);
            assert_true(channel_fill(&b) >= 0);
        }
        assert_int_equal(frame.type, MSG_NET_REQUEST);
        channel_drop(&b, &frame);
    }
    assert_int_equal(channel_flush(&a), 1);
    assert_int_equal(buf_len(&b.in), 0);
}

/* A pipe whose reading end travels from one end to the other and still yields what was written. */
static void pass_pipe(struct channel *from, struct channel *to)
{
    const struct msg_start start = {PROGRAM_NET};
    struct frame frame;
    char text[8] = {0};
    int pipe_fds[2], fd;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_int_equal(write(pipe_fds[1], "secret", 6), 6);
    assert_int_equal(channel_send(from, MSG_START, &start, pipe_fds[0], NEVER_MS), 0);
    assert_closed(pipe_fds[0]);
    assert_int_equal(channel_receive(to, &frame, NEVER_MS), 1);
    assert_int_equal(frame.type, MSG_START);
    fd = channel_claim_fd(to);
    assert_int_equal(channel_claim_fd(to), -1);
    channel_drop(to, &frame);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof text), 6);
    assert_string_equal(text, "secret");
    close(fd);
    close(pipe_fds[1]);
}

static void test_descriptors(void **state)
{
    int before = open_fds();

    (void)state;
    pass_pipe(&a, &b);
    pass_pipe(&b, &a);
    send_get(&a, "between");
    pass_pipe(&b, &a);
    expect_get(&b, "between");
    pass_pipe(&a, &b);
    assert_int_equal(open_fds(), before);
}

/* The descriptor goes with its own message, not with what was queued before it. */
static void test_descriptor_behind_others(void **state)
{
    const struct msg_get get = {.key = "work", .duration = 900};
    struct frame frame;

    (void)state;
    assert_int_equal(channel_put(&a, MSG_GET, &get, -1), 0);
    assert_int_equal(channel_put(&a, MSG_HELPER, NULL, dup(0)), 0);
    assert_int_equal(channel_put(&a, MSG_GET, &get, -1), 0);
    assert_int_equal(channel_flush(&a), 1);
    expect_get(&b, "work");
    assert_int_equal(channel_receive(&b, &frame, NEVER_MS), 1);
    assert_int_equal(frame.type, MSG_HELPER);
    close(channel_claim_fd(&b));
    channel_drop(&b, &frame);
    expect_get(&b, "work");
    assert_int_equal(channel_claim_fd(&b), -1);
}

/* What may not leave is refused, and its descriptor closed all the same. */
static void test_descriptors_refused(void **state)
{
    const struct msg_get get = {.key = "work", .duration = 900};
    int fd = dup(0), second = dup(0), third = dup(0);

    (void)state;
    assert_int_equal(channel_put(&a, MSG_GET, &get, fd), -EINVAL);
    assert_closed(fd);
    assert_int_equal(channel_put(&a, MSG_HELPER, NULL, -1), -EINVAL);
    assert_int_equal(channel_put(&a, MSG_HELPER, NULL, second), 0);
    assert_int_equal(channel_put(&a, MSG_HELPER, NULL, third), -EBUSY);
    assert_closed(third);
    channel_close(&a);
    assert_closed(second);
    channel_close(&a);
}

/* Send one byte to a with count descriptors of ours. */
static void write_fds(size_t count)
{
    union {
        char space[CMSG_SPACE(8 * sizeof(int))];
        struct cmsghdr align;
    } control = {.space = {0}};
    struct iovec iov = {(char[]){0}, 1};
    struct msghdr header = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = CMSG_SPACE(count * sizeof(int)),
    };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
    int *fds = (int *)(void *)CMSG_DATA(cmsg);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (size_t i = 0; i < count; i++)
        fds[i] = 0;
    assert_int_equal(sendmsg(b.fd, &header, MSG_NOSIGNAL), 1);
}

/* Two at once, and many: the conversation is over and none is left open. */
static void test_too_many_at_once(void **state)
{
    int before = open_fds();

    (void)state;
    write_fds(2);
    assert_int_equal(channel_fill(&a), -EPROTO);
    channel_close(&a);
    assert_int_equal(open_fds(), before - 1);
}

static void test_many_at_once(void **state)
{
    int before = open_fds();

    (void)state;
    write_fds(8);
    assert_int_equal(channel_fill(&a), -EPROTO);
    channel_close(&a);
    assert_int_equal(open_fds(), before - 1);
}

static void test_second_unclaimed(void **state)
{
    int before = open_fds();

    (void)state;
    write_fds(1);
    assert_int_equal(channel_fill(&a), 1);
    write_fds(1);
    assert_int_equal(channel_fill(&a), -EPROTO);
    channel_close(&a);
    assert_int_equal(open_fds(), before - 1);
}

static void test_forward(void **state)
{
    const struct msg_mfa_import import = {"work", ""};
    struct frame frame;
    int pair[2];
    struct channel onward;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(channel_open(&onward, pair[0]), 0);
    assert_int_equal(channel_send(&a, MSG_MFA_IMPORT, &import, dup(0), NEVER_MS), 0);
    assert_int_equal(channel_receive(&b, &frame, NEVER_MS), 1);
    assert_int_equal(channel_forward(&onward, &frame, -1), -EINVAL);
    assert_int_equal(channel_forward(&onward, &frame, channel_claim_fd(&b)), 0);
    channel_drop(&b, &frame);
    assert_int_equal(channel_flush(&onward), 1);
    channel_close(&b);
    assert_int_equal(channel_open(&b, pair[1]), 0);
    assert_int_equal(channel_receive(&b, &frame, NEVER_MS), 1);
    assert_int_equal(frame.type, MSG_MFA_IMPORT);
    close(channel_claim_fd(&b));
    channel_close(&onward);
}

/* What was said before the end is still heard. */
static void test_ended(void **state)
{
    struct frame frame;

    (void)state;
    send_get(&b, "last words");
    channel_close(&b);
    expect_get(&a, "last words");
    assert_int_equal(channel_receive(&a, &frame, NEVER_MS), 0);
    assert_true(a.ended);
    assert_int_equal(channel_send(&a, MSG_LOCK, NULL, -1, NEVER_MS), -EPIPE);
}

static void test_receive_times_out(void **state)
{
    uint64_t began = clock_boot_ms();
    struct frame frame;

    (void)state;
    assert_int_equal(channel_receive(&a, &frame, 0), -ETIMEDOUT);
    assert_int_equal(channel_receive(&a, &frame, SOON_MS), -ETIMEDOUT);
    assert_true(clock_boot_ms() - began >= SOON_MS);
}

static void test_not_a_socket(void **state)
{
    struct channel closed;

    (void)state;
    assert_int_equal(channel_open(&closed, -1), -EBADF);
    channel_close(&closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_both_directions),
        TEST(test_other_version),
        TEST(test_other_protocol),
        TEST(test_no_greeting),
        TEST(test_nonsense),
        TEST(test_byte_by_byte),
        TEST(test_partial_writes),
        TEST(test_descriptors),
        TEST(test_descriptor_behind_others),
        TEST(test_descriptors_refused),
        TEST(test_too_many_at_once),
        TEST(test_many_at_once),
        TEST(test_second_unclaimed),
        TEST(test_forward),
        TEST(test_ended),
        TEST(test_receive_times_out),
        TEST(test_not_a_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
