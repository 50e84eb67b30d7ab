/* SPDX-License-Identifier: Apache-2.0 */
#include "common/address.h"

#include <string.h>

static int refuse(struct fh_err *err, const char *text, const char *why)
{
    return fh_err_rule(err,
                       FH_EINVAL,
                       "address",
                       "address \"%.*s\": %s; write HOST:PORT, such as 192.0.2.1:7400, "
                       "[2001:db8::1]:7400 or node.example:7400",
                       FH_ADDRESS_BYTES_MAX,
                       text,
                       why);
}

static bool in_set(const char *s, size_t size, const char *set)
{
    return strspn(s, set) >= size;
}

int fh_address_parse(struct fh_address *out, const char *text, struct fh_err *err)
{
    static const char name_letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    static const char v6_letters[] = "0123456789abcdefABCDEF:.";
    size_t size = strnlen(text, FH_ADDRESS_BYTES_MAX + 1);
    if (size > FH_ADDRESS_BYTES_MAX) {
        return refuse(err, text, "it is longer than 128 bytes");
    }
    const char *colon = strrchr(text, ':');
    if (colon == NULL) {
        return refuse(err, text, "the port is missing");
    }
    struct fh_address address = {.v6 = text[0] == '['};
    const char *host = text;
    size_t host_size = (size_t)(colon - text);
    if (address.v6) {
        if (host_size < 2 || colon[-1] != ']') {
            return refuse(err, text, "the bracket of the IPv6 address is not closed");
        }
        host++;
        host_size -= 2;
    }
    if (host_size == 0) {
        return refuse(err, text, "the host is missing");
    }
    if (!in_set(host, host_size, address.v6 ? v6_letters : name_letters)) {
        return refuse(err,
                      text,
                      memchr(host, ':', host_size) != NULL && !address.v6
                          ? "an IPv6 address stands in brackets"
                          : "the host has a character that no host has");
    }
    size_t digits = strspn(colon + 1, "0123456789");
    if (digits == 0 || digits > 5 || colon[1 + digits] != '\0') {
        return refuse(err, text, "the port is not a number from 1 to 65535");
    }
    uint32_t port = 0;
    for (size_t i = 0; i < digits; i++) {
        port = port * 10 + (uint32_t)(colon[1 + i] - '0');
    }
    if (port > UINT16_MAX) {
        return refuse(err, text, "the port is not a number from 1 to 65535");
    }
    memcpy(address.host, host, host_size);
    address.host[host_size] = '\0';
    address.port = (uint16_t)port;
    *out = address;
    return FH_OK;
}

bool fh_host_is_loopback(const char *host)
{
    bool v4 = strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host);
    return v4 || strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
}

bool fh_host_is_wildcard(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}
