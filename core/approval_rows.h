/* core/approval_rows.h: the tables `approval` and `approval_decision` (docs/formats/approval.md). */
#ifndef CORE_APPROVAL_ROWS_H
#define CORE_APPROVAL_ROWS_H

#include "core/approvals.h"

#define APPROVAL_ID_BYTES 16

/* As stored. */
typedef struct approval_row {
    uint8_t id[APPROVAL_ID_BYTES];
    uint32_t kind;  /* APPROVAL_* of policy/bundle.h */
    uint32_t state; /* APPROVAL_* of core/approvals.h */
    char asked_by[CREDENTIAL_NAME_BYTES_MAX + 1];
    bool has_uid;
    uint32_t uid;
    uint16_t activity; /* registry numbers */
    uint32_t action;
    bool has_subject;
    subject_id subject;
    uint16_t domain;
    uint16_t fields[BUNDLE_FIELDS_MAX]; /* ascending */
    uint32_t field_count;
    uint8_t what[32];
    uint8_t scope[SHA256_BYTES];
    uint32_t needed;
    int64_t asked_ns;
    int64_t expires_ns; /* 0: does not end */
    uint8_t asked_event[ENTRY_TOKEN_BYTES];
    uint8_t agreed_event[ENTRY_TOKEN_BYTES]; /* zeros: not agreed */
} approval_row;

/* What somebody said. */
#define APPROVAL_SAID_AGREE 1
#define APPROVAL_SAID_REFUSE 2
#define APPROVAL_SAID_REVIEWED 3
const char *approval_said_name(uint32_t said); /* "agree"; NULL for an unknown number */

typedef struct approval_said {
    const uint8_t *id;
    text by;
    bool has_uid;
    uint32_t uid;
    uint32_t said;
    int64_t at_ns;
    const uint8_t *event;
} approval_said;

velum_status approval_row_insert(store_conn *conn, const approval_row *row) VELUM_WARN_UNUSED;
/* VELUM_E_NOTFOUND. Every reader: VELUM_E_CORRUPT for a kind or a state that there is not. */
velum_status approval_row_load(store_conn *conn, const uint8_t id[APPROVAL_ID_BYTES],
                               approval_row *out) VELUM_WARN_UNUSED;
/* All that wait or are agreed to are ended; broken glasses stay to be looked at. */
velum_status approvals_end_all(store_conn *conn, uint32_t *out_count) VELUM_WARN_UNUSED;
/* From row->state to `state`; VELUM_E_STALE when it is in another state by now. */
velum_status approval_row_move(store_conn *conn, approval_row *row,
                               uint32_t state) VELUM_WARN_UNUSED;
/* The open one (asked or agreed) of this asker and scope behind the `skip` first; VELUM_E_NOTFOUND. */
velum_status approval_row_find_open(store_conn *conn, const approval_row *wanted, uint32_t skip,
                                    approval_row *out) VELUM_WARN_UNUSED;
velum_status approval_row_count_open(store_conn *conn, const char *asked_by,
                                     int64_t *out) VELUM_WARN_UNUSED;

velum_status approval_said_insert(store_conn *conn, const approval_said *said) VELUM_WARN_UNUSED;
/* Whether this person, by name or uid, has decided already. */
velum_status approval_said_by(store_conn *conn, const approval_said *who,
                              bool *out) VELUM_WARN_UNUSED;
velum_status approval_said_count(store_conn *conn, const uint8_t id[APPROVAL_ID_BYTES],
                                 uint32_t said, uint32_t *out) VELUM_WARN_UNUSED;
/* In order; texts are borrowed during the call. */
typedef void (*approval_said_visit)(void *context, const approval_said *said);
velum_status approval_said_each(store_conn *conn, const uint8_t id[APPROVAL_ID_BYTES],
                                approval_said_visit visit, void *context) VELUM_WARN_UNUSED;

/* The subject of a row as the passage's, its reference in the caller's domain, else in the asker's; a
 * row without one, or one that is gone, is no failure. */
velum_status approval_locate(passage *passage, const approval_row *row) VELUM_WARN_UNUSED;
/* How many agreed and could agree today (P-5); of one that is closed, how many did. */
velum_status approval_agreed(passage *passage, const approval_row *row,
                             uint32_t *out) VELUM_WARN_UNUSED;
/* Whether they are as many as were wanted, and as many as the active policy wants (P-5). */
velum_status approval_stands(passage *passage, const approval_row *row,
                             bool *out) VELUM_WARN_UNUSED;
/* Whether an open one can no longer be used: its time has come, or it stands no more. */
velum_status approval_has_ended(passage *passage, const approval_row *row,
                                bool *out) VELUM_WARN_UNUSED;
/* Kind and state of a row, after the act. */
void approval_tell_leaf(audit_entry *entry, const approval_row *row);

/* A page: what waits for a review first, then the newest. */
typedef struct approval_filter {
    uint32_t state;    /* 0: any */
    uint32_t kind;     /* 0: any */
    text asked_by;     /* empty: anybody */
    uint16_t activity; /* under which it was asked; 0: any */
    int64_t from;
    int64_t limit; /* 1–APPROVAL_PAGE_MAX */
} approval_filter;
#define APPROVAL_PAGE_MAX 200
velum_status approval_row_page(store_conn *conn, const approval_filter *filter, approval_row *out,
                               uint32_t *out_count) VELUM_WARN_UNUSED;

#endif
