/* gateway/address.h: the ADDR:PORT of --listen. Numbers only: no name is ever looked up. */
#ifndef GATEWAY_ADDRESS_H
#define GATEWAY_ADDRESS_H

#include "base/text.h"

#include <sys/socket.h>

typedef struct listen_address {
    struct sockaddr_storage socket_address;
    socklen_t size;
    bool is_loopback; /* 127.0.0.0/8 or ::1 */
    char host[48];    /* as it stands in a URL: "127.0.0.1", "[::1]" */
} listen_address;

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (which is 127.0.0.1). VELUM_E_INVALID else. */
velum_status listen_address_parse(text address, listen_address *out) VELUM_WARN_UNUSED;

#endif
