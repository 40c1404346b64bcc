// SPDX-License-Identifier: BSD-2-Clause
// What an HTTP answer means: AWS's success, AWS's error, or nothing of AWS's.
#include "reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reply_xml.h"

/* The value of the first of the paths that there is, or "". */
static const char *find_any(const struct list *fields, const char *const paths[], size_t count)
{
    const char *value = NULL;

    for (size_t i = 0; i < count && !value; i++)
        value = list_find(fields, paths[i], NULL);
    return value ? value : "";
}

#define FIND(fields, ...)                                                                          \
    find_any(fields, (const char *const[]){__VA_ARGS__},                                           \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void read_fields(struct reply *reply, const struct answer *answer)
{
    struct list *fields = &reply->msg.fields;
    const char *id;

    *fields = (struct list){(const char *)buf_data(&reply->fields), buf_len(&reply->fields)};
    id = FIND(fields, "ResponseMetadata/RequestId", "RequestId", "RequestID");
    line_copy(reply->request_id, sizeof reply->request_id, *id ? id : answer->request_id);
    line_copy(reply->code, sizeof reply->code, FIND(fields, "Error/Code", "Errors/Error/Code"));
    line_copy(reply->message, sizeof reply->message,
              FIND(fields, "Error/Message", "Errors/Error/Message"));
}

/* The code of an HTTP status that needs no XML to be understood, or NULL. */
static const char *code_of_status(unsigned status)
{
    if (status == 429)
        return "Throttling";
    if (status == 500)
        return "InternalFailure";
    return status > 500 && status < 600 ? "ServiceUnavailable" : NULL;
}

static int without_xml(struct reply *reply, const struct answer *answer, const char *host,
                       struct failure *failure)
{
    const char *code = code_of_status(answer->status);

    if (!code)
        return failure_set(
            failure, NET_BAD_REPLY,
            "the answer of %s (HTTP status %u) is not AWS's; check the endpoint and any proxy",
            host, answer->status);
    buf_trim(&reply->fields, buf_len(&reply->fields));
    reply->msg.fields = (struct list){NULL, 0};
    snprintf(reply->code, sizeof reply->code, "%s", code);
    snprintf(reply->message, sizeof reply->message, "HTTP status %u, without an explanation",
             answer->status);
    snprintf(reply->request_id, sizeof reply->request_id, "%s", answer->request_id);
    return 0;
}

static int read_answer(struct reply *reply, const struct answer *answer, const char *host,
                       struct failure *failure)
{
    int r;

    if (answer->status >= 300 && answer->status < 400)
        return failure_set(
            failure, NET_BAD_REPLY,
            "%s sent us elsewhere (HTTP status %u), which AWS never does; check the endpoint "
            "and any proxy",
            host, answer->status);
    r = reply_xml_parse(buf_data(&answer->body), buf_len(&answer->body), &reply->fields);
    if (r == -EMSGSIZE || r == -ENOMEM)
        return failure_set(failure, NET_BAD_REPLY,
                           "the answer of %s is too large to be AWS's; check the endpoint", host);
    if (r < 0)
        return without_xml(reply, answer, host, failure);
    read_fields(reply, answer);
    if ((answer->status / 100 == 2) != !*reply->code)
        return without_xml(reply, answer, host, failure);
    return 0;
}

int reply_read(struct reply *reply, const struct answer *answer, const char *host,
               struct failure *failure)
{
    int r;

    *reply = (struct reply){.msg = {
                                .http_status = answer->status,
                                .date = answer->date,
                                .request_id = reply->request_id,
                                .code = reply->code,
                                .message = reply->message,
                            }};
    buf_init(&reply->fields);
    r = read_answer(reply, answer, host, failure);
    if (r < 0)
        reply_free(reply);
    return r;
}

void reply_free(struct reply *reply)
{
    buf_free(&reply->fields);
}
