/* core/read.c: fields of one customer, as far as the decision goes.
 *
 * Only categories that hold an allowed field are opened, and in them whatever is not allowed is
 * wiped before anything is masked (I-4).
 */
#include "core/verbs.h"

#include "policy/mask.h"

#define REPLY_BYTES_USUAL 1000 /* room at once for most */

/* Every field of the category that the verdict does not release is wiped (I-4). */
void read_wipe_others(const passage *passage, uint32_t category, record *record)
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

velum_status read_open(passage *passage)
{
    const bundle *bundle = passage->world->bundle;

    for (uint32_t i = 0; i < bundle->category_count; i++) {
        const uint16_t number = bundle->categories[i].number;
        const uint32_t version = subject_state_category_version(&passage->state, number);
        if ((passage->verdict.categories >> i & 1) == 0 || version == 0) {
            continue;
        }
        VELUM_TRY(vault_open_category(passage->opened, number, version, &passage->records[i]));
        read_wipe_others(passage, i, passage->records[i]);
    }
    return VELUM_OK;
}

static velum_status write_masked(passage *passage, const bundle_field *field, text value,
                                 json_writer *out)
{
    const bundle_mask *mask = &passage->world->bundle->masks[field->mask];
    const size_t bound = mask_bound(mask, value.size);
    size_t size = 0;
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, bound, &slice));
    VELUM_TRY(mask_apply(mask, field->type, value, slice, bound, &size));
    json_write_text(out, (text){slice, size});
    return VELUM_OK;
}

velum_status read_write_field(passage *passage, uint32_t index, json_writer *out)
{
    const bundle_field *field = &passage->world->bundle->fields[index];
    const record *record = passage->records[field->category];
    const text *value = record == NULL ? NULL : record_find(record, field->number);
    const uint64_t bit = UINT64_C(1) << index;

    if (value == NULL) {
        return VELUM_OK;
    }
    json_name_text(out, field->name);
    passage->released |= bit;
    if ((passage->verdict.clear & bit) != 0) {
        json_write_text(out, *value);
        return VELUM_OK;
    }
    passage->released_masked |= bit;
    return write_masked(passage, field, *value, out);
}

velum_status read_mask(passage *passage)
{
    const verdict *verdict = &passage->verdict;
    json_writer out;

    VELUM_TRY(buffer_reserve(&passage->answer->body, REPLY_BYTES_USUAL));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    reply_version(passage, sealed_subject_version(passage->sealed), &out);
    json_name(&out, "fields");
    json_begin_object(&out);
    for (uint32_t i = 0; i < passage->world->bundle->field_count; i++) {
        if (((verdict->clear | verdict->masked) >> i & 1) != 0) {
            VELUM_TRY(read_write_field(passage, i, &out));
        }
    }
    json_end_object(&out);
    reply_fields(passage, "masked", passage->released_masked, &out);
    reply_fields(passage, "hidden", verdict->hidden, &out);
    reply_decision(passage, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
