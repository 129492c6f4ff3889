/* core/rows_view.c: what of a row a caller sees: decided by table, wiped, masked, and noted in the leaf. */
#include "core/many.h"
#include "core/rows_part.h"

#include "policy/mask.h"

/* --- deciding (RW-1) ---------------------------------------------------------------------------- */

void rows_decide(passage *passage, uint32_t resource, uint32_t action, rows_view *out)
{
    const verdict held = passage->verdict;
    const many_ask ask = {.activity = passage->activity,
                          .action = action,
                          .all_fields = true,
                          .resource = resource + 1};

    many_decide_located(passage, &ask);
    *out = (rows_view){.resource = resource, .verdict = passage->verdict};
    passage->verdict = held;
}

rows_view rows_view_of(const passage *passage)
{
    return (rows_view){.resource = rows_index(passage), .verdict = passage->verdict};
}

/* --- the leaf ----------------------------------------------------------------------------------- */

static const bundle_resource *table_of(const passage *passage, const rows_view *view)
{
    return &passage->world->bundle->resources[view->resource];
}

bool rows_leaf_has_room(const passage *passage, const rows_view *view)
{
    const audit_entry *const entry = &passage->entry;
    const uint32_t more = table_of(passage, view)->field_count;
    const uint32_t own = (uint32_t)__builtin_popcountll(passage->released);

    return entry->asked_count + more <= ENTRY_FIELDS_MAX &&
           entry->released_count + own + more <= ENTRY_FIELDS_MAX;
}

velum_status rows_note_asked(passage *passage, uint32_t resource, uint64_t fields)
{
    const bundle_resource *const table = &passage->world->bundle->resources[resource];
    audit_entry *const entry = &passage->entry;

    for (uint32_t i = 0; i < table->field_count; i++) {
        if ((fields >> i & 1) == 0) {
            continue;
        }
        if (entry->asked_count == ENTRY_FIELDS_MAX) {
            return VELUM_E_LIMIT;
        }
        entry->asked[entry->asked_count++] = table->fields[i].number;
    }
    return VELUM_OK;
}

velum_status rows_note_view(passage *passage, const rows_view *view)
{
    const bundle *const bundle = passage->world->bundle;
    const bundle_resource *const table = table_of(passage, view);
    const uint64_t asked = bundle->activities[passage->activity].resources[view->resource];
    audit_entry *const entry = &passage->entry;

    if (!rows_leaf_has_room(passage, view)) {
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(rows_note_asked(passage, view->resource, asked));
    for (uint32_t i = 0; i < table->field_count; i++) {
        const resource_field *const field = &table->fields[i];
        if ((view->released >> i & 1) != 0) {
            entry->released[entry->released_count++] = field->number;
        }
        if ((view->released_masked >> i & 1) != 0) {
            entry->masks[entry->mask_count++] =
                (entry_mask){field->number, bundle->masks[field->mask].number};
        }
    }
    return VELUM_OK;
}

/* --- fields ------------------------------------------------------------------------------------- */

/* Every field that the view does not release is wiped, also what left the table (I-4). */
static void wipe_others(const bundle_resource *table, const rows_view *view, record *record)
{
    const uint64_t released = view->verdict.clear | view->verdict.masked;

    for (uint32_t i = record->count; i > 0; i--) {
        const uint16_t number = record->fields[i - 1].number;
        const uint32_t index = resource_find_number(table, number);
        if (index == BUNDLE_NONE || (released >> index & 1) == 0) {
            record_wipe_field(record, number);
        }
    }
}

static velum_status write_masked(passage *passage, const resource_field *field, text value,
                                 json_writer *out)
{
    const bundle_mask *const mask = &passage->world->bundle->masks[field->mask];
    const size_t bound = mask_bound(mask, value.size);
    size_t size = 0;
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, bound, &slice));
    VELUM_TRY(mask_apply(mask, field->type, value, slice, bound, &size));
    json_write_text(out, (text){slice, size});
    return VELUM_OK;
}

/* Integers and booleans are written as JSON has them, but masked ones and all others as texts. */
static void write_clear(const resource_field *field, text value, json_writer *out)
{
    const bool is_plain = field->type == FIELD_INTEGER || field->type == FIELD_BOOLEAN;

    if (is_plain) {
        json_write_raw(out, value);
    } else {
        json_write_text(out, value);
    }
}

velum_status rows_write_fields(passage *passage, rows_view *view, const row *row, json_writer *out)
{
    const bundle_resource *const table = table_of(passage, view);

    wipe_others(table, view, row->record);
    for (uint32_t i = 0; i < table->field_count; i++) {
        const resource_field *const field = &table->fields[i];
        const text *const value = record_find(row->record, field->number);
        const uint64_t bit = UINT64_C(1) << i;
        if (value == NULL) {
            continue;
        }
        json_name_text(out, field->name);
        view->released |= bit;
        if ((view->verdict.clear & bit) != 0) {
            write_clear(field, *value, out);
            continue;
        }
        view->released_masked |= bit;
        VELUM_TRY(write_masked(passage, field, *value, out));
    }
    return VELUM_OK;
}
