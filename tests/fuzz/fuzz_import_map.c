/* fuzz_import_map.c: a map and a row of any bytes, parted by a NUL: what is taken gives JSON that can
 * be read again, what is not gives a reason. */
#include "base/json.h"
#include "cli/import_row.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS_MAX 64

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static size_t split(text line, text *out)
{
    size_t count = 0;

    while (count < COLUMNS_MAX && text_split(&line, '\t', &out[count])) {
        count++;
    }
    return count;
}

static void check_json(const buffer *row)
{
    VELUM_AUTO(json) *parsed = NULL;
    const text written = {(const char *)row->data, row->size};

    require(json_parse(written, IMPORT_ROW_BYTES_MAX, &parsed, NULL) == VELUM_OK);
    const json_value *line = json_member(json_root(parsed), "line");
    require(line != NULL && json_integer(line) == 9);
}

/* The columns of the map itself as the first row, so that binding succeeds now and then. */
static size_t own_header(const import_map *map, text *out)
{
    size_t count = 0;

    for (uint32_t i = 0; i < map->identifier_count && count < COLUMNS_MAX; i++) {
        out[count++] = map->identifiers[i].column.name;
    }
    for (uint32_t i = 0; i < map->field_count; i++) {
        for (uint32_t j = 0; j < map->fields[i].column_count && count < COLUMNS_MAX; j++) {
            out[count++] = map->fields[i].columns[j].name;
        }
    }
    return count;
}

static void try_row(import_map *map, text values)
{
    VELUM_AUTO_BUFFER row;
    text header[COLUMNS_MAX];
    text fields[COLUMNS_MAX];
    const char *reason = NULL;

    buffer_init(&row, IMPORT_ROW_BYTES_MAX);
    if (!utf8_is_valid(values) || import_map_bind(map, header, own_header(map, header), NULL) < 0) {
        return;
    }
    const size_t count = split(values, fields);
    const velum_status status =
        import_row_write(map, &(import_cells){fields, count, 9}, &row, &reason);
    if (status == VELUM_OK) {
        check_json(&row);
    } else {
        require(status != VELUM_E_INVALID || reason != NULL || buffer_status(&row) < 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VELUM_AUTO(import_map) *map = NULL;
    velum_error err = {0};
    const text whole = {size == 0 ? "" : (const char *)data, size};
    const size_t end = text_find_byte(whole, '\0');
    const text source = {whole.data, end};

    if (import_map_compile(source, &map, &err) < 0) {
        require(map == NULL && text_is_ascii(text_of(err.text)));
        return 0;
    }
    require(map->identifier_count >= 1 && map->source.size > 0);
    if (end < size) {
        try_row(map, (text){whole.data + end + 1, size - end - 1});
    }
    return 0;
}
