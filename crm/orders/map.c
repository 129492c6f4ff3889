#include "crm/orders/map.h"

#define NAME_BYTES_MAX 256
#define SOURCE_BYTES_MAX 63

static velum_status wrong(velum_error *err, uint32_t line, const char *what)
{
    return error_set(err, VELUM_E_INVALID, "map line %u: %s", line, what);
}

/* --- small readers ------------------------------------------------------------------------------ */

static velum_status check_names(const yaml_node *map, const char *const *names, velum_error *err)
{
    if (yaml_kind_of(map) != YAML_MAP) {
        return wrong(err, yaml_line(map), "a map is needed here");
    }
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

static velum_status read_text(const yaml_node *node, text *out, velum_error *err)
{
    if (yaml_kind_of(node) != YAML_SCALAR || yaml_text(node).size == 0 ||
        yaml_text(node).size > NAME_BYTES_MAX || !utf8_is_printable(yaml_text(node))) {
        return wrong(err, yaml_line(node), "a short text is needed here");
    }
    *out = yaml_text(node);
    return VELUM_OK;
}

static velum_status need(const yaml_node *map, const char *name, const yaml_node **out,
                         velum_error *err)
{
    *out = yaml_member(map, name);
    return *out != NULL ? VELUM_OK
                        : error_set(err, VELUM_E_INVALID, "map line %u: `%s` is needed here",
                                    yaml_line(map), name);
}

static velum_status need_text(const yaml_node *map, const char *name, text *out, velum_error *err)
{
    const yaml_node *node = NULL;

    VELUM_TRY(need(map, name, &node, err));
    return read_text(node, out, err);
}

static velum_status read_column(const yaml_node *node, orders_column *out, velum_error *err)
{
    out->line = yaml_line(node);
    return read_text(node, &out->name, err);
}

static velum_status need_column(const yaml_node *map, const char *name, orders_column *out,
                                velum_error *err)
{
    const yaml_node *node = NULL;

    VELUM_TRY(need(map, name, &node, err));
    return read_column(node, out, err);
}

/* --- fields ------------------------------------------------------------------------------------- */

static velum_status read_as(const yaml_node *node, uint32_t *out, velum_error *err)
{
    static const char *const words[] = {
        [AS_TEXT] = "text", [AS_INTEGER] = "integer", [AS_CENTS] = "cents", [AS_TIME] = "time"};
    text word = TEXT_EMPTY;

    if (node == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(read_text(node, &word, err));
    for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (text_equal_literal(word, words[i])) {
            *out = i;
            return VELUM_OK;
        }
    }
    return wrong(err, yaml_line(node), "as is text, integer, cents or time");
}

static velum_status read_offset(const yaml_node *node, orders_field *out, velum_error *err)
{
    if (node == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(read_text(node, &out->offset, err));
    return out->as == AS_TIME && out->offset.size <= 6
               ? VELUM_OK
               : wrong(err, yaml_line(node), "an offset, such as \"+08:00\", goes with a time");
}

static velum_status read_field(const yaml_node *node, orders_field *out, velum_error *err)
{
    static const char *const names[] = {"from", "as", "offset", "value", "sum", NULL};

    VELUM_TRY(check_names(node, names, err));
    const yaml_node *const from = yaml_member(node, "from");
    const yaml_node *const value = yaml_member(node, "value");
    const yaml_node *const sum = yaml_member(node, "sum");
    if ((from != NULL) + (value != NULL) + (sum != NULL) != 1) {
        return wrong(err, yaml_line(node), "one of from, value and sum is needed here");
    }
    VELUM_TRY(read_as(yaml_member(node, "as"), &out->as, err));
    VELUM_TRY(read_offset(yaml_member(node, "offset"), out, err));
    if (from != NULL) {
        return read_column(from, &out->column, err);
    }
    if (out->as != AS_TEXT) {
        return wrong(err, yaml_line(node), "`as` goes with `from`");
    }
    out->from = value != NULL ? FROM_VALUE : FROM_SUM;
    out->column.line = yaml_line(node);
    return read_text(value != NULL ? value : sum, &out->value, err);
}

static velum_status read_fields(const yaml_node *node, orders_table *out, velum_error *err)
{
    if (yaml_kind_of(node) != YAML_MAP || yaml_count(node) == 0 ||
        yaml_count(node) > ORDERS_FIELDS_MAX) {
        return wrong(err, yaml_line(node), "one to 24 fields are needed here");
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        orders_field *const field = &out->fields[out->field_count++];
        field->name = yaml_name_at(node, i);
        VELUM_TRY(read_field(yaml_at(node, i), field, err));
    }
    return VELUM_OK;
}

static velum_status read_table(const yaml_node *root, const char *name, orders_table *out,
                               velum_error *err)
{
    static const char *const names[] = {"table", "key", "fields", NULL};
    const yaml_node *node = NULL;
    const yaml_node *fields = NULL;

    VELUM_TRY(need(root, name, &node, err));
    VELUM_TRY(check_names(node, names, err));
    VELUM_TRY(need_text(node, "table", &out->name, err));
    VELUM_TRY(need_column(node, "key", &out->key, err));
    VELUM_TRY(need(node, "fields", &fields, err));
    return read_fields(fields, out, err);
}

/* A sum is of a number of the lines; lines have none. */
static velum_status find_sums(orders_map *self, velum_error *err)
{
    for (uint32_t i = 0; i < self->lines.field_count; i++) {
        if (self->lines.fields[i].from == FROM_SUM) {
            return wrong(err, self->lines.fields[i].column.line, "a line has no sum");
        }
    }
    for (uint32_t i = 0; i < self->orders.field_count; i++) {
        orders_field *const field = &self->orders.fields[i];
        uint32_t at = 0;
        while (at < self->lines.field_count &&
               !text_equal(self->lines.fields[at].name, field->value)) {
            at++;
        }
        if (field->from == FROM_SUM &&
            (at == self->lines.field_count ||
             (self->lines.fields[at].as != AS_INTEGER && self->lines.fields[at].as != AS_CENTS))) {
            return wrong(err, field->column.line, "sum names a number of the lines");
        }
        field->sum = at;
    }
    return VELUM_OK;
}

/* --- the map ------------------------------------------------------------------------------------ */

static velum_status read_root(orders_map *self, const yaml_node *root, velum_error *err)
{
    static const char *const names[] = {"velum-orders", "source", "customer",
                                        "orders",       "lines",  NULL};
    static const char *const customer_names[] = {"type", "column", NULL};
    const yaml_node *customer = NULL;
    text version = TEXT_EMPTY;

    VELUM_TRY(check_names(root, names, err));
    VELUM_TRY(need_text(root, "velum-orders", &version, err));
    VELUM_TRY(need_text(root, "source", &self->source, err));
    if (!text_equal_literal(version, "1") || !text_is_name(self->source, SOURCE_BYTES_MAX, "-_")) {
        return wrong(err, yaml_line(root), "velum-orders is 1; a source is a-z, then a-z 0-9 - _");
    }
    VELUM_TRY(need(root, "customer", &customer, err));
    VELUM_TRY(check_names(customer, customer_names, err));
    VELUM_TRY(need_text(customer, "type", &self->customer_type, err));
    VELUM_TRY(need_column(customer, "column", &self->customer, err));
    VELUM_TRY(read_table(root, "orders", &self->orders, err));
    VELUM_TRY(read_table(root, "lines", &self->lines, err));
    return find_sums(self, err);
}

velum_status orders_map_compile(text source, orders_map **out, velum_error *err)
{
    VELUM_AUTO(orders_map) *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for the map");
    }
    VELUM_TRY(yaml_parse(source, ORDERS_MAP_BYTES_MAX, &self->document, err));
    const yaml_node *const root = yaml_root(self->document);
    if (root == NULL) {
        return error_set(err, VELUM_E_INVALID, "the map is empty");
    }
    VELUM_TRY(read_root(self, root, err));
    *out = orders_map_take(&self);
    return VELUM_OK;
}

void orders_map_free(orders_map *self)
{
    if (self != NULL) {
        yaml_free(self->document);
        mem_free(self);
    }
}

/* --- columns ------------------------------------------------------------------------------------ */

static velum_status find_column(const orders_column *column, const text *header, size_t count,
                                uint32_t *out, velum_error *err)
{
    size_t found = count;

    for (size_t i = 0; i < count; i++) {
        if (!text_equal(header[i], column->name)) {
            continue;
        }
        if (found != count) {
            return wrong(err, column->line, "the file has this column twice");
        }
        found = i;
    }
    *out = (uint32_t)found;
    return found < count ? VELUM_OK : wrong(err, column->line, "the file has no such column");
}

/* The slot of a column, a new one where nobody used it yet. */
static velum_status bind(orders_map *self, orders_column *column, const text *header, size_t count,
                         velum_error *err)
{
    uint32_t index = 0;

    VELUM_TRY(find_column(column, header, count, &index, err));
    column->slot = 0;
    while (column->slot < self->slot_count && self->columns[column->slot] != index) {
        column->slot++;
    }
    if (column->slot == self->slot_count) {
        self->columns[self->slot_count++] = index;
    }
    return VELUM_OK;
}

static velum_status bind_table(orders_map *self, orders_table *table, const text *header,
                               size_t count, velum_error *err)
{
    VELUM_TRY(bind(self, &table->key, header, count, err));
    for (uint32_t i = 0; i < table->field_count; i++) {
        if (table->fields[i].from == FROM_COLUMN) {
            VELUM_TRY(bind(self, &table->fields[i].column, header, count, err));
        }
    }
    return VELUM_OK;
}

velum_status orders_map_bind(orders_map *self, const text *header, size_t count, velum_error *err)
{
    self->slot_count = 0;
    self->column_count = (uint32_t)count;
    VELUM_TRY(bind_table(self, &self->orders, header, count, err)); /* the order's key: slot 0 */
    VELUM_TRY(bind(self, &self->customer, header, count, err));
    return bind_table(self, &self->lines, header, count, err);
}
