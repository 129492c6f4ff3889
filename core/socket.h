/* core/socket.h: the door for `velum` and our own programs on the same machine, DIR/velum.sock.
 *
 * Each connection carries one request at a time and is served by one of SOCKET_CONNECTIONS_MAX
 * threads; the peer's uid comes from the kernel (SO_PEERCRED), never from the frame. Every request
 * travels the path (I-2). Format: docs/formats/socket.md.
 */
#ifndef CORE_SOCKET_H
#define CORE_SOCKET_H

#include "base/mem.h"

#include <velum/velum.h>

#define SOCKET_NAME "velum.sock"
#define SOCKET_CONNECTIONS_MAX 16

typedef struct socket_server socket_server;

/* Listens in the gate's data folder, whose lock is held. A socket left by an earlier process is
 * replaced. VELUM_E_IO with the errno, VELUM_E_NOMEM. */
velum_status socket_start(velum_gate *gate, socket_server **out,
                          velum_error *err) VELUM_WARN_UNUSED;
/* Takes the socket away, cuts the connections and joins; a request under way is waited for, which
 * the watchdog bounds. NULL is allowed. */
void socket_stop(socket_server *self);

#endif
