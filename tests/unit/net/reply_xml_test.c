// SPDX-License-Identifier: BSD-2-Clause
// AWS's XML: what comes out of its documented replies, and what is refused.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "reply_xml.h"

static int parse(const char *xml, struct buf *fields)
{
    buf_init(fields);
    return reply_xml_parse((const uint8_t *)xml, strlen(xml), fields);
}

static void refused(const char *xml, int error)
{
    struct buf fields;

    assert_int_equal(parse(xml, &fields), error);
    buf_free(&fields);
}

/* The reply has exactly these fields, as "path=value\n" each. */
static void yields(const char *xml, const char *wanted)
{
    char got[1024] = "";
    struct buf fields;
    struct list list;
    const char *value;
    size_t n = 0;

    assert_int_equal(parse(xml, &fields), 0);
    list = (struct list){(const char *)buf_data(&fields), buf_len(&fields)};
    for (const char *path = list_next(&list, NULL); path; path = list_next(&list, value)) {
        value = list_next(&list, path);
        assert_non_null(value);
        n += (size_t)snprintf(got + n, sizeof got - n, "%s=%s\n", path, value);
        assert_true(n < sizeof got);
    }
    assert_string_equal(got, wanted);
    buf_free(&fields);
}

/* count copies of item between two tags of the root. */
static void repeated(struct buf *xml, const char *item, unsigned count, const char *end)
{
    buf_init(xml);
    assert_int_equal(buf_put_text(xml, "<XResponse>"), 0);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(buf_put_text(xml, item), 0);
    for (unsigned i = 0; *end && i < count; i++)
        assert_int_equal(buf_put_text(xml, end), 0);
    assert_int_equal(buf_put_text(xml, "</XResponse>"), 0);
}

static void leaves_become_fields(void **state)
{
    (void)state;
    yields("<GetSessionTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
           "  <GetSessionTokenResult>\n    <Credentials>\n"
           "      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>\n"
           "      <SessionToken>a+b/c==</SessionToken>\n"
           "    </Credentials>\n  </GetSessionTokenResult>\n"
           "  <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata>\n"
           "</GetSessionTokenResponse>\n",
           "GetSessionTokenResult/Credentials/AccessKeyId=ASIAIOSFODNN7EXAMPLE\n"
           "GetSessionTokenResult/Credentials/SessionToken=a+b/c==\n"
           "ResponseMetadata/RequestId=id\n");
    yields("<?xml version=\"1.0\"?><a:XResponse xmlns:a=\"u\"><a:E>&lt;<![CDATA[&]]>&#65;</a:E>"
           "<F/><G>mixed<H/>text</G></a:XResponse>",
           "E=<&A\nF=\nG/H=\n");
    yields("<XResponse>text</XResponse>", "");
}

static void members_repeat_their_path(void **state)
{
    (void)state;
    yields("<LResponse><L><member><Id>1</Id></member><member><Id>2</Id></member></L></LResponse>",
           "L/member/Id=1\nL/member/Id=2\n");
}

/* The answer to CreateVirtualMFADevice is read whatever the size of its picture, which may be more
 * than a frame holds. */
static void the_picture_is_left_out(void **state)
{
    static const char HEAD[] = "<CreateVirtualMFADeviceResponse><CreateVirtualMFADeviceResult>"
                               "<VirtualMFADevice><QRCodePNG>";
    static const char TAIL[] = "</QRCodePNG><Base32StringSeed>R0VaREdO</Base32StringSeed>"
                               "</VirtualMFADevice></CreateVirtualMFADeviceResult>"
                               "</CreateVirtualMFADeviceResponse>";
    struct buf xml;

    (void)state;
    buf_init(&xml);
    assert_int_equal(buf_put_text(&xml, HEAD), 0);
    for (unsigned i = 0; i < REPLY_XML_FIELDS / 8; i++)
        assert_int_equal(buf_put_text(&xml, "iVBORw0KGgo="), 0);
    assert_int_equal(buf_put_text(&xml, TAIL), 0);
    yields(buf_text(&xml),
           "CreateVirtualMFADeviceResult/VirtualMFADevice/Base32StringSeed=R0VaREdO\n");
    buf_free(&xml);
    yields("<XResponse><QRCodePNG>a</QRCodePNG><NoQRCodePNG>b</NoQRCodePNG></XResponse>",
           "QRCodePNG=a\nNoQRCodePNG=b\n");
}

/* As many members as a list of IAM's can have, with the longest names, fit. */
static void a_full_list_fits(void **state)
{
    char item[1024], serial[257];
    struct buf xml, fields;

    (void)state;
    memset(serial, 's', sizeof serial - 1);
    serial[sizeof serial - 1] = '\0';
    snprintf(item, sizeof item,
             "<ListMFADevicesResult><MFADevices><member><UserName>%.64s</UserName>"
             "<SerialNumber>%s</SerialNumber><EnableDate>2026-01-01T00:00:00Z</EnableDate>"
             "</member></MFADevices></ListMFADevicesResult>",
             serial, serial);
    repeated(&xml, item, 8, "");
    assert_int_equal(parse(buf_text(&xml), &fields), 0);
    buf_free(&fields);
    buf_free(&xml);
}

static void what_is_no_reply_is_refused(void **state)
{
    static const char *const NO_REPLIES[] = {
        "",
        "{}",
        "<html><body/></html>",
        "<ResponseX/>",
        "<XResponse>",
        "<XResponse><A>",
        "<XResponse/><XResponse/>",
        "<XResponse><A></B></XResponse>",
        "<XResponse>&a;</XResponse>",
        "<XResponse><A>\x01</A></XResponse>",
        "<XResponse><A>\xff</A></XResponse>",
        "<!DOCTYPE XResponse><XResponse/>",
        "<!DOCTYPE XResponse SYSTEM \"file:///etc/passwd\"><XResponse/>",
        "<!DOCTYPE XResponse [<!ENTITY a \"b\">]><XResponse><A>&a;</A></XResponse>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof NO_REPLIES / sizeof *NO_REPLIES; i++)
        refused(NO_REPLIES[i], -EBADMSG);
}

static void each_limit_holds(void **state)
{
    static const struct {
        const char *item, *end;
        unsigned fits;
    } CASES[] = {
        {"<a>", "</a>", REPLY_XML_DEPTH - 1},
        {"<a/>", "", REPLY_XML_ELEMENTS - 1},
        {"<a>0123456789abcdef0123456789abc</a>", "", REPLY_XML_FIELDS / 32},
    };
    struct buf xml, fields;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        repeated(&xml, CASES[i].item, CASES[i].fits, CASES[i].end);
        assert_int_equal(parse(buf_text(&xml), &fields), 0);
        buf_free(&fields);
        buf_free(&xml);
        repeated(&xml, CASES[i].item, CASES[i].fits + 1, CASES[i].end);
        refused(buf_text(&xml), -EMSGSIZE);
        buf_free(&xml);
    }
}

static void one_value_too_large_is_refused(void **state)
{
    struct buf xml;

    (void)state;
    repeated(&xml, "0123456789abcdef", REPLY_XML_FIELDS / 16 + 1, "");
    refused(buf_text(&xml), -EMSGSIZE);
    buf_free(&xml);
}

static int open_arena(void **state)
{
    (void)state;
    return arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED);
}

static int close_arena(void **state)
{
    (void)state;
    arena_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_become_fields),
        cmocka_unit_test(members_repeat_their_path),
        cmocka_unit_test(the_picture_is_left_out),
        cmocka_unit_test(a_full_list_fits),
        cmocka_unit_test(what_is_no_reply_is_refused),
        cmocka_unit_test(each_limit_holds),
        cmocka_unit_test(one_value_too_large_is_refused),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
