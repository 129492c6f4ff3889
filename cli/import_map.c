/* cli/import_map.c: a map's YAML, checked and turned into tables. */
#include "cli/import_map.h"

/* The words of a map that a reader must know. */
static const char *const root_names[] = {"source",   "key",    "identifiers",
                                         "on_match", "fields", NULL};
static const char *const identifier_names[] = {"type", "column", NULL};
static const char *const field_names[] = {"from", "join", "format", "value", NULL};

static velum_status wrong(velum_error *err, uint32_t line, const char *what)
{
    return error_set(err, VELUM_E_INVALID, "map line %u: %s", line, what);
}

static velum_status check_names(const yaml_node *map, const char *const *names, velum_error *err)
{
    for (size_t i = 0; i < yaml_count(map); i++) {
        bool is_known = false;
        for (size_t j = 0; names[j] != NULL; j++) {
            is_known = is_known || text_equal_literal(yaml_name_at(map, i), names[j]);
        }
        if (!is_known) {
            return wrong(err, yaml_name_line_at(map, i), "there is no such key here");
        }
    }
    return VELUM_OK;
}

static velum_status expect(const yaml_node *node, yaml_kind kind, velum_error *err)
{
    static const char *const words[] = {"a plain value is needed here", "a list is needed here",
                                        "a map is needed here"};

    if (yaml_kind_of(node) != kind) {
        return wrong(err, yaml_line(node), words[kind]);
    }
    return VELUM_OK;
}

/* A scalar that is a name: printable, not empty, not too long. */
static velum_status read_name(const yaml_node *node, text *out, velum_error *err)
{
    VELUM_TRY(expect(node, YAML_SCALAR, err));
    const text name = yaml_text(node);
    if (name.size == 0 || name.size > IMPORT_NAME_BYTES_MAX || !utf8_is_printable(name)) {
        return wrong(err, yaml_line(node), "a short name is needed here");
    }
    *out = name;
    return VELUM_OK;
}

static velum_status read_column(const yaml_node *node, import_column *out, velum_error *err)
{
    VELUM_TRY(read_name(node, &out->name, err));
    out->name = import_trim(out->name);
    out->line = yaml_line(node);
    return out->name.size > 0 ? VELUM_OK : wrong(err, out->line, "a column's name is needed here");
}

static velum_status need(const yaml_node *map, const char *name, const yaml_node **out,
                         velum_error *err)
{
    *out = yaml_member(map, name);
    if (*out == NULL) {
        return error_set(err, VELUM_E_INVALID, "map line %u: `%s` is needed here", yaml_line(map),
                         name);
    }
    return VELUM_OK;
}

static velum_status read_source(import_map *self, const yaml_node *root, velum_error *err)
{
    const yaml_node *node = NULL;

    VELUM_TRY(need(root, "source", &node, err));
    VELUM_TRY(read_name(node, &self->source, err));
    if (!text_is_name(self->source, IMPORT_SOURCE_BYTES_MAX, "-_")) {
        return wrong(err, yaml_line(node), "a source is a-z, then a-z 0-9 - _, at most 63");
    }
    return VELUM_OK;
}

static velum_status read_on_match(import_map *self, const yaml_node *root, velum_error *err)
{
    const yaml_node *node = yaml_member(root, "on_match");

    if (node == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(expect(node, YAML_SCALAR, err));
    self->rejects_known = text_equal_literal(yaml_text(node), "reject");
    if (!self->rejects_known && !text_equal_literal(yaml_text(node), "update")) {
        return wrong(err, yaml_line(node), "on_match is update or reject");
    }
    return VELUM_OK;
}

static velum_status read_identifier(import_map *self, const yaml_node *node, velum_error *err)
{
    const yaml_node *type = NULL;
    const yaml_node *column = NULL;

    VELUM_TRY(expect(node, YAML_MAP, err));
    VELUM_TRY(check_names(node, identifier_names, err));
    if (self->identifier_count == IMPORT_IDENTIFIERS_MAX) {
        return wrong(err, yaml_line(node), "there are too many identifiers");
    }
    import_identifier *next = &self->identifiers[self->identifier_count];
    VELUM_TRY(need(node, "type", &type, err));
    VELUM_TRY(need(node, "column", &column, err));
    VELUM_TRY(read_name(type, &next->type, err));
    VELUM_TRY(read_column(column, &next->column, err));
    self->identifier_count++;
    return VELUM_OK;
}

static velum_status read_identifiers(import_map *self, const yaml_node *root, velum_error *err)
{
    const yaml_node *key = NULL;
    const yaml_node *list = yaml_member(root, "identifiers");

    VELUM_TRY(need(root, "key", &key, err));
    VELUM_TRY(read_identifier(self, key, err));
    if (list == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(expect(list, YAML_LIST, err));
    for (size_t i = 0; i < yaml_count(list); i++) {
        VELUM_TRY(read_identifier(self, yaml_at(list, i), err));
    }
    return VELUM_OK;
}

static velum_status read_columns(import_field *field, const yaml_node *from, velum_error *err)
{
    if (yaml_kind_of(from) != YAML_LIST) {
        field->column_count = 1;
        return read_column(from, &field->columns[0], err);
    }
    if (yaml_count(from) == 0 || yaml_count(from) > IMPORT_COLUMNS_MAX) {
        return wrong(err, yaml_line(from), "one to eight columns are needed here");
    }
    field->column_count = (uint32_t)yaml_count(from);
    for (uint32_t i = 0; i < field->column_count; i++) {
        VELUM_TRY(read_column(yaml_at(from, i), &field->columns[i], err));
    }
    return VELUM_OK;
}

static velum_status read_join(import_field *field, const yaml_node *join, velum_error *err)
{
    field->join = TEXT_LITERAL(" ");
    if (join == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(expect(join, YAML_SCALAR, err));
    field->join = yaml_text(join);
    if (field->column_count < 2) {
        return wrong(err, yaml_line(join), "join goes with several columns");
    }
    if (field->join.size > 16 || !utf8_is_printable(field->join)) {
        return wrong(err, yaml_line(join), "join is at most 16 printable bytes");
    }
    return VELUM_OK;
}

static velum_status read_format(import_field *field, const yaml_node *format, velum_error *err)
{
    if (format == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(expect(format, YAML_SCALAR, err));
    if (field->column_count != 1) {
        return wrong(err, yaml_line(format), "a date comes from one column");
    }
    if (date_format_compile(yaml_text(format), &field->format) < 0) {
        return wrong(err, yaml_line(format),
                     "a date's format has YYYY, MM and DD once each, such as YYYY-MM-DD");
    }
    field->is_date = true;
    return VELUM_OK;
}

static velum_status read_value(import_field *field, const yaml_node *value, const yaml_node *node,
                               velum_error *err)
{
    VELUM_TRY(expect(value, YAML_SCALAR, err));
    field->value = import_trim(yaml_text(value));
    if (yaml_count(node) != 1) {
        return wrong(err, yaml_line(node), "a fixed value stands alone");
    }
    if (field->value.size == 0 || field->value.size > IMPORT_NAME_BYTES_MAX) {
        return wrong(err, yaml_line(value), "a fixed value has 1 to 256 bytes");
    }
    return VELUM_OK;
}

static velum_status read_field(import_field *field, const yaml_node *node, velum_error *err)
{
    const yaml_node *from = NULL;

    VELUM_TRY(expect(node, YAML_MAP, err));
    VELUM_TRY(check_names(node, field_names, err));
    const yaml_node *value = yaml_member(node, "value");
    if (value != NULL) {
        return read_value(field, value, node, err);
    }
    VELUM_TRY(need(node, "from", &from, err));
    VELUM_TRY(read_columns(field, from, err));
    VELUM_TRY(read_join(field, yaml_member(node, "join"), err));
    return read_format(field, yaml_member(node, "format"), err);
}

static velum_status read_fields(import_map *self, const yaml_node *root, velum_error *err)
{
    const yaml_node *fields = yaml_member(root, "fields");

    if (fields == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(expect(fields, YAML_MAP, err));
    if (yaml_count(fields) > IMPORT_FIELDS_MAX) {
        return wrong(err, yaml_line(fields), "there are too many fields");
    }
    for (uint32_t i = 0; i < yaml_count(fields); i++) {
        import_field *field = &self->fields[i];
        field->name = yaml_name_at(fields, i);
        if (field->name.size == 0 || field->name.size > IMPORT_SOURCE_BYTES_MAX) {
            return wrong(err, yaml_name_line_at(fields, i), "a field's name is needed here");
        }
        VELUM_TRY(read_field(field, yaml_at(fields, i), err));
        self->field_count++;
    }
    return VELUM_OK;
}

static velum_status compile(import_map *self, text source, velum_error *err)
{
    VELUM_TRY(yaml_parse(source, IMPORT_MAP_BYTES_MAX, &self->document, err));
    const yaml_node *root = yaml_root(self->document);
    if (root == NULL) {
        return wrong(err, 1, "the map is empty");
    }
    VELUM_TRY(expect(root, YAML_MAP, err));
    VELUM_TRY(check_names(root, root_names, err));
    VELUM_TRY(read_source(self, root, err));
    VELUM_TRY(read_identifiers(self, root, err));
    VELUM_TRY(read_on_match(self, root, err));
    return read_fields(self, root, err);
}

velum_status import_map_compile(text source, import_map **out, velum_error *err)
{
    VELUM_AUTO(import_map) *map = mem_alloc(sizeof(*map));

    *out = NULL;
    if (map == NULL) {
        return error_set(err, VELUM_E_NOMEM, "there is no memory for the map");
    }
    VELUM_TRY(compile(map, source, err));
    *out = import_map_take(&map);
    return VELUM_OK;
}

void import_map_free(import_map *self)
{
    if (self != NULL) {
        yaml_free(self->document);
        mem_free(self);
    }
}

static velum_status bind_column(import_column *column, const text *header, size_t count,
                                velum_error *err)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        if (text_equal(import_trim(header[i]), column->name)) {
            column->index = (uint32_t)i;
            found++;
        }
    }
    if (found == 0) {
        return error_set(err, VELUM_E_NOTFOUND, "map line %u: the file has no such column",
                         column->line);
    }
    if (found > 1) {
        return wrong(err, column->line, "the file has this column more than once");
    }
    return VELUM_OK;
}

velum_status import_map_bind(import_map *self, const text *header, size_t count, velum_error *err)
{
    for (uint32_t i = 0; i < self->identifier_count; i++) {
        VELUM_TRY(bind_column(&self->identifiers[i].column, header, count, err));
    }
    for (uint32_t i = 0; i < self->field_count; i++) {
        for (uint32_t j = 0; j < self->fields[i].column_count; j++) {
            VELUM_TRY(bind_column(&self->fields[i].columns[j], header, count, err));
        }
    }
    self->column_count = (uint32_t)count;
    return VELUM_OK;
}

/* Bytes of a blank at the start, 0 where there is none. */
static size_t blank_size(text value)
{
    if (value.size > 0 &&
        (value.data[0] == ' ' || (value.data[0] >= '\t' && value.data[0] <= '\r'))) {
        return 1;
    }
    if (text_starts_with(value, "\u00a0")) {
        return 2;
    }
    return text_starts_with(value, "\u3000") ? 3 : 0;
}

text import_trim(text value)
{
    for (size_t size = blank_size(value); size > 0; size = blank_size(value)) {
        value.data += size;
        value.size -= size;
    }
    for (size_t size = 1; size <= 3 && size <= value.size;) {
        const text end = {value.data + value.size - size, size};
        if (blank_size(end) == size) {
            value.size -= size;
            size = 1;
        } else {
            size++;
        }
    }
    return value;
}
