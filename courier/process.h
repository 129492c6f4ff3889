/* courier/process.h: what velum-courier asks of the operating system. */
#ifndef COURIER_PROCESS_H
#define COURIER_PROCESS_H

#include "base/status.h"

#include <stdbool.h>

/* No core dumps, not readable by other processes of the same user (I-5), no new privileges, files for
 * the owner only, SIGPIPE ignored; SIGTERM, SIGINT and SIGHUP are kept for courier_wait. */
velum_status courier_harden(velum_error *err) VELUM_WARN_UNUSED;

/* True, at once and from then on, when one of them has come; false after `wait_ms` without. */
bool courier_wait(uint32_t wait_ms);

#endif
