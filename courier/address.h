/* courier/address.h: which network addresses are the outside. Pure; any thread.
 *
 * A name of the configuration may resolve to anything, tomorrow too: what counts is the address that a
 * connection is about to be made to. Private, loopback, link-local, shared (CGNAT), multicast, reserved
 * and documentation ranges are not the outside, and neither are IPv6 forms that carry an IPv4 address
 * (mapped, compatible, NAT64, 6to4, Teredo), since what they lead to is not what they look like.
 * Source: the IANA special-purpose address registries (RFC 6890).
 */
#ifndef COURIER_ADDRESS_H
#define COURIER_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for every family but IPv4 and IPv6. */
bool address_is_public(const struct sockaddr *address);
/* 127.0.0.0/8 and ::1. */
bool address_is_loopback(const struct sockaddr *address);

#endif
