// SPDX-License-Identifier: BSD-2-Clause
// QR codes in half blocks. libqrencode works on the heap: its result is wiped here, its own copies
// of the text are not; they end with the signer, as soon as the factor is enrolled.
#include "qr.h"

#include <qrencode.h>
#include <string.h>

#define MARGIN                                                                                     \
    2 /* modules of light around; the standard asks for 4, readers are content with 2              \
       */

/* Black on white, by the 8 colours that all terminals have and then by the brighter white. */
#define BEGIN_LINE "\033[30;47;107m"
#define END_LINE   "\033[0m\n"

static int is_dark(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return 0;
    return code->data[y * code->width + x] & 1;
}

/* The modules of rows y and y + 1, one above the other. */
static int put_line(struct buf *out, const QRcode *code, int y)
{
    static const char *const BLOCKS[] = {" ", "▀", "▄", "█"};
    int r = buf_put_text(out, BEGIN_LINE);

    for (int x = -MARGIN; r == 0 && x < code->width + MARGIN; x++)
        r = buf_put_text(out, BLOCKS[is_dark(code, x, y) + 2 * is_dark(code, x, y + 1)]);
    return r < 0 ? r : buf_put_text(out, END_LINE);
}

int qr_print(const char *text, struct buf *out, struct error *error)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    int r = 0;

    if (!code)
        return error_set(error, EXIT_FAILED, "cannot draw a QR code; is memory short?");
    for (int y = -MARGIN; r == 0 && y < code->width + MARGIN; y += 2)
        r = put_line(out, code, y);
    explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return r < 0 ? error_set(error, EXIT_FAILED, "out of memory") : 0;
}
