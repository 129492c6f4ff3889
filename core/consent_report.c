/* core/consent_report.c: how many customers would lose a purpose at a stricter minimum of evidence.
 *
 * Before a policy raises `min-grade` its author wants to know whom that costs. The answer is counts
 * alone; a count below COUNT_LEAST is not told, since it would speak of single people. States are
 * opened one after another in the reader's arena, and nothing of them outlives its turn.
 */
#include "core/consents.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/person.h"
#include "core/verbs.h"

#include <stdio.h>

#define COUNT_LEAST 5
#define STRETCH 4096 /* subjects a snapshot, so that no reader holds the WAL for long */

typedef struct consent_report {
    passage *passage;
    uint32_t grade;
    uint32_t purpose; /* index; BUNDLE_NONE: all */
    uint64_t seen;
    uint64_t lost[BUNDLE_PURPOSES_MAX];
} consent_report;

static velum_status parse_query(passage *passage, consent_report *out)
{
    static const char *const members[] = {"min_grade", "purpose", NULL};
    const bundle *const bundle = passage->world->bundle;
    const json_value *const body = json_root(passage->body);
    text grade;
    text purpose;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "min_grade", &grade));
    VELUM_TRY(parse_optional_text(passage, body, "purpose", &purpose));
    for (uint32_t i = GRADE_SELF; i <= GRADE_IMPORTED; i++) {
        out->grade = text_equal_literal(grade, consent_grade_name(i)) ? i : out->grade;
    }
    if (out->grade == 0) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "A grade is self-verified, self, assisted or imported.");
    }
    out->purpose = BUNDLE_NONE;
    if (purpose.size == 0) {
        return VELUM_OK;
    }
    out->purpose = bundle_find(bundle, REGISTRY_PURPOSE, purpose);
    return out->purpose != BUNDLE_NONE && bundle->purposes[out->purpose].basis == BASIS_CONSENT
               ? VELUM_OK
               : refuse(passage, REASON_UNKNOWN_PURPOSE);
}

static bool is_asked(const consent_report *self, uint32_t purpose)
{
    return self->passage->world->bundle->purposes[purpose].basis == BASIS_CONSENT &&
           (self->purpose == BUNDLE_NONE || self->purpose == purpose);
}

/* --- counting ----------------------------------------------------------------------------------- */

/* Whether the consent serves now, and would not at the minimum. */
static bool would_be_lost(const consent_report *self, const bundle_purpose *purpose,
                          const state_consent *held)
{
    const int64_t now_s = self->passage->clock.later_ns / NS_PER_SECOND;

    return held != NULL && consent_state_allows(held->state) && held->version == purpose->version &&
           (held->expires_s == 0 || now_s < (int64_t)held->expires_s) &&
           consent_grade_serves(held->grade, purpose->grade_min) &&
           !consent_grade_serves(held->grade, self->grade);
}

static void count_subject(consent_report *self)
{
    const passage *const passage = self->passage;
    const subject_state *const state = person_state(passage);
    const bundle *const bundle = passage->world->bundle;

    self->seen++;
    for (uint32_t i = 0; i < bundle->purpose_count; i++) {
        const bundle_purpose *const purpose = &bundle->purposes[i];
        if (is_asked(self, i) &&
            would_be_lost(self, purpose, subject_state_consent(state, purpose->number))) {
            self->lost[i]++;
        }
    }
}

static velum_status look_at(consent_report *self, const subject_id *id)
{
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);

    passage->subject = *id;
    const velum_status status = locate_subject(passage);
    if (status == VELUM_OK && passage->opened != NULL) {
        count_subject(self);
    }
    locate_forget(passage);
    secret_arena_rewind(passage->arena, mark);
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

static velum_status count_all(consent_report *self)
{
    passage *const passage = self->passage;
    subject_id last = {{0}};
    velum_status status = VELUM_OK;

    for (uint64_t i = 0; status == VELUM_OK; i++) {
        subject_id next;
        bool is_of_several = false;
        if (atomic_load_explicit(&passage->gate->stopping, memory_order_relaxed)) {
            return VELUM_E_UNAVAILABLE;
        }
        if (i != 0 && i % STRETCH == 0) {
            VELUM_TRY(conn_commit(passage->conn));
            VELUM_TRY(conn_begin(passage->conn));
        }
        status = vault_customer_after(passage->conn, &last, &next, &is_of_several);
        if (status == VELUM_OK) {
            last = next;
            status = look_at(self, &next);
        }
    }
    return status == VELUM_END ? VELUM_OK : status;
}

/* --- the answer --------------------------------------------------------------------------------- */

static void write_count(uint64_t lost, json_writer *out)
{
    char digits[24];

    if (lost > 0 && lost < COUNT_LEAST) {
        json_member_string(out, "lost", "<5");
        return;
    }
    (void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)lost);
    json_member_string(out, "lost", digits);
}

static velum_status write_report(const consent_report *self)
{
    const bundle *const bundle = self->passage->world->bundle;
    json_writer out;

    json_writer_init(&out, &self->passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "min_grade", consent_grade_name(self->grade));
    json_name(&out, "purposes");
    json_begin_array(&out);
    for (uint32_t i = 0; i < bundle->purpose_count; i++) {
        if (is_asked(self, i)) {
            json_begin_object(&out);
            json_member_text(&out, "purpose", bundle->purposes[i].name);
            write_count(self->lost[i], &out);
            json_end_object(&out);
        }
    }
    json_end_array(&out);
    json_end_object(&out);
    return buffer_status(&self->passage->answer->body);
}

velum_status consent_report_mask(passage *passage)
{
    consent_report self = {.passage = passage};

    VELUM_TRY(parse_query(passage, &self));
    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(count_all(&self));
    entry_push(&passage->entry, INPUT_GRADE, self.grade);
    passage->entry.record_count = self.seen;
    return write_report(&self);
}
