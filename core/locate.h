/* core/locate.h: identifier or pseudonym → subject, and its sealed state opened. */
#ifndef CORE_LOCATE_H
#define CORE_LOCATE_H

#include "core/passage.h"

/* Stage: the verb's own way of locating, or none. */
velum_status locate(passage *passage) VELUM_WARN_UNUSED;

/* Ways of locating, for the table of verbs. An unknown subject is no failure here: *decide* says
 * REASON_UNKNOWN_SUBJECT, so that unknown and hidden go the same way. */
velum_status locate_by_ref(passage *passage) VELUM_WARN_UNUSED;
velum_status locate_by_body_identifier(passage *passage) VELUM_WARN_UNUSED;
velum_status locate_by_body_identifiers(passage *passage) VELUM_WARN_UNUSED;
velum_status locate_own(passage *passage) VELUM_WARN_UNUSED;
/* The same for a reference that stands elsewhere; borrowed until the passage's end. */
velum_status locate_by_text(passage *passage, text ref) VELUM_WARN_UNUSED;
/* A second reference, of the domain in which the located one was named; nobody is located. */
velum_status locate_other_ref(passage *passage, text ref, subject_id *out) VELUM_WARN_UNUSED;
/* A ref that may be absent (audit log). */
velum_status locate_by_optional_ref(passage *passage) VELUM_WARN_UNUSED;

/* Loads and opens passage->subject through the snapshot of passage->conn. VELUM_E_NOTFOUND. */
velum_status locate_subject(passage *passage) VELUM_WARN_UNUSED;
/* The subject of the first known of passage->identifiers; none is no failure. */
velum_status locate_first(passage *passage) VELUM_WARN_UNUSED;
/* The subject of rows that were loaded in the passage's snapshot; they are taken over. */
velum_status locate_take(passage *passage, sealed_subject *rows) VELUM_WARN_UNUSED;
/* The state in rows that were loaded, with its keys, into the arena; VELUM_E_TAMPERED where it is not the one
 * of its ledger. */
velum_status locate_open(passage *passage, sealed_subject *rows, const opened_subject **out_opened,
                         subject_state *out) VELUM_WARN_UNUSED;
/* Lets the located subject go, for verbs that visit many. */
void locate_forget(passage *passage);
/* A pooled reader in a snapshot whose seq becomes passage->seq; the writer's own for a write. */
velum_status locate_snapshot(passage *passage) VELUM_WARN_UNUSED;
/* Gives the pooled reader back before something long; what was located stays open. */
void locate_release_snapshot(passage *passage);
/* Writes the subject's pseudonym in the caller's domain (the used one for a person). */
velum_status locate_format_ref(passage *passage, char out[PSEUDONYM_TEXT_BYTES]) VELUM_WARN_UNUSED;

#endif
