/* base/yaml.h: a small strict YAML, read through libyaml's events into a tree.
 *
 * One document; maps, lists and scalars only; no anchors, aliases, tags, merge keys or duplicate
 * keys; at most YAML_DEPTH_MAX levels, YAML_NODES_MAX nodes and a byte limit. Every scalar stays
 * text: the reader decides what it means, so that `no` is never a boolean by surprise.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/text.h"

#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 20000 /* keys count too */

typedef struct yaml yaml;
typedef struct yaml_node yaml_node;
typedef enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP } yaml_kind;

/* VELUM_E_INVALID with line and column in `err`; VELUM_E_LIMIT, VELUM_E_NOMEM. */
velum_status yaml_parse(text source, size_t bytes_max, yaml **out,
                        velum_error *err) VELUM_WARN_UNUSED;
/* libyaml exports a symbol of this name, so ours carries another in the object file. */
void yaml_free(yaml *self) __asm__("velum_yaml_free");
VELUM_DEFINE_AUTO(yaml);
const yaml_node *yaml_root(const yaml *self); /* NULL for an empty document */

yaml_kind yaml_kind_of(const yaml_node *node);
uint32_t yaml_line(const yaml_node *node); /* from 1 */
text yaml_text(const yaml_node *scalar);
size_t yaml_count(const yaml_node *list_or_map);
const yaml_node *yaml_at(const yaml_node *list_or_map, size_t index); /* a map's value */
text yaml_name_at(const yaml_node *map, size_t index);                /* a map's key */
uint32_t yaml_name_line_at(const yaml_node *map, size_t index);
const yaml_node *yaml_member(const yaml_node *map, const char *name); /* NULL when absent */

#endif
