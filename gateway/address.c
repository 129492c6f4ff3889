/* gateway/address.c: parsing --listen. */
#include "gateway/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define PORT_MAX 65535u

static velum_status parse_v6(text host, uint16_t port, listen_address *out)
{
    struct sockaddr_in6 *const address = (struct sockaddr_in6 *)(void *)&out->socket_address;

    memcpy(out->host, host.data, host.size); /* with its brackets */
    char inner[sizeof(out->host)] = {0};
    memcpy(inner, host.data + 1, host.size - 2);
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(port);
    if (inet_pton(AF_INET6, inner, &address->sin6_addr) != 1) {
        return VELUM_E_INVALID;
    }
    out->size = sizeof(*address);
    out->is_loopback = IN6_IS_ADDR_LOOPBACK(&address->sin6_addr);
    return VELUM_OK;
}

static velum_status parse_v4(text host, uint16_t port, listen_address *out)
{
    struct sockaddr_in *const address = (struct sockaddr_in *)(void *)&out->socket_address;

    memcpy(out->host, host.data, host.size);
    address->sin_family = AF_INET;
    address->sin_port = htons(port);
    if (inet_pton(AF_INET, out->host, &address->sin_addr) != 1) {
        return VELUM_E_INVALID;
    }
    out->size = sizeof(*address);
    out->is_loopback = (ntohl(address->sin_addr.s_addr) >> 24) == 127;
    return VELUM_OK;
}

velum_status listen_address_parse(text address, listen_address *out)
{
    listen_address parsed = {0};
    uint64_t port = 0;
    size_t colon = address.size;

    for (size_t i = 0; i < address.size; i++) {
        colon = address.data[i] == ':' ? i : colon; /* the last one */
    }
    if (colon == address.size || colon == 0 || colon >= sizeof(parsed.host)) {
        return VELUM_E_INVALID;
    }
    text host = {address.data, colon};
    if (!text_parse_u64((text){address.data + colon + 1, address.size - colon - 1}, &port) ||
        port > PORT_MAX) {
        return VELUM_E_INVALID;
    }
    if (text_equal_literal(host, "localhost")) {
        host = TEXT_LITERAL("127.0.0.1");
    }
    const bool is_v6 = host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';
    VELUM_TRY(is_v6 ? parse_v6(host, (uint16_t)port, &parsed)
                    : parse_v4(host, (uint16_t)port, &parsed));
    *out = parsed;
    return VELUM_OK;
}
