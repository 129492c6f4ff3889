/* core/request_effect.c: what each right does to the person's data. */
#include "core/request_row.h"

#include "core/consents.h"
#include "core/erasure.h"
#include "core/locate.h"
#include "core/path.h"
#include "core/profile.h"
#include "core/verbs.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)
#define ERASURE_RETRY_NS NS_PER_DAY

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
    if (passage->opened == NULL || (passage->state.restrictions & restriction) != 0) {
        return VELUM_OK;
    }
    passage->state.restrictions |= restriction;
    VELUM_TRY(state_seal_final(passage));
    return write_batch_touch(passage->batch, &passage->subject); /* I-9 */
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
    subject_state before = passage->state;
    velum_status status = VELUM_OK;

    (void)row;
    for (uint32_t i = 0; i < before.consent_count && passage->opened != NULL; i++) {
        if (status == VELUM_OK && consent_state_allows(before.consents[i].state)) {
            status = withdraw_one(passage, &before.consents[i]);
        }
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
            VELUM_TRY(write_batch_touch(passage->batch, &passage->subject));
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

/* A category that left the policy since is nobody's any more: it is not named in the wish. */
static erasure_wish wish_of(const passage *passage, const request *row)
{
    erasure_wish wish = {.categories = 0};

    memcpy(wish.request_id, row->id, sizeof(wish.request_id));
    for (uint32_t i = 0; i < row->category_count; i++) {
        const uint32_t index =
            bundle_find_number(passage->world->bundle, REGISTRY_CATEGORY, row->categories[i]);
        wish.categories |= index == BUNDLE_NONE ? 0 : UINT64_C(1) << index;
    }
    return wish;
}

/* A wish for some that has none left is not a wish for all. */
static velum_status check_wish(passage *passage, const request *row, const erasure_wish *wish)
{
    return row->category_count > 0 && wish->categories == 0
               ? refuse_hint(passage, REASON_CONFLICT,
                             "The policy does not know the categories any more.")
               : VELUM_OK;
}

velum_status request_plan_erasure(passage *passage, request *row)
{
    const erasure_wish wish = wish_of(passage, row);
    erasure_plan plan;

    VELUM_TRY(check_wish(passage, row, &wish));
    VELUM_TRY(erasure_plan_make(passage, &wish, &plan));
    row->kept_count = 0;
    for (uint32_t i = 0; i < plan.kept_count; i++) {
        row->kept[row->kept_count++] = (request_kept){plan.kept[i].category, plan.kept[i].until_ns};
    }
    return VELUM_OK;
}

static velum_status begin_erasure(passage *passage, request *row)
{
    const erasure_wish wish = wish_of(passage, row);

    VELUM_TRY(request_plan_erasure(passage, row));
    return erasure_begin(passage, &wish);
}

/* Somebody whose data has gone already has nothing left to be destroyed. What the erasure began before
 * it was refused is rolled back; then it is tried again, and the request says what holds it. */
static velum_status take_refusal(passage *passage, request *row)
{
    const uint32_t problem = passage->problem;

    passage->problem = PROBLEM_NONE;
    passage->hint = NULL;
    if (problem == REASON_SUBJECT_ERASED) {
        row->cool_ns = 0;
        row->flags &= ~REQUEST_HELD;
        request_done_here(row, passage->clock.later_ns);
        return VELUM_OK;
    }
    row->flags |= REQUEST_HELD;
    row->cool_ns = passage->clock.later_ns + ERASURE_RETRY_NS;
    request_settle_tasks(row, passage->clock.later_ns);
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
