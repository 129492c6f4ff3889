/* core/request_row.h: a request as it is stored, and what its files share.
 *
 * The plain columns hold no personal data; what somebody typed lies in the sealed part, which is
 * opened only where it is shown. docs/formats/request.md has both.
 */
#ifndef CORE_REQUEST_ROW_H
#define CORE_REQUEST_ROW_H

#include "core/requests.h"

#define REQUEST_NOTES_MAX 16
#define REQUEST_NOTE_BYTES_MAX 4096
#define REQUEST_DETAILS_BYTES_MAX 4096
#define REQUEST_SEALED_BYTES_MAX ((size_t)80 << 10)
#define REQUEST_ASKER_BYTES 32
#define REQUESTS_OF_ONE_MAX 100 /* shown to a customer, newest first */

#define REQUEST_VERIFIED (1U << 0)
#define REQUEST_CONFIRMED (1U << 1)
#define REQUEST_UNCONFIRMED (1U << 2) /* late, and that was recorded */
#define REQUEST_OVERDUE (1U << 3)     /* recorded, once */
#define REQUEST_EXTENDED (1U << 4)
#define REQUEST_DONE_HERE (1U << 5) /* processors may be left */
#define REQUEST_BEGUN (1U << 6)     /* the destruction; cannot be cancelled any more */
#define REQUEST_HELD (1U << 7)      /* a legal hold */

#define METHOD_CUSTOMER_TOKEN 7
#define METHOD_ONE_TIME_CODE 8 /* proves the number, not the person */
#define METHOD_COUNT 9

#define TASK_PENDING 1
#define TASK_DONE 2
#define TASK_FAILED 3
#define TASK_ERROR_TIMEOUT 2
#define TASK_ERROR_OTHER 5
#define TASK_ERROR_COUNT 6

typedef struct request_task {
    uint16_t processor; /* registry numbers */
    uint32_t state;     /* TASK_* */
    uint32_t attempts;
    uint32_t error;
    int64_t
        retry_ns; /* of a failed one: asked again; of one that was told: to be answered by then */
} request_task;

typedef struct request_kept {
    uint16_t category;
    int64_t until_ns;
} request_kept;

typedef struct request {
    int64_t n;
    uint8_t id[16];
    bool has_subject;
    subject_id subject;
    bool has_asker;
    uint8_t asker[REQUEST_ASKER_BYTES];
    uint32_t state;
    uint32_t right;
    uint32_t denial;
    int64_t version;
    uint32_t flags;
    uint8_t taken_by[ENTRY_TOKEN_BYTES];
    uint16_t domain;
    uint8_t policy[SHA256_BYTES];
    uint16_t categories[BUNDLE_CATEGORIES_MAX];
    uint32_t category_count;
    uint16_t jurisdictions[BUNDLE_PACKS_MAX];
    uint32_t jurisdiction_count;
    uint16_t processors[BUNDLE_ACTIVITIES_MAX];
    uint32_t processor_count;
    int64_t received_ns;
    int64_t entered_ns;
    int64_t due_ns; /* 0: none, for each of these */
    int64_t confirm_ns;
    int64_t verify_ns;
    int64_t extend_until_ns;
    int64_t extended_ns;
    uint32_t cool_down_days;
    uint32_t log_days;
    int64_t cool_ns;
    int64_t ended_ns;
    int64_t next_ns;
    bool has_certificate;
    uint8_t certificate[16];
    request_kept kept[BUNDLE_CATEGORIES_MAX];
    uint32_t kept_count;
    uint32_t sealed_version;
    request_task tasks[BUNDLE_ACTIVITIES_MAX]; /* ascending */
    uint32_t task_count;
} request;

typedef struct request_note {
    uint32_t act; /* REQUEST_ACT_* */
    int64_t at_ns;
    uint8_t by[ENTRY_TOKEN_BYTES];
    text words;
} request_note;

/* The sealed part, opened; texts lie in the passage's arena, or are borrowed from the body. */
typedef struct request_facts {
    text details;
    text identifier_type;
    text identifier_value;
    uint32_t method; /* METHOD; 0: not verified */
    int64_t verified_ns;
    uint8_t verified_by[ENTRY_TOKEN_BYTES];
    request_note notes[REQUEST_NOTES_MAX];
    uint32_t note_count;
} request_facts;

/* --- core/requests.c: names ---------------------------------------------------------------------- */
bool request_is_ended(uint32_t state);
const char *request_method_name(uint32_t method);
const char *request_task_state_name(uint32_t state);
const char *request_task_error_name(uint32_t error);
/* The number of a name in one of the lists above, 0 when there is none. */
uint32_t request_number_of(const char *(*name_of)(uint32_t), uint32_t count, text name);
/* Whether somebody whose number alone is proved may ask it (spec/requests, "Who is asking"). */
bool request_needs_no_proof(uint32_t right);
/* Whether it is done as soon as the person is known: no officer decides it. */
bool request_runs_itself(uint32_t right);
bool request_erases(uint32_t right);
bool request_is_opt_out(uint32_t right);
/* Whether the bundle's recipients are told (GDPR 19). */
bool request_tells_processors(uint32_t right);

/* --- core/request_row.c: rows; any connection in a transaction, writes in a batch ------------------ */
/* VELUM_E_NOTFOUND. With its tasks. */
velum_status request_load(store_conn *conn, const uint8_t id[16], request *out) VELUM_WARN_UNUSED;
/* The open one that asks the same of the same person; VELUM_E_NOTFOUND. */
velum_status request_find_open(store_conn *conn, const request *like,
                               request *out) VELUM_WARN_UNUSED;
velum_status request_insert(store_conn *conn, const request *row,
                            crypto_part sealed) VELUM_WARN_UNUSED;
/* Stores everything but the sealed part, with version one higher; tasks too. */
velum_status request_update(store_conn *conn, const request *row) VELUM_WARN_UNUSED;
velum_status request_update_sealed(store_conn *conn, const request *row,
                                   crypto_part sealed) VELUM_WARN_UNUSED;
velum_status request_delete(store_conn *conn, const uint8_t id[16]) VELUM_WARN_UNUSED;
/* Which rows a list shows; zeros: any. */
typedef struct request_filter {
    uint32_t state;
    uint32_t right;
    int64_t due_before_ns; /* only open ones that are due by then */
    const request *after;  /* NULL: from the beginning */
    uint32_t limit;
} request_filter;
/* In the order of their deadlines, ended ones behind. The request shown to `visit` has its tasks. */
typedef velum_status (*request_visitor)(void *context, const request *row);
velum_status request_visit(store_conn *conn, const request_filter *filter, request_visitor visit,
                           void *context) VELUM_WARN_UNUSED;
velum_status request_visit_of(store_conn *conn, const subject_id *subject, request_visitor visit,
                              void *context) VELUM_WARN_UNUSED;

/* --- core/request_sealed.c ------------------------------------------------------------------------ */
/* The plaintext of the sealed part (docs/formats/request.md). */
void request_facts_encode(const request *row, const request_facts *facts, buffer *out);
/* Texts borrow from `plain`. VELUM_E_NEWER; VELUM_E_CORRUPT for anything that encode does not write, and
 * for another request's. */
velum_status request_facts_decode(crypto_part plain, const request *row,
                                  request_facts *out) VELUM_WARN_UNUSED;
/* Seals under the evidence key of the subject, or the folder's own, at row->sealed_version. */
velum_status request_seal(passage *passage, const request *row, const request_facts *facts,
                          buffer *out) VELUM_WARN_UNUSED;
/* Opens into the arena. VELUM_E_NOTFOUND when the evidence key has gone. */
velum_status request_unseal(passage *passage, const request *row,
                            request_facts *out) VELUM_WARN_UNUSED;
/* Seals again at the next version and stores. */
velum_status request_put_facts(passage *passage, request *row,
                               const request_facts *facts) VELUM_WARN_UNUSED;
/* A note of this act, by this passage's actor; stores it. REASON_INVALID_VALUE when there are too many
 * or it is too long. */
velum_status request_add_note(passage *passage, request *row, uint32_t act,
                              text words) VELUM_WARN_UNUSED;
/* Text that a person may have typed: UTF-8, no control characters but line ends and tabs. */
bool request_words_are_valid(text words, size_t bytes_max);
void request_asker(const keyring *keys, const identifier *value, uint8_t out[REQUEST_ASKER_BYTES]);

/* --- core/request_process.c: what a state, an act, a time does ------------------------------------ */
/* Stores a changed row and sets its timer. The leaf is the caller's. */
velum_status request_store(passage *passage, request *row) VELUM_WARN_UNUSED;
/* The same where nothing changed that anybody decides by: the version stays, so that who looked at the
 * request before may still decide it. */
velum_status request_store_noted(passage *passage, request *row) VELUM_WARN_UNUSED;
velum_status request_store_new(passage *passage, request *row,
                               const request_facts *facts) VELUM_WARN_UNUSED;
/* Right, state and act go into the entry, with the subject's token. */
velum_status request_mark(passage *passage, const request *row, uint32_t act,
                          audit_entry *entry) VELUM_WARN_UNUSED;
/* The passage's own leaf says so. */
velum_status request_note_act(passage *passage, const request *row, uint32_t act) VELUM_WARN_UNUSED;
/* A leaf beside the passage's own. */
velum_status request_leaf(passage *passage, const request *row, uint32_t act) VELUM_WARN_UNUSED;
/* When a timer is to look at it; 0: never. */
int64_t request_next_ns(const request *row);
void request_end(request *row, uint32_t state, int64_t at_ns);
/* By its tasks: paused, in progress, or fulfilled when it is done here. */
void request_settle_tasks(request *row, int64_t at_ns);
/* Done here: recipients are told; fulfilled when there is none. */
void request_done_here(request *row, int64_t at_ns);
void request_tell_processors(request *row);
/* It is asked again, later each time. */
void request_fail_task(const passage *passage, request_task *task, uint32_t error);
/* What a recipient answered, from the body's `state` and `error`. A failure pauses the request, is named,
 * and is tried again. */
velum_status request_report_task(passage *passage, request *row,
                                 request_task *task) VELUM_WARN_UNUSED;

/* --- core/request_effect.c: what a right does to the person's data, inside a write ------------------ */
/* Loads and opens the subject of the request; passage->opened stays NULL for somebody who is not
 * stored, or not any more. */
velum_status request_locate_subject(passage *passage, const request *row) VELUM_WARN_UNUSED;
/* Does what needs no officer, where enough is known of who asks; else the row stays as it is. */
velum_status request_run_itself(passage *passage, request *row) VELUM_WARN_UNUSED;
/* What the law keeps of the person, into row->kept; refuses as erasure_begin does. */
velum_status request_plan_erasure(passage *passage, request *row) VELUM_WARN_UNUSED;
/* The cool-down is over. `*out_begun`: the passage's entry is the INTENT leaf of the erasure. */
velum_status request_begin_erasure(passage *passage, request *row,
                                   bool *out_begun) VELUM_WARN_UNUSED;

/* --- core/request_terms.c: what holds from receipt on ------------------------------------------------ */
/* Deadlines, policy, recipients of a new request. `names`: the jurisdictions that it names, or NULL. */
velum_status request_set_terms(passage *passage, const json_value *names,
                               request *row) VELUM_WARN_UNUSED;

/* --- core/request_show.c ---------------------------------------------------------------------------- */
#define REQUEST_SHOW_PERSON 1  /* the customer: notes */
#define REQUEST_SHOW_SERVICE 2 /* who took it in: no words */
#define REQUEST_SHOW_OFFICER 3
/* The members of the object `request`; `facts` NULL: without what is sealed. */
velum_status request_write(passage *passage, const request *row, const request_facts *facts,
                           uint32_t for_whom, json_writer *out) VELUM_WARN_UNUSED;
void request_write_time(json_writer *out, const char *name, int64_t at_ns);
/* 32 hex digits; the one 404 else, as for an id that is not this actor's. */
velum_status request_parse_id(passage *passage, text id, uint8_t out[16]) VELUM_WARN_UNUSED;

#endif
