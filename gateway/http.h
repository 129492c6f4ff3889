/* gateway/http.h: the HTTP server, behind which libmicrohttpd stands.
 *
 * A pool of threads, each with an epoll of its own, reads requests and runs exchanges. A request that
 * the gate cannot answer at once leaves its connection suspended until the gate calls; so a few
 * threads carry a thousand connections. Connections are handed in by the listener (listener.h).
 *
 * H-1 While a connection is suspended, exactly one call of the gate is owed to it, and that call
 *     resumes it. `awaited` counts those calls, from before they can happen until after they did.
 * H-2 libmicrohttpd 0.9.75 aborts when it is stopped with a suspended connection. So it is stopped
 *     only when `awaited` is 0 after `stopping` was set, and whoever would wait looks at `stopping`
 *     after raising `awaited`: one of the two sees the other.
 * H-3 Its timeouts do not run, and a client's close is not seen, while suspended: the gate's own time
 *     limit bounds both.
 * H-4 Its own limit of connections is never reached: a thread of its pool that finds one connection
 *     too many among those handed in leaves with a mutex locked, and stands still at the next. So
 *     connections are counted here, from before they are handed in until they are closed.
 */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include "base/status.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <velum/admin.h>

#define CONNECTIONS_MAX 1024u
#define IDLE_TIMEOUT_S 10u /* of a connection that sends or takes nothing */

typedef struct http_server http_server;

/* `threads` from 1 to 64. */
velum_status http_server_start(velum_gate *gate, uint32_t threads, http_server **out,
                               velum_error *err) VELUM_WARN_UNUSED;

/* At most `connections` at once from now on, up to CONNECTIONS_MAX; what stands stays. */
void http_server_limit(http_server *self, uint32_t connections);

/* Takes a connected socket over, whatever comes of it. Any thread. */
void http_server_adopt(http_server *self, int fd, const struct sockaddr *peer, socklen_t peer_size);

/* Refuses new requests with 503, waits until those under way have left or `limit_ms` is over, stops
 * the threads and frees. To be called after the listener has stopped and the gate is quiescing.
 * VELUM_E_UNAVAILABLE when the gate broke its promise to answer within the limit: then the server
 * still runs, and the process should end. */
velum_status http_server_stop(http_server *self, uint32_t limit_ms) VELUM_WARN_UNUSED;

#endif
