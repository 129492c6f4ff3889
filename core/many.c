/* core/many.c: one of many, located and decided; and the leaves that name them. */
#include "core/many.h"

#include "core/locate.h"
#include "core/person.h"
#include "core/verbs.h"

#include <assert.h>

#define NAMED_FIRST 64
/* Names that fit a leaf beside lists of fields; without fields ENTRY_SUBJECTS_MAX do. */
#define NAMED_BESIDE_FIELDS 100

static_assert(MANY_MAX / NAMED_BESIDE_FIELDS < MANY_LEAVES_MAX, "everybody is named");

/* --- deciding ----------------------------------------------------------------------------------- */

void many_decide_located(passage *passage, const many_ask *ask)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t store = bundle_find(bundle, REGISTRY_ATTRIBUTE, TEXT_LITERAL("store"));
    decide_request request = {
        .bundle = bundle,
        .activity = ask->activity,
        .activity_is_held = (passage->actor.activities >> ask->activity & 1) != 0,
        .actor = passage->actor.kind,
        .roles = passage->actor.roles,
        .action = ask->action,
        .fields = ask->fields,
        .all_fields = ask->all_fields,
        .resource = ask->resource,
        .reason_code = passage->reason_code,
        .is_approved = ask->is_approved,
        .now_ns = passage->clock.later_ns,
        .age_now_ns = passage->clock.earlier_ns,
        .clock_behind = passage->clock.behind,
        .subject_status = person_status(passage),
        .state = person_state(passage),
    };

    if (store != BUNDLE_NONE && passage->actor.credential != NULL) {
        request.actor_attributes[store] = passage->actor.credential->store;
    }
    decide(&request, &passage->verdict);
}

static velum_status decide_found(passage *passage, velum_status status, const many_ask *ask)
{
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    passage->has_subject = status == VELUM_OK;
    many_decide_located(passage, ask);
    return status;
}

velum_status many_decide(passage *passage, const subject_id *id, const many_ask *ask)
{
    locate_forget(passage);
    passage->subject = *id;
    return decide_found(passage, locate_subject(passage), ask);
}

velum_status many_decide_state(passage *passage, const subject_id *id, const many_ask *ask)
{
    sealed_subject *row = NULL;

    locate_forget(passage);
    passage->subject = *id;
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status =
        vault_load_state(passage->gate->vault, passage->conn, id, passage->seq, &row);
    return status == VELUM_OK ? many_decide_row(passage, row, ask)
                              : decide_found(passage, status, ask);
}

velum_status many_decide_row(passage *passage, sealed_subject *row, const many_ask *ask)
{
    locate_forget(passage);
    return decide_found(passage, locate_take(passage, row), ask);
}

bool many_is_damaged(velum_status status)
{
    return status == VELUM_E_TAMPERED || status == VELUM_E_CRYPTO || status == VELUM_E_CORRUPT;
}

many_frame many_begin(passage *passage)
{
    return (many_frame){passage->verdict, secret_arena_mark(passage->arena)};
}

void many_next(passage *passage, const many_frame *frame)
{
    locate_forget(passage);
    memset(passage->records, 0, sizeof(passage->records));
    secret_arena_rewind(passage->arena, frame->mark);
}

void many_end(passage *passage, const many_frame *frame)
{
    many_next(passage, frame);
    passage->verdict = frame->own;
}

/* --- naming ------------------------------------------------------------------------------------- */

static velum_status grow(many_named *self)
{
    const uint32_t capacity = self->capacity == 0 ? NAMED_FIRST : self->capacity * 2;

    void *const tokens = mem_resize(self->tokens, capacity * sizeof(*self->tokens));
    if (tokens == NULL) {
        return VELUM_E_NOMEM;
    }
    self->tokens = tokens;
    uint32_t *const slots = mem_resize(self->slots, capacity * sizeof(*self->slots));
    if (slots == NULL) {
        return VELUM_E_NOMEM;
    }
    self->slots = slots;
    self->capacity = capacity;
    return VELUM_OK;
}

velum_status many_name(passage *passage)
{
    if (passage->named == NULL) {
        passage->named = mem_alloc(sizeof(*passage->named));
    }
    many_named *const named = passage->named;
    if (named == NULL) {
        return VELUM_E_NOMEM;
    }
    if (passage->opened == NULL || named->count == MANY_MAX) {
        return VELUM_E_INTERNAL; /* nobody is disclosed without a name in the log (I-1) */
    }
    if (named->count == named->capacity) {
        VELUM_TRY(grow(named));
    }
    opened_audit_token(passage->opened, time_month(passage->clock.now_ns),
                       named->tokens[named->count]);
    named->slots[named->count++] = passage->slot;
    return VELUM_OK;
}

uint32_t many_count(const passage *passage)
{
    return passage->named == NULL ? 0 : passage->named->count;
}

void many_name_nobody(passage *passage)
{
    if (passage->named == NULL) {
        return;
    }
    mem_free(passage->named->tokens);
    mem_free(passage->named->slots);
    mem_free(passage->named);
    passage->named = NULL;
}

void many_take_slots(passage *passage, pending_leaf *leaf)
{
    if (passage->named == NULL) {
        return;
    }
    leaf->slots = passage->named->slots;
    leaf->slot_count = passage->named->count;
    passage->named->slots = NULL;
}

velum_status many_write_profile(passage *passage, json_writer *out)
{
    const uint64_t released = passage->released;
    const uint64_t masked = passage->released_masked;
    const uint64_t shown = passage->verdict.clear | passage->verdict.masked;

    passage->released = 0;
    passage->released_masked = 0;
    VELUM_TRY(reply_subject(passage, out));
    json_name(out, "fields");
    json_begin_object(out);
    for (uint32_t i = 0; i < passage->world->bundle->field_count; i++) {
        if ((shown >> i & 1) != 0) {
            VELUM_TRY(read_write_field(passage, i, out));
        }
    }
    json_end_object(out);
    reply_fields(passage, "masked", passage->released_masked, out);
    reply_fields(passage, "hidden", passage->verdict.hidden, out);
    passage->released |= released; /* of all of them */
    passage->released_masked |= masked;
    return VELUM_OK;
}

/* --- leaves ------------------------------------------------------------------------------------- */

uint32_t many_names_a_leaf(const audit_entry *entry)
{
    return entry->released_count + entry->asked_count == 0 ? ENTRY_SUBJECTS_MAX
                                                           : NAMED_BESIDE_FIELDS;
}

/* The names from `first` on; how many. */
static uint32_t name_in(const passage *passage, uint32_t first, audit_entry *entry)
{
    const many_named *const named = passage->named;
    const uint32_t most = many_names_a_leaf(entry);
    const uint32_t rest = named->count - first;

    entry->subject_count = rest < most ? rest : most;
    entry->subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])named->tokens + first;
    entry->token_epoch = time_month(passage->clock.now_ns);
    return entry->subject_count;
}

velum_status many_leaves(passage *passage, leaf_taker take)
{
    if (many_count(passage) == 0) {
        return take(passage, &passage->entry);
    }
    uint32_t done = name_in(passage, 0, &passage->entry);
    VELUM_TRY(take(passage, &passage->entry));
    while (done < passage->named->count) {
        audit_entry more = passage->entry;
        random_fill(&passage->gate->random, more.event_id, sizeof(more.event_id));
        memcpy(more.related, passage->entry.event_id, sizeof(more.related));
        done += name_in(passage, done, &more);
        VELUM_TRY(take(passage, &more));
    }
    return VELUM_OK;
}
