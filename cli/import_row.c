/* cli/import_row.c: identifiers and fields of one row. */
#include "cli/import_row.h"

#include "base/json.h"

/* Why a row stays out; the words that stand in the file of rejected rows. */
#define REASON_COLUMN_COUNT "column-count"
#define REASON_KEY_MISSING "key-missing"
#define REASON_DATE_FORM "date-form"
#define REASON_DATE_IMPOSSIBLE "date-impossible"
#define REASON_ROW_TOO_LONG "row-too-long"

static text value_of(const import_column *column, const text *fields)
{
    return import_trim(fields[column->index]);
}

text import_row_key(const import_map *map, const text *fields)
{
    return value_of(&map->identifiers[0].column, fields);
}

static void write_identifiers(const import_map *map, const text *fields, json_writer *json)
{
    json_name(json, "identifiers");
    json_begin_array(json);
    for (uint32_t i = 0; i < map->identifier_count; i++) {
        const text value = value_of(&map->identifiers[i].column, fields);
        if (value.size == 0) {
            continue;
        }
        json_begin_object(json);
        json_member_text(json, "type", map->identifiers[i].type);
        json_member_text(json, "value", value);
        json_end_object(json);
    }
    json_end_array(json);
}

static velum_status write_date(const import_field *field, text value, json_writer *json,
                               const char **out_reason)
{
    civil_date date = {0};
    char shown[CIVIL_DATE_TEXT_BYTES];
    const velum_status status = date_format_read(&field->format, value, &date);

    if (status < 0) {
        *out_reason = status == VELUM_E_NOTFOUND ? REASON_DATE_IMPOSSIBLE : REASON_DATE_FORM;
        return VELUM_E_INVALID;
    }
    civil_date_format(date, shown);
    json_name_text(json, field->name);
    json_write_text(json, text_of(shown));
    return VELUM_OK;
}

/* Several columns, those that hold something, with `join` between them. */
static void write_joined(const import_field *field, const text *fields, json_writer *json)
{
    VELUM_AUTO_BUFFER joined;

    buffer_init(&joined, IMPORT_ROW_BYTES_MAX);
    for (uint32_t i = 0; i < field->column_count; i++) {
        const text value = value_of(&field->columns[i], fields);
        if (value.size > 0 && joined.size > 0) {
            buffer_append(&joined, field->join.data, field->join.size);
        }
        buffer_append(&joined, value.data, value.size);
    }
    if (buffer_status(&joined) < 0) {
        json->out->status = buffer_status(&joined);
        return;
    }
    if (joined.size > 0) {
        json_name_text(json, field->name);
        json_write_text(json, (text){(const char *)joined.data, joined.size});
    }
}

static velum_status write_field(const import_field *field, const text *fields, json_writer *json,
                                const char **out_reason)
{
    if (field->column_count == 0) {
        json_name_text(json, field->name);
        json_write_text(json, field->value);
        return VELUM_OK;
    }
    if (field->column_count > 1) {
        write_joined(field, fields, json);
        return VELUM_OK;
    }
    const text value = value_of(&field->columns[0], fields);
    if (value.size == 0) {
        return VELUM_OK;
    }
    if (field->is_date) {
        return write_date(field, value, json, out_reason);
    }
    json_name_text(json, field->name);
    json_write_text(json, value);
    return VELUM_OK;
}

velum_status import_row_write(const import_map *map, const import_cells *cells, buffer *out,
                              const char **out_reason)
{
    json_writer json;

    *out_reason = NULL;
    if (cells->count != map->column_count) {
        *out_reason = REASON_COLUMN_COUNT;
        return VELUM_E_INVALID;
    }
    if (import_row_key(map, cells->fields).size == 0) {
        *out_reason = REASON_KEY_MISSING;
        return VELUM_E_INVALID;
    }
    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_integer(&json, "line", (int64_t)cells->line);
    write_identifiers(map, cells->fields, &json);
    json_name(&json, "profile");
    json_begin_object(&json);
    for (uint32_t i = 0; i < map->field_count; i++) {
        VELUM_TRY(write_field(&map->fields[i], cells->fields, &json, out_reason));
    }
    json_end_object(&json);
    json_end_object(&json);
    if (buffer_status(out) == VELUM_E_LIMIT) {
        *out_reason = REASON_ROW_TOO_LONG;
        return VELUM_E_INVALID;
    }
    return buffer_status(out);
}
