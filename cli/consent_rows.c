#include "cli/consent_rows.h"

#include "base/crypto.h"
#include "base/json.h"
#include "cli/say.h"

#define SOURCE_DEFAULT "consents"
#define DAY_BEGINS "T00:00:00Z"

const char *const consent_row_fields[] = {"type", "purpose", "state", "given", "evidence", NULL};

/* --- a map for a file that says what it holds ---------------------------------------------------- */

static bool has_column(const text *header, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal_literal(import_trim(header[i]), name)) {
            return true;
        }
    }
    return false;
}

static velum_status need_column(const text *header, size_t count, const char *name)
{
    if (has_column(header, count, name)) {
        return VELUM_OK;
    }
    say("the file has no column `%s`; say what its columns are with --map", name);
    return VELUM_E_INVALID;
}

velum_status consent_map_make(void *context, const text *header, size_t count, buffer *out)
{
    const consent_defaults *const defaults = context;

    VELUM_TRY(need_column(header, count, "type"));
    VELUM_TRY(need_column(header, count, "value"));
    VELUM_TRY(need_column(header, count, "state"));
    if (defaults->purpose == NULL) {
        VELUM_TRY(need_column(header, count, "purpose"));
    }
    buffer_append_format(out, "source: %s\nkey: {type: value, column: value}\nfields:\n",
                         defaults->source == NULL ? SOURCE_DEFAULT : defaults->source);
    for (size_t i = 0; consent_row_fields[i] != NULL; i++) {
        const char *const name = consent_row_fields[i];
        if (defaults->purpose != NULL && strcmp(name, "purpose") == 0) {
            buffer_append_format(out, "  purpose: {value: %s}\n", defaults->purpose);
        } else if (has_column(header, count, name)) {
            buffer_append_format(out, "  %s: {from: %s}\n", name, name);
        }
    }
    return buffer_status(out);
}

/* --- a row --------------------------------------------------------------------------------------- */

static text member_text(const json_value *object, const char *name)
{
    const json_value *const value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

static void write_identifier(const json_value *row, text type, json_writer *json)
{
    const json_value *const key = json_at(json_member(row, "identifiers"), 0);

    json_name(json, "identifier");
    json_begin_object(json);
    json_member_text(json, "type", type.size > 0 ? type : member_text(key, "type"));
    json_member_text(json, "value", member_text(key, "value"));
    json_end_object(json);
}

static void write_given(text given, json_writer *json)
{
    civil_date day;
    char shown[CIVIL_DATE_TEXT_BYTES + sizeof(DAY_BEGINS)];

    if (civil_date_parse(given, &day) < 0) {
        json_member_text(json, "given", given);
        return;
    }
    civil_date_format(day, shown);
    memcpy(shown + CIVIL_DATE_TEXT_BYTES - 1, DAY_BEGINS, sizeof(DAY_BEGINS));
    json_member_string(json, "given", shown);
}

static void write_evidence(text evidence, json_writer *json)
{
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    if (hex_decode(evidence, hash, sizeof(hash)) < 0) {
        sha256_parts(&(crypto_part){evidence.data, evidence.size}, 1, hash);
    }
    hex_encode(hash, sizeof(hash), hex);
    json_member_string(json, "evidence", hex);
}

static velum_status write_consent(const json_value *row, buffer *out)
{
    const json_value *const fields = json_member(row, "profile");
    const text given = member_text(fields, "given");
    const text evidence = member_text(fields, "evidence");
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_integer(&json, "line", json_integer(json_member(row, "line")));
    write_identifier(row, member_text(fields, "type"), &json);
    json_member_text(&json, "purpose", member_text(fields, "purpose"));
    json_member_text(&json, "state", member_text(fields, "state"));
    if (given.size > 0) {
        write_given(given, &json);
    }
    if (evidence.size > 0) {
        write_evidence(evidence, &json);
    }
    json_end_object(&json);
    return buffer_status(out);
}

velum_status consent_row_write(const import_map *map, const import_cells *cells, buffer *out,
                               const char **out_reason)
{
    VELUM_AUTO(json) *row = NULL;
    VELUM_AUTO_BUFFER plain = {0};

    buffer_init(&plain, IMPORT_ROW_BYTES_MAX);
    VELUM_TRY(import_row_write(map, cells, &plain, out_reason));
    VELUM_TRY(
        json_parse((text){(const char *)plain.data, plain.size}, IMPORT_ROW_BYTES_MAX, &row, NULL));
    return write_consent(json_root(row), out);
}
