/* core/certificate.h: what was destroyed, said so that anybody can check it offline.
 *
 * The certificate is a JSON text of ours; the OUTCOME leaf of the erasure holds its SHA-256 as
 * `detail hash`; the file that is handed out holds text, leaf and tlog-proof. Verifying needs the
 * log's verifier key and nothing else (velum_certificate_verify of velum/admin.h).
 * Format: docs/formats/certificate.md.
 */
#ifndef CORE_CERTIFICATE_H
#define CORE_CERTIFICATE_H

#include "core/passage.h"

#define CERTIFICATE_BYTES_MAX 16384       /* of the text */
#define CERTIFICATE_FILE_BYTES_MAX 262144 /* of the file */

/* Everything that the text says; the same facts give the same bytes. */
typedef struct certificate_facts {
    const world *world;
    text log; /* the log's origin */
    uint32_t tenant;
    const destruction *what;
    const destruction_report *report;
    uint8_t id[16];
    int64_t at_ns;
    uint8_t subject_token[ENTRY_TOKEN_BYTES]; /* zeros: its key was gone already */
    uint32_t token_month;
    uint32_t suppressed; /* identifiers */
    int64_t suppressed_until_ns;
} certificate_facts;

/* The id that the certificate of an erasure will have: known from its INTENT leaf on. */
void certificate_id(const uint8_t event_id[16], uint8_t out[16]);
/* Appends the text. */
velum_status certificate_write(const certificate_facts *facts, buffer *out) VELUM_WARN_UNUSED;

/* Stores the text under its id, in the transaction of the OUTCOME leaf; `subject` NULL: it leads to
 * nobody. */
velum_status certificate_put(store_conn *conn, const uint8_t id[16], const subject_id *subject,
                             crypto_part text) VELUM_WARN_UNUSED;
/* Appends a stored text. VELUM_E_NOTFOUND. */
velum_status certificate_get(store_conn *conn, const uint8_t id[16], buffer *out) VELUM_WARN_UNUSED;
/* The certificates stay, and no longer lead to the subject: its evidence is gone. */
velum_status certificate_unlink(store_conn *conn, const subject_id *subject) VELUM_WARN_UNUSED;

/* Appends the file. core/certificate_file.c */
velum_status certificate_file_write(crypto_part said, crypto_part leaf, text proof,
                                    buffer *out) VELUM_WARN_UNUSED;

/* The file of a certificate as the passage's answer, or that it is awaited; REASON_INVALID_VALUE for
 * none. On a reader: waits until the log holds the leaf. (core/erasure_verbs.c) */
velum_status certificate_answer(passage *passage, const uint8_t id[16]) VELUM_WARN_UNUSED;

#endif
