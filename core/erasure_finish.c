/* core/erasure_finish.c: steps 2 and 3 of every destruction that was begun, and its certificate.
 *
 * Keys of many destructions leave keys.db together, with one truncating checkpoint; then each gets a
 * transaction of its own. What fails stands in the table `destruction` and holds up no other; every
 * step can be repeated (V-6).
 */
#include "core/certificate.h"
#include "core/erasure.h"
#include "core/happening.h"
#include "core/hook.h"
#include "core/message_row.h"
#include "core/registry.h"
#include "core/requests.h"
#include "core/rows.h"
#include "core/verbs.h"
#include "core/work.h"

#define TOGETHER_MAX 32   /* destructions whose keys go with one checkpoint */
#define DRAIN_WAIT_MS 500 /* readers of keys.db leave at once; the steward comes back each second */
#define LEAVES_OF_ONE 4   /* OUTCOME, and what a request adds */

typedef struct finishing {
    destruction what;
    uint8_t token[ENTRY_TOKEN_BYTES]; /* zeros: not known yet */
    int64_t now_ns;
    world *world; /* borrowed */
} finishing;

typedef struct finishing_list {
    finishing items[TOGETHER_MAX];
    uint32_t count;
    int64_t last_n; /* of the last one that was read */
} finishing_list;

/* --- which ones --------------------------------------------------------------------------------- */

/* A subject's token while its evidence key stands; zeros when it is gone already. */
static velum_status take_token(velum_gate *gate, store_conn *conn, secret_arena *arena,
                               finishing *one)
{
    const opened_subject *evidence = NULL;
    const velum_status status =
        vault_open_evidence(gate->vault, conn, &one->what.subject, arena, &evidence);

    if (status == VELUM_OK) {
        opened_audit_token(evidence, time_month(one->now_ns), one->token);
    }
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

static velum_status read_next(velum_gate *gate, int64_t now_ns, finishing_list *list)
{
    store_conn *const conn = store_writer(gate->db);
    velum_status status = VELUM_OK;

    list->count = 0;
    while (list->count < TOGETHER_MAX) {
        finishing *const one = &list->items[list->count];
        *one = (finishing){.now_ns = now_ns};
        status = vault_destruction_next(conn, list->last_n, &one->what);
        if (status != VELUM_OK) {
            break;
        }
        list->last_n = one->what.n;
        list->count++;
        if (one->what.kind == DESTROY_EVIDENCE) { /* afterwards nobody can tell it */
            VELUM_TRY(take_token(gate, conn, gate->writer.arena, one));
        }
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status read_list(velum_gate *gate, int64_t now_ns, finishing_list *list)
{
    store_conn *const conn = store_writer(gate->db);

    VELUM_TRY(conn_begin(conn));
    const velum_status status = read_next(gate, now_ns, list);
    secret_arena_reset(gate->writer.arena);
    conn_rollback(conn);
    return status;
}

static velum_status destroy_keys(velum_gate *gate, const finishing_list *list)
{
    destruction keys[TOGETHER_MAX];

    for (uint32_t i = 0; i < list->count; i++) {
        keys[i] = list->items[i].what;
    }
    return vault_destroy_keys(gate->vault, keys, list->count, DRAIN_WAIT_MS);
}

/* --- one of them -------------------------------------------------------------------------------- */

/* What was remembered says how many are suppressed and until when; without it nothing is said. */
static velum_status add_memory(write_batch *batch, const finishing *one, certificate_facts *facts)
{
    vault *const vault = batch->gate->vault;
    const opened_subject *evidence = NULL;
    uint8_t bytes[256];
    size_t size = 0;
    erased_memory memory;

    if (one->what.kind != DESTROY_DATA) {
        return VELUM_OK;
    }
    VELUM_TRY(vault_open_evidence(vault, batch->conn, &one->what.subject, batch->arena, &evidence));
    VELUM_TRY(vault_erased_memory(vault, batch->conn, evidence, bytes, &size));
    VELUM_TRY(erased_memory_decode((crypto_part){bytes, size}, &memory));
    facts->suppressed = memory.suppressed;
    facts->suppressed_until_ns = memory.suppressed_until_ns;
    return VELUM_OK;
}

static void fill_outcome(const finishing *one, const certificate_facts *facts, audit_entry *entry)
{
    const bundle *const bundle = one->world->bundle;
    const destruction_report *const report = facts->report;

    entry->stage = ENTRY_OUTCOME;
    memcpy(entry->event_id, facts->id, sizeof(entry->event_id));
    memcpy(entry->related, one->what.event_id, sizeof(entry->related));
    memcpy(entry->subject_token, one->token, sizeof(entry->subject_token));
    if (facts->token_month != 0) {
        entry->token_epoch = facts->token_month;
    }
    memcpy(entry->policy_hash, bundle->hash, sizeof(entry->policy_hash));
    entry->jurisdiction = bundle->jurisdiction_number;
    entry->record_count = report->category_count + report->index_rows;
    entry_push(entry, INPUT_DESTRUCTION, one->what.kind);
    if (report->category_count > 0) {
        entry_push(entry, INPUT_DESTROYED, report->category_count);
    }
    if (report->retained_count > 0) {
        entry_push(entry, INPUT_RETAINED, report->retained_count);
    }
}

static bool has_token(const finishing *one)
{
    static const uint8_t none[ENTRY_TOKEN_BYTES] = {0};

    return memcmp(one->token, none, sizeof(none)) != 0;
}

/* Whoever asked to know of the person's end is told; nothing else waits for them (WK-4,
 * K-5). */
static velum_status tell_modules(write_batch *batch, const finishing *one)
{
    const happening erased = {
        .event = HOOK_SUBJECT_ERASED, .subject = one->what.subject, .at_ns = one->now_ns};

    if (one->what.kind != DESTROY_DATA) {
        return VELUM_OK;
    }
    VELUM_TRY(work_finish_erasure(batch->conn, &one->what.subject));
    VELUM_TRY(hook_finish_erasure(batch->conn, &one->what.subject));
    return happened(batch, one->world, &erased);
}

/* A category of people's fields has no rows; of one that left the policy nobody knows. */
static bool may_have_rows(const bundle *bundle, uint16_t category)
{
    const uint32_t index = bundle_find_number(bundle, REGISTRY_CATEGORY, category);

    return index == BUNDLE_NONE || bundle->categories[index].module != 0;
}

/* Rows of modules' tables go with the keys that they were sealed under; those of some categories of a
 * customer who stays went in step 1 (core/rows.h). */
static velum_status finish_rows(store_conn *conn, const finishing *one,
                                const destruction_report *report)
{
    if (one->what.kind == DESTROY_CATEGORIES) {
        return VELUM_OK;
    }
    for (uint32_t i = 0; i < report->category_count; i++) {
        if (may_have_rows(one->world->bundle, report->categories[i])) {
            VELUM_TRY(rows_finish_erasure(conn, &one->what.subject, report->categories[i]));
        }
    }
    return VELUM_OK;
}

/* With the evidence goes the last that names the subject, also what a module or hook that the policy has
 * no more never took. */
static velum_status forget_news(store_conn *conn, const subject_id *subject)
{
    VELUM_TRY(work_finish_evidence(conn, subject));
    VELUM_TRY(hook_finish_evidence(conn, subject));
    return certificate_unlink(conn, subject);
}

/* E-3: rows, certificate, the request's end and the OUTCOME leaf together. */
static velum_status finish_one(void *context, write_batch *batch)
{
    finishing *const one = context;
    velum_gate *const gate = batch->gate;
    destruction_report report;
    audit_entry entry;
    VELUM_AUTO_BUFFER text = {0};

    VELUM_TRY(vault_destruction_finish(gate->vault, batch->conn, &one->what, &report));
    VELUM_TRY(finish_rows(batch->conn, one, &report));
    if (one->what.kind == DESTROY_EVIDENCE) {
        VELUM_TRY(forget_news(batch->conn, &one->what.subject));
    } else {
        VELUM_TRY(take_token(gate, batch->conn, batch->arena, one));
    }
    certificate_facts facts = {.world = one->world,
                               .log = text_of(journal_origin(gate->journal)),
                               .tenant = keyring_tenant(gate->keys),
                               .what = &one->what,
                               .report = &report,
                               .at_ns = one->now_ns,
                               .token_month = has_token(one) ? time_month(one->now_ns) : 0};
    certificate_id(one->what.event_id, facts.id);
    memcpy(facts.subject_token, one->token, sizeof(facts.subject_token));
    VELUM_TRY(add_memory(batch, one, &facts));
    buffer_init(&text, CERTIFICATE_BYTES_MAX);
    VELUM_TRY(certificate_write(&facts, &text));
    const crypto_part written = {text.data, text.size};
    VELUM_TRY(certificate_put(batch->conn, facts.id,
                              one->what.kind == DESTROY_EVIDENCE ? NULL : &one->what.subject,
                              written));
    VELUM_TRY(request_erased(batch, one->what.request_id, facts.id));
    if (one->what.kind == DESTROY_DATA) {
        VELUM_TRY(message_finish_erasure(batch->conn, &one->what.subject));
    }
    own_entry(gate, ENTRY_ERASURE, one->now_ns, &entry);
    fill_outcome(one, &facts, &entry);
    sha256(text.data, text.size, entry.detail_hash);
    VELUM_TRY(write_batch_record(batch, &entry));
    VELUM_TRY(tell_modules(batch, one));
    return write_batch_touch(batch, &one->what.subject);
}

/* --- all of them -------------------------------------------------------------------------------- */

/* The first failure is told, after the others had their turn. */
static velum_status finish_list(velum_gate *gate, finishing_list *list, world *world)
{
    velum_status first = VELUM_OK;

    for (uint32_t i = 0; i < list->count; i++) {
        list->items[i].world = world;
        const velum_status status =
            writer_transact(&gate->writer, finish_one, &list->items[i], LEAVES_OF_ONE);
        clock_guard_note(&gate->clock_guard, list->items[i].now_ns);
        first = first == VELUM_OK ? status : first;
    }
    return first;
}

velum_status erasures_finish(velum_gate *gate)
{
    VELUM_AUTO_MEM finishing_list *list = mem_alloc(sizeof(*list));
    VELUM_AUTO(world) *world = gate_world(gate);
    velum_status first = VELUM_OK;

    if (list == NULL) {
        return VELUM_E_NOMEM;
    }
    do {
        VELUM_TRY(read_list(gate, clock_wall_ns(&gate->clock), list));
        if (list->count > 0) {
            VELUM_TRY(destroy_keys(gate, list));
            const velum_status status = finish_list(gate, list, world);
            first = first == VELUM_OK ? status : first;
        }
    } while (list->count == TOGETHER_MAX);
    return first;
}

velum_status erasures_take_up(velum_gate *gate)
{
    atomic_store(&gate->writer.erasures_left, erasures_finish(gate) < 0);
    return VELUM_OK;
}
