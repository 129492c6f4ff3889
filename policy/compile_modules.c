/* compile_modules.c: the files of modules: which there are, their heads, and what they are told of.
 *
 * Modules are in byte order of their names, so that their indexes do not hang on the order in which
 * files were listed.
 */
#include "policy/compiler.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLDER "modules/"

static const key_rule module_rules[] = {
    {"velum-module", YAML_SCALAR, true, false}, {"name", YAML_SCALAR, true, false},
    {"title", YAML_MAP, true, false},           {"domain", YAML_SCALAR, false, false},
    {"tables", YAML_MAP, false, false},         {"counts", YAML_MAP, false, false},
    {"messages", YAML_MAP, false, false},       {"events", YAML_LIST, false, false},
    {"watches", YAML_LIST, false, false},       {NULL, YAML_SCALAR, false, false},
};

bool module_file_name(text file, text *out_module)
{
    return file_stem(file, FOLDER, out_module) && name_is_valid(*out_module) &&
           out_module->size <= MODULE_NAME_BYTES_MAX;
}

/* --- Reading in the name of a module's file --------------------------------------------------------- */

const yaml_node *module_open(compiler *self, uint32_t module, module_page *page)
{
    const text name = self->out->modules[module].name;

    page->before = self->file;
    (void)snprintf(page->file, sizeof(page->file), FOLDER "%.*s.yaml", (int)name.size, name.data);
    self->file = page->file;
    return self->modules[module];
}

void module_close(compiler *self, const module_page *page)
{
    self->file = page->before;
}

/* --- Heads ------------------------------------------------------------------------------------------ */

static void read_domain(compiler *self, const yaml_node *root, bundle_module *module)
{
    const yaml_node *const node = member_of(root, "domain", YAML_SCALAR);

    module->domain = module->name;
    if (node != NULL && check_name(self, yaml_text(node), yaml_line(node), "domain")) {
        module->domain = yaml_text(node);
    }
}

/* The name is taken from the file's own text, which the bundle owns. */
static void read_head(compiler *self, const yaml_node *root, bundle_module *module)
{
    const yaml_node *const name = member_of(root, "name", YAML_SCALAR);
    text titles[2] = {TEXT_EMPTY, TEXT_EMPTY};

    check_keys(self, root, module_rules, "the module");
    if (!text_equal_literal(scalar_of(root, "velum-module"), "1")) {
        tell_error(self, yaml_line(root),
                   "this version reads velum-module: 1 only; write that as the first line");
    }
    if (name != NULL && !text_equal(yaml_text(name), module->name)) {
        tell_error(self, yaml_line(name), "the name has to be that of the file, %s",
                   quote(module->name).text);
    }
    read_title(self, root, titles, "the module");
    module->title_zh = titles[0];
    module->title_en = titles[1];
    read_domain(self, root, module);
}

static velum_status parse(compiler *self, const bundle_file *file, uint32_t module)
{
    yaml **const tree = &self->out->source->modules[module];
    velum_error why = {0};
    const velum_status status = yaml_parse(file->bytes, BUNDLE_BYTES_MAX, tree, &why);

    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status < 0) {
        tell_yaml_error(self, text_of(why.text));
        return VELUM_OK;
    }
    const yaml_node *const root = yaml_root(*tree);
    if (root == NULL || yaml_kind_of(root) != YAML_MAP) {
        tell_error(self, 1, "the file has to be a map; begin with velum-module: 1");
        return VELUM_OK;
    }
    self->modules[module] = root;
    return VELUM_OK;
}

static velum_status add_module(compiler *self, const bundle_file *file, text name)
{
    const uint32_t index = self->out->module_count++;
    bundle_module *const module = &self->out->modules[index];
    module_page page;

    module->name = keep_name(self, "%.*s", (int)name.size, name.data);
    if (self->is_out_of_memory) {
        return VELUM_E_NOMEM;
    }
    sha256(file->bytes.data, file->bytes.size, module->hash);
    (void)module_open(self, index, &page);
    const velum_status status = parse(self, file, index);
    if (self->modules[index] != NULL) {
        read_head(self, self->modules[index], module);
    }
    module_close(self, &page);
    return status;
}

static int by_name(const void *a, const void *b)
{
    const bundle_file *const left = *(const bundle_file *const *)a;
    const bundle_file *const right = *(const bundle_file *const *)b;

    return text_compare(left->name, right->name);
}

/* Those among the files that are modules; at most so many as a policy has. */
static size_t find_files(compiler *self, const bundle_file *files, size_t count,
                         const bundle_file *out[BUNDLE_MODULES_MAX])
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        text name;
        if (!module_file_name(files[i].name, &name)) {
            continue;
        }
        if (found == BUNDLE_MODULES_MAX) {
            tell_error_in(self, quote(files[i].name).text, 0, "a policy has at most %u modules",
                          BUNDLE_MODULES_MAX);
            break;
        }
        out[found++] = &files[i];
    }
    qsort(out, found, sizeof(const bundle_file *), by_name);
    return found;
}

velum_status compile_modules(compiler *self, const bundle_file *files, size_t count)
{
    const bundle_file *modules[BUNDLE_MODULES_MAX];
    const size_t found = find_files(self, files, count, modules);

    for (size_t i = 0; i < found; i++) {
        text name;
        if (!module_file_name(modules[i]->name, &name)) {
            continue; /* it was one a moment ago */
        }
        if (i > 0 && text_equal(modules[i - 1]->name, modules[i]->name)) {
            tell_error_in(self, quote(modules[i]->name).text, 0, "the file is there twice");
            continue;
        }
        VELUM_TRY(add_module(self, modules[i], name));
    }
    return VELUM_OK;
}

/* --- What they are told of --------------------------------------------------------------------------- */

void compile_interests(compiler *self)
{
    for (uint32_t i = 0; i < self->out->module_count; i++) {
        module_page page;
        const yaml_node *const root = module_open(self, i, &page);
        if (root != NULL) {
            self->out->modules[i].events = read_events(self, root);
            self->out->modules[i].watches = read_named_set(
                self, member_of(root, "watches", YAML_LIST), REGISTRY_RESOURCE, "watches");
        }
        module_close(self, &page);
    }
}
