/* core/restore_mend.c: making an older vault.db good by what newer keys and the log tell (B-5).
 *
 * Goes through the live customers in chunks, each a write of our own with a leaf for whatever it
 * changes. Nobody else is in the folder.
 */
#include "core/restore.h"

#include "core/approval_rows.h"
#include "core/certificate.h"
#include "core/consents.h"
#include "core/erasure.h"
#include "core/happening.h"
#include "core/hook.h"
#include "core/locate.h"
#include "core/message_row.h"
#include "core/path.h"
#include "core/profile.h"
#include "core/rows.h"
#include "core/timers.h"
#include "core/verbs.h"
#include "core/work.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)
#define CHANNEL_COMMAND 2 /* of a consent event: who restores works at the command line */
#define MONTHS_MAX 1200

const char *restored_name(uint32_t number)
{
    static const char *const names[] = {
        [RESTORED_BEGUN] = "begun",           [RESTORED_CONSENTS] = "consents",
        [RESTORED_RESTRICTED] = "restricted", [RESTORED_CREDENTIAL] = "credential",
        [RESTORED_MESSAGES] = "messages",     [RESTORED_APPROVALS] = "approvals"};

    return number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL;
}

static velum_status record_entry(passage *passage)
{
    path_fill_entry(passage, &passage->entry);
    return write_batch_record(passage->batch, &passage->entry);
}

static void begin_entry(passage *passage, uint32_t type, uint32_t restored)
{
    passage->entry = (audit_entry){.type = type};
    random_fill(&passage->gate->random, passage->entry.event_id, sizeof(passage->entry.event_id));
    if (restored != 0) {
        entry_push(&passage->entry, INPUT_RESTORED, restored);
    }
}

/* --- erased, or as good as ----------------------------------------------------------------------------- */

static int64_t days_from_now(const passage *passage, uint32_t days)
{
    const int64_t term_ns = (int64_t)days * NS_PER_DAY;
    const int64_t now_ns = passage->clock.later_ns;

    return now_ns > INT64_MAX - term_ns ? INT64_MAX : now_ns + term_ns;
}

/* As long as any law of the policy wants it: when it began is not in the copy. */
static int64_t evidence_end(const passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    uint32_t days = 0;

    for (uint32_t i = 0; i < bundle->pack_count; i++) {
        const jurisdiction_pack *const pack = &bundle->packs[i];
        days = pack->evidence_days > days ? pack->evidence_days : days;
        days = pack->request_log_days > days ? pack->request_log_days : days;
    }
    return days_from_now(passage, days);
}

/* Who was erased must not come back by tonight's import (I-6); an objection that the copy may not know is
 * taken for granted in both cases (I-3). */
static velum_status suppress(passage *passage, uint32_t scope, erased_memory *memory)
{
    const suppression entry = {
        .scope = scope | SUPPRESS_MARKETING,
        .basis = passage->world->bases[BASIS_LEGAL_OBLIGATION],
        .at_ns = passage->clock.now_ns,
        .expires_ns = days_from_now(passage, passage->world->bundle->erasure.suppression_days)};

    memory->suppressed_until_ns = entry.expires_ns;
    VELUM_TRY(vault_suppress_subject(passage->gate->vault, passage->conn, &passage->subject, &entry,
                                     &memory->suppressed));
    return suppression_plan_sweep(passage);
}

static velum_status set_evidence_timer(passage *passage, int64_t at_ns)
{
    timer timer = {.at_ns = at_ns, .kind = TIMER_EVIDENCE};

    memcpy(timer.of, passage->subject.bytes, sizeof(timer.of));
    return timer_set(passage->batch, &timer);
}

/* Step 1 by the evidence key alone; steps 2 and 3 follow the commit as after any other. */
static velum_status erase(passage *passage, uint32_t scope)
{
    erased_memory memory = {.restrictions = RESTRICTION_MARKETING};
    destruction_plan plan = {.at_ns = passage->clock.now_ns,
                             .evidence_until_ns = evidence_end(passage)};
    uint8_t bytes[ERASED_MEMORY_BYTES];

    begin_entry(passage, ENTRY_ERASURE, 0);
    memcpy(plan.event_id, passage->entry.event_id, sizeof(plan.event_id));
    VELUM_TRY(vault_open_evidence(passage->gate->vault, passage->conn, &passage->subject,
                                  passage->arena, &passage->opened));
    VELUM_TRY(suppress(passage, scope, &memory));
    erased_memory_encode(&memory, bytes);
    plan.memory = (crypto_part){bytes, sizeof(bytes)};
    VELUM_TRY(vault_destroy_data(passage->gate->vault, passage->conn, passage->opened, &plan));
    VELUM_TRY(set_evidence_timer(passage, plan.evidence_until_ns));
    erasure_intent(passage, DESTROY_DATA, 0, 0);
    return record_entry(passage);
}

/* Of whom even the evidence's term has ended: nobody can tell them any more, nor certify anything. */
static velum_status forget(passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    const subject_id *const id = &passage->subject;
    erased_memory memory = {.suppressed = 0};

    begin_entry(passage, ENTRY_ERASURE, 0);
    entry_push(&passage->entry, INPUT_DESTRUCTION, DESTROY_EVIDENCE);
    VELUM_TRY(suppress(passage, SUPPRESS_RETURN, &memory));
    for (uint32_t i = 0; i < bundle->category_count; i++) {
        VELUM_TRY(rows_finish_erasure(passage->conn, id, bundle->categories[i].number));
    }
    VELUM_TRY(work_finish_evidence(passage->conn, id));
    VELUM_TRY(hook_finish_evidence(passage->conn, id));
    VELUM_TRY(certificate_unlink(passage->conn, id));
    VELUM_TRY(vault_restored_forget(passage->conn, id));
    return record_entry(passage);
}

/* --- consents and restrictions --------------------------------------------------------------------------- */

/* Damaged rows stay what they are: they open for nobody. */
static bool is_damage(velum_status status)
{
    return status == VELUM_E_TAMPERED || status == VELUM_E_CRYPTO || status == VELUM_E_CORRUPT;
}

static velum_status open_state(passage *passage)
{
    vault *const vault = passage->gate->vault;

    VELUM_TRY(vault_load_state(vault, passage->conn, &passage->subject, passage->batch->seq,
                               &passage->sealed));
    return locate_open(passage, passage->sealed, &passage->opened, &passage->state);
}

static consent_event event_of(const passage *passage, const state_consent *held)
{
    const bundle *const bundle = passage->world->bundle;
    const uint8_t *const hash = world_notice_hash(passage->world, held->notice);
    consent_event event = {.n = passage->state.ledger_count + 1,
                           .purpose = held->purpose,
                           .version = held->version,
                           .notice = held->notice,
                           .state = CONSENT_INVALIDATED,
                           .grade = held->grade,
                           .channel = CHANNEL_COMMAND,
                           .jurisdiction = passage->state.jurisdiction != 0
                                               ? passage->state.jurisdiction
                                               : bundle->jurisdiction_number,
                           .at_ns = passage->clock.now_ns,
                           .given_ns = passage->clock.now_ns};

    if (hash != NULL) {
        memcpy(event.notice_hash, hash, SHA256_BYTES);
    }
    random_fill(&passage->gate->random, event.id, sizeof(event.id));
    return event;
}

static velum_status tell_consent(passage *passage, uint16_t purpose)
{
    const happening changed = {.event = HOOK_CONSENT_CHANGED,
                               .subject = passage->subject,
                               .at_ns = passage->clock.now_ns,
                               .detail =
                                   text_of(world_name(passage->world, REGISTRY_PURPOSE, purpose))};

    return happened(passage->batch, passage->world, &changed);
}

static velum_status record_consent(passage *passage, const consent_event *event, uint32_t restored)
{
    audit_entry *const entry = &passage->entry;

    begin_entry(passage, ENTRY_RESTORE, restored);
    memcpy(entry->consent_id, event->id, sizeof(event->id));
    entry->consent_version = event->version;
    entry->consent_state = event->state;
    memcpy(entry->notice_hash, event->notice_hash, SHA256_BYTES);
    entry_push(entry, INPUT_PURPOSE, event->purpose);
    return record_entry(passage);
}

/* In ledger and state, as any other event (C-1); sealing is the caller's. */
static velum_status invalidate(passage *passage, const state_consent *held, uint32_t restored)
{
    subject_state *const state = &passage->state;
    const consent_event event = event_of(passage, held);
    state_consent projected = {.purpose = event.purpose,
                               .version = event.version,
                               .state = event.state,
                               .grade = event.grade,
                               .notice = event.notice,
                               .at_s = (uint32_t)(event.at_ns / NS_PER_SECOND)};

    memcpy(projected.id, event.id, sizeof(projected.id));
    VELUM_TRY(vault_ledger_append(passage->gate->vault, passage->conn, passage->opened, &event,
                                  state->ledger_head));
    state->ledger_count = event.n;
    VELUM_TRY(subject_state_put_consent(state, &projected));
    VELUM_TRY(tell_consent(passage, event.purpose));
    return record_consent(passage, &event, restored);
}

/* Everything that stands, and both restrictions: until an officer has looked (I-3). With `holds` nothing of
 * them is destroyed until then either: a deletion that waits in the copy may have been called off. */
static velum_status restrict_all(passage *passage, bool holds)
{
    const subject_state before = passage->state;
    const happening changed = {.event = HOOK_RESTRICTION_CHANGED,
                               .subject = passage->subject,
                               .at_ns = passage->clock.now_ns};

    for (uint32_t i = 0; i < before.consent_count; i++) {
        if (consent_state_allows(before.consents[i].state)) {
            VELUM_TRY(invalidate(passage, &before.consents[i], RESTORED_RESTRICTED));
        }
    }
    passage->state.restrictions |= RESTRICTION_PROCESSING | RESTRICTION_MARKETING;
    passage->state.holds += holds ? 1 : 0;
    VELUM_TRY(state_seal_final(passage));
    VELUM_TRY(happened(passage->batch, passage->world, &changed));
    begin_entry(passage, ENTRY_RESTORE, RESTORED_RESTRICTED);
    return record_entry(passage);
}

/* What was given since is not given here: its evidence is lost. What was taken back is taken back. */
static velum_status take_back_consents(passage *passage, const customer_news *news, bool *out_any)
{
    *out_any = false;
    for (uint32_t i = 0; i < news->purpose_count; i++) {
        const state_consent *const held =
            subject_state_consent(&passage->state, news->purposes[i].purpose);
        if (held != NULL && consent_state_allows(held->state) &&
            !consent_state_allows(news->purposes[i].state)) {
            const state_consent was = *held;
            VELUM_TRY(invalidate(passage, &was, RESTORED_CONSENTS));
            *out_any = true;
        }
    }
    return state_seal_final(passage);
}

static velum_status mend_state(passage *passage, const customer_news *news, bool is_unclear)
{
    velum_restore_result *const result = passage->gate->mending->result;
    bool any = false;

    const velum_status opened = open_state(passage);
    if (is_damage(opened)) {
        return VELUM_OK;
    }
    VELUM_TRY(opened);
    if (is_unclear) {
        result->restricted++;
        return restrict_all(passage, news->moved_deletion);
    }
    VELUM_TRY(take_back_consents(passage, news, &any));
    result->consents += any ? 1 : 0;
    return VELUM_OK;
}

/* --- messages ---------------------------------------------------------------------------------------------- */

/* As one that was taken, and nobody knows what became of it: it counts for caps, and is never sent. */
static velum_status remember_message(passage *passage, const message_news *news)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t purpose = bundle_find_number(bundle, REGISTRY_PURPOSE, news->purpose);
    message_row row = {.subject = passage->subject,
                       .module = news->module,
                       .activity = news->activity,
                       .purpose = news->purpose,
                       .template = news->template,
                       .channel = news->channel,
                       .state = MESSAGE_UNKNOWN,
                       .is_marketing =
                           purpose == BUNDLE_NONE || bundle->purposes[purpose].marketing,
                       .asked_ns = news->at_ns,
                       .changed_ns = passage->clock.now_ns,
                       .taken_ns = news->at_ns,
                       .attempts = 1};

    random_fill(&passage->gate->random, row.id, sizeof(row.id));
    random_fill(&passage->gate->random, row.key, sizeof(row.key)); /* its own is not in the log */
    return message_insert(passage->conn, &row);
}

/* Whoever was written to since is not written to again by what the copy has waiting for them (MS-1). */
static velum_status hold_messages(passage *passage, const customer_news *news)
{
    uint32_t given_up = 0;

    VELUM_TRY(message_give_up(passage->conn, &passage->subject, passage->clock.now_ns, &given_up));
    VELUM_TRY(work_finish_erasure(passage->conn, &passage->subject)); /* what would ask again */
    for (uint32_t i = 0; i < news->message_count && i < NEWS_MESSAGES_MAX; i++) {
        VELUM_TRY(remember_message(passage, &news->messages[i]));
    }
    passage->gate->mending->result->messages++;
    begin_entry(passage, ENTRY_RESTORE, RESTORED_MESSAGES);
    passage->entry.record_count = given_up;
    return record_entry(passage);
}

/* --- one customer ------------------------------------------------------------------------------------------ */

static uint32_t month_after(uint32_t month)
{
    return month % 100 == 12 ? month + 100 - 11 : month + 1;
}

static void add_news(customer_news *all, const customer_news *one)
{
    all->is_erased = all->is_erased || one->is_erased;
    all->is_erased_in_part = all->is_erased_in_part || one->is_erased_in_part;
    all->is_unclear = all->is_unclear || one->is_unclear;
    all->moved_deletion = all->moved_deletion || one->moved_deletion;
    all->consents += one->consents;
    for (uint32_t i = 0; i < one->message_count && i < NEWS_MESSAGES_MAX; i++) {
        if (all->message_count < NEWS_MESSAGES_MAX) {
            all->messages[all->message_count] = one->messages[i];
        }
        all->message_count++;
    }
    for (uint32_t i = 0; i < one->purpose_count; i++) {
        uint32_t at = 0;
        while (at < all->purpose_count && all->purposes[at].purpose != one->purposes[i].purpose) {
            at++;
        }
        if (at == NEWS_PURPOSES_MAX) {
            all->is_unclear = true;
            return;
        }
        all->purpose_count = at == all->purpose_count ? at + 1 : all->purpose_count;
        all->purposes[at] = one->purposes[i]; /* months come in their order */
    }
}

/* What the log has of the subject, whatever the month of its tokens. */
static velum_status gather_news(passage *passage, customer_news *out)
{
    const restore_news *const news = passage->gate->mending->news;
    const news_summary *const summary = restore_news_summary(news);
    const opened_subject *evidence = NULL;
    uint8_t token[ENTRY_TOKEN_BYTES];
    uint32_t month = summary->first_month;

    *out = (customer_news){.is_erased = false};
    if (month == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(vault_open_evidence(passage->gate->vault, passage->conn, &passage->subject,
                                  passage->arena, &evidence));
    passage->opened = evidence; /* whose token the leaves have */
    for (uint32_t i = 0; i < MONTHS_MAX && month <= summary->last_month; i++) {
        opened_audit_token(evidence, month, token);
        const customer_news *const found = restore_news_find(news, token);
        if (found != NULL) {
            add_news(out, found);
        }
        month = month_after(month);
    }
    return VELUM_OK;
}

static velum_status mend_open(passage *passage, const restored_row *row)
{
    velum_restore_result *const result = passage->gate->mending->result;
    customer_news news;

    VELUM_TRY(gather_news(passage, &news));
    if (news.is_erased) {
        result->erased++;
        return erase(passage, SUPPRESS_RETURN);
    }
    if (news.is_erased_in_part) {
        result->unreadable++;
        return erase(passage, 0);
    }
    const bool is_unclear = news.is_unclear || news.moved_deletion || row->moves > news.consents;
    if (news.message_count > 0) {
        VELUM_TRY(hold_messages(passage, &news));
    }
    return is_unclear || news.consents > 0 ? mend_state(passage, &news, is_unclear) : VELUM_OK;
}

static velum_status mend_one(passage *passage, const restored_row *row)
{
    velum_restore_result *const result = passage->gate->mending->result;

    passage->subject = row->subject;
    passage->has_subject = true;
    switch (row->found) {
    case RESTORED_NO_KEYS:
        result->erased++;
        return forget(passage);
    case RESTORED_NO_DATA_KEY:
        result->erased++;
        return erase(passage, SUPPRESS_RETURN);
    case RESTORED_KEY_REPLACED:
        result->unreadable++;
        return erase(passage, 0);
    default:
        return mend_open(passage, row);
    }
}

/* --- approvals and credentials -------------------------------------------------------------------------------------------- */

static velum_status end_tokens(passage *passage, const credential *known)
{
    char token[CREDENTIAL_TOKEN_BYTES];
    uint8_t hash[32];

    credential_token_make(passage->gate->keys, &passage->gate->random, token, hash);
    mem_wipe(token, sizeof(token)); /* nobody ever has it */
    return credential_rotate(passage->conn, text_of(known->name), passage->clock.now_ns, hash);
}

static velum_status close_credential(passage *passage, const credential *known, bool is_revoked)
{
    if (known->revoked_ns != 0) {
        return VELUM_OK;
    }
    VELUM_TRY(is_revoked
                  ? credential_revoke(passage->conn, text_of(known->name), passage->clock.now_ns)
                  : end_tokens(passage, known));
    passage->gate->mending->result->credentials++;
    begin_entry(passage, ENTRY_RESTORE, RESTORED_CREDENTIAL);
    credential_actor_token(passage->gate->keys, text_of(known->name), passage->entry.user_token);
    return record_entry(passage);
}

/* A revocation anywhere in the log counts more than a rotation. */
static velum_status mend_credential(passage *passage, const credential *known)
{
    uint32_t count = 0;
    const credential_news *const news =
        restore_news_credentials(passage->gate->mending->news, &count);
    bool is_changed = false;
    bool is_revoked = false;

    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(news[i].token, known->actor_token, ENTRY_TOKEN_BYTES) == 0) {
            is_changed = true;
            is_revoked = is_revoked || news[i].is_revoked;
        }
    }
    return is_changed ? close_credential(passage, known, is_revoked) : VELUM_OK;
}

/* One that was used since would be used twice (P-3): all are asked for anew. */
static velum_status end_approvals(passage *passage)
{
    uint32_t ended = 0;

    VELUM_TRY(approvals_end_all(passage->conn, &ended));
    if (ended == 0) {
        return VELUM_OK;
    }
    begin_entry(passage, ENTRY_RESTORE, RESTORED_APPROVALS);
    passage->entry.record_count = ended;
    passage->gate->mending->result->approvals = ended;
    return record_entry(passage);
}

static velum_status mend_credentials(passage *passage)
{
    const world *const world = passage->world;

    for (uint32_t i = 0; i < world->credential_count; i++) {
        VELUM_TRY(mend_credential(passage, &world->credentials[i]));
    }
    return credential_load_next_world(passage);
}

/* --- the verb ------------------------------------------------------------------------------------------------ */

static velum_status mend_rows(passage *passage, mending *self)
{
    restored_rows rows;

    VELUM_TRY(vault_restored_after(passage->gate->vault, passage->conn, &self->after, &rows));
    for (uint32_t i = 0; i < rows.count; i++) {
        const size_t mark = secret_arena_mark(passage->arena);
        VELUM_TRY(mend_one(passage, &rows.items[i]));
        locate_forget(passage);
        secret_arena_rewind(passage->arena, mark);
        self->after = rows.items[i].subject;
    }
    self->done += rows.count;
    self->has_seen_all = rows.count < VAULT_RESTORED_ROWS;
    return VELUM_OK;
}

static velum_status mend_next(passage *passage, mending *self)
{
    if (!self->has_seen_all) {
        return mend_rows(passage, self);
    }
    self->is_done = true;
    VELUM_TRY(end_approvals(passage));
    return mend_credentials(passage);
}

velum_status mend_apply(passage *passage)
{
    mending *const self = passage->gate->mending;

    passage->is_silent = true;
    self->status = mend_next(passage, self);
    return self->status < 0 ? VELUM_E_INTERNAL : VELUM_OK; /* which takes back all of it */
}

/* --- all of them ---------------------------------------------------------------------------------------------- */

static velum_status mend_chunk(velum_gate *gate, mending *self)
{
    velum_pending *pending = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;

    self->status = VELUM_E_UNAVAILABLE; /* until the verb says otherwise */
    VELUM_TRY(pending_create_own(gate, VERB_MEND, &pending));
    const velum_status status = pending_wait(pending, &answer);
    velum_pending_free(pending);
    VELUM_TRY(self->status);
    VELUM_TRY(status);
    /* what the verb did is no good before its commit is */
    return answer != NULL && answer->problem == PROBLEM_NONE ? VELUM_OK : VELUM_E_UNAVAILABLE;
}

velum_status restore_mend(velum_gate *gate, mending *self, const news_reading *how,
                          uint64_t customers)
{
    velum_status status = VELUM_OK;

    gate->mending = self;
    while (status == VELUM_OK && !self->is_done) {
        status = mend_chunk(gate, self);
        how->tell(how->context, "customers looked at", self->done, customers);
    }
    gate->mending = NULL;
    return status;
}
