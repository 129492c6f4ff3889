/* core/audit_resolve.c: a token of the log, turned back into whom it stands for.
 *
 * The log names nobody; this is the one way back, under an activity of its own, recorded, with the
 * resolved customer's token in the leaf (I-10). An employee's token is compared with those of all
 * credentials. A customer's token is found only by deriving the token of that month for one customer
 * after another, erased ones too while their evidence lasts; a million of them take several calls.
 */
#include "core/audit_write.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/verbs.h"

#define SUBJECTS_MAX 50000 /* looked at in a call */
#define LOOK_EVERY 64      /* subjects between two looks at the clock */
#define INPUT_COUNT 10     /* docs/formats/leaf.md */

typedef struct resolving {
    passage *passage;
    uint8_t token[ENTRY_TOKEN_BYTES];
    uint32_t month;   /* YYYYMM; 0: an employee's */
    uint64_t from;    /* row id behind which to go on */
    uint64_t scanned; /* subjects looked at */
    uint64_t next;    /* 0: all were seen */
    bool found;
} resolving;

/* --- what is asked ------------------------------------------------------------------------------ */

static velum_status parse_month(passage *passage, uint32_t *out)
{
    text month;
    uint64_t number = 0;

    *out = 0;
    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "month", &month));
    if (month.size == 0) {
        return VELUM_OK;
    }
    if (month.size != 6 || !text_parse_u64(month, &number) || number % 100 < 1 ||
        number % 100 > 12) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "A month is YYYYMM, such as 202603.");
    }
    *out = (uint32_t)number;
    return VELUM_OK;
}

/* In which a customer is named: the caller's own domain, or for who may resolve all, a named one. */
static velum_status parse_domain(passage *passage)
{
    text name;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "domain", &name));
    const uint16_t own = passage->actor.credential->domain_number;
    const uint16_t named = world_number(passage->world, REGISTRY_DOMAIN, name);
    if (name.size > 0 && (named == 0 || (own != 0 && named != own))) {
        return refuse(passage, REASON_UNKNOWN_DOMAIN);
    }
    passage->domain = named != 0 ? named : own;
    return VELUM_OK;
}

static velum_status parse_from(passage *passage, uint64_t *out)
{
    const json_value *value = json_member(json_root(passage->body), "from");

    *out = 0;
    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_INTEGER || json_integer(value) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A count is a number from 0.");
    }
    *out = (uint64_t)json_integer(value);
    return VELUM_OK;
}

static velum_status parse(passage *passage, resolving *out)
{
    static const char *const members[] = {"token", "month", "domain", "from", NULL};
    text token;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "token", &token));
    if (hex_decode(token, out->token, sizeof(out->token)) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A token has 32 hex digits.");
    }
    VELUM_TRY(parse_month(passage, &out->month));
    VELUM_TRY(parse_from(passage, &out->from));
    VELUM_TRY(parse_domain(passage));
    return out->month != 0 && passage->domain == 0
               ? refuse_hint(passage, REASON_UNKNOWN_DOMAIN,
                             "Name the `domain` in which the customer is to be named.")
               : VELUM_OK;
}

/* --- an employee -------------------------------------------------------------------------------- */

static velum_status write_actor(passage *passage, const credential *found)
{
    char revoked[TIME_TEXT_BYTES];
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "actor", found->name);
    json_member_string(&out, "kind", found->kind == ACTOR_HUMAN ? "human" : "service");
    if (found->revoked_ns != 0) {
        time_format(found->revoked_ns, revoked);
        json_member_string(&out, "revoked", revoked);
    }
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

static velum_status resolve_actor(const resolving *self)
{
    passage *const passage = self->passage;
    const credential *found = audit_credential(passage->world, self->token);

    if (found == NULL) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "No employee or system of today has this token; a customer's is found "
                           "with its month.");
    }
    memcpy(passage->entry.user_token, self->token, sizeof(self->token));
    return write_actor(passage, found);
}

/* --- a customer --------------------------------------------------------------------------------- */

/* Whether this subject had the token in that month; its keys are wiped when not. */
static velum_status try_subject(resolving *self, const subject_id *id)
{
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);
    uint8_t token[ENTRY_TOKEN_BYTES];
    const opened_subject *opened = NULL;

    const velum_status status =
        vault_open_evidence(passage->gate->vault, passage->conn, id, passage->arena, &opened);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK; /* the evidence is gone, and with it whom the tokens named */
    }
    VELUM_TRY(status);
    opened_audit_token(opened, self->month, token);
    if (mem_equal_secret(token, self->token, sizeof(token))) {
        self->found = true;
        passage->subject = *id;
        passage->has_subject = true;
        passage->slot = changes_slot(&passage->gate->changes, id);
        passage->opened = opened; /* from here the leaf names them */
        return VELUM_OK;
    }
    secret_arena_rewind(passage->arena, mark);
    return VELUM_OK;
}

static bool is_used_up(const resolving *self, int64_t until_ns)
{
    return self->scanned == SUBJECTS_MAX ||
           (self->scanned % LOOK_EVERY == 0 &&
            clock_monotonic_ns(&self->passage->gate->clock) >= until_ns);
}

static velum_status visit_row(resolving *self, store_stmt *stmt)
{
    const crypto_part bytes = stmt_blob(stmt, 1);
    subject_id id;

    if (bytes.size != sizeof(id.bytes)) {
        return VELUM_E_CORRUPT;
    }
    memcpy(id.bytes, bytes.data, sizeof(id.bytes));
    self->from = (uint64_t)stmt_integer(stmt, 0);
    self->scanned++;
    return try_subject(self, &id);
}

static velum_status scan_rows(resolving *self, store_stmt *stmt)
{
    const velum_gate *const gate = self->passage->gate;
    const int64_t until_ns =
        clock_monotonic_ns(&gate->clock) + (int64_t)gate->timeout_ms * NS_PER_MS / 2;
    velum_status status = VELUM_OK;

    while ((status = stmt_step(stmt)) == VELUM_OK) {
        if (atomic_load_explicit(&gate->stopping, memory_order_relaxed)) {
            return VELUM_E_UNAVAILABLE;
        }
        VELUM_TRY(visit_row(self, stmt));
        if (self->found) {
            return VELUM_OK;
        }
        if (is_used_up(self, until_ns)) {
            self->next = self->from;
            return VELUM_OK;
        }
    }
    return status == VELUM_END ? VELUM_OK : status;
}

static velum_status scan_subjects(resolving *self)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(locate_snapshot(self->passage));
    VELUM_TRY(conn_statement(self->passage->conn,
                             "SELECT rowid, subject FROM subject WHERE rowid > $1 ORDER BY rowid",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)self->from));
    const velum_status status = scan_rows(self, stmt);
    stmt_reset(stmt);
    return status;
}

static velum_status resolve_subject(resolving *self)
{
    passage *const passage = self->passage;
    json_writer out;

    VELUM_TRY(scan_subjects(self));
    entry_push(&passage->entry, INPUT_COUNT, self->scanned);
    if (!self->found && self->next == 0) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "No customer had this token in that month.");
    }
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    if (self->next != 0) {
        json_member_integer(&out, "next", (int64_t)self->next);
    }
    json_member_integer(&out, "scanned", (int64_t)self->scanned);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status resolve_mask(passage *passage)
{
    resolving self = {.passage = passage};

    VELUM_TRY(parse(passage, &self));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_RESOLVE);
    return self.month == 0 ? resolve_actor(&self) : resolve_subject(&self);
}
