// SPDX-License-Identifier: BSD-2-Clause
// What goes to stdout: whole, or not without a word.
#include "output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "message.h"
#include "printable.h"

int output_buf(const struct buf *buf)
{
    const uint8_t *at = buf_data(buf);
    size_t left = buf_len(buf);

    while (left) {
        ssize_t n = write(STDOUT_FILENO, at, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(EXIT_FAILED, "the answer could not be written: %s", strerror(errno));
        at += n;
        left -= (size_t)n;
    }
    return EXIT_DONE;
}

int output_json(struct json *json)
{
    if (json->error == 0)
        json->error = buf_put(&json->buf, "\n", 1);
    if (json->error < 0)
        return fail(EXIT_FAILED, "the answer could not be put together: %s",
                    strerror(-json->error));
    return output_buf(&json->buf);
}

int output_line(const char *text)
{
    struct buf buf;
    int r, status;

    if (!*text)
        return EXIT_DONE;
    buf_init(&buf);
    if ((r = buf_printf(&buf, "%s", text)) < 0 || (r = buf_put_u8(&buf, 0)) < 0) {
        status = fail(EXIT_FAILED, "the answer could not be put together: %s", strerror(-r));
    } else {
        printable_clean((char *)buf_data(&buf));
        buf_data(&buf)[buf_len(&buf) - 1] = '\n';
        status = output_buf(&buf);
    }
    buf_free(&buf);
    return status;
}
