/* gateway/process.h: what velumd asks of the operating system before it touches a key. */
#ifndef GATEWAY_PROCESS_H
#define GATEWAY_PROCESS_H

#include "base/status.h"

#include <stdbool.h>

/* No core dumps, not readable by other processes of the same user (I-5), files for the owner only,
 * SIGPIPE ignored, and descriptors enough for the connections. */
velum_status process_harden(velum_error *err) VELUM_WARN_UNUSED;

/* Keeps the signals that end velumd for process_wait_for_end; before any thread starts. */
velum_status process_hold_signals(velum_error *err) VELUM_WARN_UNUSED;

/* True when SIGTERM, SIGINT or SIGHUP has come, false after `wait_ms` without one. Later ones stay
 * pending and change nothing. */
bool process_wait_for_end(uint32_t wait_ms);

/* Processors this process may use, from 1 to 64. */
uint32_t process_cpu_count(void);

#endif
