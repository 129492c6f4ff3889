/* base/csv.h: comma-separated rows (RFC 4180) from a file of any size, one row at a time.
 *
 * Quoted fields may hold commas, quotes and line ends; a byte order mark and CRLF are accepted. A
 * row that is malformed or over a limit is reported and skipped, the reader goes on with the next.
 * After bad quoting (also a quote that never closes) that is the line below the one on which the
 * row began; after any other defect it is the row below, so that the lines inside a quoted field
 * are never taken for rows. A line with nothing on it is passed over.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/buffer.h"
#include "base/text.h"

#define CSV_FIELD_BYTES_MAX 65536
#define CSV_FIELDS_MAX 256
#define CSV_ROW_BYTES_MAX 1048576 /* as in the file, with quotes and commas */

typedef struct csv csv;

/* Reads from an open descriptor, which stays the caller's, from where it stands. A descriptor that
 * cannot seek loses the lines under a quote that stays open for more than CSV_ROW_BYTES_MAX. */
velum_status csv_open(int fd, csv **out) VELUM_WARN_UNUSED;
void csv_free(csv *self);
VELUM_DEFINE_AUTO(csv);

/* The next row: VELUM_OK; VELUM_END; VELUM_E_INVALID (bad quoting, NUL, bad UTF-8) or VELUM_E_LIMIT
 * for a row that was skipped; VELUM_E_IO. Fields are borrowed until the next call. `out_line` is
 * the line on which the row begins, from 1, in every case. `out_reason` is a short code of ours for
 * a skipped row ("bad-quoting", "nul-byte", "bad-utf8", "field-too-long", "too-many-fields",
 * "row-too-long"), else NULL. */
velum_status csv_next(csv *self, const text **out_fields, size_t *out_count, uint64_t *out_line,
                      const char **out_reason) VELUM_WARN_UNUSED;
/* Bytes consumed so far, for progress. */
uint64_t csv_offset(const csv *self);

/* Appends one field, quoted where needed, and behind the last a line end (CRLF). A field that
 * begins with = + - @, a tab or CR gets an apostrophe in front, so that a spreadsheet does not run
 * it. */
void csv_append_field(buffer *out, text field, bool last);

#endif
