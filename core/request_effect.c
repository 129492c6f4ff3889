/* core/request_effect.c: what each right does to the person's data. */
#include "core/request_row.h"

#include "core/consents.h"
#include "core/erasure.h"
#include "core/happening.h"
#include "core/locate.h"
#include "core/path.h"
#include "core/person.h"
#include "core/profile.h"
#include "core/verbs.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)
#define ERASURE_RETRY_NS NS_PER_DAY
#define ERASURE_WAIT_NS (60 * NS_PER_SECOND) /* for another one of the same person */

velum_status request_locate_subject(passage *passage, const request *row)
{
    if (!row->has_subject || passage->has_subject) {
        return VELUM_OK;
    }
    passage->subject = row->subject;
    const velum_status status = locate_subject(passage);
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

/* --- without an officer ---------------------------------------------------------------------------- */

static velum_status add_restriction(passage *passage, uint32_t restriction)
{
    const happening changed = {.event = HOOK_RESTRICTION_CHANGED,
                               .subject = passage->subject,
                               .at_ns = passage->clock.now_ns};

    if (passage->opened == NULL || (passage->state.restrictions & restriction) != 0) {
        return VELUM_OK;
    }
    passage->state.restrictions |= restriction;
    VELUM_TRY(state_seal_final(passage));
    VELUM_TRY(happened(passage->batch, passage->world, &changed));
    return person_touch(passage); /* I-9 */
}

/* Whoever objects is not reached under their identifiers either, whatever is imported (I-6). */
static suppression suppression_of(const passage *passage, const request *row, uint32_t scope)
{
    const int64_t term_ns = (int64_t)passage->world->bundle->erasure.suppression_days * NS_PER_DAY;
    const int64_t now_ns = passage->clock.later_ns;

    return (suppression){.scope = scope,
                         .reason = row->right,
                         .basis = passage->world->bases[BASIS_LEGAL_OBLIGATION],
                         .at_ns = passage->clock.now_ns,
                         .expires_ns = now_ns > INT64_MAX - term_ns ? INT64_MAX : now_ns + term_ns};
}

/* GDPR 21(3), CCPA 1798.120: absolute, consent or not. */
static velum_status run_objection(passage *passage, request *row)
{
    const suppression entry = suppression_of(passage, row, SUPPRESS_MARKETING);
    vault *const vault = passage->gate->vault;
    uint32_t count = 0;

    VELUM_TRY(add_restriction(passage, RESTRICTION_MARKETING));
    if (passage->opened != NULL) {
        VELUM_TRY(vault_suppress_subject(vault, passage->conn, &passage->subject, &entry, &count));
    }
    for (uint32_t i = 0; i < passage->identifier_count; i++) {
        VELUM_TRY(vault_suppress(vault, passage->conn, &passage->identifiers[i], &entry));
    }
    return suppression_plan_sweep(passage);
}

static velum_status run_restriction(passage *passage, request *row)
{
    (void)row;
    return add_restriction(passage, RESTRICTION_PROCESSING); /* PIPL 44, GDPR 18 */
}

/* Each consent that stands is an event with a leaf of its own. */
static velum_status withdraw_one(passage *passage, const state_consent *held)
{
    consent_wish wish;
    state_consent stored;

    consent_wish_withdrawn(passage, held, &wish);
    passage->entry = (audit_entry){.type = ENTRY_CONSENT};
    random_fill(&passage->gate->random, passage->entry.event_id, sizeof(passage->entry.event_id));
    VELUM_TRY(consent_record(passage, &wish, &stored));
    path_fill_entry(passage, &passage->entry);
    return write_batch_record(passage->batch, &passage->entry);
}

static velum_status run_withdrawal(passage *passage, request *row)
{
    const audit_entry own = passage->entry;
    standing_consents before;

    (void)row;
    velum_status status = person_standing(passage, &before);
    for (uint32_t i = 0; i < before.count && status == VELUM_OK; i++) {
        status = withdraw_one(passage, &before.items[i]);
    }
    passage->entry = own;
    mem_wipe(&before, sizeof(before));
    return status;
}

/* A number that was given to somebody else: unlinked, and nobody is found by it until it is given
 * anew. Nothing of whom it belonged to is told. */
static velum_status run_not_me(passage *passage, request *row)
{
    const suppression entry = suppression_of(passage, row, SUPPRESS_IDENTITY);
    vault *const vault = passage->gate->vault;

    for (uint32_t i = 0; i < passage->identifier_count; i++) {
        if (passage->opened != NULL) {
            const velum_status status =
                vault_detach(vault, passage->conn, &passage->subject, &passage->identifiers[i]);
            VELUM_TRY(status == VELUM_E_NOTFOUND ? VELUM_OK : status);
            VELUM_TRY(person_touch(passage));
        }
        VELUM_TRY(vault_suppress(vault, passage->conn, &passage->identifiers[i], &entry));
    }
    return suppression_plan_sweep(passage);
}

typedef velum_status (*effect_function)(passage *passage, request *row);

static const effect_function EFFECTS[RIGHT_COUNT] = {
    [RIGHT_RESTRICT] = run_restriction, [RIGHT_OBJECT_MARKETING] = run_objection,
    [RIGHT_WITHDRAW] = run_withdrawal,  [RIGHT_OPT_OUT] = run_objection,
    [RIGHT_NOT_ME] = run_not_me,
};

velum_status request_run_itself(passage *passage, request *row)
{
    const bool is_known =
        (row->flags & REQUEST_VERIFIED) != 0 || request_needs_no_proof(row->right);
    const bool has_effect = passage->opened != NULL || request_needs_no_proof(row->right);

    if (EFFECTS[row->right] == NULL || !is_known || !has_effect) {
        return VELUM_OK;
    }
    VELUM_TRY(EFFECTS[row->right](passage, row));
    request_done_here(row, passage->clock.later_ns);
    return VELUM_OK;
}

/* --- deletion -------------------------------------------------------------------------------------- */

/* What was asked for by number: a category that left the policy since goes like any other. */
static erasure_wish wish_of(const request *row)
{
    erasure_wish wish = {.categories = row->categories, .category_count = row->category_count};

    memcpy(wish.request_id, row->id, sizeof(wish.request_id));
    return wish;
}

velum_status request_plan_erasure(passage *passage, request *row)
{
    const erasure_wish wish = wish_of(row);
    erasure_plan plan;

    VELUM_TRY(erasure_plan_make(passage, &wish, &plan));
    row->kept_count = 0;
    for (uint32_t i = 0; i < plan.kept_count; i++) {
        row->kept[row->kept_count++] = (request_kept){plan.kept[i].category, plan.kept[i].until_ns};
    }
    return VELUM_OK;
}

static velum_status begin_erasure(passage *passage, request *row)
{
    const erasure_wish wish = wish_of(row);

    VELUM_TRY(request_plan_erasure(passage, row));
    return erasure_begin(passage, &wish);
}

/* Whether nothing of what was asked for is there any more, by another erasure. */
static bool is_gone(const passage *passage, const request *row)
{
    if (passage->opened == NULL) {
        return !passage->has_subject ||
               sealed_subject_status(passage->sealed) == VAULT_SUBJECT_ERASED;
    }
    for (uint32_t i = 0; i < row->category_count; i++) {
        if (subject_state_category_version(&passage->state, row->categories[i]) != 0) {
            return false;
        }
    }
    return row->category_count > 0;
}

/* Another erasure of the same person goes on, whose keys may stand still (V-6). */
static bool is_being_erased(passage *passage, const request *row)
{
    const erasure_wish wish = wish_of(row);
    erasure_plan plan;

    return passage->opened == NULL || erasure_plan_make(passage, &wish, &plan) == VELUM_OK;
}

/* What the erasure began before it was refused is rolled back. What has gone already has nothing left
 * to be destroyed; else it is tried again, and the request says where it is held. */
static velum_status take_refusal(passage *passage, request *row)
{
    const int64_t now_ns = passage->clock.later_ns;

    row->flags &= ~REQUEST_HELD;
    row->cool_ns = 0;
    if (is_gone(passage, row)) {
        request_done_here(row, now_ns);
    } else if (is_being_erased(passage, row)) {
        row->cool_ns = now_ns + ERASURE_WAIT_NS;
        request_settle_tasks(row, now_ns);
    } else {
        row->flags |= REQUEST_HELD;
        row->cool_ns = now_ns + ERASURE_RETRY_NS;
        request_settle_tasks(row, now_ns);
    }
    passage->problem = PROBLEM_NONE;
    passage->hint = NULL;
    return VELUM_OK;
}

velum_status request_begin_erasure(passage *passage, request *row, bool *out_begun)
{
    const write_batch_mark mark = write_batch_begin(passage->batch);
    const audit_entry own = passage->entry;

    *out_begun = false;
    VELUM_TRY(conn_savepoint(passage->conn));
    const velum_status status = begin_erasure(passage, row);
    if (status == VELUM_E_DENIED) {
        conn_savepoint_rollback(passage->conn);
        vault_savepoint_rollback(passage->gate->vault, &mark.vault);
        write_batch_rewind(passage->batch, &mark);
        passage->entry = own;
        return take_refusal(passage, row);
    }
    VELUM_TRY(status); /* the outer savepoint takes all of it back */
    VELUM_TRY(conn_savepoint_release(passage->conn));
    passage->batch->begins_erasure = true;
    row->flags = (row->flags & ~REQUEST_HELD) | REQUEST_BEGUN;
    row->cool_ns = 0;
    request_tell_processors(row);
    request_settle_tasks(row, passage->clock.later_ns);
    *out_begun = true;
    return VELUM_OK;
}
