/* fuzz_yaml.c: whatever the bytes are, the tree stays in its limits and is well made. */
#include "base/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 65536

/* Where a walk of the tree stands: a container, and which of its items is next. */
typedef struct place {
    const yaml_node *node;
    size_t index;
} place;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_node(const yaml_node *node, uint32_t line_min)
{
    require(yaml_line(node) >= line_min);
    require(utf8_is_valid(yaml_text(node)));
    if (yaml_kind_of(node) == YAML_SCALAR) {
        require(yaml_count(node) == 0);
    }
}

/* The key is not a merge key, comes once, and stands before its value. */
static void check_name(const yaml_node *map, size_t index)
{
    const text name = yaml_name_at(map, index);

    require(utf8_is_valid(name));
    require(!text_equal_literal(name, "<<"));
    require(yaml_name_line_at(map, index) <= yaml_line(yaml_at(map, index)));
    for (size_t i = 0; i < index; i++) {
        require(!text_equal(yaml_name_at(map, i), name));
    }
}

/* Walks all nodes and returns how many there are, names included. */
static size_t check_tree(const yaml_node *root)
{
    place open[YAML_DEPTH_MAX + 1] = {{root, 0}};
    size_t depth = 1;
    size_t nodes = 1;

    check_node(root, 1);
    while (depth > 0) {
        place *const at = &open[depth - 1];
        if (at->index == yaml_count(at->node)) {
            depth--;
            continue;
        }
        const bool is_map = yaml_kind_of(at->node) == YAML_MAP;
        const yaml_node *const inside = yaml_at(at->node, at->index);
        check_node(inside, yaml_line(at->node));
        if (is_map) {
            check_name(at->node, at->index);
        }
        at->index++;
        nodes += is_map ? 2 : 1;
        require(depth <= YAML_DEPTH_MAX);
        open[depth++] = (place){inside, 0};
    }
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VELUM_AUTO(yaml) *doc = NULL;
    velum_error err = {.status = VELUM_OK};
    const text source = {(const char *)data, size};
    const velum_status status = yaml_parse(source, BYTES_MAX, &doc, &err);

    if (status != VELUM_OK) {
        require(doc == NULL && err.status == status);
        require(status == VELUM_E_INVALID || status == VELUM_E_LIMIT);
        return 0;
    }
    require(utf8_is_valid(source));
    if (yaml_root(doc) != NULL) {
        require(check_tree(yaml_root(doc)) <= YAML_NODES_MAX);
    }
    return 0;
}
