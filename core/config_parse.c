/* core/config_parse.c: velum.yaml, read strictly (C-2). */
#include "core/config.h"

#include "base/yaml.h"

#include <stdio.h>

static const char secret_words[] =
    "a secret never stands in this file: name its file (root: {file: PATH}) or its credential "
    "(root: {credential: NAME})";

void config_tell(config_listener *self, bool is_error, uint32_t line, const char *message)
{
    if (is_error && self->errors++ == 0) {
        self->line = line;
        self->first = message;
    }
    if (self->finding != NULL) {
        self->finding(self->context, is_error, line, message);
    }
}

static void wrong(config_listener *self, uint32_t line, const char *message)
{
    config_tell(self, true, line, message);
}

static void take_value(config_index index, const yaml_node *node, config_listener *listener,
                       velum_config *out)
{
    config_value *const value = &out->values[index];
    const text given = yaml_text(node);

    if (yaml_kind_of(node) != YAML_SCALAR) {
        wrong(listener, yaml_line(node), config_settings[index].wanted);
        return;
    }
    const velum_status status = config_value_check(index, given);
    if (status < 0) {
        wrong(listener, yaml_line(node),
              status == VELUM_E_DENIED ? secret_words : config_settings[index].wanted);
        return;
    }
    memcpy(value->text, given.data, given.size);
    value->text[given.size] = '\0';
    value->origin = VELUM_CONFIG_FROM_FILE;
    value->line = yaml_line(node);
}

/* `root: {file: PATH}` or `root: {credential: NAME}`. */
static void take_root(const yaml_node *node, config_listener *listener, velum_config *out)
{
    char name[32];

    if (yaml_kind_of(node) != YAML_MAP) {
        wrong(listener, yaml_line(node), secret_words); /* whatever it is, it is no place */
        return;
    }
    if (yaml_count(node) != 1) {
        wrong(listener, yaml_line(node), "root takes one of file and credential");
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        const text key = yaml_name_at(node, i);
        const int size =
            snprintf(name, sizeof(name), "root.%.*s",
                     (int)(key.size < sizeof(name) ? key.size : sizeof(name)), key.data);
        const config_index index = config_find((text){name, size < 0 ? 0 : strlen(name)});
        if (index == CONFIG_COUNT) {
            wrong(listener, yaml_name_line_at(node, i),
                  "unknown key: root takes file or credential");
            continue;
        }
        take_value(index, yaml_at(node, i), listener, out);
    }
}

static void take_member(const yaml_node *map, size_t position, config_listener *listener,
                        velum_config *out)
{
    const text name = yaml_name_at(map, position);
    const yaml_node *const value = yaml_at(map, position);
    const config_index index = config_find(name);

    if (text_equal_literal(name, "velum-config")) {
        if (!text_equal_literal(yaml_text(value), CONFIG_VERSION)) {
            wrong(listener, yaml_line(value), "velum-config is 1 in this version of Velum");
        }
    } else if (text_equal_literal(name, "root")) {
        take_root(value, listener, out);
    } else if (index == CONFIG_COUNT || text_find_byte(name, '.') < name.size) {
        wrong(listener, yaml_name_line_at(map, position), "unknown key");
    } else {
        take_value(index, value, listener, out);
    }
}

/* The line that base/yaml names in "line N, column M: why", whose words are constants, too. */
static void tell_yaml(config_listener *listener, const velum_error *err)
{
    uint64_t line = 0;
    text rest = text_of(err->text);
    text number;

    if (text_starts_with(rest, "line ")) {
        rest = (text){rest.data + 5, rest.size - 5};
        (void)text_split(&rest, ',', &number);
        (void)text_parse_u64(number, &line);
    }
    wrong(listener, (uint32_t)line,
          err->status == VELUM_E_LIMIT ? "the file is too large or too deep"
                                       : "this is not the YAML that is taken here: UTF-8, one "
                                         "document, no key twice, no anchors, tags or merges");
}

velum_status config_parse(text source, config_listener *listener, velum_config *out)
{
    VELUM_AUTO(yaml) *document = NULL;
    velum_error err = {0};

    const velum_status status = yaml_parse(source, CONFIG_FILE_BYTES_MAX, &document, &err);
    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status < 0) {
        tell_yaml(listener, &err);
        return VELUM_E_INVALID;
    }
    const yaml_node *const root = yaml_root(document);
    if (root == NULL || yaml_kind_of(root) != YAML_MAP ||
        yaml_member(root, "velum-config") == NULL) {
        wrong(listener, 1, "the file begins with velum-config: 1");
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < yaml_count(root); i++) {
        take_member(root, i, listener, out);
    }
    return listener->errors == 0 ? VELUM_OK : VELUM_E_INVALID;
}
