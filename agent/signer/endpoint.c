// SPDX-License-Identifier: BSD-2-Clause
// Regions, partitions and endpoints of AWS. The table is AWS's partition list for STS and IAM; what
// is not in it is refused, as a signature for a foreign partition would only tell it our key id.
#include "endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "message.h"

#define HOST_MAX                                                                                   \
    240 /* characters of a host name, less than the 253 of RFC 1035 so that a URL holds it */

/*
 * dashes tells a region of the partition (us-iso-east-1) from one of a partition we do not know
 * (us-iso-1).
 */
static const struct partition {
    const char *name, *prefix;
    unsigned dashes;
    const char *suffix, *home, *iam_host;
} partitions[] = {
    {"aws-cn", "cn-", 2, "amazonaws.com.cn", "cn-north-1", "iam.cn-north-1.amazonaws.com.cn"},
    {"aws-us-gov", "us-gov-", 3, "amazonaws.com", "us-gov-west-1", "iam.us-gov.amazonaws.com"},
    {"aws-eusc", "eusc-", 3, "amazonaws.eu", "eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu"},
    {"aws-iso", "us-iso-", 3, "c2s.ic.gov", "us-iso-east-1", "iam.us-iso-east-1.c2s.ic.gov"},
    {"aws-iso-b", "us-isob-", 3, "sc2s.sgov.gov", "us-isob-east-1",
     "iam.us-isob-east-1.sc2s.sgov.gov"},
    {"aws", "", 2, "amazonaws.com", "us-east-1", "iam.amazonaws.com"},
};

#define PARTITIONS (sizeof partitions / sizeof partitions[0])

/* ([a-z]{2}|eusc)(-[a-z]{2,12}){1,2}-[0-9]{1,2}; 0 for what is not, else the number of dashes. */
static unsigned region_dashes(const char *region)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    size_t len = strnlen(region, ENDPOINT_REGION_MAX + 1);
    size_t n = strspn(region, letters);
    unsigned dashes = 0;

    if (len > ENDPOINT_REGION_MAX || (n != 2 && strncmp(region, "eusc-", 5) != 0))
        return 0;
    while (region[n] == '-') {
        region += n + 1;
        dashes++;
        n = strspn(region, letters);
        if (n == 0)
            break;
        if (n < 2 || n > 12)
            return 0;
    }
    n = strspn(region, "0123456789");
    return n >= 1 && n <= 2 && !region[n] && (dashes == 2 || dashes == 3) ? dashes : 0;
}

static const struct partition *partition_of(const char *region)
{
    unsigned dashes = region_dashes(region);

    for (size_t i = 0; dashes && i < PARTITIONS; i++) {
        const struct partition *p = &partitions[i];

        if (p->dashes == dashes && strncmp(region, p->prefix, strlen(p->prefix)) == 0 &&
            (*p->prefix || region[2] == '-'))
            return p;
    }
    return NULL;
}

const char *endpoint_partition(const char *region)
{
    const struct partition *p = partition_of(region);

    return p ? p->name : NULL;
}

const char *endpoint_default_region(const char *partition)
{
    for (size_t i = 0; i < PARTITIONS; i++)
        if (strcmp(partition, partitions[i].name) == 0)
            return partitions[i].home;
    return NULL;
}

struct url {
    bool tls;
    char host[HOST_MAX + 1]; /* with the brackets of an IPv6 address */
    uint16_t port;           /* 0: the scheme's own */
};

/* Labels of letters, digits and inner dashes, as an IPv4 address is too. */
static bool host_name_valid(const char *host)
{
    for (;;) {
        size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (n == 0 || n > 63 || host[0] == '-' || host[n - 1] == '-')
            return false;
        if (!host[n])
            return true;
        if (host[n] != '.')
            return false;
        host += n + 1;
    }
}

/* Whether host is an IPv6 address in brackets. */
static bool host_ipv6(const char *host, struct in6_addr *addr)
{
    char inner[INET6_ADDRSTRLEN];
    size_t len = strlen(host);

    if (len < 4 || host[0] != '[' || host[len - 1] != ']' || len - 2 >= sizeof inner)
        return false;
    memcpy(inner, host + 1, len - 2);
    inner[len - 2] = '\0';
    return inet_pton(AF_INET6, inner, addr) == 1;
}

static bool host_is_loopback(const char *host)
{
    struct in6_addr v6;
    struct in_addr v4;

    if (host_ipv6(host, &v6))
        return IN6_IS_ADDR_LOOPBACK(&v6);
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    return strcasecmp(host, "localhost") == 0;
}

/* ":PORT", without leading zeros, or nothing; then nothing or "/". */
static bool read_port(const char *at, uint16_t *port)
{
    unsigned value = 0;

    if (*at == ':') {
        size_t n = strspn(++at, "0123456789");

        if (n == 0 || n > 5 || *at == '0')
            return false;
        for (size_t i = 0; i < n; i++)
            value = value * 10 + (unsigned)(at[i] - '0');
        if (value > UINT16_MAX)
            return false;
        at += n;
    }
    *port = (uint16_t)value;
    return strcmp(at, "") == 0 || strcmp(at, "/") == 0;
}

static bool url_split(const char *text, struct url *url)
{
    struct in6_addr v6;
    size_t len;

    if (strnlen(text, ENDPOINT_URL_MAX + 1) > ENDPOINT_URL_MAX)
        return false;
    url->tls = strncmp(text, "https://", 8) == 0;
    if (!url->tls && strncmp(text, "http://", 7) != 0)
        return false;
    text += url->tls ? 8 : 7;
    len = *text == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/");
    if (len > HOST_MAX || len > strlen(text))
        return false;
    memcpy(url->host, text, len);
    url->host[len] = '\0';
    if (*text == '[' ? !host_ipv6(url->host, &v6) : !host_name_valid(url->host))
        return false;
    return read_port(text + len, &url->port);
}

static int url_read(const char *text, struct url *url, struct error *error)
{
    if (!url_split(text, url))
        return error_set(error, EXIT_USAGE,
                         "\"%.*s\" is no endpoint URL; give https://HOST or https://HOST:PORT",
                         ENDPOINT_URL_MAX, text);
    if (!url->tls && !host_is_loopback(url->host))
        return error_set(error, EXIT_USAGE,
                         "%s is not encrypted; http:// is allowed to this machine only, "
                         "use https:// for %s",
                         text, url->host);
    return 0;
}

int endpoint_url_check(const char *url, struct error *error)
{
    struct url parts;

    return url_read(url, &parts, error);
}

static void use_own(enum endpoint_service service, const struct partition *p, const char *region,
                    struct url *url)
{
    url->tls = true;
    url->port = 0;
    if (service == ENDPOINT_IAM)
        snprintf(url->host, sizeof url->host, "%s", p->iam_host);
    else
        snprintf(url->host, sizeof url->host, "sts.%s.%s", region, p->suffix);
}

int endpoint_find(enum endpoint_service service, const char *region, const char *url,
                  struct endpoint *endpoint, struct error *error)
{
    const struct partition *p = partition_of(region);
    struct url parts;
    char port[8] = "";

    if (!p)
        return error_set(error, EXIT_USAGE,
                         "\"%.*s\" is no AWS region known here; "
                         "give one such as us-east-1",
                         ENDPOINT_REGION_MAX, region);
    if (!url || !*url)
        use_own(service, p, region, &parts);
    else if (url_read(url, &parts, error) < 0)
        return -1;
    if (parts.port && parts.port != (parts.tls ? 443 : 80))
        snprintf(port, sizeof port, ":%u", parts.port);
    snprintf(endpoint->host, sizeof endpoint->host, "%s%s", parts.host, port);
    snprintf(endpoint->url, sizeof endpoint->url, "%s://%s%s", parts.tls ? "https" : "http",
             parts.host, port);
    snprintf(endpoint->region, sizeof endpoint->region, "%s",
             service == ENDPOINT_IAM ? p->home : region);
    return 0;
}
