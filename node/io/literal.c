/* SPDX-License-Identifier: Apache-2.0 */
#include "node/io/literal.h"

#include <uv.h>

bool fh_literal(const struct fh_address *address, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){0};
    return uv_ip4_addr(address->host, address->port, (struct sockaddr_in *)out) == 0 ||
           uv_ip6_addr(address->host, address->port, (struct sockaddr_in6 *)out) == 0;
}
