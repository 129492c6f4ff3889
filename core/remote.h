/* core/remote.h: the gate of another process, reached over DIR/velum.sock.
 *
 * A pool of at most REMOTE_CONNECTIONS_MAX connections, made when they are needed and shared by the
 * threads that call; the server has few, and other programs want some. One request travels on a
 * connection at a time. One that was idle for REMOTE_IDLE_MS, or whose peer has gone, is made anew
 * before anything is sent; a request that was sent is never sent twice by itself (I-1). Every wait
 * has a limit. Any thread calls; no child process after fork does. Format:
 * docs/formats/socket.md.
 */
#ifndef CORE_REMOTE_H
#define CORE_REMOTE_H

#include "core/answer.h"

#define REMOTE_CONNECTIONS_MAX 4
#define REMOTE_IDLE_MS 20000   /* the server ends what was idle for 30 s */
#define REMOTE_CONNECT_MS 3000 /* a velumd that starts again is waited for that long */

typedef struct remote remote;

/* Of the data folder behind `dir_fd`, which is the pool's from then on, whatever comes back. Nothing
 * is connected. VELUM_E_NOMEM. */
velum_status remote_create(int dir_fd, remote **out) VELUM_WARN_UNUSED;

/* Has a connection ready for the next call, without waiting. VELUM_E_UNAVAILABLE when nobody
 * listens, VELUM_E_IO with the errno. */
velum_status remote_reach(remote *self, velum_error *err) VELUM_WARN_UNUSED;

/* Sends the request, and gives `answer` what comes back: a result, a problem of the other gate, or
 * one of our own for what does not fit into a frame. Waits `wait_ms` for a place, a connection
 * (REMOTE_CONNECT_MS of it at most) and the answer's beginning together. VELUM_E_UNAVAILABLE: nobody
 * answered in time or the connection was lost; a write may have been done. VELUM_E_NOMEM. */
velum_status remote_call(remote *self, const velum_request *request, int64_t wait_ms,
                         velum_answer *answer) VELUM_WARN_UNUSED;

/* Nobody new is let in, waiting callers give up, and what is under way is waited for, `wait_ms`. */
void remote_stop(remote *self, uint32_t wait_ms);
/* No thread calls any more. NULL is allowed. */
void remote_free(remote *self);
VELUM_DEFINE_AUTO(remote);

#endif
