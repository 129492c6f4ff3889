/* core/path.c: the path, as a table of stages.
 *
 *     authenticate → locate → decide → open → mask → record → release
 *
 * A write goes the same way with *apply* in place of *open* and *mask*. A stage that fails ends the
 * way; once the credential is known the failure itself goes to *record* (I-1). *release* is the
 * appender's for a read and the writer's for a write: nothing here lets an answer go.
 */
#include "core/path.h"

#include "core/authenticate.h"
#include "core/locate.h"
#include "core/many.h"
#include "core/own_write.h"
#include "core/parse.h"
#include "core/person.h"
#include "core/verbs.h"

typedef struct stage {
    const char *name;
    stage_function run;
} stage;

static velum_status decide_stage(passage *passage);
static velum_status open_stage(passage *passage);
static velum_status mask_stage(passage *passage);

static const stage STAGES[] = {
    {"authenticate", authenticate}, {"parse", parse_request}, {"locate", locate},
    {"decide", decide_stage},       {"open", open_stage}, /* of a write: apply */
    {"mask", mask_stage},
};

velum_status refuse(passage *passage, uint32_t problem)
{
    passage->problem = problem;
    return VELUM_E_DENIED;
}

velum_status refuse_hint(passage *passage, uint32_t problem, const char *hint)
{
    passage->hint = hint;
    return refuse(passage, problem);
}

/* --- decide ------------------------------------------------------------------------------------- */

/* The same under the bundle in shadow; the difference stands in the leaf (`policy propose --shadow`). */
static void decide_in_shadow(passage *passage, const decide_request *request)
{
    const bundle *shadow = passage->world->shadow;
    const verdict *ours = &passage->verdict;
    verdict other;

    if (shadow == NULL) {
        return;
    }
    decide_under(request, shadow, &other);
    const uint32_t decision = other.allowed ? other.decision : ENTRY_DENY;
    const uint32_t now = ours->allowed ? ours->decision : ENTRY_DENY;
    const uint64_t fields = (other.clear ^ ours->clear) | (other.masked ^ ours->masked);
    if (decision == now && other.reason == ours->reason && fields == 0) {
        return;
    }
    entry_push(&passage->entry, INPUT_SHADOW_DECISION, decision);
    if (other.reason != REASON_NONE) {
        entry_push(&passage->entry, INPUT_SHADOW_REASON, passage->world->reasons[other.reason]);
    }
    if (fields != 0) {
        entry_push(&passage->entry, INPUT_SHADOW_FIELDS, (uint64_t)__builtin_popcountll(fields));
    }
}

static velum_status decide_stage(passage *passage)
{
    const bundle *bundle = passage->world->bundle;
    const actor *actor = &passage->actor;
    decide_request request = {
        .bundle = bundle,
        .activity = passage->activity,
        .activity_is_held =
            passage->activity != BUNDLE_NONE && (actor->activities >> passage->activity & 1) != 0,
        .actor = actor->kind,
        .roles = actor->roles,
        .action = passage->action,
        .fields = passage->asked,
        .all_fields = passage->asked_all,
        .resource = passage->resource,
        .unknown_fields = passage->unknown_fields,
        .reason_code = passage->reason_code,
        .is_of_many = passage->verb->is_of_many,
        .is_approved = passage->asks_approval,
        .now_ns = passage->clock.later_ns,
        .age_now_ns = passage->clock.earlier_ns,
        .clock_behind = passage->clock.behind,
        .subject_status = person_status(passage),
        .state = person_state(passage),
    };
    const uint32_t store = bundle_find(bundle, REGISTRY_ATTRIBUTE, TEXT_LITERAL("store"));

    if (passage->verb->is_own || passage->is_of_own) {
        passage->verdict =
            (verdict){.allowed = true, .decision = ENTRY_ALLOW, .purpose = BUNDLE_NONE};
        return VELUM_OK;
    }
    if (store != BUNDLE_NONE && actor->credential != NULL) {
        request.actor_attributes[store] = actor->credential->store;
    }
    if (passage->approval.size > 0) {
        VELUM_TRY(read_with_check_approval(passage));
        request.is_approved = true;
    }
    decide(&request, &passage->verdict);
    decide_in_shadow(passage, &request);
    return passage->verdict.allowed ? VELUM_OK : refuse(passage, passage->verdict.reason);
}

static velum_status open_stage(passage *passage)
{
    return passage->verb->open == NULL ? VELUM_OK : passage->verb->open(passage);
}

static velum_status mask_stage(passage *passage)
{
    return passage->verb->mask == NULL ? VELUM_OK : passage->verb->mask(passage);
}

/* --- record ------------------------------------------------------------------------------------- */

static bool knows_existence(const passage *passage)
{
    return passage->activity != BUNDLE_NONE &&
           passage->world->bundle->activities[passage->activity].knows_existence;
}

uint32_t path_shown_problem(const passage *passage)
{
    const uint32_t problem = passage->problem;
    const bool is_told = knows_existence(passage) && problem != REASON_UNKNOWN_SUBJECT;

    return problem_speaks_of_subject(problem) && !is_told ? PROBLEM_NOT_FOUND : problem;
}

/* A refusal's key in core/refusals.h: (credential, activity, target, reason). */
static bool refusal_is_repeated(passage *passage)
{
    uint8_t key[KEY_BYTES];
    const uint32_t what[2] = {passage->activity, passage->problem};
    const crypto_part parts[] = {
        {passage->actor.token, ENTRY_TOKEN_BYTES},
        {passage->actor.own.bytes, SUBJECT_ID_BYTES},
        {what, sizeof(what)},
        passage->target,
    };

    velum_pending *const request = passage->request;

    if (!request->refusal_is_admitted) { /* a path that is run again is no second refusal */
        keyring_token_key(passage->gate->keys, "refusal", key);
        blake2b_keyed(key, parts, sizeof(parts) / sizeof(parts[0]), request->refusal_key,
                      sizeof(request->refusal_key));
        mem_wipe(key, sizeof(key));
        request->refusal_is_admitted =
            refusals_admit(&passage->gate->refusals, request->refusal_key,
                           clock_monotonic_ns(&passage->gate->clock), &request->refusal_repeated);
    }
    passage->entry.repeated = request->refusal_repeated;
    return !request->refusal_is_admitted;
}

static void write_refusal(passage *passage)
{
    const bundle *bundle = passage->world->bundle;
    const uint32_t shown = path_shown_problem(passage);
    problem_detail detail = {.hint = shown == passage->problem ? passage->hint : NULL};

    if (passage->entry.stage != 0) {
        detail.event_id = passage->entry.event_id;
    }
    if (knows_existence(passage) && passage->verdict.consent_state != CONSENT_UNKNOWN &&
        passage->verdict.purpose != BUNDLE_NONE && shown != PROBLEM_NOT_FOUND) {
        detail.purpose = bundle->purposes[passage->verdict.purpose].name;
    }
    counters_add(passage->gate, shown);
    answer_set_problem(passage->answer, shown, &detail);
}

/* A refusal that may tell nothing of the customer tells nothing the second time either. */
static void write_unrecorded(passage *passage, uint32_t problem)
{
    const bool is_told = path_shown_problem(passage) == passage->problem;

    counters_add(passage->gate, problem);
    answer_set_problem(passage->answer, problem,
                       &(problem_detail){.hint = is_told ? passage->hint : NULL});
}

/* Malformed requests and unknown callers are counted, not recorded; so are repeated refusals. */
static bool is_recorded(passage *passage)
{
    if (!passage->is_known || passage->problem == PROBLEM_MALFORMED ||
        passage->problem == PROBLEM_TOO_LARGE || passage->problem == PROBLEM_ACTIVITY_NEEDED ||
        passage->problem == PROBLEM_UNAVAILABLE || passage->problem == PROBLEM_INTERNAL) {
        write_unrecorded(passage, passage->problem);
        return false;
    }
    if (refusal_is_repeated(passage)) {
        write_unrecorded(passage, PROBLEM_RATE_LIMITED);
        return false;
    }
    return true;
}

/* --- the way ------------------------------------------------------------------------------------ */

static velum_status passage_begin(passage *passage, velum_pending *request)
{
    velum_gate *const gate = request->gate;

    passage->gate = gate;
    passage->request = request;
    passage->verb = request->verb;
    passage->action = request->verb->action;
    passage->target = (crypto_part){request->ref.data, request->ref.size};
    if (request->attempts == 1) {
        memcpy(passage->entry.event_id, request->ids[1], sizeof(request->ids[1]));
    } else {
        random_fill(&gate->random, passage->entry.event_id, sizeof(passage->entry.event_id));
    }
    passage->activity = BUNDLE_NONE;
    passage->verdict.purpose = BUNDLE_NONE;
    passage->clock = clock_guard_read(&gate->clock_guard, &gate->clock);
    own_note_clock(gate, &passage->clock);
    passage->world = gate_world(gate);
    passage->arena = passage->batch != NULL ? passage->batch->arena : arenas_take(&gate->arenas);
    return answer_create(gate, &passage->answer);
}

static void passage_end(passage *passage)
{
    sealed_subject_free(passage->sealed);
    json_free(passage->body);
    if (passage->batch != NULL) {
        secret_arena_reset(passage->arena);
    } else if (passage->arena != NULL) {
        arenas_give(&passage->gate->arenas, passage->arena);
    }
    if (passage->batch == NULL && passage->conn != NULL) {
        store_reader_release(passage->gate->db, passage->conn);
    }
    many_name_nobody(passage);
    world_free(passage->world);
    velum_answer_free(passage->answer);
    mem_wipe(&passage->state, sizeof(passage->state));
    person_forget(passage);
}

static velum_status travel(passage *passage)
{
    for (size_t i = 0; i < sizeof(STAGES) / sizeof(STAGES[0]); i++) {
        const velum_status status = STAGES[i].run(passage);
        if (passage->wants_writer && passage->batch == NULL) {
            return VELUM_OK;
        }
        if (status >= 0) {
            continue;
        }
        if (status != VELUM_E_DENIED || passage->problem == PROBLEM_NONE) {
            passage->problem = problem_of_status(status);
        }
        passage->released = 0;
        passage->released_masked = 0;
        many_name_nobody(passage); /* nothing leaves */
        passage->entry.released_count = 0;
        passage->entry.mask_count = 0;
        return status;
    }
    return buffer_status(&passage->answer->body);
}

static void settle_at_once(passage *passage)
{
    velum_answer_free(passage->request->answer);
    passage->request->answer = velum_answer_take(&passage->answer);
}

static velum_status queue_leaf(passage *passage, audit_entry *entry)
{
    return outbox_list_encode(&passage->request->leaf.bodies, entry, 0);
}

/* Encodes the leaves and hands request and answer to the appender. */
static velum_status record_read(passage *passage)
{
    velum_pending *const request = passage->request;
    const uint64_t world_seq = passage->world->seq;

    pending_leaf_clear(&request->leaf);
    request->leaf.seq = passage->seq;
    request->leaf.behind = passage->seq > world_seq ? passage->seq : world_seq;
    request->leaf.epoch = passage->world->epoch;
    request->leaf.slot = passage->slot;
    request->leaf.has_slot = passage->has_slot;
    many_take_slots(passage, &request->leaf);
    VELUM_TRY(many_leaves(passage, queue_leaf));
    clock_guard_note(&passage->gate->clock_guard, passage->entry.at_ns);
    settle_at_once(passage);
    return VELUM_OK;
}

static velum_status finish_read(passage *passage, velum_status status)
{
    if (status < 0 && !is_recorded(passage)) {
        settle_at_once(passage);
        return VELUM_OK;
    }
    path_fill_entry(passage, &passage->entry);
    if (status < 0) {
        write_refusal(passage);
    } else {
        counters_add(passage->gate, PROBLEM_NONE);
    }
    if (record_read(passage) < 0) {
        write_unrecorded(passage, PROBLEM_UNAVAILABLE);
        settle_at_once(passage);
        return VELUM_OK;
    }
    return VELUM_PENDING;
}

velum_status path_read(velum_pending *request)
{
    passage passage = {.gate = NULL};

    velum_status status = passage_begin(&passage, request);
    if (status == VELUM_OK) {
        status = travel(&passage);
        if (passage.wants_writer) {
            status = VELUM_END;
        } else if (status != VELUM_E_STALE) { /* which says nothing of the subject */
            status = finish_read(&passage, status);
        }
    }
    passage_end(&passage);
    return status;
}

/* A small chunk shares its transaction, and the sync, with others. */
#define ALONE_BYTES ((size_t)16 << 10)

/* Whether a failure is the machine's, not the request's: then the batch is rolled back. */
static bool breaks_batch(velum_status status)
{
    return status == VELUM_E_IO || status == VELUM_E_NOSPACE || status == VELUM_E_NOMEM ||
           status == VELUM_E_BUSY || status == VELUM_E_UNAVAILABLE || status == VELUM_E_INTERNAL;
}

static velum_status batch_leaf(passage *passage, audit_entry *entry)
{
    return write_batch_record(passage->batch, entry);
}

/* Whoever has the transaction to himself needs no savepoint in it (W-5). */
static velum_status hold(const passage *passage)
{
    return passage->is_alone ? VELUM_OK : conn_savepoint(passage->conn);
}

static velum_status keep(const passage *passage)
{
    return passage->is_alone ? VELUM_OK : conn_savepoint_release(passage->conn);
}

static velum_status take_back(const passage *passage, const write_batch_mark *mark)
{
    if (passage->is_alone) {
        return write_batch_restart(passage->batch, mark);
    }
    conn_savepoint_rollback(passage->conn);
    vault_savepoint_rollback(passage->gate->vault, &mark->vault);
    write_batch_rewind(passage->batch, mark);
    return VELUM_OK;
}

/* VELUM_END: nothing of it is left, and it wants to travel again with care. */
static velum_status finish_write(passage *passage, const write_batch_mark *mark,
                                 velum_status status)
{
    if (status < 0) {
        VELUM_TRY(take_back(passage, mark));
        if (passage->wants_care) {
            return VELUM_END;
        }
        if (breaks_batch(status)) {
            return status;
        }
        if (!is_recorded(passage)) {
            return VELUM_OK;
        }
    } else {
        VELUM_TRY(keep(passage));
        if (passage->is_silent) {
            return VELUM_OK;
        }
    }
    path_fill_entry(passage, &passage->entry);
    if (status < 0) {
        write_refusal(passage);
    }
    clock_guard_note(&passage->gate->clock_guard, passage->entry.at_ns);
    return many_leaves(passage, batch_leaf);
}

static velum_status write_once(velum_pending *request, write_batch *batch, bool is_alone,
                               velum_answer **out_answer)
{
    passage passage = {.batch = batch, .conn = batch->conn, .is_alone = is_alone};

    const write_batch_mark mark = write_batch_begin(batch);

    velum_status status = passage_begin(&passage, request);
    if (status == VELUM_OK) {
        status = hold(&passage);
    }
    if (status == VELUM_OK) {
        status = finish_write(&passage, &mark, travel(&passage));
    }
    if (status == VELUM_OK) {
        *out_answer = velum_answer_take(&passage.answer);
    }
    passage_end(&passage);
    return status;
}

bool path_wants_to_be_alone(const velum_pending *request)
{
    return request->verb->is_bulk && request->body.size >= ALONE_BYTES;
}

velum_status path_write(velum_pending *request, write_batch *batch, bool is_alone,
                        velum_answer **out_answer)
{
    if (is_alone) {
        const velum_status status = write_once(request, batch, true, out_answer);
        if (status != VELUM_END) {
            return status;
        }
    }
    return write_once(request, batch, false, out_answer);
}
