/* yaml.c: a small strict YAML, and the only file that knows libyaml.
 *
 * libyaml's events arrive flat, so the tree is built with a stack of fixed size. What makes YAML
 * surprising is refused where it appears: anchors, aliases, tags, directives, merge keys, keys that
 * are not scalars, keys that come twice, a second document. Nodes also hang in one list, so that
 * freeing needs no recursion. libyaml takes no allocator: its own short-lived memory is not wiped,
 * which is right for policies and settings and wrong for personal data.
 */
#include "base/yaml.h"

#include <yaml.h>

typedef struct entry {
    const yaml_node *name; /* NULL in a list */
    const yaml_node *value;
} entry;

struct yaml_node {
    yaml_kind kind;
    uint32_t line;
    text value; /* SCALAR; owned */
    entry *entries;
    size_t count;
    size_t capacity;
    yaml_node *next; /* in the document's list of all nodes */
};

struct yaml {
    const yaml_node *root;
    yaml_node *nodes;
    size_t node_count;
};

/* The tree while it grows. `name` is the key whose value comes next. */
typedef struct builder {
    yaml *document;
    yaml_node *open[YAML_DEPTH_MAX];
    size_t depth;
    const yaml_node *name;
    bool has_document;
    velum_error *err;
} builder;

static velum_status read_events(builder *self, yaml_parser_t *parser, text source);
static velum_status take_event(builder *self, const yaml_event_t *event);

velum_status yaml_parse(text source, size_t bytes_max, yaml **out, velum_error *err)
{
    *out = NULL;
    if (source.size > bytes_max) {
        return error_set(err, VELUM_E_LIMIT, "YAML larger than %zu bytes", bytes_max);
    }
    VELUM_AUTO(yaml) *document = mem_alloc(sizeof(*document));
    yaml_parser_t parser;
    if (document == NULL || yaml_parser_initialize(&parser) == 0) {
        return error_set(err, VELUM_E_NOMEM, "no memory for YAML");
    }
    builder self = {.document = document, .err = err};
    const velum_status status = read_events(&self, &parser, source);
    yaml_parser_delete(&parser);
    if (status == VELUM_OK) {
        *out = yaml_take(&document);
    }
    return status;
}

void yaml_free(yaml *self)
{
    if (self == NULL) {
        return;
    }
    for (yaml_node *node = self->nodes; node != NULL;) {
        yaml_node *const next = node->next;
        mem_free((void *)(uintptr_t)node->value.data);
        mem_free(node->entries);
        mem_free(node);
        node = next;
    }
    mem_free(self);
}

const yaml_node *yaml_root(const yaml *self)
{
    return self->root;
}

yaml_kind yaml_kind_of(const yaml_node *node)
{
    return node->kind;
}

uint32_t yaml_line(const yaml_node *node)
{
    return node->line;
}

text yaml_text(const yaml_node *scalar)
{
    return scalar->kind == YAML_SCALAR ? scalar->value : TEXT_EMPTY;
}

size_t yaml_count(const yaml_node *list_or_map)
{
    return list_or_map->count;
}

const yaml_node *yaml_at(const yaml_node *list_or_map, size_t index)
{
    return index < list_or_map->count ? list_or_map->entries[index].value : NULL;
}

text yaml_name_at(const yaml_node *map, size_t index)
{
    if (map->kind != YAML_MAP || index >= map->count) {
        return TEXT_EMPTY;
    }
    return map->entries[index].name->value;
}

uint32_t yaml_name_line_at(const yaml_node *map, size_t index)
{
    if (map->kind != YAML_MAP || index >= map->count) {
        return 0;
    }
    return map->entries[index].name->line;
}

static const yaml_node *find_member(const yaml_node *map, text name)
{
    for (size_t i = 0; i < map->count; i++) {
        if (text_equal(map->entries[i].name->value, name)) {
            return map->entries[i].value;
        }
    }
    return NULL;
}

const yaml_node *yaml_member(const yaml_node *map, const char *name)
{
    return map->kind == YAML_MAP ? find_member(map, text_of(name)) : NULL;
}

static uint32_t line_of(yaml_mark_t mark)
{
    return mark.line < UINT32_MAX ? (uint32_t)mark.line + 1 : UINT32_MAX;
}

static velum_status refuse(const builder *self, velum_status status, yaml_mark_t mark,
                           const char *reason)
{
    return error_set(self->err, status, "line %u, column %zu: %s", line_of(mark), mark.column + 1,
                     reason);
}

static velum_status refuse_memory(const builder *self)
{
    return error_set(self->err, VELUM_E_NOMEM, "no memory for YAML");
}

static uint32_t count_lines(text source, size_t size)
{
    uint32_t line = 1;

    for (size_t i = 0; i < size && i < source.size; i++) {
        line += source.data[i] == '\n';
    }
    return line;
}

/* libyaml's own words may quote the source, so only the place goes on (I-5). */
static velum_status explain(const builder *self, const yaml_parser_t *parser, text source)
{
    switch (parser->error) {
    case YAML_MEMORY_ERROR:
        return refuse_memory(self);
    case YAML_READER_ERROR: /* has an offset and no mark */
        return error_set(self->err, VELUM_E_INVALID,
                         "line %u, column 1: a character is not allowed",
                         count_lines(source, parser->problem_offset));
    default:
        return refuse(self, VELUM_E_INVALID, parser->problem_mark, "not YAML");
    }
}

static uint32_t first_bad_line(text source)
{
    text rest = source;
    text part = TEXT_EMPTY;
    uint32_t line = 1;

    while (text_split(&rest, '\n', &part) && utf8_is_valid(part)) {
        line++;
    }
    return line;
}

static velum_status read_events(builder *self, yaml_parser_t *parser, text source)
{
    if (!utf8_is_valid(source)) {
        return error_set(self->err, VELUM_E_INVALID, "line %u, column 1: not UTF-8, or NUL",
                         first_bad_line(source));
    }
    /* libyaml takes no NULL, and would count a byte order mark as a column. */
    const size_t skipped = text_starts_with(source, "\xef\xbb\xbf") ? 3 : 0;
    const char *const data = source.size > 0 ? source.data + skipped : "";
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)data, source.size - skipped);

    for (bool ended = false; !ended;) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) == 0) {
            return explain(self, parser, source);
        }
        const velum_status status = take_event(self, &event);
        ended = event.type == YAML_STREAM_END_EVENT || event.type == YAML_NO_EVENT;
        yaml_event_delete(&event);
        VELUM_TRY(status);
    }
    return VELUM_OK;
}

/* A node of the document, empty. */
static velum_status add_node(builder *self, yaml_kind kind, yaml_mark_t mark, yaml_node **out)
{
    if (self->document->node_count == YAML_NODES_MAX) {
        return refuse(self, VELUM_E_LIMIT, mark, "too many nodes");
    }
    yaml_node *const node = mem_alloc(sizeof(*node));
    if (node == NULL) {
        return refuse_memory(self);
    }
    *node = (yaml_node){.kind = kind, .line = line_of(mark), .next = self->document->nodes};
    self->document->nodes = node;
    self->document->node_count++;
    *out = node;
    return VELUM_OK;
}

static velum_status append_entry(builder *self, yaml_node *container, entry added)
{
    if (container->count == container->capacity) {
        const size_t capacity = container->capacity == 0 ? 8 : container->capacity * 2;
        entry *const grown = mem_resize(container->entries, capacity * sizeof(*grown));
        if (grown == NULL) {
            return refuse_memory(self);
        }
        container->entries = grown;
        container->capacity = capacity;
    }
    container->entries[container->count++] = added;
    return VELUM_OK;
}

/* Keeps `key` for the value that follows. */
static velum_status attach_name(builder *self, const yaml_node *key, yaml_mark_t mark)
{
    if (key->kind != YAML_SCALAR) {
        return refuse(self, VELUM_E_INVALID, mark, "a key must be a scalar");
    }
    if (text_equal_literal(key->value, "<<")) {
        return refuse(self, VELUM_E_INVALID, mark, "merge keys are not allowed");
    }
    if (find_member(self->open[self->depth - 1], key->value) != NULL) {
        return refuse(self, VELUM_E_INVALID, mark, "a key appears twice");
    }
    self->name = key;
    return VELUM_OK;
}

/* Puts a node where the events stand: root, item of a list, key or value of a map. */
static velum_status attach(builder *self, const yaml_node *node, yaml_mark_t mark)
{
    if (self->depth == 0) {
        self->document->root = node;
        return VELUM_OK;
    }
    yaml_node *const container = self->open[self->depth - 1];
    if (container->kind == YAML_MAP && self->name == NULL) {
        return attach_name(self, node, mark);
    }
    const entry added = {.name = self->name, .value = node};
    self->name = NULL;
    return append_entry(self, container, added);
}

static velum_status take_container(builder *self, yaml_kind kind, yaml_mark_t mark)
{
    yaml_node *node = NULL;

    if (self->depth == YAML_DEPTH_MAX) {
        return refuse(self, VELUM_E_LIMIT, mark, "too many levels");
    }
    VELUM_TRY(add_node(self, kind, mark, &node));
    VELUM_TRY(attach(self, node, mark));
    self->open[self->depth++] = node;
    return VELUM_OK;
}

static velum_status take_scalar(builder *self, const yaml_event_t *event)
{
    const text value = {(const char *)event->data.scalar.value, event->data.scalar.length};
    const bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    yaml_node *node = NULL;

    if (!utf8_is_valid(value)) { /* "\0" */
        return refuse(self, VELUM_E_INVALID, event->start_mark, "NUL is not allowed");
    }
    if (self->depth == 0 && is_plain && value.size == 0) {
        return VELUM_OK; /* a document with nothing in it has no root */
    }
    VELUM_TRY(add_node(self, YAML_SCALAR, event->start_mark, &node));
    node->value.data = mem_copy_text(value.data, value.size);
    if (node->value.data == NULL) {
        return refuse_memory(self);
    }
    node->value.size = value.size;
    return attach(self, node, event->start_mark);
}

static velum_status take_document(builder *self, const yaml_event_t *event)
{
    if (self->has_document) {
        return refuse(self, VELUM_E_INVALID, event->start_mark, "more than one document");
    }
    if (event->data.document_start.version_directive != NULL ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end) {
        return refuse(self, VELUM_E_INVALID, event->start_mark, "directives are not allowed");
    }
    self->has_document = true;
    return VELUM_OK;
}

static velum_status check_plain(const builder *self, const yaml_event_t *event, const void *anchor,
                                const void *tag)
{
    if (anchor != NULL) {
        return refuse(self, VELUM_E_INVALID, event->start_mark, "anchors are not allowed");
    }
    if (tag != NULL) {
        return refuse(self, VELUM_E_INVALID, event->start_mark, "tags are not allowed");
    }
    return VELUM_OK;
}

static velum_status take_event(builder *self, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return take_document(self, event);
    case YAML_ALIAS_EVENT:
        return refuse(self, VELUM_E_INVALID, event->start_mark, "aliases are not allowed");
    case YAML_SCALAR_EVENT:
        VELUM_TRY(check_plain(self, event, event->data.scalar.anchor, event->data.scalar.tag));
        return take_scalar(self, event);
    case YAML_SEQUENCE_START_EVENT:
        VELUM_TRY(check_plain(self, event, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag));
        return take_container(self, YAML_LIST, event->start_mark);
    case YAML_MAPPING_START_EVENT:
        VELUM_TRY(check_plain(self, event, event->data.mapping_start.anchor,
                              event->data.mapping_start.tag));
        return take_container(self, YAML_MAP, event->start_mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        self->depth--;
        return VELUM_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return VELUM_OK;
    }
    return VELUM_E_INTERNAL;
}
