/* core/audit_scan.h: the log walked for a question, in stretches that end in time.
 *
 * One call looks at as many leaves as fit into half of the gate's limit for an answer, at most
 * AUDIT_SCAN_LEAVES_MAX, and says where the next one goes on: the answer to a long question comes in
 * pages, and memory does not grow with the log. Leaves are read from the files while the appender
 * writes on; nothing here takes a lock.
 */
#ifndef CORE_AUDIT_SCAN_H
#define CORE_AUDIT_SCAN_H

#include "audit/log_reader.h"
#include "core/passage.h"

#define AUDIT_SCAN_LEAVES_MAX 1000000
#define AUDIT_SCAN_LIMIT_DEFAULT 500
#define AUDIT_SCAN_LIMIT_MAX 5000

typedef struct audit_scan {
    passage *passage;
    uint64_t from;    /* first index to look at */
    uint64_t limit;   /* entries to give */
    int64_t since_ns; /* INT64_MIN: from the beginning */
    int64_t until_ns; /* exclusive; INT64_MAX: to the end */
    uint64_t scanned; /* leaves looked at in this call */
    uint64_t given;
    uint64_t next; /* where the next call goes on; 0: all was seen */
    /* the customer's token of the month that was asked for last */
    uint32_t token_month;
    uint8_t token[ENTRY_TOKEN_BYTES];
} audit_scan;

/* Whether an entry is wanted, and what is done with it. `*out_given` counts towards the limit. */
typedef velum_status (*audit_visitor)(void *context, uint64_t index, const audit_entry *entry,
                                      bool *out_given);

/* Reads `from`, `limit`, `since` and `until` of the body; the caller knows the other members. */
velum_status audit_scan_parse(passage *passage, audit_scan *out) VELUM_WARN_UNUSED;
velum_status audit_scan_run(audit_scan *self, audit_visitor visit, void *context) VELUM_WARN_UNUSED;
/* "next" and "scanned" into an open object. */
void audit_scan_reply(const audit_scan *self, json_writer *out);

/* Whether the entry names the located customer, alone or among many; true where none was located. */
bool audit_scan_is_of_subject(audit_scan *self, const audit_entry *entry);
/* Makes the located customer's audit tokens available, of an erased one as well, as long as the law's
 * term for evidence runs; from here the leaf names them. REASON_UNKNOWN_SUBJECT when they are gone. */
velum_status audit_open_subject(passage *passage) VELUM_WARN_UNUSED;

/* Everything that was acknowledged before this request stands in the log (spec/audit). */
velum_status audit_wait(passage *passage) VELUM_WARN_UNUSED;
/* The index that the body names by `index` or `id`. An id is looked for from `from` on; when a stretch
 * ends before it is found, VELUM_END and `*out` is where to go on. VELUM_E_NOTFOUND. */
velum_status audit_find(passage *passage, log_reader *reader, uint64_t *out) VELUM_WARN_UNUSED;
/* The same for an event id, from the reader's place on. */
velum_status audit_find_id(passage *passage, log_reader *reader,
                           const uint8_t id[ENTRY_TOKEN_BYTES], uint64_t *out) VELUM_WARN_UNUSED;
/* {"next":N}: the entry was not found yet. */
velum_status audit_write_next(passage *passage, uint64_t next) VELUM_WARN_UNUSED;
/* A whole number from 0, or the fallback. */
velum_status audit_parse_count(passage *passage, const char *name, uint64_t fallback,
                               uint64_t *out) VELUM_WARN_UNUSED;

#endif
