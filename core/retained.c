/* core/retained.c: what a law keeps of somebody erased, read under the activity `legal-retention`.
 *
 * Nothing else reads it (PIPL 47: storage and protection only). Somebody erased has no state, so roles
 * with conditions do not count: what they ask about the customer is not known any more (I-3).
 */
#include "core/locate.h"
#include "core/verbs.h"

#include "policy/mask.h"

#define REPLY_BYTES_USUAL 1000

typedef struct retained_list {
    retained_category kept[VAULT_CATEGORIES_MAX];
    uint32_t count;
} retained_list;

/* Of somebody erased the evidence key stands, which is enough for the leaf to say of whom. */
velum_status retained_locate(passage *passage)
{
    passage->asked_all = passage->request->fields.size == 0;
    VELUM_TRY(locate_by_ref(passage));
    if (!passage->has_subject || passage->opened != NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status = vault_open_evidence(
        passage->gate->vault, passage->conn, &passage->subject, passage->arena, &passage->opened);
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

/* The clearest cell of the actor's unconditional roles counts, within the activity. */
static void decide_fields(passage *passage)
{
    const bundle *bundle = passage->world->bundle;
    const uint64_t reach = bundle->activities[passage->activity].fields;
    verdict *const verdict = &passage->verdict;

    if (passage->asked_all) {
        passage->asked = reach;
    }
    for (uint32_t i = 0; i < bundle->role_count; i++) {
        const bundle_role *role = &bundle->roles[i];
        if ((passage->actor.roles >> i & 1) != 0 && role->condition_count == 0) {
            verdict->clear |= role->clear & reach & passage->asked;
            verdict->masked |= role->mask & reach & passage->asked;
        }
    }
    verdict->masked &= ~verdict->clear;
    verdict->hidden = passage->asked & ~(verdict->clear | verdict->masked);
    verdict->decision = (verdict->masked | verdict->hidden) == 0 ? ENTRY_ALLOW : ENTRY_PARTIAL;
}

/* Every field of the category that the decision does not release is wiped (I-4). */
static void wipe_others(const passage *passage, uint32_t category, record *record)
{
    const bundle *bundle = passage->world->bundle;
    const uint64_t released = passage->verdict.clear | passage->verdict.masked;

    for (uint32_t i = record->count; i > 0; i--) {
        const uint16_t number = record->fields[i - 1].number;
        const uint32_t index = bundle_find_number(bundle, REGISTRY_FIELD, number);
        if (index == BUNDLE_NONE || (released >> index & 1) == 0 ||
            bundle->fields[index].category != category) {
            record_wipe_field(record, number);
        }
    }
}

static bool holds_allowed(const passage *passage, uint32_t category)
{
    const bundle *bundle = passage->world->bundle;
    const uint64_t released = passage->verdict.clear | passage->verdict.masked;

    for (uint32_t i = 0; i < bundle->field_count; i++) {
        if ((released >> i & 1) != 0 && bundle->fields[i].category == category) {
            return true;
        }
    }
    return false;
}

static velum_status list_retained(passage *passage, retained_list *out)
{
    return vault_retained_list(passage->conn, &passage->subject, out->kept, &out->count);
}

velum_status retained_open(passage *passage)
{
    retained_list list = {.count = 0};

    if (!passage->has_subject) {
        return refuse(passage, REASON_UNKNOWN_SUBJECT);
    }
    decide_fields(passage);
    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(list_retained(passage, &list));
    for (uint32_t i = 0; i < list.count; i++) {
        const uint32_t index =
            bundle_find_number(passage->world->bundle, REGISTRY_CATEGORY, list.kept[i].category);
        if (index == BUNDLE_NONE || !holds_allowed(passage, index)) {
            continue; /* what no policy names is opened for nobody (I-3) */
        }
        VELUM_TRY(vault_retained_open(passage->gate->vault, passage->conn, &passage->subject,
                                      list.kept[i].category, passage->arena,
                                      &passage->records[index]));
        wipe_others(passage, index, passage->records[index]);
    }
    return VELUM_OK;
}

/* --- the answer --------------------------------------------------------------------------------- */

static velum_status write_value(passage *passage, uint32_t index, text value, json_writer *out)
{
    const bundle_field *field = &passage->world->bundle->fields[index];
    const bundle_mask *mask = &passage->world->bundle->masks[field->mask];
    const uint64_t bit = UINT64_C(1) << index;
    size_t size = 0;
    void *slice = NULL;

    passage->released |= bit;
    json_name_text(out, field->name);
    if ((passage->verdict.clear & bit) != 0) {
        json_write_text(out, value);
        return VELUM_OK;
    }
    passage->released_masked |= bit;
    const size_t bound = mask_bound(mask, value.size);
    VELUM_TRY(secret_arena_slice(passage->arena, bound, &slice));
    VELUM_TRY(mask_apply(mask, field->type, value, slice, bound, &size));
    json_write_text(out, (text){slice, size});
    return VELUM_OK;
}

static velum_status write_fields(passage *passage, uint32_t category, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;
    const record *record = category == BUNDLE_NONE ? NULL : passage->records[category];

    json_name(out, "fields");
    json_begin_object(out);
    for (uint32_t i = 0; record != NULL && i < bundle->field_count; i++) {
        const text *value = record_find(record, bundle->fields[i].number);
        if (value != NULL) {
            VELUM_TRY(write_value(passage, i, *value, out));
        }
    }
    json_end_object(out);
    return VELUM_OK;
}

static velum_status write_kept(passage *passage, const retained_category *kept, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;
    const uint32_t index = bundle_find_number(bundle, REGISTRY_CATEGORY, kept->category);
    const char *name = world_name(passage->world, REGISTRY_CATEGORY, kept->category);
    const char *basis = world_name(passage->world, REGISTRY_BASIS, kept->basis);
    char until[TIME_TEXT_BYTES];

    time_format(kept->until_ns, until);
    json_begin_object(out);
    json_member_string(out, "category", name == NULL ? "?" : name);
    if (index != BUNDLE_NONE && bundle->categories[index].retain_law.size > 0) {
        json_member_text(out, "law", bundle->categories[index].retain_law);
    }
    json_member_string(out, "basis", basis == NULL ? "?" : basis);
    json_member_string(out, "until", until);
    VELUM_TRY(write_fields(passage, index, out));
    json_end_object(out);
    return VELUM_OK;
}

velum_status retained_mask(passage *passage)
{
    retained_list list = {.count = 0};
    json_writer out;

    VELUM_TRY(list_retained(passage, &list));
    VELUM_TRY(buffer_reserve(&passage->answer->body, REPLY_BYTES_USUAL));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    json_name(&out, "retained");
    json_begin_array(&out);
    for (uint32_t i = 0; i < list.count; i++) {
        VELUM_TRY(write_kept(passage, &list.kept[i], &out));
    }
    json_end_array(&out);
    reply_decision(passage, &out);
    json_end_object(&out);
    passage->entry.record_count = list.count;
    return buffer_status(&passage->answer->body);
}
