/* gateway/listener.h: the listening socket and the thread that accepts.
 *
 * libmicrohttpd could listen by itself, but then its threads race for each connection, and stopping
 * to listen while they do can abort the process: in 0.9.75 MHD_quiesce_daemon and a thread of the
 * pool both take the socket out of the thread's epoll, and whoever comes second panics. So this one
 * thread accepts and deals the connections out, and stopping is joining it.
 */
#ifndef GATEWAY_LISTENER_H
#define GATEWAY_LISTENER_H

#include "gateway/address.h"
#include "gateway/http.h"

typedef struct listener listener;

/* Binds without listening yet; port 0 takes a free one. VELUM_E_EXISTS when the address is taken. */
velum_status listener_bind(const listen_address *address, listener **out,
                           velum_error *err) VELUM_WARN_UNUSED;

/* The port that was bound. */
uint16_t listener_port(const listener *self);

/* Listens and starts the thread. */
velum_status listener_start(listener *self, http_server *server,
                            velum_error *err) VELUM_WARN_UNUSED;

/* Stops and joins the thread if it was started, closes the socket, frees. NULL is allowed. */
void listener_free(listener *self);

#endif
