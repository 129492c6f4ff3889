/* core/erasure_verbs.c: erasing somebody at an officer's word, and the certificate of it.
 *
 * The answer comes after the writer has tried to finish; whether it could is what the certificate
 * says, by an id that is known from the beginning.
 */
#include "audit/log_reader.h"
#include "core/approvals.h"
#include "core/certificate.h"
#include "core/erasure.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/person.h"
#include "core/verbs.h"

#define LOG_WAIT_MS 5000
#define PROOF_BYTES 65536

/* --- what is asked ------------------------------------------------------------------------------ */

typedef struct erase_order {
    uint64_t categories; /* bits; 0: the whole person */
    uint16_t numbers[BUNDLE_CATEGORIES_MAX];
    uint32_t number_count;
    text approval;
    bool is_preview; /* only what would go and stay, which is recorded as looked at */
} erase_order;

static velum_status parse_categories(passage *passage, const json_value *array, erase_order *out)
{
    if (array == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(array) != JSON_ARRAY || json_count(array) == 0 ||
        json_count(array) > BUNDLE_CATEGORIES_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`categories` is an array of names.");
    }
    for (size_t i = 0; i < json_count(array); i++) {
        const uint32_t index =
            bundle_find(passage->world->bundle, REGISTRY_CATEGORY, json_text(json_at(array, i)));
        if (index == BUNDLE_NONE) {
            return refuse_hint(passage, REASON_INVALID_VALUE,
                               "The policy has no category of that name.");
        }
        out->numbers[out->number_count++] = passage->world->bundle->categories[index].number;
        out->categories |= UINT64_C(1) << index;
    }
    return VELUM_OK;
}

static velum_status parse_order(passage *passage, erase_order *out)
{
    static const char *const members[] = {"categories", "approval", "reason_code", "preview", NULL};
    const json_value *body = json_root(passage->body);
    const json_value *preview = json_member(body, "preview");

    *out = (erase_order){.categories = 0};
    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_categories(passage, json_member(body, "categories"), out));
    VELUM_TRY(parse_optional_text(passage, body, "approval", &out->approval));
    if (preview != NULL && json_kind_of(preview) != JSON_BOOL) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`preview` is true or false.");
    }
    out->is_preview = preview != NULL && json_bool(preview);
    return VELUM_OK;
}

/* A code that the policy does not know stays 0 and is refused where one is needed (I-3). */
velum_status subject_erase_locate(passage *passage)
{
    erase_order order;

    VELUM_TRY(parse_order(passage, &order));
    VELUM_TRY(parse_reason_code(passage, json_member(json_root(passage->body), "reason_code")));
    return locate_by_ref(passage);
}

/* --- erasing ------------------------------------------------------------------------------------ */

/* `what` of an approval: zeros for the whole person, else a hash over the categories named. */
static void scope_of(const bundle *bundle, uint64_t categories, uint8_t out[SHA256_BYTES])
{
    static const char label[] = "erasure";
    uint8_t numbers[2 * BUNDLE_CATEGORIES_MAX];
    size_t size = 0;

    memset(out, 0, SHA256_BYTES);
    for (uint32_t i = 0; i < bundle->category_count; i++) {
        if ((categories >> i & 1) != 0) {
            bytes_write_u16be(numbers + size, bundle->categories[i].number);
            size += 2;
        }
    }
    if (size > 0) {
        const crypto_part parts[] = {{label, sizeof(label) - 1}, {numbers, size}};
        sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), out);
    }
}

/* Agreed to is this customer's erasure: whole, or of exactly these categories (P-2). */
static velum_status use_approval(passage *passage, const erase_order *order)
{
    const bundle *bundle = passage->world->bundle;
    approval_scope scope = {.kind = APPROVAL_ERASURE,
                            .activity = bundle->activities[passage->activity].number,
                            .action = ACTION_ERASE,
                            .subject = passage->subject};

    scope_of(bundle, order->categories, scope.what);
    if (approvals_needed(bundle, APPROVAL_ERASURE) == 0) {
        return VELUM_OK;
    }
    return order->approval.size == 0 ? refuse(passage, REASON_APPROVAL_REQUIRED)
                                     : approval_use(passage, order->approval, &scope);
}

static void write_category(const passage *passage, json_writer *out, uint16_t number)
{
    const char *const name = world_name(passage->world, REGISTRY_CATEGORY, number);

    json_write_text(out, text_of(name == NULL ? "?" : name));
}

static void member_time(json_writer *out, const char *name, int64_t at_ns)
{
    char shown[TIME_TEXT_BYTES];

    if (at_ns != 0) {
        time_format(at_ns, shown);
        json_member_string(out, name, shown);
    }
}

static void write_kept(const passage *passage, const erasure_plan *plan, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;

    json_name(out, "keeps");
    json_begin_array(out);
    for (uint32_t i = 0; i < plan->kept_count; i++) {
        const retained_category *kept = &plan->kept[i];
        const uint32_t index = bundle_find_number(bundle, REGISTRY_CATEGORY, kept->category);
        json_begin_object(out);
        json_name(out, "category");
        write_category(passage, out, kept->category);
        if (index != BUNDLE_NONE) {
            json_member_text(out, "law", bundle->categories[index].retain_law);
        }
        member_time(out, "until", kept->until_ns);
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_plan(const passage *passage, const erasure_plan *plan, json_writer *out)
{
    json_name(out, "destroys");
    json_begin_array(out);
    for (uint32_t i = 0; i < plan->destroyed_count; i++) {
        write_category(passage, out, plan->destroyed[i]);
    }
    json_end_array(out);
    write_kept(passage, plan, out);
    member_time(out, "evidence_until", plan->evidence_until_ns);
    member_time(out, "suppressed_until", plan->suppressed_until_ns);
}

/* What to ask others for, where they must agree. */
static void write_approval(const passage *passage, const erase_order *order, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;
    uint8_t what[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    json_member_integer(out, "approvals_needed", approvals_needed(bundle, APPROVAL_ERASURE));
    if (order->categories != 0) {
        scope_of(bundle, order->categories, what);
        hex_encode(what, sizeof(what), hex);
        json_member_string(out, "what", hex);
    }
}

static velum_status write_answer(passage *passage, const erase_order *order,
                                 const erasure_plan *plan)
{
    uint8_t id[16];
    char hex[33];
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    if (!order->is_preview) {
        certificate_id(passage->entry.event_id, id);
        hex_encode(id, sizeof(id), hex);
        json_member_string(&out, "state", "erasing");
        json_member_string(&out, "certificate", hex);
    }
    write_plan(passage, plan, &out);
    if (order->categories == 0) {
        VELUM_TRY(person_write_others(passage, !order->is_preview, &out)); /* go with it */
    }
    write_approval(passage, order, &out);
    reply_decision(passage, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status subject_erase_apply(passage *passage)
{
    erase_order order;
    erasure_plan plan;

    VELUM_TRY(parse_order(passage, &order));
    const erasure_wish wish = {.categories = order.numbers, .category_count = order.number_count};
    VELUM_TRY(erasure_plan_make(passage, &wish, &plan));
    if (order.is_preview) {
        entry_push(&passage->entry, INPUT_OPERATION, OPERATION_SHOW);
    } else {
        VELUM_TRY(use_approval(passage, &order));
        VELUM_TRY(erasure_begin(passage, &wish));
    }
    return write_answer(passage, &order, &plan);
}

/* --- the certificate ---------------------------------------------------------------------------- */

static velum_status refuse_unknown(passage *passage)
{
    return refuse_hint(passage, REASON_INVALID_VALUE, "There is no such certificate.");
}

/* Whether an erasure is under way that will have this certificate. */
static velum_status is_awaited(passage *passage, const uint8_t id[16], bool *out)
{
    destruction next = {.n = 0};
    velum_status status = VELUM_OK;

    *out = false;
    while (!*out && (status = vault_destruction_next(passage->conn, next.n, &next)) == VELUM_OK) {
        uint8_t awaited[16];
        certificate_id(next.event_id, awaited);
        *out = memcmp(awaited, id, sizeof(awaited)) == 0;
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status write_awaited(passage *passage, const uint8_t id[16])
{
    bool awaited = false;
    char hex[33];
    json_writer out;

    VELUM_TRY(is_awaited(passage, id, &awaited));
    if (!awaited) {
        return refuse_unknown(passage);
    }
    hex_encode(id, 16, hex);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "state", "erasing");
    json_member_string(&out, "certificate", hex);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* The text is committed, so its leaf is on its way; the proof reaches it after the next checkpoint. */
static velum_status write_file(passage *passage, const uint8_t id[16], crypto_part said)
{
    velum_gate *const gate = passage->gate;
    uint64_t index = 0;
    log_leaf leaf;
    VELUM_AUTO(log_reader) *reader = NULL;
    VELUM_AUTO_BUFFER proof = {0};

    buffer_init(&proof, PROOF_BYTES);
    VELUM_TRY(appender_wait(&gate->appender, atomic_load(&gate->writer.seq), LOG_WAIT_MS));
    VELUM_TRY(checkpointer_sign(&gate->checkpointer));
    VELUM_TRY(log_reader_open(gate->audit_fd, &reader, NULL));
    VELUM_TRY(log_reader_find(reader, id, &index));
    VELUM_TRY(log_prove(gate->audit_fd, index, &proof, NULL));
    VELUM_TRY(log_reader_seek(reader, index));
    VELUM_TRY(log_reader_next(reader, &leaf));
    return certificate_file_write(said, (crypto_part){leaf.bytes, leaf.size},
                                  (text){(const char *)proof.data, proof.size},
                                  &passage->answer->body);
}

velum_status certificate_mask(passage *passage)
{
    uint8_t id[16];

    if (hex_decode(passage->request->ref, id, sizeof(id)) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "An id has 32 hex digits.");
    }
    return certificate_answer(passage, id);
}

velum_status certificate_answer(passage *passage, const uint8_t id[16])
{
    VELUM_AUTO_BUFFER text = {0};

    buffer_init(&text, CERTIFICATE_BYTES_MAX);
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_PROVE);
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status = certificate_get(passage->conn, id, &text);
    if (status == VELUM_E_NOTFOUND) {
        return write_awaited(passage, id);
    }
    VELUM_TRY(status);
    return write_file(passage, id, (crypto_part){text.data, text.size});
}
