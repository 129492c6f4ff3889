/* courier/address.c: the ranges, as tables. */
#include "courier/address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

typedef struct range4 {
    uint32_t base;
    uint32_t bits;
} range4;

static const range4 NOT_PUBLIC_4[] = {
    {0x00000000, 8},  /* "this network" */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared by carriers (CGNAT) */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local; clouds' metadata */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* IETF protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 3},  /* multicast, reserved, broadcast */
};

typedef struct range6 {
    uint8_t base[4];
    uint32_t bits;
} range6;

/* Within 2000::/3, outside which nothing is public. */
static const range6 NOT_PUBLIC_6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* protocol assignments; Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02, 0x00, 0x00}, 16}, /* 6to4 */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* documentation */
};

static bool is_in(uint32_t value, uint32_t base, uint32_t bits)
{
    return ((value ^ base) >> (32 - bits)) == 0;
}

static uint32_t first_word(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public_4(uint32_t value)
{
    for (size_t i = 0; i < sizeof(NOT_PUBLIC_4) / sizeof(NOT_PUBLIC_4[0]); i++) {
        if (is_in(value, NOT_PUBLIC_4[i].base, NOT_PUBLIC_4[i].bits)) {
            return false;
        }
    }
    return true;
}

static bool is_public_6(const uint8_t bytes[16])
{
    const uint32_t value = first_word(bytes);

    if (!is_in(value, 0x20000000, 3)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(NOT_PUBLIC_6) / sizeof(NOT_PUBLIC_6[0]); i++) {
        if (is_in(value, first_word(NOT_PUBLIC_6[i].base), NOT_PUBLIC_6[i].bits)) {
            return false;
        }
    }
    return true;
}

bool address_is_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof(v4));
        return is_public_4(ntohl(v4.sin_addr.s_addr));
    case AF_INET6:
        memcpy(&v6, address, sizeof(v6));
        return is_public_6(v6.sin6_addr.s6_addr);
    default:
        return false;
    }
}

bool address_is_loopback(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof(v4));
        return is_in(ntohl(v4.sin_addr.s_addr), 0x7f000000, 8);
    case AF_INET6:
        memcpy(&v6, address, sizeof(v6));
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    default:
        return false;
    }
}
