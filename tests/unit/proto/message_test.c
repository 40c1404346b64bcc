// SPDX-License-Identifier: BSD-2-Clause
// Every message, both ways, and every way in which a frame can be wrong. It includes message.c, so
// that it walks the tables themselves and no message can be forgotten.
#include "message.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arena.h"

#define HEAD      (sizeof(uint32_t) + 1) /* length and type */
#define TYPES     256u
#define LONG_TEXT 60000u

/* Room for each message's struct. */
union message {
    uint8_t raw[128];
    uint64_t align;
    struct msg_key key;
    struct msg_fido_credential credential;
};

static struct buf frame_buf;
static char long_text[LONG_TEXT + 1];

static int setup(void **state)
{
    (void)state;
    memset(long_text, 'x', LONG_TEXT);
    buf_init(&frame_buf);
    return arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED);
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&frame_buf);
    arena_close();
    return 0;
}

/* Call test for each message that there is. */
static void each_type(void (*test)(enum message_type type))
{
    for (unsigned type = 0; type < TYPES; type++)
        if (message_name((uint8_t)type))
            test((enum message_type)type);
}

/* The n-th field's value: another one for each. */
static void fill_field(const struct field *field, unsigned n, union message *message)
{
    static const char texts[] = "0\0"
                                "1a\0"
                                "2bc\0"
                                "3def\0"
                                "4ghij\0"
                                "5klmno\0"
                                "6\0"
                                "7\0"
                                "8\0"
                                "9\0"
                                "10\0";
    const struct list all = {texts, sizeof texts - 1};
    const char *text = NULL;
    void *at = message->raw + field->offset;

    for (unsigned i = 0; i <= n % 11; i++)
        text = list_next(&all, text);
    switch (field->kind) {
    case U32:
        *(uint32_t *)at = 0x80000001u + (n << 8);
        break;
    case U64:
        *(uint64_t *)at = 0x8000000000000001u + ((uint64_t)n << 40);
        break;
    case TEXT:
        *(const char **)at = text;
        break;
    case BYTES:
        *(struct bytes *)at = (struct bytes){(const uint8_t *)texts + n, 16};
        break;
    case LIST:
        *(struct list *)at = (struct list){texts, 5};
        break;
    case END:
        fail();
    }
}

static void fill(enum message_type type, union message *message)
{
    const struct field *fields = layout_of(type)->fields;

    memset(message, 0, sizeof *message);
    for (unsigned n = 0; fields[n].kind != END; n++)
        fill_field(&fields[n], n, message);
}

static void assert_field_equal(const struct field *field, const union message *a,
                               const union message *b)
{
    const void *x = a->raw + field->offset, *y = b->raw + field->offset;
    const struct bytes *p = x, *q = y; /* a list has the same shape */

    switch (field->kind) {
    case U32:
        assert_memory_equal(x, y, sizeof(uint32_t));
        break;
    case U64:
        assert_memory_equal(x, y, sizeof(uint64_t));
        break;
    case TEXT:
        assert_string_equal(*(const char *const *)x, *(const char *const *)y);
        break;
    case BYTES:
    case LIST:
        assert_int_equal(p->len, q->len);
        assert_memory_equal(p->data, q->data, p->len);
        break;
    case END:
        fail();
    }
}

/* The message alone in frame_buf, as a frame. */
static struct frame encode(enum message_type type, const union message *message)
{
    struct frame frame;

    buf_take(&frame_buf, buf_len(&frame_buf));
    assert_int_equal(message_put(&frame_buf, type, message), 0);
    assert_int_equal(message_next(&frame_buf, &frame), 1);
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.len, buf_len(&frame_buf) - HEAD);
    return frame;
}

static void round_trip(enum message_type type)
{
    const struct layout *layout = layout_of(type);
    union message sent, got;
    struct frame frame;

    fill(type, &sent);
    memset(&got, 0xa5, sizeof got);
    frame = encode(type, &sent);
    assert_int_equal(message_get(&frame, type, &got), 0);
    for (const struct field *field = layout->fields; field->kind != END; field++)
        assert_field_equal(field, &sent, &got);
    message_drop(&frame_buf, &frame);
    assert_int_equal(buf_len(&frame_buf), 0);
}

static void test_round_trip(void **state)
{
    (void)state;
    each_type(round_trip);
}

/* A struct of nothing but NULL goes out as empty texts and strings. */
static void round_trip_empty(enum message_type type)
{
    const struct layout *layout = layout_of(type);
    union message sent = {.raw = {0}}, got;
    struct frame frame = encode(type, &sent);

    assert_int_equal(message_get(&frame, type, &got), 0);
    for (const struct field *field = layout->fields; field->kind != END; field++)
        if (field->kind == TEXT)
            assert_string_equal(*(const char **)(void *)(got.raw + field->offset), "");
}

static void test_empty_fields(void **state)
{
    (void)state;
    each_type(round_trip_empty);
}

static void test_bytes_on_the_wire(void **state)
{
    const struct msg_get get = {.key = "work", .duration = 43200};
    const uint8_t expected[] = {0,   0,   0, 18, 16, 0,    0,    0, 5, 'w', 'o',
                                'r', 'k', 0, 0,  0,  0xa8, 0xc0, 0, 0, 0,   0};

    (void)state;
    assert_int_equal(message_put(&frame_buf, MSG_GET, &get), 0);
    assert_int_equal(buf_len(&frame_buf), sizeof expected);
    assert_memory_equal(buf_data(&frame_buf), expected, sizeof expected);
    assert_int_equal(message_put(&frame_buf, MSG_LOCK, NULL), 0);
    assert_memory_equal(buf_data(&frame_buf) + sizeof expected, "\0\0\0\1\x13", 5);
}

/* Cut anywhere, a body is no message; nor is it with a byte too many, nor as another message. */
static void wrong_length(enum message_type type)
{
    union message message, got;
    struct frame frame;
    uint8_t *exact;

    fill(type, &message);
    frame = encode(type, &message);
    for (size_t len = 0; len < frame.len; len++) {
        struct frame cut = {.type = frame.type, .len = len};

        assert_non_null(
            exact = malloc(len ? len : 1)); /* of the very size, so that ASan sees a byte too far */
        memcpy(exact, frame.body, len);
        cut.body = exact;
        assert_int_equal(message_get(&cut, type, &got), -EPROTO);
        free(exact);
    }
    assert_int_equal(message_get(&frame, type == MSG_HELLO ? MSG_DONE : MSG_HELLO, &got), -EPROTO);
    assert_int_equal(buf_put_u8(&frame_buf, 0), 0);
    frame.body = buf_data(&frame_buf) + HEAD;
    frame.len++;
    assert_int_equal(message_get(&frame, type, &got), -EPROTO);
}

static void test_wrong_length(void **state)
{
    (void)state;
    each_type(wrong_length);
}

/* A string of len bytes, or of len characters and a NUL, in the field. */
static void set_string(const struct field *field, union message *message, size_t len)
{
    void *at = message->raw + field->offset;

    if (field->kind == TEXT)
        *(const char **)at = long_text + LONG_TEXT - len;
    else
        *(struct bytes *)at = (struct bytes){(const uint8_t *)long_text + LONG_TEXT + 1 - len, len};
}

/* A field may have max bytes and no more, neither on the way out nor, with its length made larger,
 * on the way in. */
static void long_field(enum message_type type)
{
    const struct layout *layout = layout_of(type);

    for (const struct field *field = layout->fields; field->kind != END; field++) {
        union message message, got;
        struct frame frame;

        if (field->kind == U32 || field->kind == U64)
            continue;
        fill(type, &message);
        set_string(field, &message, field->max);
        frame = encode(type, &message);
        assert_int_equal(message_get(&frame, type, &got), 0);
        set_string(field, &message, field->max + 1);
        buf_take(&frame_buf, buf_len(&frame_buf));
        assert_int_equal(message_put(&frame_buf, type, &message), -EMSGSIZE);
        assert_int_equal(buf_len(&frame_buf), 0);
    }
}

static void test_long_fields_out(void **state)
{
    (void)state;
    each_type(long_field);
}

/* A frame of one string of len bytes, all NUL but for the text in front. */
static struct frame one_string(enum message_type type, const char *text, uint32_t len)
{
    size_t size = strlen(text);
    uint8_t *room;

    buf_take(&frame_buf, buf_len(&frame_buf));
    assert_int_equal(buf_put_u32(&frame_buf, len), 0);
    if (len) {
        assert_int_equal(buf_extend(&frame_buf, len, &room), 0);
        memset(room, 0, len);
        memcpy(room, text, size < len ? size : len);
    }
    return (struct frame){(uint8_t)type, buf_data(&frame_buf), buf_len(&frame_buf)};
}

static void test_long_fields_in(void **state)
{
    struct msg_mfa_code code;
    struct frame frame = one_string(MSG_MFA_CODE, long_text + LONG_TEXT - NAME_MAX_, NAME_MAX_ + 1);

    (void)state;
    assert_int_equal(message_get(&frame, MSG_MFA_CODE, &code), 0);
    frame = one_string(MSG_MFA_CODE, long_text + LONG_TEXT - NAME_MAX_ - 1, NAME_MAX_ + 2);
    assert_int_equal(message_get(&frame, MSG_MFA_CODE, &code), -EPROTO);
    frame = one_string(MSG_MFA_CODE, "work", 5);
    memset(buf_data(&frame_buf), 0xff, sizeof(uint32_t));
    assert_int_equal(message_get(&frame, MSG_MFA_CODE, &code), -EPROTO);
}

static void test_texts(void **state)
{
    struct msg_mfa_code code;
    struct frame frame = one_string(MSG_MFA_CODE, "work", 5);

    (void)state;
    assert_int_equal(message_get(&frame, MSG_MFA_CODE, &code), 0);
    assert_string_equal(code.key, "work");
    frame = one_string(MSG_MFA_CODE, "", 1);
    assert_int_equal(message_get(&frame, MSG_MFA_CODE, &code), 0);
    assert_string_equal(code.key, "");
    frame = one_string(MSG_MFA_CODE, "work", 4); /* no NUL */
    assert_int_equal(message_get(&frame, MSG_MFA_CODE, &code), -EPROTO);
    frame = one_string(MSG_MFA_CODE, "work", 6); /* a second one */
    assert_int_equal(message_get(&frame, MSG_MFA_CODE, &code), -EPROTO);
    frame = one_string(MSG_MFA_CODE, "", 0);
    assert_int_equal(message_get(&frame, MSG_MFA_CODE, &code), -EPROTO);
}

static void test_lists(void **state)
{
    const struct list list = {"a\0\0bc", 6}, none = {NULL, 0};
    const struct msg_net_request open_end = {.headers = {"Host: a", 7}};
    struct msg_net_request got;
    const char *item;
    struct frame frame;

    (void)state;
    assert_string_equal(item = list_next(&list, NULL), "a");
    assert_string_equal(item = list_next(&list, item), "");
    assert_string_equal(item = list_next(&list, item), "bc");
    assert_null(list_next(&list, item));
    assert_null(list_next(&none, NULL));
    assert_int_equal(message_put(&frame_buf, MSG_NET_REQUEST, &open_end), 0);
    assert_int_equal(message_next(&frame_buf, &frame), 1);
    assert_int_equal(message_get(&frame, MSG_NET_REQUEST, &got), -EPROTO);
}

static void test_list_find(void **state)
{
    static const char texts[] = "A\0B\0B\0first\0C\0\0B\0second";
    const struct list list = {texts, sizeof texts}, none = {NULL, 0};
    const struct list odd = {texts, sizeof "A\0B\0B"};
    const char *value;

    (void)state;
    assert_string_equal(value = list_find(&list, "B", NULL), "first");
    assert_string_equal(value = list_find(&list, "B", value), "second");
    assert_null(list_find(&list, "B", value));
    assert_string_equal(list_find(&list, "C", NULL), "");
    assert_null(list_find(&list, "first", NULL));
    assert_null(list_find(&odd, "B", NULL));
    assert_null(list_find(&none, "B", NULL));
}

/* What message_next() says of a length, a type and n more bytes. */
static int next_of(uint32_t len, uint8_t type, size_t n)
{
    struct frame frame;
    uint8_t *room;

    buf_take(&frame_buf, buf_len(&frame_buf));
    assert_int_equal(buf_put_u32(&frame_buf, len), 0);
    assert_int_equal(buf_put_u8(&frame_buf, type), 0);
    assert_int_equal(buf_extend(&frame_buf, n, &room), 0);
    memset(room, 0, n);
    return message_next(&frame_buf, &frame);
}

static void test_frames(void **state)
{
    const uint32_t most = FRAME_MAX - sizeof(uint32_t);

    (void)state;
    assert_int_equal(next_of(0, MSG_LOCK, 0), -EPROTO);
    assert_int_equal(next_of(1, MSG_LOCK, 0), 1);
    assert_int_equal(next_of(2, MSG_LOCK, 0), 0);
    assert_int_equal(next_of(most, MSG_DONE, most - 2), 0);
    assert_int_equal(next_of(most, MSG_DONE, most - 1), 1);
    assert_int_equal(next_of(most + 1, MSG_DONE, 0), -EPROTO);
    assert_int_equal(next_of(UINT32_MAX, MSG_DONE, 0), -EPROTO);
    assert_int_equal(next_of(1, 0, 0), -EPROTO);
    assert_int_equal(next_of(1, 255, 0), -EPROTO);
    assert_int_equal(message_put(&frame_buf, (enum message_type)0, NULL), -EINVAL);
    assert_null(message_name(0));
    assert_false(message_carries_fd(255));
}

/* Byte by byte, a frame is there with its last byte and not before. */
static void test_frame_in_pieces(void **state)
{
    const struct msg_get get = {.key = "work", .duration = 900};
    struct buf whole;
    struct frame frame;

    (void)state;
    buf_init(&whole);
    assert_int_equal(message_put(&whole, MSG_GET, &get), 0);
    for (size_t i = 0; i < buf_len(&whole); i++) {
        assert_int_equal(message_next(&frame_buf, &frame), 0);
        assert_int_equal(buf_put_u8(&frame_buf, buf_data(&whole)[i]), 0);
    }
    assert_int_equal(message_next(&frame_buf, &frame), 1);
    buf_free(&whole);
}

/* All fields fit, the whole does not: nothing is left of it behind what was there before. */
static void test_whole_too_long(void **state)
{
    struct msg_net_reply reply = {
        .message = long_text + LONG_TEXT - LINE_MAX_,
        .fields = {long_text + LONG_TEXT + 1 - REPLY_MAX_, REPLY_MAX_},
    };
    uint8_t *room;

    (void)state;
    assert_int_equal(message_put(&frame_buf, MSG_LOCK, NULL), 0);
    assert_int_equal(message_put(&frame_buf, MSG_NET_REPLY, &reply), 0);
    buf_trim(&frame_buf, buf_len(&frame_buf) - HEAD);
    assert_int_equal(buf_extend(&frame_buf, BUF_MAX - HEAD - 1000, &room), 0);
    assert_int_equal(message_put(&frame_buf, MSG_NET_REPLY, &reply), -ENOBUFS);
    assert_int_equal(buf_len(&frame_buf), BUF_MAX - 1000);
    assert_memory_equal(buf_data(&frame_buf), "\0\0\0\1\x13", HEAD);
}

static void test_forward(void **state)
{
    const struct msg_failed failed = {EXIT_AWS, "AWS refused"};
    struct frame frame;
    struct buf out;

    (void)state;
    buf_init(&out);
    assert_int_equal(message_put(&frame_buf, MSG_FAILED, &failed), 0);
    assert_int_equal(message_next(&frame_buf, &frame), 1);
    assert_int_equal(message_forward(&out, &frame), 0);
    assert_int_equal(buf_len(&out), buf_len(&frame_buf));
    assert_memory_equal(buf_data(&out), buf_data(&frame_buf), buf_len(&out));
    buf_free(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),   TEST(test_empty_fields),    TEST(test_bytes_on_the_wire),
        TEST(test_wrong_length), TEST(test_long_fields_out), TEST(test_long_fields_in),
        TEST(test_texts),        TEST(test_lists),           TEST(test_list_find),
        TEST(test_frames),       TEST(test_frame_in_pieces), TEST(test_whole_too_long),
        TEST(test_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
