/* courier/transfer.h: bytes to somebody outside, over HTTPS or SMTP.
 *
 * The only door of Velum to a network that is not ours; libcurl is behind it (ADR 0021).
 *
 * T-1  An address is judged when the connection is made to it, not when its name was read: what is not
 *      public is refused unless the configuration allows that very host and port to be private.
 * T-2  TLS 1.2 or later, with the name and the chain checked; without TLS to loopback only.
 * T-3  Nothing of the environment counts: no proxy, no .netrc, no redirect, no other protocol.
 * T-4  Every transfer ends within the configured time, and what comes back is read up to 64 KiB and
 *      thrown away.
 * T-5  `failed` is said where nothing of the request had left, or where the other side said no.
 */
#ifndef COURIER_TRANSFER_H
#define COURIER_TRANSFER_H

#include "courier/driver.h"

#define TRANSFER_ANSWER_BYTES_MAX ((size_t)64 << 10)

/* Once a process, before any thread. */
velum_status transfer_init(void) VELUM_WARN_UNUSED;
void transfer_end(void);

/* A POST of JSON with headers "Name: value", each without line ends, ended by NULL. */
outcome transfer_post(const courier_config *config, const place *place, const char *const *headers,
                      text body);
/* A letter (courier/letter.h) to one address, which is plain ASCII. */
outcome transfer_mail(const courier_config *config, const place *place, const char *to,
                      text letter);

#endif
