/* core/retained.c: what a law keeps of somebody erased, read under the activity `legal-retention`.
 *
 * Nothing else reads it (PIPL 47: storage and protection only). Somebody erased has no state, so the
 * decision counts no role with conditions: what they ask of the customer is not known any more (I-3).
 */
#include "core/locate.h"
#include "core/rows.h"
#include "core/verbs.h"

#define REPLY_BYTES_USUAL 1000

typedef struct retained_list {
    retained_category kept[VAULT_CATEGORIES_MAX];
    uint32_t count;
} retained_list;

/* An activity that names tables alone is decided on by the first of them; each is decided on besides. */
static void ask_all(passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t table = rows_first_table(passage, UINT32_MAX);

    passage->asked_all = passage->request->fields.size == 0;
    if (passage->asked_all && passage->activity != BUNDLE_NONE &&
        bundle->activities[passage->activity].fields == 0 && table != BUNDLE_NONE) {
        passage->resource = table + 1;
    }
}

/* Of somebody erased the evidence key stands, which is enough for the leaf to say of whom. */
velum_status retained_locate(passage *passage)
{
    ask_all(passage);
    VELUM_TRY(locate_by_ref(passage));
    if (!passage->has_subject || passage->opened != NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status = vault_open_evidence(
        passage->gate->vault, passage->conn, &passage->subject, passage->arena, &passage->opened);
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
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
    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(list_retained(passage, &list));
    for (uint32_t i = 0; i < list.count; i++) {
        const uint32_t index =
            bundle_find_number(passage->world->bundle, REGISTRY_CATEGORY, list.kept[i].category);
        if (index == BUNDLE_NONE || (passage->verdict.categories >> index & 1) == 0 ||
            passage->world->bundle->categories[index].module != 0) {
            continue; /* what no policy names is opened for nobody (I-3); rows: below */
        }
        VELUM_TRY(vault_retained_open(passage->gate->vault, passage->conn, &passage->subject,
                                      list.kept[i].category, passage->arena,
                                      &passage->records[index]));
        read_wipe_others(passage, index, passage->records[index]);
    }
    return VELUM_OK;
}

/* --- the answer --------------------------------------------------------------------------------- */

static velum_status write_fields(passage *passage, uint32_t category, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;

    json_name(out, "fields");
    json_begin_object(out);
    for (uint32_t i = 0; i < bundle->field_count; i++) {
        if (bundle->fields[i].category == category) {
            VELUM_TRY(read_write_field(passage, i, out));
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
    if (index != BUNDLE_NONE && bundle->categories[index].module != 0) {
        VELUM_TRY(rows_write_retained(passage, index, out));
    }
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
    passage->entry.record_count += list.count;
    return buffer_status(&passage->answer->body);
}
