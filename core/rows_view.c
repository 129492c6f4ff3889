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

/* What the path adds by itself: the fields that the passage's own decision is about. */
static uint32_t own_count(const passage *passage)
{
    const bundle *const bundle = passage->world->bundle;

    if (passage->resource != 0) {
        return rows_resource(passage)->field_count;
    }
    return (uint32_t)__builtin_popcountll(
        passage->asked_all ? bundle->activities[passage->activity].fields : passage->asked);
}

bool rows_leaf_has_room(const passage *passage, const rows_view *views, uint32_t count)
{
    uint32_t sum = passage->entry.asked_count + own_count(passage);

    for (uint32_t i = 0; i < count; i++) {
        const bool is_own = views[i].resource + 1 == passage->resource;
        sum += is_own ? 0 : table_of(passage, &views[i])->field_count;
    }
    return sum <= ENTRY_FIELDS_MAX;
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

/* The passage's own view is written by the path. */
velum_status rows_note_view(passage *passage, const rows_view *view)
{
    const bundle *const bundle = passage->world->bundle;
    const bundle_resource *const table = table_of(passage, view);
    const uint64_t asked = bundle->activities[passage->activity].resources[view->resource];
    audit_entry *const entry = &passage->entry;

    if (view->resource + 1 == passage->resource) {
        passage->released |= view->released;
        passage->released_masked |= view->released_masked;
        return VELUM_OK;
    }
    if (!rows_leaf_has_room(passage, view, 1)) {
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

/* A value that was put when the field was of another type is a text for JSON. */
static bool is_plain(const resource_field *field, text value)
{
    uint64_t size = 0;

    if (field->type == FIELD_BOOLEAN) {
        return text_equal_literal(value, "true") || text_equal_literal(value, "false");
    }
    const bool is_negative = value.size > 0 && value.data[0] == '-';
    const text digits = {value.data + is_negative, value.size - is_negative};
    return field->type == FIELD_INTEGER && text_parse_u64(digits, &size) &&
           (digits.size == 1 || digits.data[0] != '0');
}

/* Integers and booleans are written as JSON has them, but masked ones and all others as texts. */
static void write_clear(const resource_field *field, text value, json_writer *out)
{
    if (is_plain(field, value)) {
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
