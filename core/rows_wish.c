/* core/rows_wish.c: rows as a request names them, read strictly before anything is decided. */
#include "core/parse.h"
#include "core/rows_part.h"

/* --- one row ------------------------------------------------------------------------------------ */

static velum_status take_key(passage *passage, const json_value *object, text *out)
{
    VELUM_TRY(parse_text_member(passage, object, "key", out));
    if (out->size > ROW_KEY_BYTES_MAX || !utf8_is_printable(*out)) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "`key` is a printable text of 1 to 128 bytes.");
    }
    return VELUM_OK;
}

static velum_status take_fields(passage *passage, const bundle_resource *resource,
                                const json_value *fields, row_wish *out)
{
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name;

    if (fields != NULL && json_kind_of(fields) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`fields` is an object of field: value.");
    }
    while (fields != NULL && json_next(fields, &iterator, &name, &value)) {
        const uint32_t index = resource_find(resource, name);
        if (index == BUNDLE_NONE) {
            passage->unknown_fields++;
            continue;
        }
        VELUM_TRY(row_value_take(passage, &resource->fields[index], value, &out->values[index]));
        out->set |= out->values[index].data == NULL ? 0 : UINT64_C(1) << index;
    }
    for (uint32_t i = 0; i < resource->field_count; i++) {
        if (resource->fields[i].is_required && (out->set >> i & 1) == 0) {
            return refuse_hint(passage, REASON_INVALID_VALUE,
                               "A field that the table requires is missing.");
        }
    }
    return VELUM_OK;
}

velum_status row_wish_parse(passage *passage, uint32_t resource, const json_value *object,
                            row_wish *out)
{
    *out = (row_wish){.set = 0};
    VELUM_TRY(take_key(passage, object, &out->key));
    out->children = json_member(object, "rows");
    if (out->children != NULL && json_kind_of(out->children) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`rows` is an object of table: rows.");
    }
    return take_fields(passage, &passage->world->bundle->resources[resource],
                       json_member(object, "fields"), out);
}

static velum_status join_key(passage *passage, text parent, text own, text *out)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, ROW_KEY_TEXT_BYTES_MAX + 1, &slice));
    char *const bytes = slice;
    memcpy(bytes, parent.data, parent.size);
    bytes[parent.size] = '/';
    memcpy(bytes + parent.size + 1, own.data, own.size);
    *out = (text){bytes, parent.size + 1 + own.size};
    return VELUM_OK;
}

velum_status row_wish_parse_child(passage *passage, uint32_t resource, const json_value *object,
                                  text parent_key, row_wish *out)
{
    static const char *const members[] = {"key", "fields", NULL};
    const text parent = parent_key;
    text own;

    if (json_kind_of(object) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A row is an object with its `key`.");
    }
    VELUM_TRY(parse_known_members(passage, object, members));
    VELUM_TRY(row_wish_parse(passage, resource, object, out));
    own = out->key;
    if (text_find_byte(own, '/') != own.size) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "The key of a row that hangs on another has no `/`.");
    }
    return join_key(passage, parent, own, &out->key);
}

/* --- a row with its children -------------------------------------------------------------------- */

static velum_status survey_child(passage *passage, uint32_t table, const json_value *object,
                                 text parent_key, rows_asked *asked)
{
    const size_t mark = secret_arena_mark(passage->arena);
    row_wish wish = {.set = 0};

    const velum_status status = row_wish_parse_child(passage, table, object, parent_key, &wish);
    secret_arena_rewind(passage->arena, mark);
    VELUM_TRY(status);
    asked->fields[table] |= wish.set;
    asked->count++;
    return VELUM_OK;
}

static velum_status survey_table(passage *passage, uint32_t table, const json_value *rows,
                                 text parent_key, rows_asked *asked)
{
    if (json_kind_of(rows) != JSON_ARRAY || json_count(rows) + asked->count > ROWS_AT_ONCE_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`rows` holds arrays, of 200 rows together with the one they hang on.");
    }
    asked->tables |= UINT32_C(1) << table;
    for (size_t i = 0; i < json_count(rows); i++) {
        VELUM_TRY(survey_child(passage, table, json_at(rows, i), parent_key, asked));
    }
    return VELUM_OK;
}

static velum_status survey_children(passage *passage, uint32_t resource, const row_wish *wish,
                                    rows_asked *asked)
{
    const bundle *const bundle = passage->world->bundle;
    json_iterator iterator = {NULL};
    const json_value *rows = NULL;
    text name;

    while (wish->children != NULL && json_next(wish->children, &iterator, &name, &rows)) {
        const uint32_t table = bundle_find(bundle, REGISTRY_RESOURCE, name);
        if (table == BUNDLE_NONE || bundle->resources[table].parent != resource) {
            return refuse_hint(passage, REASON_UNKNOWN_RESOURCE,
                               "`rows` names a table that does not hang on this one.");
        }
        VELUM_TRY(survey_table(passage, table, rows, wish->key, asked));
    }
    return VELUM_OK;
}

velum_status row_wish_survey(passage *passage, uint32_t resource, const json_value *object,
                             rows_asked *out_children)
{
    const size_t mark = secret_arena_mark(passage->arena);
    row_wish wish;

    *out_children = (rows_asked){.count = 1};
    velum_status status = row_wish_parse(passage, resource, object, &wish);
    if (status == VELUM_OK) {
        passage->asked = wish.set;
        status = survey_children(passage, resource, &wish, out_children);
    }
    secret_arena_rewind(passage->arena, mark);
    return status;
}

/* --- the table ---------------------------------------------------------------------------------- */

velum_status rows_take_table(passage *passage, bool top)
{
    const bundle *const bundle = passage->world->bundle;
    text name;

    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "table", &name));
    const uint32_t index = bundle_find(bundle, REGISTRY_RESOURCE, name);
    if (index == BUNDLE_NONE) {
        passage->resource =
            BUNDLE_NONE; /* the decision refuses it, and says so only to whom it may */
        return VELUM_OK;
    }
    if (top && bundle->resources[index].parent != BUNDLE_NONE) {
        return refuse_hint(passage, REASON_UNKNOWN_RESOURCE,
                           "Rows of this table are put with the row that they hang on.");
    }
    passage->resource = index + 1;
    return VELUM_OK;
}

uint32_t rows_index(const passage *passage)
{
    return passage->resource - 1;
}

const bundle_resource *rows_resource(const passage *passage)
{
    return &passage->world->bundle->resources[rows_index(passage)];
}
