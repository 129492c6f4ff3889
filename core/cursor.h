/* core/cursor.h: where a page of many ended, for the caller to give back.
 *
 * Sealed under a key of the folder and bound to the caller, the verb and the query, so that it tells
 * nothing (V-1) and serves nobody else and nothing else. It does not end: it is a place in the order of
 * ids, not a snapshot; who comes between two pages may be missed, nobody is given twice.
 */
#ifndef CORE_CURSOR_H
#define CORE_CURSOR_H

#include "core/passage.h"

#define CURSOR_TEXT_BYTES 113 /* hex of nonce, id and tag; NUL */

/* `query` is what the pages are of, in one form. */
void cursor_write(passage *passage, crypto_part query, const subject_id *after,
                  char out[CURSOR_TEXT_BYTES]);
/* Refused as malformed when it is no cursor of this caller for this query; empty: the beginning. */
velum_status cursor_read(passage *passage, crypto_part query, text cursor,
                         subject_id *out) VELUM_WARN_UNUSED;

#endif
