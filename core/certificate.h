/* core/certificate.h: what was destroyed, said so that anybody can check it offline.
 *
 * The certificate is a JSON text of ours; the OUTCOME leaf of the erasure holds its SHA-256 as
 * `detail hash`; the file that is handed out holds text, leaf and tlog-proof. Verifying needs the
 * log's verifier key and nothing else.
 * Format: docs/formats/certificate.md.
 */
#ifndef CORE_CERTIFICATE_H
#define CORE_CERTIFICATE_H

#include "core/passage.h"

/* Writes the text of the certificate for one destruction, deterministic. `id` is the OUTCOME leaf's
 * event id. */
velum_status certificate_write(const world *world, const destruction *what,
                               const destruction_report *report, const uint8_t id[16],
                               int64_t at_ns, buffer *out) VELUM_WARN_UNUSED;
/* Stores the text under its id, in the transaction of the OUTCOME leaf. */
velum_status certificate_put(store_conn *conn, const uint8_t id[16], const subject_id *subject,
                             crypto_part text) VELUM_WARN_UNUSED;

#endif
