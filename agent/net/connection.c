// SPDX-License-Identifier: BSD-2-Clause
// The one server that we talk to, through libcurl. Nothing that it says is followed, stored or
// believed beyond the answer itself.
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "clock.h"
#include "trust.h"

#define CONNECT_MS 8000
#define REQUEST_MS 10000
#define HURRY_MS   1000  /* what a repeated HEAD still gets when a request waits behind it */
#define SILENT_MS  10000 /* HEADs are repeated more often: after this, we or the network slept */

/* A body on its way out: libcurl gets each byte once, and has no way to ask for it again. */
struct outgoing {
    struct buf left; /* a copy, as the frame that it came in moves when more arrives */
    bool begun;
};

void answer_init(struct answer *answer)
{
    *answer = (struct answer){0};
    buf_init(&answer->body);
}

void answer_free(struct answer *answer)
{
    buf_free(&answer->body);
}

static size_t give_body(char *to, size_t size, size_t count, void *context)
{
    struct outgoing *outgoing = context;
    size_t room = size * count, left = buf_len(&outgoing->left);
    size_t n = left < room ? left : room;

    if (!n)
        return CURL_READFUNC_ABORT;
    memcpy(to, buf_data(&outgoing->left), n);
    buf_take(&outgoing->left, n);
    outgoing->begun = true;
    return n;
}

/* Taking less than all ends the transfer with CURLE_WRITE_ERROR. */
static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct answer *answer = context;

    return buf_put(&answer->body, data, size * count) < 0 ? 0 : size * count;
}

static void set_trust(CURL *easy, const struct trust *trust)
{
    if (!trust->file && !trust->folder)
        return;
    curl_easy_setopt(easy, CURLOPT_CAINFO, trust->file);
    curl_easy_setopt(easy, CURLOPT_CAPATH, trust->folder);
    curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, trust->file);
    curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, trust->folder);
}

static CURL *make_easy(const struct endpoint *endpoint, const struct trust *trust)
{
    CURL *easy = curl_easy_init();

    if (!easy)
        return NULL;
    if (curl_easy_setopt(easy, CURLOPT_URL, endpoint->url) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, endpoint->plain ? "http" : "https") !=
            CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) != CURLE_OK) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    set_trust(easy, trust);
    if (endpoint
            ->plain) /* it must not leave this machine: no proxy, whatever the environment says */
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "awstap/" AWSTAP_VERSION);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a resolver that hangs */
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    return easy;
}

int connection_open(struct connection *connection, const char *url, const char *ca_bundle,
                    const struct listener *listener, struct failure *failure)
{
    struct endpoint *endpoint = &connection->endpoint;
    struct trust trust;
    int r;

    *connection = (struct connection){.listener = *listener, .socket = CURL_SOCKET_BAD};
    if ((r = endpoint_parse(endpoint, url, failure)) < 0 ||
        (r = trust_choose(&trust, ca_bundle, failure)) < 0)
        return r;
    connection->multi = curl_multi_init();
    connection->head = make_easy(endpoint, &trust);
    connection->post = make_easy(endpoint, &trust);
    if (!connection->multi || !connection->head || !connection->post)
        return -ENOMEM;
    curl_multi_setopt(connection->multi, CURLMOPT_MAXCONNECTS, 1L);
    curl_easy_setopt(connection->head, CURLOPT_ERRORBUFFER, connection->detail);
    curl_easy_setopt(connection->post, CURLOPT_ERRORBUFFER, connection->detail);
    curl_easy_setopt(connection->head, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(connection->post, CURLOPT_POST, 1L);
    curl_easy_setopt(connection->post, CURLOPT_READFUNCTION, give_body);
    return 0;
}

void connection_close(struct connection *connection)
{
    curl_easy_cleanup(connection->head);
    curl_easy_cleanup(connection->post);
    if (connection->multi)
        curl_multi_cleanup(connection->multi);
    *connection = (struct connection){.socket = CURL_SOCKET_BAD};
}

static CURLcode result_of(CURLM *multi)
{
    int left;
    const CURLMsg *message = curl_multi_info_read(multi, &left);

    return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_OUT_OF_MEMORY;
}

/* Carry the transfer through to *code. 0, or the listener's error. */
static int carry(struct connection *connection, uint64_t deadline, CURLcode *code)
{
    struct curl_waitfd watched = {.fd = connection->listener.fd, .events = CURL_WAIT_POLLIN};
    bool hurried = false;
    int running, r;

    for (;;) {
        if (curl_multi_perform(connection->multi, &running) != CURLM_OK || !running) {
            *code = result_of(connection->multi);
            return 0;
        }
        if ((r = connection->listener.heard(connection->listener.context)) < 0)
            return r;
        if (r > 0 && !hurried) {
            uint64_t sooner = clock_deadline_ms(HURRY_MS);

            deadline = sooner < deadline ? sooner : deadline;
            hurried = true;
        }
        if (clock_left_ms(deadline) == 0) {
            *code = CURLE_OPERATION_TIMEDOUT;
            return 0;
        }
        curl_multi_poll(connection->multi, &watched, 1, clock_left_ms(deadline), NULL);
    }
}

static uint64_t date_of(CURL *easy)
{
    struct curl_header *header;
    time_t date;

    if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return 0;
    date = curl_getdate(header->value, NULL);
    return date > 0 ? (uint64_t)date : 0;
}

static void read_head(CURL *easy, struct answer *answer)
{
    struct curl_header *header;
    long status = 0, connects = 0;

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    answer->status = (unsigned)status;
    answer->remade = connects > 0;
    answer->date = date_of(easy);
    if (curl_easy_header(easy, "x-amzn-RequestId", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        line_copy(answer->request_id, sizeof answer->request_id, header->value);
}

/* One transfer; *code says how it went. 0, or the listener's error. */
static int transfer(struct connection *connection, CURL *easy, int timeout_ms,
                    struct answer *answer, CURLcode *code)
{
    int r;

    if (curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer) != CURLE_OK ||
        curl_multi_add_handle(connection->multi, easy) != CURLM_OK) {
        *code = CURLE_OUT_OF_MEMORY;
        return 0;
    }
    connection->socket = CURL_SOCKET_BAD;
    connection->detail[0] = '\0';
    r = carry(connection, clock_deadline_ms(timeout_ms), code);
    if (r == 0 && *code == CURLE_OK) {
        read_head(easy, answer);
        curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &connection->socket);
        connection->used_ms = clock_boot_ms();
    }
    curl_multi_remove_handle(connection->multi, easy);
    return r;
}

/* libcurl's detail without the prefixes that it has on certificates. */
static const char *verification_detail(const struct connection *connection)
{
    static const char *const PREFIXES[] = {"SSL certificate problem: ", "SSL: "};
    const char *detail = connection->detail;

    for (size_t i = 0; i < sizeof PREFIXES / sizeof *PREFIXES; i++)
        if (strncmp(detail, PREFIXES[i], strlen(PREFIXES[i])) == 0)
            return detail + strlen(PREFIXES[i]);
    return *detail ? detail : "it could not be verified";
}

/* Nothing was sent for another reason than the certificate: why, and what to do. */
static const char *unreachable_why(CURLcode code, long system_error, const char **advice)
{
    *advice = "check the network and any proxy";
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        *advice = "check the network";
        return "name not resolved";
    case CURLE_COULDNT_RESOLVE_PROXY:
        *advice = "check https_proxy";
        return "the proxy's name was not resolved";
    case CURLE_PROXY:
        *advice = "check https_proxy";
        return "the proxy refused";
    case CURLE_COULDNT_CONNECT:
        return system_error ? strerror((int)system_error) : "no connection";
    case CURLE_SSL_CONNECT_ERROR:
        *advice = "check the endpoint and any proxy";
        return "no TLS 1.2 or later there";
    case CURLE_OPERATION_TIMEDOUT:
        return "no answer in time";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return "the connection was closed";
    default:
        return curl_easy_strerror(code);
    }
}

/* What kept us from sending anything. */
static int not_sent(const struct connection *connection, CURL *easy, CURLcode code,
                    struct failure *failure)
{
    const char *host = connection->endpoint.host, *why, *advice;
    long system_error = 0, proxy_status = 0;

    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system_error);
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status >= 300)
        code = CURLE_PROXY;
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return failure_set(
            failure, NET_UNTRUSTED,
            "the certificate of %s was refused: %s; check the endpoint and this machine's "
            "clock, or name the CA that is meant by --ca-bundle",
            host, verification_detail(connection));
    if (code == CURLE_SSL_CACERT_BADFILE)
        return failure_set(failure, NET_UNTRUSTED,
                           "cannot check the certificate of %s: the CA certificates can't be read; "
                           "correct --ca-bundle or install ca-certificates",
                           host);
    why = unreachable_why(code, system_error, &advice);
    return failure_set(failure, NET_UNREACHABLE, "cannot reach %s: %s; %s", host, why, advice);
}

static int not_http(const char *host, struct failure *failure)
{
    return failure_set(failure, NET_BAD_REPLY,
                       "%s did not answer in HTTP/1.1; check the endpoint and any proxy", host);
}

/* What kept a whole answer from coming when all or part of the request may have left. */
static int not_answered(const char *host, CURLcode code, struct failure *failure)
{
    switch (code) {
    case CURLE_WRITE_ERROR:
        return failure_set(failure, NET_BAD_REPLY,
                           "the answer of %s is too large to be AWS's; check the endpoint", host);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return not_http(host, failure);
    case CURLE_OPERATION_TIMEDOUT:
        return failure_set(failure, NET_UNKNOWN,
                           "%s did not answer within %d s; the request may have been carried out",
                           host, REQUEST_MS / 1000);
    default:
        return failure_set(
            failure, NET_UNKNOWN,
            "%s closed the connection without a whole answer; the request may have been "
            "carried out",
            host);
    }
}

int connection_head(struct connection *connection, struct answer *answer, struct failure *failure)
{
    const char *host = connection->endpoint.host;
    CURLcode code;
    int r = transfer(connection, connection->head, CONNECT_MS, answer, &code);

    if (r < 0 || code == CURLE_OK)
        return r;
    if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
        return not_http(host, failure);
    return not_sent(connection, connection->head, code, failure);
}

/* A name before a colon, and nothing that could end the line and start another header. */
static bool is_header(const char *line)
{
    const char *colon = strchr(line, ':');

    if (!colon || colon == line)
        return false;
    for (; *line; line++)
        if (*line < ' ' || *line > '~')
            return false;
    return true;
}

static bool append(struct curl_slist **lines, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*lines, line);

    if (longer)
        *lines = longer;
    return longer != NULL;
}

/* A name without a value keeps libcurl's own header out; the list's, if any, still goes. */
static int make_headers(const struct list *headers, struct curl_slist **lines)
{
    static const char *const KEPT_OUT[] = {"Accept:", "Content-Type:", "Expect:"};

    for (size_t i = 0; i < sizeof KEPT_OUT / sizeof *KEPT_OUT; i++)
        if (!append(lines, KEPT_OUT[i]))
            return -ENOMEM;
    for (const char *line = list_next(headers, NULL); line; line = list_next(headers, line)) {
        if (!is_header(line))
            return -EPROTO;
        if (!append(lines, line))
            return -ENOMEM;
    }
    return 0;
}

/* An idle connection with anything to be read from it, its end included, is of no use any more. */
static bool is_usable(const struct connection *connection)
{
    struct pollfd kept = {.fd = connection->socket, .events = POLLIN | POLLRDHUP};

    return connection->socket != CURL_SOCKET_BAD && poll(&kept, 1, 0) == 0 &&
           clock_boot_ms() - connection->used_ms < SILENT_MS;
}

static int send_post(struct connection *connection, struct outgoing *outgoing,
                     struct answer *answer, struct failure *failure)
{
    CURL *post = connection->post;
    const char *host = connection->endpoint.host;
    curl_off_t len = (curl_off_t)buf_len(&outgoing->left);
    CURLcode code;
    int r;

    curl_easy_setopt(post, CURLOPT_READDATA, outgoing);
    curl_easy_setopt(post, CURLOPT_POSTFIELDSIZE_LARGE, len);
    curl_easy_setopt(post, CURLOPT_FRESH_CONNECT, is_usable(connection) ? 0L : 1L);
    r = transfer(connection, post, REQUEST_MS, answer, &code);
    if (r < 0 || code == CURLE_OK)
        return r;
    if (!outgoing->begun)
        return not_sent(connection, post, code, failure);
    return not_answered(host, code, failure);
}

int connection_post(struct connection *connection, const struct list *headers,
                    const struct bytes *body, struct answer *answer, struct failure *failure)
{
    struct outgoing outgoing = {.begun = false};
    struct curl_slist *lines = NULL;
    int r;

    buf_init(&outgoing.left);
    if (!body->len) {
        r = -EPROTO;
        goto out;
    }
    if ((r = make_headers(headers, &lines)) < 0 ||
        (r = buf_put(&outgoing.left, body->data, body->len)) < 0)
        goto out;
    curl_easy_setopt(connection->post, CURLOPT_HTTPHEADER, lines);
    r = send_post(connection, &outgoing, answer, failure);
    curl_easy_setopt(connection->post, CURLOPT_HTTPHEADER, NULL);
out:
    curl_slist_free_all(lines);
    buf_free(&outgoing.left);
    return r;
}
