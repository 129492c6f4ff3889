/* compile_packs.c: under which laws a policy stands: the pack of `jurisdiction`, those of `packs`, and
 * where each comes from.
 *
 * A name means the file of the folder, else version 1 of the pack that Velum brings, for ever: what
 * a bundle decides must not change under its hash (D-3).
 */
#include "policy/compiler.h"
#include "policy/embedded.h"

#include <stdio.h>

#define FOLDER "packs/"
#define BROUGHT_SUFFIX ".v1.yaml"

/* The files in which a pack is looked for. */
typedef struct shelf {
    const bundle_file *files;
    size_t count;
} shelf;

bool pack_file_name(text file, text *out_pack)
{
    return file_stem(file, FOLDER, out_pack) && name_is_valid(*out_pack);
}

static const bundle_file *own_file(const shelf *folder, text name)
{
    for (size_t i = 0; i < folder->count; i++) {
        text pack;
        if (pack_file_name(folder->files[i].name, &pack) && text_equal(pack, name)) {
            return &folder->files[i];
        }
    }
    return NULL;
}

static const bundle_file *brought_file(text name)
{
    size_t count = 0;
    const bundle_file *const files = embedded_packs(&count);
    char wanted[COMPILER_NAME_BYTES_MAX + sizeof(BROUGHT_SUFFIX)];

    if (!name_is_valid(name)) {
        return NULL;
    }
    (void)snprintf(wanted, sizeof(wanted), "%.*s" BROUGHT_SUFFIX, (int)name.size, name.data);
    for (size_t i = 0; i < count; i++) {
        if (text_equal_literal(files[i].name, wanted)) {
            return &files[i];
        }
    }
    return NULL;
}

static velum_status add_pack(compiler *self, const shelf *folder, const yaml_node *node,
                             const char *what)
{
    bundle *const out = self->out;
    const text name = yaml_text(node);
    const bundle_file *file = own_file(folder, name);

    file = file != NULL ? file : brought_file(name);
    if (file == NULL) {
        tell_error(
            self, yaml_line(node),
            "%s: %s is unknown; choose from: cn-pipl, eu-gdpr, us-ca, or write packs/%s.yaml", what,
            quote(name).text, quote(name).text);
        return VELUM_OK;
    }
    if (bundle_find(out, REGISTRY_JURISDICTION, name) != BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "%s: %s stands there twice; remove one", what,
                   quote(name).text);
        return VELUM_OK;
    }
    jurisdiction_pack *const pack = &out->packs[out->pack_count++];
    pack->name = name;
    return compile_pack(self, file, pack);
}

/* Ages are counted on the local day, but outside China never on one that begins before that of UTC:
 * of a customer of the wide world the later day is the stricter. */
static velum_status add_own(compiler *self, const shelf *folder)
{
    const yaml_node *const node = member_of(self->root, "jurisdiction", YAML_SCALAR);
    bundle *const out = self->out;

    if (node == NULL) {
        return VELUM_OK; /* told by the header */
    }
    VELUM_TRY(add_pack(self, folder, node, "jurisdiction"));
    if (out->pack_count == 0) {
        return VELUM_OK;
    }
    const int32_t offset_s = out->packs[0].day_offset_s;
    const bool is_chinese = text_starts_with(out->packs[0].name, "cn-");
    out->jurisdiction = out->packs[0].name;
    out->day_offset_s = is_chinese || offset_s < 0 ? offset_s : 0;
    return VELUM_OK;
}

/* A file that nobody names is checked all the same, since it is thought to be in force. */
static velum_status check_unused(compiler *self, const shelf *folder)
{
    for (size_t i = 0; i < folder->count; i++) {
        jurisdiction_pack unused = {0};
        if (!pack_file_name(folder->files[i].name, &unused.name)) {
            continue;
        }
        if (own_file(folder, unused.name) != &folder->files[i]) {
            tell_error_in(self, quote(folder->files[i].name).text, 0, "the file is there twice");
            continue;
        }
        if (bundle_find(self->out, REGISTRY_JURISDICTION, unused.name) == BUNDLE_NONE) {
            VELUM_TRY(compile_pack(self, &folder->files[i], &unused));
            tell_warning_in(self, quote(folder->files[i].name).text,
                            "neither jurisdiction nor packs names this pack");
        }
    }
    return VELUM_OK;
}

velum_status compile_packs(compiler *self, const bundle_file *files, size_t count)
{
    const shelf folder = {files, count};
    const yaml_node *const others = member_of(self->root, "packs", YAML_LIST);
    const size_t other_count = bounded_count(self, others, BUNDLE_PACKS_MAX - 1, "packs");

    VELUM_TRY(add_own(self, &folder));
    for (size_t i = 0; i < other_count; i++) {
        const yaml_node *const node = yaml_at(others, i);
        if (yaml_kind_of(node) != YAML_SCALAR) {
            tell_error(self, yaml_line(node), "packs: the list holds plain names only");
            continue;
        }
        VELUM_TRY(add_pack(self, &folder, node, "packs"));
    }
    return check_unused(self, &folder);
}
