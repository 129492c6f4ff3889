/* tests/core/support.h: a data folder with a gate in it, and asking that gate in one line.
 *
 * Everything that a place hands out (replies, tokens, texts) is its own and goes with it. One
 * thread uses a place; others ask through place->gate themselves.
 */
#ifndef TESTS_CORE_SUPPORT_H
#define TESTS_CORE_SUPPORT_H

#include "audit/entry.h"
#include "base/fault.h"
#include "base/json.h"
#include "core/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <velum/admin.h>

#include <cmocka.h>

#define PLACE_PATH_BYTES 320
/* 2026-11-21T12:00:00Z, at which places with a clock of their own begin. */
#define PLACE_EPOCH_NS (INT64_C(1795262400) * NS_PER_SECOND)
#define DAY_NS (86400 * NS_PER_SECOND)

typedef struct reply {
    struct reply *next;
    int32_t status;
    char problem[64];
    char *body;
    json *json;
} reply;

typedef struct kept {
    struct kept *next;
    char text[];
} kept;

typedef struct place {
    char parent[PLACE_PATH_BYTES];
    char folder[PLACE_PATH_BYTES + 16];
    char kit[PLACE_PATH_BYTES + 16];
    char clock[PLACE_PATH_BYTES + 16]; /* "" when the machine's clock is used */
    char verifier_key[300];
    uint32_t workers;
    uint64_t cache_bytes;
    velum_gate *gate;
    reply *replies;
    kept *texts;
} place;

/* --- making, opening, closing ----------------------------------------------------------------- */

/* cmocka set-ups: a sample folder, open; the same with a clock that the test moves; with a kit. */
int place_set_up(void **state);
int place_set_up_clock(void **state);
int place_set_up_kit(void **state);
/* A parent folder in TMPDIR and nothing in it. */
int place_set_up_empty(void **state);
int place_tear_down(void **state);

velum_status place_init(place *self, bool sample, velum_error *err);
velum_status place_try_open(place *self, velum_error *err);
void place_open(place *self);
void place_close(place *self);
void place_reopen(place *self);
void place_set_clock(place *self, int64_t wall_ns);
/* Frees replies and texts handed out so far. */
void place_forget(place *self);
void copy_folder(const char *from, const char *to);
void remove_folder(const char *path);

/* --- asking ----------------------------------------------------------------------------------- */

/* Empty members stay empty; no token: the officer by uid. */
typedef struct question {
    uint32_t verb;
    const char *token;
    const char *activity;
    const char *ref;
    const char *fields;
    const char *body;
    const char *if_match;
} question;

velum_request request_of(const question *asked);
/* Fails the test when there is no answer. */
const reply *ask(place *self, question asked);
/* The same with a refusal or failure of the call itself as its result. */
velum_status try_ask(place *self, const question *asked, const reply **out);
/* Asks while the nth of a kind ("alloc", "write", "sync", "sql") fails; whether it came to it. The answer is
 * 200, 500, 503 or none; `out_done`, which may be NULL, is that of 200. */
bool ask_under_fault(place *self, const char *kind, int n, question asked, const reply **out_done);
fault_kind fault_kind_of(const char *kind);
/* Does something in a child, which kills itself at the nth place of a kind that comes after `prepare` (NULL:
 * nothing); false when it came to its end, with VELUM_OK. */
typedef struct doomed {
    void (*prepare)(place *self);
    velum_status (*act)(place *self);
} doomed;
bool killed_at(place *self, const doomed *what, const char *kind, unsigned n);
/* As if a second had gone by: the next refusal is recorded whatever came before. */
void forget_refusals(place *self);
/* That a walk over the nth fault of a kind ("sql", "write", "sync", "alloc") came to some: `rounds`
 * counts those that were hit, and the one that was not. How many syncs an act makes hangs on what the
 * log's writer joins, so for them one is enough.
 */
void assert_faults_were_hit(const char *kind, int rounds);
/* Text that lives as long as the place. */
const char *text_f(place *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fails with the body when the answer is not 200. */
const reply *assert_done(const reply *answer);
/* The status and the problem's name. */
const reply *assert_refused(const reply *answer, int32_t status, const char *problem);
/* "fields/city", "rows/3/ref"; NULL when there is none. */
const json_value *value_at(const reply *answer, const char *path);
/* The text there, NUL-terminated; "" when there is none. */
const char *text_at(const reply *answer, const char *path);
int64_t integer_at(const reply *answer, const char *path);
void assert_text_at(const reply *answer, const char *path, const char *expected);
/* Whether an array of texts holds one. */
bool list_has(const reply *answer, const char *path, const char *wanted);

/* --- usual people and systems ----------------------------------------------------------------- */

typedef struct holder {
    const char *name;
    const char *kind; /* NULL: service */
    const char *role;
    const char *activities; /* "a,b" */
    const char *domain;
    const char *store; /* NULL: none */
} holder;

/* Registers a credential and returns its token. */
const char *token_of(place *self, holder wanted);
const char *shop_token(place *self);      /* order-fulfilment as delivery, domain shop */
const char *care_token(place *self);      /* customer-care as customer_service, domain shop */
const char *marketing_token(place *self); /* direct-marketing as marketing, domain shop */
const char *desk_token(place *self);      /* consent-capture as customer_service, domain shop */
/* A person through the shop: {identifiers:[{mobile}], profile}; the ref in the domain shop. */
const char *person(place *self, const char *shop, const char *mobile, const char *profile);
extern const char full_profile[];  /* born 1990 */
extern const char child_profile[]; /* born 2020 */
void consent(place *self, const char *desk, const char *ref, const char *purpose,
             const char *state);
const char *customer_of(place *self, const char *ref);
/* An approval asked for by `token` with this body, and agreed to by a person registered for it. */
const char *agreed_approval(place *self, const char *token, const char *wish);
/* Two records become one customer, as that person agreed. */
void merge_records(place *self, const char *shop, const char *stays, const char *joins);

/* Applies the sample policy with pieces of its text replaced: from, to, from, to … NULL. As in a JSON
 * text: line ends are \\n. */
void change_policy(place *self, const char *const *changes);

/* --- the log and the database ----------------------------------------------------------------- */

/* Waits until the log holds all committed writes. */
void log_sync(place *self);
uint64_t log_size(place *self);
/* The entry at an index; its lists live until the next call. */
void log_at(place *self, uint64_t index, audit_entry *out);
void log_last(place *self, audit_entry *out);
/* The newest that was refused: what a timer does meanwhile is no refusal. */
void log_last_denial(place *self, audit_entry *out);
/* From 0 to the end. */
typedef void (*entry_visitor)(void *context, uint64_t index, const audit_entry *entry);
void log_visit(place *self, entry_visitor visit, void *context);
/* Fails unless the log verifies with the key that init gave. */
void assert_log_sound(place *self);
const char *reason_of(place *self, const audit_entry *entry);
uint64_t input_of(const audit_entry *entry, uint32_t key);
/* Runs SQL on the writer; a count through `SELECT count(*) …`. */
void sql_run(place *self, const char *sql);
int64_t sql_count(place *self, const char *sql);
/* Rows that the writer has changed since the folder was opened: equal before and after says that
 * nothing was written. */
int64_t rows_changed(place *self);

#endif
