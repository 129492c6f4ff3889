/* core/erasure.c: what an erasure comes to, and its first step. */
#include "core/erasure.h"

#include "core/person.h"
#include "core/rows.h"
#include "core/timers.h"
#include "core/verbs.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)
#define MEMORY_VERSION 1

/* --- the plan ----------------------------------------------------------------------------------- */

static int64_t days_from(const passage *passage, uint32_t days)
{
    const int64_t from_ns = passage->clock.later_ns;
    const int64_t term_ns = (int64_t)days * NS_PER_DAY;

    return from_ns > INT64_MAX - term_ns ? INT64_MAX : from_ns + term_ns;
}

/* The strictest pack of the bundle says how long evidence and requests are kept at least (NDR 12,
 * CCPA 7101); no law's own category outlives what shows why it was kept. */
static int64_t evidence_end(const passage *passage, const erasure_plan *plan)
{
    const bundle *const bundle = passage->world->bundle;
    uint32_t days = 0;

    for (uint32_t i = 0; i < bundle->pack_count; i++) {
        const jurisdiction_pack *const pack = &bundle->packs[i];
        days = pack->evidence_days > days ? pack->evidence_days : days;
        days = pack->request_log_days > days ? pack->request_log_days : days;
    }
    int64_t until_ns = days_from(passage, days);
    for (uint32_t i = 0; i < plan->kept_count; i++) {
        until_ns = plan->kept[i].until_ns > until_ns ? plan->kept[i].until_ns : until_ns;
    }
    return until_ns;
}

/* How long a law keeps a category: from now on, or, where it holds rows of a module, from the newest of
 * them; 0: it does not, or no longer. */
static velum_status kept_until(passage *passage, uint32_t index, int64_t *out_ns)
{
    const bundle_category *const category = &passage->world->bundle->categories[index];

    *out_ns = 0;
    if (category->retain_days == 0) {
        return VELUM_OK;
    }
    if (category->module == 0) {
        *out_ns = days_from(passage, category->retain_days);
        return VELUM_OK;
    }
    VELUM_TRY(rows_term_end(passage, index, out_ns));
    *out_ns = *out_ns > passage->clock.later_ns ? *out_ns : 0;
    return VELUM_OK;
}

/* The person's category goes, or a law keeps it (GDPR 17(3)(b), PIPL 47: storage and protection
 * only). One that the bundle does not know any more goes. */
static velum_status plan_category(passage *passage, const state_category *held, erasure_plan *plan)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find_number(bundle, REGISTRY_CATEGORY, held->number);
    int64_t until_ns = 0;

    if (index != BUNDLE_NONE) {
        VELUM_TRY(kept_until(passage, index, &until_ns));
    }
    if (until_ns == 0) {
        plan->destroyed[plan->destroyed_count++] = held->number;
        return VELUM_OK;
    }
    const bundle_category *const category = &bundle->categories[index];
    plan->kept[plan->kept_count++] =
        (retained_category){.category = held->number,
                            .basis = passage->world->bases[category->retain_basis],
                            .version = held->version,
                            .until_ns = until_ns};
    return VELUM_OK;
}

static bool is_wished(const erasure_wish *wish, uint16_t number)
{
    for (uint32_t i = 0; i < wish->category_count; i++) {
        if (wish->categories[i] == number) {
            return true;
        }
    }
    return wish->category_count == 0;
}

velum_status erasure_plan_make(passage *passage, const erasure_wish *wish, erasure_plan *out)
{
    const subject_state *const state = &passage->state;

    *out = (erasure_plan){.destroyed_count = 0};
    if (passage->opened == NULL) {
        return refuse(passage, REASON_SUBJECT_ERASED);
    }
    if (person_state(passage)->holds > 0) {
        return refuse(passage, REASON_LEGAL_HOLD); /* E-1 */
    }
    for (uint32_t i = 0; i < state->category_count; i++) {
        if (is_wished(wish, state->categories[i].number)) {
            VELUM_TRY(plan_category(passage, &state->categories[i], out));
        }
    }
    if (wish->category_count != 0) {
        return out->destroyed_count > 0
                   ? VELUM_OK
                   : refuse_hint(passage, REASON_CONFLICT,
                                 "Of the categories named nothing is there, or a law keeps it.");
    }
    out->evidence_until_ns = evidence_end(passage, out);
    if (!wish->by_term || (state->restrictions & RESTRICTION_MARKETING) != 0) {
        out->suppressed_until_ns =
            days_from(passage, passage->world->bundle->erasure.suppression_days);
    }
    return VELUM_OK;
}

void erasure_intent(passage *passage, uint32_t kind, uint32_t destroyed, uint32_t kept)
{
    audit_entry *const entry = &passage->entry;

    entry->type = ENTRY_ERASURE;
    entry->stage = ENTRY_INTENT;
    entry_push(entry, INPUT_DESTRUCTION, kind);
    if (destroyed > 0) {
        entry_push(entry, INPUT_DESTROYED, destroyed);
    }
    if (kept > 0) {
        entry_push(entry, INPUT_RETAINED, kept);
    }
    passage->batch->begins_erasure = true;
}

/* --- the whole person --------------------------------------------------------------------------- */

/* E-2. An objection to marketing outlives the person's data (GDPR 21(3)). */
static velum_status suppress(passage *passage, const erasure_wish *wish, const erasure_plan *plan,
                             uint32_t *out_count)
{
    const bool objected = (person_state(passage)->restrictions & RESTRICTION_MARKETING) != 0;
    const suppression entry = {
        .scope = (wish->by_term ? 0 : SUPPRESS_RETURN) | (objected ? SUPPRESS_MARKETING : 0),
        .basis = passage->world->bases[BASIS_LEGAL_OBLIGATION],
        .at_ns = passage->clock.now_ns,
        .expires_ns = plan->suppressed_until_ns,
    };

    *out_count = 0;
    if (entry.scope == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(vault_suppress_subject(passage->gate->vault, passage->conn, &passage->subject, &entry,
                                     out_count));
    return suppression_plan_sweep(passage);
}

static velum_status set_timer(passage *passage, uint32_t kind, int64_t at_ns)
{
    timer timer = {.at_ns = at_ns, .kind = kind};

    memcpy(timer.of, passage->subject.bytes, sizeof(timer.of));
    return timer_set(passage->batch, &timer);
}

/* The first end of what a law keeps, and the end of the evidence. */
static velum_status set_ends(passage *passage, const erasure_plan *plan)
{
    int64_t first_ns = INT64_MAX;

    for (uint32_t i = 0; i < plan->kept_count; i++) {
        first_ns = plan->kept[i].until_ns < first_ns ? plan->kept[i].until_ns : first_ns;
    }
    if (plan->kept_count > 0) {
        VELUM_TRY(set_timer(passage, TIMER_RETAINED, first_ns));
    }
    return set_timer(passage, TIMER_EVIDENCE, plan->evidence_until_ns);
}

static destruction_plan step_one(const passage *passage, const erasure_wish *wish)
{
    destruction_plan plan = {.at_ns = passage->clock.now_ns};

    memcpy(plan.event_id, passage->entry.event_id, sizeof(plan.event_id));
    memcpy(plan.request_id, wish->request_id, sizeof(plan.request_id));
    return plan;
}

static velum_status begin_person(passage *passage, const erasure_wish *wish,
                                 const erasure_plan *plan)
{
    uint8_t bytes[ERASED_MEMORY_BYTES];
    erased_memory memory = {.restrictions = passage->state.restrictions,
                            .jurisdiction = passage->state.jurisdiction,
                            .ledger_count = passage->state.ledger_count,
                            .suppressed_until_ns = plan->suppressed_until_ns};

    memcpy(memory.ledger_head, passage->state.ledger_head, sizeof(memory.ledger_head));
    VELUM_TRY(suppress(passage, wish, plan, &memory.suppressed));
    erased_memory_encode(&memory, bytes);
    destruction_plan first = step_one(passage, wish);
    first.retained = plan->kept;
    first.retained_count = plan->kept_count;
    first.evidence_until_ns = plan->evidence_until_ns;
    first.memory = (crypto_part){bytes, sizeof(bytes)};
    VELUM_TRY(person_begin_erasure(passage, wish));
    VELUM_TRY(rows_begin_erasure(passage, NULL, 0));
    VELUM_TRY(vault_destroy_data(passage->gate->vault, passage->conn, passage->opened, &first));
    VELUM_TRY(set_ends(passage, plan));
    erasure_intent(passage, DESTROY_DATA, plan->destroyed_count, plan->kept_count);
    return VELUM_OK;
}

/* --- some categories ---------------------------------------------------------------------------- */

static bool is_destroyed(const erasure_plan *plan, uint16_t number)
{
    for (uint32_t i = 0; i < plan->destroyed_count; i++) {
        if (plan->destroyed[i] == number) {
            return true;
        }
    }
    return false;
}

/* The days of the age class come from the birthday and go with it, but for a minor, whom they
 * protect until then (PIPL 31). */
static void forget_birthday(const passage *passage, const erasure_plan *plan, subject_state *state)
{
    const bundle *const bundle = passage->world->bundle;

    if (bundle->birthday_field == BUNDLE_NONE) {
        return;
    }
    const uint32_t category = bundle->fields[bundle->birthday_field].category;
    if (is_destroyed(plan, bundle->categories[category].number) &&
        age_class(bundle, state, passage->clock.earlier_ns) == AGE_ADULT) {
        subject_state_put_birthday(state, NULL);
    }
}

static void forget_categories(const passage *passage, const erasure_plan *plan,
                              subject_state *state)
{
    const subject_state before = *state;

    memset(state->categories, 0, sizeof(state->categories));
    state->category_count = 0;
    for (uint32_t i = 0; i < before.category_count; i++) {
        if (!is_destroyed(plan, before.categories[i].number)) {
            state->categories[state->category_count++] = before.categories[i];
        }
    }
    forget_birthday(passage, plan, state);
}

static velum_status begin_categories(passage *passage, const erasure_wish *wish,
                                     const erasure_plan *plan)
{
    uint8_t plain[SUBJECT_STATE_BYTES];
    subject_state next = passage->state;
    const destruction_plan first = step_one(passage, wish);
    const destroyed_categories what = {.categories = plan->destroyed,
                                       .count = plan->destroyed_count,
                                       .state = plain,
                                       .seq = passage->batch->seq + 1};

    VELUM_TRY(rows_begin_erasure(passage, plan->destroyed, plan->destroyed_count));
    forget_categories(passage, plan, &next);
    subject_state_encode(&next, plain);
    const velum_status status = vault_destroy_categories(passage->gate->vault, passage->conn,
                                                         passage->opened, &first, &what);
    if (status == VELUM_OK) {
        passage->state = next;
    }
    mem_wipe(plain, sizeof(plain));
    mem_wipe(&next, sizeof(next));
    VELUM_TRY(status);
    erasure_intent(passage, DESTROY_CATEGORIES, plan->destroyed_count, plan->kept_count);
    return VELUM_OK;
}

velum_status erasure_begin(passage *passage, const erasure_wish *wish)
{
    erasure_plan plan;

    VELUM_TRY(erasure_plan_make(passage, wish, &plan));
    const velum_status status = wish->category_count == 0 ? begin_person(passage, wish, &plan)
                                                          : begin_categories(passage, wish, &plan);
    if (status == VELUM_E_BUSY) { /* of the subject's own; the batch is sound */
        return refuse_hint(passage, REASON_CONFLICT, "Another erasure of this customer goes on.");
    }
    VELUM_TRY(status);
    return person_touch(passage);
}

/* --- what is remembered ------------------------------------------------------------------------- */

void erased_memory_encode(const erased_memory *self, uint8_t out[ERASED_MEMORY_BYTES])
{
    out[0] = MEMORY_VERSION;
    bytes_write_u32be(out + 1, self->restrictions);
    bytes_write_u16be(out + 5, self->jurisdiction);
    bytes_write_u32be(out + 7, self->ledger_count);
    memcpy(out + 11, self->ledger_head, SHA256_BYTES);
    bytes_write_u32be(out + 43, self->suppressed);
    bytes_write_u64be(out + 47, (uint64_t)self->suppressed_until_ns);
}

velum_status erased_memory_decode(crypto_part bytes, erased_memory *out)
{
    const uint8_t *const from = bytes.data;

    if (bytes.size == 0 || from[0] == 0) {
        return VELUM_E_CORRUPT;
    }
    if (from[0] > MEMORY_VERSION) {
        return VELUM_E_NEWER;
    }
    if (bytes.size != ERASED_MEMORY_BYTES) {
        return VELUM_E_CORRUPT;
    }
    *out = (erased_memory){.restrictions = bytes_read_u32be(from + 1),
                           .jurisdiction = bytes_read_u16be(from + 5),
                           .ledger_count = bytes_read_u32be(from + 7),
                           .suppressed = bytes_read_u32be(from + 43),
                           .suppressed_until_ns = (int64_t)bytes_read_u64be(from + 47)};
    memcpy(out->ledger_head, from + 11, SHA256_BYTES);
    return VELUM_OK;
}
