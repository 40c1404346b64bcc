// SPDX-License-Identifier: BSD-2-Clause
// awstap-net as its signer sees it: the built program, a conversation with it, and a scripted HTTP
// server on loopback. The folder of the program is argv[1] or AWSTAP_BIN_DIR.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "channel.h"
#include "clock.h"
#include "program_fixture.h"

#define PATIENCE_MS  20000
#define RECEIVED_MAX 4096
#define BODY         "Action=GetCallerIdentity&Version=2011-06-15"
#define DATE         "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
#define DATE_S       1767225600u
#define HEAD_OK      "HTTP/1.1 302 Found\r\n" DATE "Location: https://example.com/\r\n\r\n"
#define IDENTITY                                                                                   \
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"              \
    "<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>"           \
    "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"

enum after { KEEP, CLOSE, HANG, LEAVE }; /* LEAVE: the server is gone for good */

/* How the server answers. post is the status line and headers, to which Date and length are added.
 */
struct script {
    const char *head;
    enum after after_head;
    const char *post; /* NULL: none */
    const char *body;
    size_t repeat;  /* the body so many times over */
    size_t missing; /* bytes of the body that are announced and not sent */
    enum after after_post;
};

/* What the server has seen, shared with it. */
struct tally {
    atomic_uint connections, heads, posts, closed;
    char request[RECEIVED_MAX]; /* the latest POST, headers and body */
};

struct scene {
    struct tally *tally;
    int port;
    pid_t server, program;
    int program_fd; /* pidfd */
    struct channel channel;
};

static const char *bin_dir;
static char own_dir[64];

/* ---- the server ---- */

static void serve_forever(void)
{
    for (;;)
        pause();
}

static void write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        data += n;
        len -= (size_t)n;
    }
}

/* One whole request into text; false: the client has closed. */
static bool read_request(int fd, char *text, size_t size)
{
    size_t len = 0, body = 0;
    char *end;

    for (;;) {
        ssize_t n = read(fd, text + len, size - 1 - len);

        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        if (!(end = strstr(text, "\r\n\r\n")))
            continue;
        if (strstr(text, "Content-Length: "))
            body = strtoul(strstr(text, "Content-Length: ") + 16, NULL, 10);
        if (len >= (size_t)(end + 4 - text) + body)
            return true;
    }
}

static void answer_post(int fd, const struct script *script)
{
    size_t repeat = script->repeat ? script->repeat : 1, len = strlen(script->body);
    char head[512];
    int n = snprintf(head, sizeof head, "%s" DATE "Content-Length: %zu\r\n\r\n", script->post,
                     repeat * len);

    write_all(fd, head, (size_t)n);
    for (size_t i = 0; i + 1 < repeat; i++)
        write_all(fd, script->body, len);
    write_all(fd, script->body, len - script->missing);
}

static enum after serve_one(int fd, const struct script *script, struct tally *tally)
{
    static char request[RECEIVED_MAX];

    if (!read_request(fd, request, sizeof request))
        return CLOSE;
    if (strncmp(request, "HEAD ", 5) == 0) {
        tally->heads++;
        write_all(fd, script->head, strlen(script->head));
        return script->after_head;
    }
    memcpy(tally->request, request, sizeof request);
    tally->posts++;
    if (script->post)
        answer_post(fd, script);
    return script->after_post;
}

static void serve(int listener, const struct script *script, struct tally *tally)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        enum after after;

        tally->connections++;
        while ((after = serve_one(fd, script, tally)) == KEEP)
            ;
        if (after == HANG)
            serve_forever();
        if (after == LEAVE)
            close(listener);
        close(fd);
        tally->closed++;
        if (after == LEAVE)
            serve_forever();
    }
}

static int listen_on_loopback(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void start_server(struct scene *scene, const struct script *script)
{
    int listener = listen_on_loopback(&scene->port);

    scene->tally =
        mmap(NULL, sizeof *scene->tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(scene->tally != MAP_FAILED);
    scene->server = fork();
    assert_true(scene->server >= 0);
    if (scene->server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(listener, script, scene->tally);
    }
    close(listener);
}

/* ---- the program ---- */

/* The time that the test build of the program adds to its clocks; another build takes the real
 * time. */
static void jump_to(int ms)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/clock", own_dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%d\n", ms);
    fclose(file);
}

static void start_program(struct scene *scene)
{
    char path[128], *argv[] = {path, NULL}, *envp[] = {NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];

    jump_to(0);
    snprintf(path, sizeof path, "%s/awstap-net", own_dir);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], CHANNEL_HELPER_FD);
    assert_int_equal(posix_spawn(&scene->program, path, &actions, NULL, argv, envp), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    scene->program_fd = (int)syscall(SYS_pidfd_open, scene->program, 0);
    assert_true(scene->program_fd >= 0);
    assert_int_equal(channel_open(&scene->channel, ends[0]), 0);
}

/* Wait for the program to end. Its exit status; the milliseconds that it took in *took. */
static int await_end(struct scene *scene, uint64_t *took)
{
    struct pollfd ended = {.fd = scene->program_fd, .events = POLLIN};
    uint64_t start = clock_boot_ms();
    int status;

    assert_int_equal(poll(&ended, 1, PATIENCE_MS), 1);
    *took = clock_boot_ms() - start;
    assert_int_equal(waitpid(scene->program, &status, 0), scene->program);
    assert_true(WIFEXITED(status));
    close(scene->program_fd);
    return WEXITSTATUS(status);
}

static void begin(struct scene *scene, const struct script *script)
{
    *scene = (struct scene){0};
    start_server(scene, script);
    start_program(scene);
}

static void end(struct scene *scene)
{
    uint64_t took;

    channel_close(&scene->channel);
    assert_int_equal(await_end(scene, &took), 0);
    kill(scene->server, SIGKILL);
    waitpid(scene->server, NULL, 0);
    munmap(scene->tally, sizeof *scene->tally);
}

static void await_frame(struct scene *scene, struct frame *frame)
{
    assert_int_equal(channel_receive(&scene->channel, frame, PATIENCE_MS), 1);
}

static void ask_to_connect(struct scene *scene, const char *url)
{
    const struct msg_net_connect msg = {url, ""};

    assert_int_equal(channel_send(&scene->channel, MSG_NET_CONNECT, &msg, -1, PATIENCE_MS), 0);
}

static void await_connected(struct scene *scene)
{
    struct msg_net_connected msg;
    struct frame frame;

    await_frame(scene, &frame);
    assert_int_equal(message_get(&frame, MSG_NET_CONNECTED, &msg), 0);
    assert_int_equal(msg.date, DATE_S);
    channel_drop(&scene->channel, &frame);
}

static void connect_to_server(struct scene *scene)
{
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%d", scene->port);
    ask_to_connect(scene, url);
    await_connected(scene);
}

static void request(struct scene *scene)
{
    static const char HEADERS[] =
        "Content-Type: application/x-www-form-urlencoded\0X-Amz-Date: 20260101T000000Z";
    const struct msg_net_request msg = {
        .headers = {HEADERS, sizeof HEADERS},
        .body = {(const uint8_t *)BODY, strlen(BODY)},
    };

    assert_int_equal(channel_send(&scene->channel, MSG_NET_REQUEST, &msg, -1, PATIENCE_MS), 0);
}

static void await_failure(struct scene *scene, enum net_failure failure, const char *text)
{
    struct msg_net_failed msg;
    struct frame frame;

    await_frame(scene, &frame);
    assert_int_equal(message_get(&frame, MSG_NET_FAILED, &msg), 0);
    assert_int_equal(msg.failure, failure);
    if (!strstr(msg.text, text))
        fail_msg("\"%s\" does not say \"%s\"", msg.text, text);
    channel_drop(&scene->channel, &frame);
}

static void await_reply(struct scene *scene, struct frame *frame, struct msg_net_reply *reply)
{
    await_frame(scene, frame);
    assert_int_equal(message_get(frame, MSG_NET_REPLY, reply), 0);
}

/* A request to a server of this script fails so, and was sent once. */
static void fails(const struct script *script, enum net_failure failure, const char *text)
{
    struct scene scene;

    begin(&scene, script);
    connect_to_server(&scene);
    request(&scene);
    await_failure(&scene, failure, text);
    assert_int_equal(scene.tally->posts, 1);
    end(&scene);
}

static bool came(atomic_uint *count, unsigned wanted)
{
    uint64_t deadline = clock_deadline_ms(PATIENCE_MS);

    while (atomic_load(count) < wanted && clock_left_ms(deadline))
        poll(NULL, 0, 1);
    return atomic_load(count) >= wanted;
}

/* ---- the tests ---- */

static void a_request_is_sent_as_given(void **state)
{
    const struct script script = {.head = HEAD_OK, .post = "HTTP/1.1 200 OK\r\n", .body = IDENTITY};
    struct msg_net_reply reply;
    struct scene scene;
    struct frame frame;
    char *sent;

    (void)state;
    begin(&scene, &script);
    connect_to_server(&scene);
    for (unsigned i = 1; i <= 2; i++) {
        request(&scene);
        await_reply(&scene, &frame, &reply);
        assert_int_equal(reply.http_status, 200);
        assert_int_equal(reply.date, DATE_S);
        assert_string_equal(reply.code, "");
        assert_string_equal(reply.request_id, "id-1");
        assert_string_equal(reply.fields.data, "GetCallerIdentityResult/Account");
        assert_string_equal(list_next(&reply.fields, reply.fields.data), "123456789012");
        channel_drop(&scene.channel, &frame);
        assert_int_equal(scene.tally->posts, i);
    }
    sent = scene.tally->request;
    assert_ptr_equal(strstr(sent, "POST / HTTP/1.1\r\n"), sent);
    assert_non_null(strstr(sent, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(sent, "\r\nX-Amz-Date: 20260101T000000Z\r\n"));
    assert_non_null(strstr(sent, "\r\nUser-Agent: awstap/" AWSTAP_VERSION "\r\n"));
    assert_null(strstr(sent, "Accept"));
    assert_null(strstr(sent, "Expect"));
    assert_string_equal(strstr(sent, "\r\n\r\n") + 4, BODY);
    assert_int_equal(scene.tally->connections, 1);
    end(&scene);
}

static void an_error_is_one_clean_line(void **state)
{
    const struct script script = {
        .head = HEAD_OK,
        .post = "HTTP/1.1 403 Forbidden\r\nx-amzn-RequestId: id-2\r\n",
        .body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                "<Message> not\n so &#x85;&#x9b;1m</Message></Error></ErrorResponse>",
    };
    struct msg_net_reply reply;
    struct scene scene;
    struct frame frame;

    (void)state;
    begin(&scene, &script);
    connect_to_server(&scene);
    request(&scene);
    await_reply(&scene, &frame, &reply);
    assert_int_equal(reply.http_status, 403);
    assert_string_equal(reply.code, "AccessDenied");
    assert_string_equal(reply.message, "not so ????1m");
    assert_string_equal(reply.request_id, "id-2");
    channel_drop(&scene.channel, &frame);
    end(&scene);
}

static void a_busy_server_needs_no_xml(void **state)
{
    const struct script script = {
        .head = HEAD_OK,
        .post = "HTTP/1.1 503 Slow Down\r\n",
        .body = "<!DOCTYPE html><html/>",
    };
    struct msg_net_reply reply;
    struct scene scene;
    struct frame frame;

    (void)state;
    begin(&scene, &script);
    connect_to_server(&scene);
    request(&scene);
    await_reply(&scene, &frame, &reply);
    assert_int_equal(reply.http_status, 503);
    assert_string_equal(reply.code, "ServiceUnavailable");
    assert_int_equal(reply.fields.len, 0);
    channel_drop(&scene.channel, &frame);
    end(&scene);
}

static void what_is_not_aws_is_refused(void **state)
{
    (void)state;
    fails(&(struct script){.head = HEAD_OK,
                           .post = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\n",
                           .body = ""},
          NET_BAD_REPLY, "307");
    fails(&(struct script){.head = HEAD_OK,
                           .post = "HTTP/1.1 200 OK\r\n",
                           .body = "<!DOCTYPE x><GetCallerIdentityResponse/>"},
          NET_BAD_REPLY, "not AWS's");
    fails(&(struct script){.head = HEAD_OK,
                           .post = "HTTP/1.1 200 OK\r\n",
                           .body = "<html><body>log in</body></html>"},
          NET_BAD_REPLY, "not AWS's");
    fails(&(struct script){.head = HEAD_OK, .post = "HTTP/1.1 403 Forbidden\r\n", .body = ""},
          NET_BAD_REPLY, "403");
    fails(&(struct script){.head = HEAD_OK,
                           .post = "HTTP/1.1 200 OK\r\n",
                           .body = "0123456789abcdef0123456789abcdef",
                           .repeat = 10000},
          NET_BAD_REPLY, "too large");
}

static void an_answer_that_breaks_off_is_unknown(void **state)
{
    (void)state;
    fails(&(struct script){.head = HEAD_OK,
                           .post = "HTTP/1.1 200 OK\r\n",
                           .body = IDENTITY,
                           .missing = 10,
                           .after_post = CLOSE},
          NET_UNKNOWN, "may have been carried out");
    /* On a kept connection, which libcurl would answer by sending the request again. */
    fails(&(struct script){.head = HEAD_OK, .after_post = CLOSE}, NET_UNKNOWN,
          "may have been carried out");
    /* And on a new one. */
    fails(&(struct script){.head = HEAD_OK, .after_head = CLOSE, .after_post = CLOSE}, NET_UNKNOWN,
          "may have been carried out");
}

static void an_answer_that_never_comes_is_unknown(void **state)
{
    const struct script script = {.head = HEAD_OK, .after_post = HANG};
    struct scene scene;

    (void)state;
    begin(&scene, &script);
    connect_to_server(&scene);
    request(&scene);
    assert_true(came(&scene.tally->posts, 1));
    jump_to(10000);
    await_failure(&scene, NET_UNKNOWN, "within 10 s");
    assert_int_equal(scene.tally->posts, 1);
    end(&scene);
}

static void a_connection_closed_while_idle_is_made_anew(void **state)
{
    const struct script script = {
        .head = HEAD_OK, .after_head = CLOSE, .post = "HTTP/1.1 200 OK\r\n", .body = IDENTITY};
    struct msg_net_reply reply;
    struct scene scene;
    struct frame frame;

    (void)state;
    begin(&scene, &script);
    connect_to_server(&scene);
    assert_true(came(&scene.tally->closed, 1));
    request(&scene);
    await_reply(&scene, &frame, &reply);
    assert_string_equal(reply.code, "");
    channel_drop(&scene.channel, &frame);
    assert_int_equal(scene.tally->connections, 2);
    assert_int_equal(scene.tally->posts, 1);
    end(&scene);
}

static void a_server_that_has_gone_is_unreachable(void **state)
{
    const struct script script = {.head = HEAD_OK, .after_head = LEAVE};
    struct scene scene;
    char url[64];

    (void)state;
    begin(&scene, &script);
    connect_to_server(&scene);
    assert_true(came(&scene.tally->closed, 1));
    request(&scene);
    await_failure(&scene, NET_UNREACHABLE, "Connection refused; check the network");
    snprintf(url, sizeof url, "http://localhost:%d/", scene.port);
    end(&scene);

    begin(&scene, &script);
    ask_to_connect(&scene, url);
    await_failure(&scene, NET_UNREACHABLE, "cannot reach localhost: Connection refused");
    end(&scene);
}

static void the_connection_is_kept_warm(void **state)
{
    const struct script script = {.head = HEAD_OK};
    struct scene scene;

    (void)state;
    begin(&scene, &script);
    connect_to_server(&scene);
    jump_to(4000);
    assert_true(came(&scene.tally->heads, 2));
    assert_int_equal(scene.tally->connections, 1);
    end(&scene);
}

static void a_connection_made_anew_is_told(void **state)
{
    const struct script script = {.head = HEAD_OK, .after_head = CLOSE};
    struct scene scene;

    (void)state;
    begin(&scene, &script);
    connect_to_server(&scene);
    jump_to(4000);
    await_connected(&scene);
    assert_int_equal(scene.tally->connections, 2);
    end(&scene);
}

static void a_url_that_would_leak_is_refused(void **state)
{
    static const char *const URLS[] = {
        "http://sts.amazonaws.com",
        "http://127.0.0.1.example.com",
        "http://128.0.0.1/",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://u:p@127.0.0.1",
        "https://127.0.0.1/path",
        "https://127.0.0.1/?a=b",
        "https://127.0.0.1/#a",
        "https://",
        "127.0.0.1\n",
        "http://localhost@example.com",
    };
    const struct script script = {.head = HEAD_OK};
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < sizeof URLS / sizeof *URLS; i++) {
        begin(&scene, &script);
        ask_to_connect(&scene, URLS[i]);
        await_failure(&scene, NET_UNREACHABLE, "is refused");
        assert_int_equal(scene.tally->connections, 0);
        end(&scene);
    }
}

static void a_ca_bundle_must_be_readable(void **state)
{
    const struct msg_net_connect msg = {"https://127.0.0.1:1", "/nonexistent"};
    const struct script script = {.head = HEAD_OK};
    struct scene scene;

    (void)state;
    begin(&scene, &script);
    assert_int_equal(channel_send(&scene.channel, MSG_NET_CONNECT, &msg, -1, PATIENCE_MS), 0);
    await_failure(&scene, NET_UNTRUSTED, "/nonexistent: No such file or directory");
    end(&scene);
}

/* Send the message as the first; the program ends with an error. */
static void ends_at(enum message_type type, const void *msg)
{
    const struct script script = {.head = HEAD_OK};
    struct scene scene;
    uint64_t took;

    begin(&scene, &script);
    assert_int_equal(channel_send(&scene.channel, type, msg, -1, PATIENCE_MS), 0);
    assert_int_not_equal(await_end(&scene, &took), 0);
    channel_close(&scene.channel);
    kill(scene.server, SIGKILL);
    waitpid(scene.server, NULL, 0);
    munmap(scene.tally, sizeof *scene.tally);
}

static void an_unexpected_message_ends_it(void **state)
{
    const struct msg_net_request early = {.headers = {"A: b", 5},
                                          .body = {(const uint8_t *)BODY, strlen(BODY)}};

    (void)state;
    ends_at(MSG_LOCK, NULL);
    ends_at(MSG_NET_REQUEST, &early);
}

static void closing_ends_it_at_once(void **state)
{
    const struct script script = {.head = HEAD_OK, .after_post = HANG};
    struct scene scene;
    uint64_t took;

    (void)state;
    begin(&scene, &script);
    connect_to_server(&scene);
    request(&scene);
    assert_true(came(&scene.tally->posts, 1));
    channel_close(&scene.channel);
    assert_int_equal(await_end(&scene, &took), 0);
    assert_true(took < 1000);
    kill(scene.server, SIGKILL);
    waitpid(scene.server, NULL, 0);
    munmap(scene.tally, sizeof *scene.tally);
}

/* The program in a folder of its own, where its clock can be moved without moving any other's. */
static int copy_program(void **state)
{
    (void)state;
    snprintf(own_dir, sizeof own_dir, "/tmp/awstap-net-test.XXXXXX");
    assert_non_null(mkdtemp(own_dir));
    program_copy("awstap-net", bin_dir, own_dir);
    return arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED);
}

static int remove_program(void **state)
{
    static const char *const NAMES[] = {"awstap-net", "clock"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", own_dir, NAMES[i]);
        unlink(path);
    }
    arena_close();
    return rmdir(own_dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_sent_as_given),
        cmocka_unit_test(an_error_is_one_clean_line),
        cmocka_unit_test(a_busy_server_needs_no_xml),
        cmocka_unit_test(what_is_not_aws_is_refused),
        cmocka_unit_test(an_answer_that_breaks_off_is_unknown),
        cmocka_unit_test(an_answer_that_never_comes_is_unknown),
        cmocka_unit_test(a_connection_closed_while_idle_is_made_anew),
        cmocka_unit_test(a_server_that_has_gone_is_unreachable),
        cmocka_unit_test(the_connection_is_kept_warm),
        cmocka_unit_test(a_connection_made_anew_is_told),
        cmocka_unit_test(a_url_that_would_leak_is_refused),
        cmocka_unit_test(a_ca_bundle_must_be_readable),
        cmocka_unit_test(an_unexpected_message_ends_it),
        cmocka_unit_test(closing_ends_it_at_once),
    };

    bin_dir = argc > 1 ? argv[1] : getenv("AWSTAP_BIN_DIR");
    if (!bin_dir) {
        fprintf(stderr, "usage: net_test FOLDER, where awstap-net is; or set AWSTAP_BIN_DIR\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, copy_program, remove_program);
}
