/* core/approvals.c: what others must agree to, from the asking to the one use. */
#include "core/approvals.h"

#include "core/approval_rows.h"
#include "core/locate.h"
#include "core/timers.h"
#include "core/verbs.h"

#define HOUR_NS (3600 * NS_PER_SECOND)
#define HOURS_USUAL 24 /* of a policy that says nothing */
#define OPEN_MAX 200   /* of one asker */
#define SCOPE_VERSION 1

const char *approval_state_name(uint32_t state)
{
    static const char *const names[] = {
        [APPROVAL_ASKED] = "asked",       [APPROVAL_AGREED] = "agreed",
        [APPROVAL_REFUSED] = "refused",   [APPROVAL_USED_UP] = "used",
        [APPROVAL_ENDED] = "ended",       [APPROVAL_TO_REVIEW] = "to-review",
        [APPROVAL_REVIEWED] = "reviewed",
    };

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

/* Minors Regulation 34–37: staff never looks at a child without somebody else's word, and nobody reads
 * many at once without it. A broken glass is looked at by at least one (P-4). */
uint32_t approvals_needed(const bundle *bundle, uint32_t kind)
{
    const uint32_t needed = bundle->approvals[kind].needed;
    const bool is_always =
        kind == APPROVAL_MINOR || kind == APPROVAL_BULK || kind == APPROVAL_BREAK_GLASS;

    return needed == 0 && is_always ? 1 : needed;
}

/* --- scope (P-2) -------------------------------------------------------------------------------- */

static void sort_numbers(uint16_t *numbers, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = i; j > 0 && numbers[j - 1] > numbers[j]; j--) {
            const uint16_t held = numbers[j];
            numbers[j] = numbers[j - 1];
            numbers[j - 1] = held;
        }
    }
}

static void take_field_numbers(const bundle *bundle, uint64_t fields, approval_row *out)
{
    out->field_count = 0;
    for (uint32_t i = 0; i < bundle->field_count; i++) {
        if ((fields >> i & 1) != 0) {
            out->fields[out->field_count++] = bundle->fields[i].number;
        }
    }
    sort_numbers(out->fields, out->field_count);
}

/* docs/formats/approval.md, "Scope". */
static void hash_scope(const passage *passage, approval_row *row)
{
    uint8_t key[KEY_BYTES];
    uint8_t head[5] = {SCOPE_VERSION};
    uint8_t place[6];
    uint8_t count[2];
    uint8_t fields[2 * BUNDLE_FIELDS_MAX];
    const crypto_part parts[] = {
        {head, sizeof(head)},
        {passage->actor.token, ENTRY_TOKEN_BYTES},
        {place, sizeof(place)},
        {row->subject.bytes, SUBJECT_ID_BYTES},
        {row->what, sizeof(row->what)},
        {count, sizeof(count)},
        {fields, (size_t)2 * row->field_count},
    };

    bytes_write_u32be(head + 1, row->kind);
    bytes_write_u16be(place, row->activity);
    bytes_write_u32be(place + 2, row->action);
    bytes_write_u16be(count, (uint16_t)row->field_count);
    for (uint32_t i = 0; i < row->field_count; i++) {
        bytes_write_u16be(fields + (size_t)2 * i, row->fields[i]);
    }
    keyring_token_key(passage->gate->keys, "approval scope", key);
    hmac_sha256(key, parts, sizeof(parts) / sizeof(parts[0]), row->scope);
    mem_wipe(key, sizeof(key));
}

/* What a row of this scope by this actor holds. */
static void take_scope(const passage *passage, const approval_scope *scope, approval_row *out)
{
    static const subject_id nobody = {{0}};
    const credential *credential = passage->actor.credential;

    *out = (approval_row){.kind = scope->kind,
                          .activity = scope->activity,
                          .action = scope->action,
                          .has_uid = credential->has_uid,
                          .uid = credential->uid,
                          .subject = scope->subject};
    out->has_subject = memcmp(&scope->subject, &nobody, sizeof(nobody)) != 0;
    out->domain = out->has_subject ? passage->domain : 0;
    memcpy(out->asked_by, credential->name, sizeof(out->asked_by));
    memcpy(out->what, scope->what, sizeof(out->what));
    take_field_numbers(passage->world->bundle, scope->fields, out);
    hash_scope(passage, out);
}

/* --- who agreed (P-5) --------------------------------------------------------------------------- */

typedef struct agreement {
    const passage *passage;
    uint32_t roles; /* one of which is wanted; 0: any */
    uint32_t count;
} agreement;

static void count_if_it_stands(void *context, const approval_said *said)
{
    agreement *const self = context;
    const credential *by = world_credential_by_name(self->passage->world, said->by);

    if (said->said == APPROVAL_SAID_AGREE && by != NULL && by->revoked_ns == 0 &&
        (self->roles == 0 || (by->roles & self->roles) != 0)) {
        self->count++;
    }
}

static velum_status count_standing(passage *passage, const approval_row *row, uint32_t *out)
{
    agreement said = {.passage = passage,
                      .roles = passage->world->bundle->approvals[row->kind].roles};

    VELUM_TRY(approval_said_each(passage->conn, row->id, count_if_it_stands, &said));
    *out = said.count;
    return VELUM_OK;
}

static bool is_open(const approval_row *row)
{
    return row->state == APPROVAL_ASKED || row->state == APPROVAL_AGREED;
}

velum_status approval_agreed(passage *passage, const approval_row *row, uint32_t *out)
{
    return is_open(row) ? count_standing(passage, row, out)
                        : approval_said_count(passage->conn, row->id, APPROVAL_SAID_AGREE, out);
}

velum_status approval_stands(passage *passage, const approval_row *row, bool *out)
{
    const uint32_t today = approvals_needed(passage->world->bundle, row->kind);
    uint32_t count = 0;

    VELUM_TRY(count_standing(passage, row, &count));
    *out = count >= (today > row->needed ? today : row->needed);
    return VELUM_OK;
}

velum_status approval_has_ended(passage *passage, const approval_row *row, bool *out)
{
    const uint32_t today = approvals_needed(passage->world->bundle, row->kind);
    bool stands = true;

    const int64_t now_ns = passage->clock.later_ns;

    /* Asked later than now: under a clock that an officer has set right since (I-3). */
    const bool is_in_time = row->asked_ns <= now_ns && now_ns < row->expires_ns;
    *out = is_open(row) && (!is_in_time || row->needed < today);
    if (*out || row->state != APPROVAL_AGREED) {
        return VELUM_OK;
    }
    VELUM_TRY(approval_stands(passage, row, &stands));
    *out = !stands;
    return VELUM_OK;
}

/* --- looking ------------------------------------------------------------------------------------ */

static velum_status find_own(passage *passage, text id, approval_row *out)
{
    uint8_t bytes[APPROVAL_ID_BYTES];

    *out = (approval_row){.state = 0};
    if (passage->actor.credential == NULL || hex_decode(id, bytes, sizeof(bytes)) < 0) {
        return refuse(passage, REASON_APPROVAL_UNKNOWN);
    }
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status = approval_row_load(passage->conn, bytes, out);
    if (status == VELUM_E_NOTFOUND ||
        (status == VELUM_OK && strcmp(out->asked_by, passage->actor.credential->name) != 0)) {
        return refuse(passage, REASON_APPROVAL_UNKNOWN);
    }
    return status;
}

/* P-3, and an end that a stepped clock cannot judge is one (I-3). */
static velum_status check_state(passage *passage, const approval_row *row)
{
    static const uint16_t reasons[] = {
        [APPROVAL_REFUSED] = REASON_APPROVAL_DENIED, [APPROVAL_USED_UP] = REASON_APPROVAL_USED,
        [APPROVAL_ENDED] = REASON_APPROVAL_EXPIRED,  [APPROVAL_TO_REVIEW] = REASON_APPROVAL_SCOPE,
        [APPROVAL_REVIEWED] = REASON_APPROVAL_SCOPE,
    };

    bool has_ended = false;

    if (!is_open(row)) {
        return refuse(passage, row->state <= APPROVAL_REVIEWED && reasons[row->state] != 0
                                   ? reasons[row->state]
                                   : REASON_APPROVAL_UNKNOWN);
    }
    if (passage->clock.behind) {
        return refuse(passage, REASON_CLOCK_BEHIND);
    }
    VELUM_TRY(approval_has_ended(passage, row, &has_ended));
    if (has_ended) {
        return refuse(passage, REASON_APPROVAL_EXPIRED);
    }
    return row->state == APPROVAL_AGREED ? VELUM_OK : refuse(passage, REASON_APPROVAL_PENDING);
}

static velum_status check(passage *passage, text id, const approval_scope *scope, approval_row *out)
{
    approval_row wanted;

    VELUM_TRY(find_own(passage, id, out));
    memcpy(passage->entry.related, out->asked_event, sizeof(out->asked_event));
    take_scope(passage, scope, &wanted);
    if (!mem_equal_secret(wanted.scope, out->scope, sizeof(out->scope))) {
        return refuse(passage, REASON_APPROVAL_SCOPE);
    }
    return check_state(passage, out);
}

velum_status approval_check(passage *passage, text id, const approval_scope *scope)
{
    approval_row row;

    return check(passage, id, scope, &row);
}

/* --- what becomes of it ------------------------------------------------------------------------- */

void approval_tell_leaf(audit_entry *entry, const approval_row *row)
{
    entry_push(entry, INPUT_APPROVAL_KIND, row->kind);
    entry_push(entry, INPUT_APPROVAL_STATE, row->state);
}

velum_status approval_use(passage *passage, text id, const approval_scope *scope)
{
    approval_row row;

    if (passage->batch == NULL) {
        return VELUM_E_INTERNAL; /* a use is a write (I-1) */
    }
    VELUM_TRY(check(passage, id, scope, &row));
    VELUM_TRY(approval_row_move(passage->conn, &row, APPROVAL_USED_UP));
    VELUM_TRY(timer_drop(passage->batch, TIMER_APPROVAL, row.id));
    memcpy(passage->entry.related, row.agreed_event, sizeof(row.agreed_event));
    approval_tell_leaf(&passage->entry, &row);
    return VELUM_OK;
}

static velum_status set_end(passage *passage, const approval_row *row)
{
    timer end = {.at_ns = row->expires_ns, .kind = TIMER_APPROVAL};

    memcpy(end.of, row->id, sizeof(end.of));
    return timer_set(passage->batch, &end);
}

static velum_status insert_new(passage *passage, approval_row *row)
{
    const bundle *bundle = passage->world->bundle;

    random_fill(&passage->gate->random, row->id, sizeof(row->id));
    row->asked_ns = passage->clock.now_ns;
    memcpy(row->asked_event, passage->entry.event_id, sizeof(row->asked_event));
    row->needed = approvals_needed(bundle, row->kind);
    VELUM_TRY(approval_row_insert(passage->conn, row));
    approval_tell_leaf(&passage->entry, row);
    return VELUM_OK;
}

static int64_t hours_valid(const bundle *bundle, uint32_t kind)
{
    const uint32_t hours = bundle->approvals[kind].valid_hours;

    return hours == 0 ? HOURS_USUAL : hours;
}

/* One for the same that can still be used; VELUM_E_NOTFOUND. */
static velum_status find_standing(passage *passage, const approval_row *wanted, approval_row *out)
{
    for (uint32_t i = 0; i < OPEN_MAX; i++) {
        bool has_ended = false;
        VELUM_TRY(approval_row_find_open(passage->conn, wanted, i, out));
        VELUM_TRY(approval_has_ended(passage, out, &has_ended));
        if (!has_ended) {
            return VELUM_OK;
        }
    }
    return VELUM_E_NOTFOUND;
}

/* The same asked again while it stands open is the same approval. */
velum_status approval_ask(passage *passage, const approval_scope *scope, uint8_t out_id[16])
{
    const bundle *bundle = passage->world->bundle;
    approval_row row;
    approval_row open;
    int64_t count = 0;

    if (approvals_needed(bundle, scope->kind) == 0) {
        return refuse_hint(passage, REASON_CONFLICT, "The active policy asks nobody's approval.");
    }
    if (passage->clock.behind) {
        return refuse(passage, REASON_CLOCK_BEHIND);
    }
    take_scope(passage, scope, &row);
    const velum_status found = find_standing(passage, &row, &open);
    if (found == VELUM_OK) {
        memcpy(out_id, open.id, sizeof(open.id));
        memcpy(passage->entry.related, open.asked_event, sizeof(open.asked_event));
        approval_tell_leaf(&passage->entry, &open);
        return VELUM_OK;
    }
    if (found != VELUM_E_NOTFOUND) {
        return found;
    }
    VELUM_TRY(approval_row_count_open(passage->conn, row.asked_by, &count));
    if (count >= OPEN_MAX) {
        return refuse_hint(passage, REASON_CONFLICT, "200 approvals of this caller are open.");
    }
    row.state = APPROVAL_ASKED;
    row.expires_ns = passage->clock.later_ns + hours_valid(bundle, row.kind) * HOUR_NS;
    VELUM_TRY(insert_new(passage, &row));
    memcpy(out_id, row.id, sizeof(row.id));
    return set_end(passage, &row);
}

/* P-4: it waits for its review as long as it takes. */
velum_status approval_break_glass(passage *passage, const approval_scope *scope, uint8_t out_id[16])
{
    approval_row row;

    if (passage->batch == NULL) {
        return VELUM_E_INTERNAL;
    }
    take_scope(passage, scope, &row);
    row.state = APPROVAL_TO_REVIEW;
    entry_push(&passage->entry, INPUT_BREAK_GLASS, 1);
    VELUM_TRY(insert_new(passage, &row));
    memcpy(out_id, row.id, sizeof(row.id));
    return VELUM_OK;
}

/* --- its end ------------------------------------------------------------------------------------ */

velum_status approval_locate(passage *passage, const approval_row *row)
{
    if (!row->has_subject) {
        return VELUM_OK;
    }
    passage->subject = row->subject;
    passage->domain =
        passage->actor.credential == NULL ? 0 : passage->actor.credential->domain_number;
    passage->domain = passage->domain == 0 ? row->domain : passage->domain;
    const velum_status status = locate_subject(passage);
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

velum_status approval_timer(passage *passage, const timer *timer)
{
    audit_entry *const entry = &passage->entry;
    approval_row row;
    const velum_status status = approval_row_load(passage->conn, timer->of, &row);

    if (status != VELUM_OK) {
        return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
    }
    if (!is_open(&row)) {
        return VELUM_OK;
    }
    if (passage->clock.later_ns < row.expires_ns) {
        return set_end(passage, &row);
    }
    VELUM_TRY(approval_row_move(passage->conn, &row, APPROVAL_ENDED));
    VELUM_TRY(approval_locate(passage, &row));
    entry->type = ENTRY_APPROVAL;
    memcpy(entry->related, row.asked_event, sizeof(row.asked_event));
    credential_actor_token(passage->gate->keys, text_of(row.asked_by), entry->user_token);
    entry_push(entry, INPUT_OPERATION, OPERATION_END);
    approval_tell_leaf(entry, &row);
    return VELUM_OK;
}
