// SPDX-License-Identifier: BSD-2-Clause
// Which URLs we connect to.
#include "endpoint.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* host as libcurl has normalised it: no odd spellings of IPv4, IPv6 in brackets. */
static bool is_loopback(const char *host)
{
    struct in_addr ipv4;

    if (inet_pton(AF_INET, host, &ipv4) == 1)
        return ntohl(ipv4.s_addr) >> 24 == 127;
    return strcmp(host, "[::1]") == 0 || strcasecmp(host, "localhost") == 0;
}

static bool has_part(CURLU *url, CURLUPart what)
{
    char *text = NULL;
    bool has = curl_url_get(url, what, &text, 0) == CURLUE_OK;

    curl_free(text);
    return has;
}

static bool part_is(CURLU *url, CURLUPart what, const char *wanted)
{
    char *text = NULL;
    bool is = curl_url_get(url, what, &text, 0) == CURLUE_OK && strcmp(text, wanted) == 0;

    curl_free(text);
    return is;
}

static bool copy_part(CURLU *url, CURLUPart what, char *to, size_t size)
{
    char *text = NULL;
    bool fits = curl_url_get(url, what, &text, 0) == CURLUE_OK && strlen(text) < size;

    if (fits)
        memcpy(to, text, strlen(text) + 1);
    curl_free(text);
    return fits;
}

/* Why these parts are no endpoint, or NULL. */
static const char *fault_in(CURLU *parts, const char *url, struct endpoint *endpoint)
{
    if (curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        !copy_part(parts, CURLUPART_URL, endpoint->url, sizeof endpoint->url) ||
        !copy_part(parts, CURLUPART_HOST, endpoint->host, sizeof endpoint->host))
        return "it is no URL";
    endpoint->plain = part_is(parts, CURLUPART_SCHEME, "http");
    if (!endpoint->plain && !part_is(parts, CURLUPART_SCHEME, "https"))
        return "it must be https";
    if (endpoint->plain && !is_loopback(endpoint->host))
        return "http goes to this machine only, use https";
    if (has_part(parts, CURLUPART_USER) || has_part(parts, CURLUPART_PASSWORD))
        return "it holds a user or password";
    if (!part_is(parts, CURLUPART_PATH, "/") || has_part(parts, CURLUPART_QUERY) ||
        has_part(parts, CURLUPART_FRAGMENT))
        return "only https://HOST[:PORT] is served";
    return NULL;
}

int endpoint_parse(struct endpoint *endpoint, const char *url, struct failure *failure)
{
    CURLU *parts = curl_url();
    const char *fault = parts ? fault_in(parts, url, endpoint) : "memory is short";

    curl_url_cleanup(parts);
    if (fault)
        return failure_set(failure, NET_UNREACHABLE, "the endpoint URL %.200s is refused: %s", url,
                           fault);
    return 0;
}
