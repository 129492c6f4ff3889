/* core/audit_scan.c: one stretch of the log after another. */
#include "core/audit_scan.h"

#include "audit/folder.h"
#include "core/audit_range.h"
#include "core/locate.h"
#include "core/meta.h"
#include "core/parse.h"

#define WAIT_MS 5000
#define LOOK_EVERY 256                           /* leaves between two looks at the clock */
#define ANSWER_BYTES_SOFT (ANSWER_BYTES_MAX / 2) /* a page ends above it */

/* Until when one call may read; the rest of the gate's limit is for what comes behind. */
static int64_t deadline_ns(const passage *passage)
{
    const velum_gate *const gate = passage->gate;

    return clock_monotonic_ns(&gate->clock) + (int64_t)gate->timeout_ms * NS_PER_MS / 2;
}

velum_status audit_wait(passage *passage)
{
    velum_gate *const gate = passage->gate;

    return appender_wait(&gate->appender, atomic_load(&gate->writer.seq), WAIT_MS);
}

/* --- what the body says ------------------------------------------------------------------------- */

velum_status audit_parse_count(passage *passage, const char *name, uint64_t fallback, uint64_t *out)
{
    const json_value *value = json_member(json_root(passage->body), name);

    *out = fallback;
    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_INTEGER || json_integer(value) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A count is a number from 0.");
    }
    *out = (uint64_t)json_integer(value);
    return VELUM_OK;
}

static velum_status parse_time(passage *passage, const char *name, int64_t *out)
{
    text value;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), name, &value));
    if (value.size > 0 && time_parse(value, out) < 0) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "A time is as RFC 3339 has it, such as 2026-03-01T00:00:00Z.");
    }
    return VELUM_OK;
}

velum_status audit_scan_parse(passage *passage, audit_scan *out)
{
    *out = (audit_scan){.passage = passage, .since_ns = INT64_MIN, .until_ns = INT64_MAX};
    VELUM_TRY(audit_parse_count(passage, "from", 0, &out->from));
    VELUM_TRY(audit_parse_count(passage, "limit", AUDIT_SCAN_LIMIT_DEFAULT, &out->limit));
    if (out->limit == 0 || out->limit > AUDIT_SCAN_LIMIT_MAX) {
        out->limit = AUDIT_SCAN_LIMIT_MAX;
    }
    VELUM_TRY(parse_time(passage, "since", &out->since_ns));
    return parse_time(passage, "until", &out->until_ns);
}

void audit_scan_reply(const audit_scan *self, json_writer *out)
{
    if (self->next != 0) {
        json_member_integer(out, "next", (int64_t)self->next);
    }
    json_member_integer(out, "scanned", (int64_t)self->scanned);
}

/* --- whose entries ------------------------------------------------------------------------------ */

velum_status audit_open_subject(passage *passage)
{
    if (!passage->has_subject || passage->opened != NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status = vault_open_evidence(
        passage->gate->vault, passage->conn, &passage->subject, passage->arena, &passage->opened);
    return status == VELUM_E_NOTFOUND ? refuse(passage, REASON_UNKNOWN_SUBJECT) : status;
}

static const uint8_t *token_of_month(audit_scan *self, uint32_t month)
{
    if (self->token_month != month) {
        opened_audit_token(self->passage->opened, month, self->token);
        self->token_month = month;
    }
    return self->token;
}

bool audit_scan_is_of_subject(audit_scan *self, const audit_entry *entry)
{
    if (!self->passage->has_subject) {
        return true;
    }
    if (entry->token_epoch == 0) {
        return false; /* of no subject */
    }
    const uint8_t *token = token_of_month(self, entry->token_epoch);
    if (memcmp(entry->subject_token, token, ENTRY_TOKEN_BYTES) == 0) {
        return true;
    }
    for (uint32_t i = 0; i < entry->subject_count; i++) {
        if (memcmp(entry->subjects[i], token, ENTRY_TOKEN_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* --- where to look ------------------------------------------------------------------------------ */

static velum_status time_at(void *context, uint64_t index, int64_t *out_ns)
{
    log_reader *const reader = context;
    log_leaf leaf;

    VELUM_TRY(log_reader_seek(reader, index));
    VELUM_TRY(log_reader_next(reader, &leaf));
    *out_ns = leaf.entry->at_ns;
    return VELUM_OK;
}

/* Whether an officer ever accepted a clock that had stepped back: then times are no order. */
static velum_status has_order(passage *passage, bool *out)
{
    int64_t accepted_ns = 0;

    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(meta_read(passage->conn, META_CLOCK_ACCEPTED, &accepted_ns));
    *out = accepted_ns == 0;
    return VELUM_OK;
}

static velum_status find_range(const audit_scan *self, log_reader *reader, audit_range *out)
{
    VELUM_AUTO_TAILS tails = {NULL, 0};
    bool ordered = false;

    *out = (audit_range){.from = 0, .end = UINT64_MAX};
    if (self->since_ns == INT64_MIN && self->until_ns == INT64_MAX) {
        return VELUM_OK;
    }
    VELUM_TRY(has_order(self->passage, &ordered));
    if (!ordered) {
        return VELUM_OK;
    }
    VELUM_TRY(folder_list_tails(self->passage->gate->audit_fd, &tails));
    const audit_times times = {tails.first, tails.count, time_at, reader};
    return audit_range_of(&times, self->since_ns, self->until_ns, out);
}

/* --- the walk ----------------------------------------------------------------------------------- */

/* Whether this call has read enough. */
static bool is_used_up(const audit_scan *self, int64_t until_ns)
{
    const passage *const passage = self->passage;

    if (self->given == self->limit || self->scanned == AUDIT_SCAN_LEAVES_MAX ||
        passage->answer->body.size > ANSWER_BYTES_SOFT) {
        return true;
    }
    return self->scanned != 0 && self->scanned % LOOK_EVERY == 0 &&
           clock_monotonic_ns(&passage->gate->clock) >= until_ns;
}

static bool is_of_time(const audit_scan *self, const audit_entry *entry)
{
    return entry->at_ns >= self->since_ns && entry->at_ns < self->until_ns;
}

static velum_status visit_leaf(audit_scan *self, const log_leaf *leaf, audit_visitor visit,
                               void *context)
{
    bool given = false;

    self->scanned++;
    if (!is_of_time(self, leaf->entry)) {
        return VELUM_OK;
    }
    VELUM_TRY(visit(context, leaf->index, leaf->entry, &given));
    self->given += given ? 1 : 0;
    return buffer_status(&self->passage->answer->body);
}

static velum_status walk(audit_scan *self, log_reader *reader, uint64_t end, audit_visitor visit,
                         void *context)
{
    const velum_gate *const gate = self->passage->gate;
    const int64_t until_ns = deadline_ns(self->passage);
    log_leaf leaf;
    velum_status status = VELUM_OK;

    while ((status = log_reader_next(reader, &leaf)) == VELUM_OK && leaf.index < end) {
        if (atomic_load_explicit(&gate->stopping, memory_order_relaxed)) {
            return VELUM_E_UNAVAILABLE; /* a stop does not wait for a long list */
        }
        if (is_used_up(self, until_ns)) {
            self->next = leaf.index;
            return VELUM_OK;
        }
        VELUM_TRY(visit_leaf(self, &leaf, visit, context));
    }
    return status == VELUM_END ? VELUM_OK : status;
}

velum_status audit_scan_run(audit_scan *self, audit_visitor visit, void *context)
{
    VELUM_AUTO(log_reader) *reader = NULL;
    audit_range range;

    VELUM_TRY(audit_wait(self->passage));
    VELUM_TRY(log_reader_open(self->passage->gate->audit_fd, &reader, NULL));
    VELUM_TRY(find_range(self, reader, &range));
    const uint64_t from = self->from > range.from ? self->from : range.from;
    const velum_status status = log_reader_seek(reader, from);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    return walk(self, reader, range.end, visit, context);
}

/* --- one entry by its name ---------------------------------------------------------------------- */

velum_status audit_find_id(passage *passage, log_reader *reader,
                           const uint8_t id[ENTRY_TOKEN_BYTES], uint64_t *out)
{
    const int64_t until_ns = deadline_ns(passage);
    log_leaf leaf;

    for (uint64_t scanned = 1;; scanned++) { /* ends with the log */
        const velum_status status = log_reader_next(reader, &leaf);
        if (status != VELUM_OK) {
            return status == VELUM_END ? VELUM_E_NOTFOUND : status;
        }
        *out = leaf.index;
        if (memcmp(leaf.entry->event_id, id, ENTRY_TOKEN_BYTES) == 0) {
            return VELUM_OK;
        }
        if (scanned == AUDIT_SCAN_LEAVES_MAX ||
            (scanned % LOOK_EVERY == 0 && clock_monotonic_ns(&passage->gate->clock) >= until_ns)) {
            *out = leaf.index + 1;
            return VELUM_END;
        }
    }
}

velum_status audit_find(passage *passage, log_reader *reader, uint64_t *out)
{
    const json_value *body = json_root(passage->body);
    uint8_t id[ENTRY_TOKEN_BYTES];
    uint64_t from = 0;
    text named;

    VELUM_TRY(parse_optional_text(passage, body, "id", &named));
    if (named.size == 0) {
        return audit_parse_count(passage, "index", UINT64_MAX, out);
    }
    if (hex_decode(named, id, sizeof(id)) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "An id has 32 hex digits.");
    }
    VELUM_TRY(audit_parse_count(passage, "from", 0, &from));
    VELUM_TRY(log_reader_seek(reader, from));
    return audit_find_id(passage, reader, id, out);
}
