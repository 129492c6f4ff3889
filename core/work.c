/* core/work.c: the rows of what modules have to do, and who hears of what happened. */
#include "core/work.h"

#include "core/happening.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/schema.h"
#include "core/timers.h"
#include "core/verbs.h"

#include <stdio.h>

const char *const work_schema_3[] = {
    /* what waits for a module: `subject` is told as a pseudonym only; lease 0: nobody has it */
    "CREATE TABLE module_work (n INTEGER PRIMARY KEY, module INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " subject BLOB NOT NULL, name TEXT NOT NULL, at_ns INTEGER NOT NULL, due_ns INTEGER NOT NULL,"
    " lease INTEGER NOT NULL, attempts INTEGER NOT NULL)",
    "CREATE INDEX module_work_due ON module_work (module, due_ns, n)",
    "CREATE INDEX module_work_subject ON module_work (subject)",
    /* what a row of `timer` of kind 8 stands for */
    "CREATE TABLE module_timer (of BLOB PRIMARY KEY, module INTEGER NOT NULL, subject BLOB NOT NULL,"
    " name TEXT NOT NULL, at_ns INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX module_timer_subject ON module_timer (subject, module)",
    NULL,
};

bool work_is_of_erased(const work *self)
{
    return self->kind == WORK_EVENT && strcmp(self->name, WORK_ERASED) == 0;
}

/* --- rows --------------------------------------------------------------------------------------- */

velum_status work_add(write_batch *batch, const work *made)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(batch->conn,
                             "INSERT INTO module_work"
                             " (module, kind, subject, name, at_ns, due_ns, lease, attempts)"
                             " VALUES ($1, $2, $3, $4, $5, $6, 0, 0)",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, made->module));
    VELUM_TRY(stmt_bind_integer(stmt, 2, made->kind));
    VELUM_TRY(stmt_bind_blob(stmt, 3, made->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_text(stmt, 4, text_of(made->name)));
    VELUM_TRY(stmt_bind_integer(stmt, 5, made->at_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 6, made->due_ns));
    batch->rings = true; /* a bell that rings for a row rolled back wakes for nothing */
    return stmt_execute(stmt);
}

/* Columns: n, module, kind, subject, name, at_ns, due_ns, lease, attempts. */
static void read_row(store_stmt *stmt, work *out)
{
    const crypto_part subject = stmt_blob(stmt, 3);
    const text name = stmt_text(stmt, 4);

    *out = (work){.n = stmt_integer(stmt, 0),
                  .module = (uint32_t)stmt_integer(stmt, 1),
                  .kind = (uint32_t)stmt_integer(stmt, 2),
                  .at_ns = stmt_integer(stmt, 5),
                  .due_ns = stmt_integer(stmt, 6),
                  .lease = stmt_integer(stmt, 7),
                  .attempts = (uint32_t)stmt_integer(stmt, 8)};
    memcpy(out->subject.bytes, subject.data,
           subject.size < SUBJECT_ID_BYTES ? subject.size : SUBJECT_ID_BYTES);
    (void)snprintf(out->name, sizeof(out->name), "%.*s", (int)name.size, name.data);
}

velum_status work_find(store_conn *conn, uint32_t module, int64_t n, work *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "SELECT n, module, kind, subject, name, at_ns, due_ns, lease, attempts"
                             " FROM module_work WHERE n = $1 AND module = $2",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, n));
    VELUM_TRY(stmt_bind_integer(stmt, 2, module));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        read_row(stmt, out);
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_E_NOTFOUND : status;
}

velum_status work_due(store_conn *conn, uint32_t module, int64_t now_ns, uint32_t max, work *out,
                      uint32_t *out_count)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    *out_count = 0;
    VELUM_TRY(conn_statement(conn,
                             "SELECT n, module, kind, subject, name, at_ns, due_ns, lease, attempts"
                             " FROM module_work WHERE module = $1 AND due_ns <= $2"
                             " ORDER BY due_ns, n LIMIT $3",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, module));
    VELUM_TRY(stmt_bind_integer(stmt, 2, now_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 3, max));
    while (*out_count < max && (status = stmt_step(stmt)) == VELUM_OK) {
        read_row(stmt, &out[(*out_count)++]);
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

velum_status work_next_due(store_conn *conn, uint32_t module, int64_t *out_ns)
{
    store_stmt *stmt = NULL;

    *out_ns = INT64_MAX;
    VELUM_TRY(conn_statement(conn,
                             "SELECT due_ns FROM module_work WHERE module = $1"
                             " ORDER BY due_ns, n LIMIT 1",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, module));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        *out_ns = stmt_integer(stmt, 0);
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

velum_status work_put(store_conn *conn, const work *self)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn, "UPDATE module_work SET due_ns = $2, lease = $3, attempts = $4 WHERE n = $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, self->n));
    VELUM_TRY(stmt_bind_integer(stmt, 2, self->due_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 3, self->lease));
    VELUM_TRY(stmt_bind_integer(stmt, 4, self->attempts));
    return stmt_execute(stmt);
}

velum_status work_drop(store_conn *conn, int64_t n)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM module_work WHERE n = $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, n));
    return stmt_execute(stmt);
}

/* --- hearing ------------------------------------------------------------------------------------ */

/* An event that no module was given yet stands for all of its kind: what counts is the newest. */
static velum_status renew(write_batch *batch, const work *heard, bool *out_renewed)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(batch->conn,
                             "UPDATE module_work"
                             " SET at_ns = CASE WHEN at_ns < $5 THEN $5 ELSE at_ns END"
                             " WHERE subject = $1 AND module = $2 AND kind = $3 AND name = $4"
                             " AND attempts = 0",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, heard->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, heard->module));
    VELUM_TRY(stmt_bind_integer(stmt, 3, heard->kind));
    VELUM_TRY(stmt_bind_text(stmt, 4, text_of(heard->name)));
    VELUM_TRY(stmt_bind_integer(stmt, 5, heard->at_ns));
    VELUM_TRY(stmt_execute(stmt));
    *out_renewed = conn_changes(batch->conn) > 0;
    return VELUM_OK;
}

static const char *event_name(uint32_t event)
{
    static const struct {
        uint32_t event;
        const char *name;
    } names[] = {
        {HOOK_SUBJECT_ERASED, WORK_ERASED},
        {HOOK_SUBJECT_MERGED, "subject.merged"},
        {HOOK_SUBJECT_UNMERGED, "subject.unmerged"},
        {HOOK_CONSENT_CHANGED, "consent.changed"},
        {HOOK_RESTRICTION_CHANGED, "restriction.changed"},
        {HOOK_TASK_CREATED, "task.created"},
        {HAPPENED_ROWS_PUT, "rows.put"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].event == event) {
            return names[i].name;
        }
    }
    return "";
}

/* "consent.changed:marketing", "rows.put:orders". */
static void name_event(const bundle *bundle, const happening *what, work *out)
{
    const text detail =
        what->event == HAPPENED_ROWS_PUT ? bundle->resources[what->resource].name : what->detail;

    (void)snprintf(out->name, sizeof(out->name), "%s%s%.*s", event_name(what->event),
                   detail.size == 0 ? "" : ":", (int)detail.size, detail.data);
}

static bool wants(const bundle_module *module, const happening *what)
{
    return what->event == HAPPENED_ROWS_PUT ? (module->watches >> what->resource & 1) != 0
                                            : (module->events & what->event) != 0;
}

velum_status work_hear(write_batch *batch, const world *world, const happening *what)
{
    const bundle *const bundle = world->bundle;
    work heard = {.kind = WORK_EVENT, .subject = what->subject, .at_ns = what->at_ns};

    name_event(bundle, what, &heard);
    for (uint32_t i = 0; i < bundle->module_count; i++) {
        bool renewed = false;
        if (!wants(&bundle->modules[i], what)) {
            continue;
        }
        heard.module = bundle->modules[i].number;
        VELUM_TRY(renew(batch, &heard, &renewed));
        if (!renewed) { /* due at once, even where rows tell of a time to come */
            VELUM_TRY(work_add(batch, &heard));
        }
    }
    return VELUM_OK;
}

/* --- erasure ------------------------------------------------------------------------------------ */

static velum_status run_for(store_stmt *stmt, const subject_id *subject)
{
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    return stmt_execute(stmt);
}

velum_status work_finish_erasure(store_conn *conn, const subject_id *subject)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "DELETE FROM module_work WHERE subject = $1"
                             " AND (kind <> 2 OR name <> 'subject.erased')",
                             &stmt));
    VELUM_TRY(run_for(stmt, subject));
    VELUM_TRY(conn_statement(conn,
                             "DELETE FROM timer WHERE kind = 8"
                             " AND of IN (SELECT of FROM module_timer WHERE subject = $1)",
                             &stmt));
    VELUM_TRY(run_for(stmt, subject));
    VELUM_TRY(conn_statement(conn, "DELETE FROM module_timer WHERE subject = $1", &stmt));
    return run_for(stmt, subject);
}

velum_status work_finish_evidence(store_conn *conn, const subject_id *subject)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM module_work WHERE subject = $1", &stmt));
    return run_for(stmt, subject);
}

/* --- shared by the verbs ------------------------------------------------------------------------ */

velum_status work_module(passage *passage, const bundle_module **out)
{
    const bundle *const bundle = passage->world->bundle;
    const credential *const credential = passage->actor.credential;
    text name;

    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "module", &name));
    const uint32_t index = bundle_find(bundle, REGISTRY_MODULE, name);
    if (index == BUNDLE_NONE) {
        return refuse_hint(passage, REASON_UNKNOWN_RESOURCE, "The policy has no such module.");
    }
    const bundle_module *const module = &bundle->modules[index];
    if (credential == NULL || !text_equal_literal(module->domain, credential->domain)) {
        return refuse_hint(passage, REASON_UNKNOWN_DOMAIN,
                           "A credential of the module's own domain is needed."); /* I-10 */
    }
    passage->domain = credential->domain_number;
    entry_push(&passage->entry, INPUT_MODULE, module->number);
    *out = module;
    return VELUM_OK;
}

static velum_status evidence_token(passage *passage, const work *self,
                                   uint8_t out[ENTRY_TOKEN_BYTES])
{
    const opened_subject *evidence = NULL;
    const velum_status status = vault_open_evidence(passage->gate->vault, passage->conn,
                                                    &self->subject, passage->arena, &evidence);

    if (status == VELUM_OK) {
        opened_audit_token(evidence, time_month(passage->clock.now_ns), out);
    }
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status; /* its term is over: nobody can tell */
}

velum_status work_name_subject(passage *passage, const work *self, uint8_t out[ENTRY_TOKEN_BYTES])
{
    memset(out, 0, ENTRY_TOKEN_BYTES);
    passage->subject = self->subject;
    if (work_is_of_erased(self)) {
        return evidence_token(passage, self, out);
    }
    VELUM_TRY(locate_subject(passage));
    if (passage->opened == NULL) {
        return VELUM_E_NOTFOUND;
    }
    opened_audit_token(passage->opened, time_month(passage->clock.now_ns), out);
    return VELUM_OK;
}
