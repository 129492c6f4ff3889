/* bundle_compile.c: from files to tables.
 *
 * The parts run in the order in which they refer to each other; each tells its errors and goes on.
 * A policy with any error gives no bundle (P-1).
 */
#include "policy/compiler.h"

typedef void (*part)(compiler *self);

/* Masks before fields, fields and tables before activities, activities before messages, roles before
 * approvals. The header, the packs that it names, and the heads of the modules come before all. */
static const part parts[] = {
    compile_masks,    compile_categories, compile_retention,    compile_channels,
    compile_tables,   compile_purposes,   compile_reason_codes, compile_activities,
    compile_roles,    compile_approvals,  compile_erasure,      compile_counts,
    compile_messages, compile_interests,
};

#define FILES_MAX (1 + BUNDLE_NOTICES_MAX + BUNDLE_PACKS_MAX + BUNDLE_MODULES_MAX)

static bool sizes_are_bounded(const bundle_file *files, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        if (!size_add(sum, files[i].name.size, &sum) || !size_add(sum, files[i].bytes.size, &sum) ||
            sum > BUNDLE_BYTES_MAX) {
            return false;
        }
    }
    return true;
}

/* The one policy.yaml, or NULL after telling. */
static const bundle_file *policy_file(compiler *self, const bundle_file *files, size_t count)
{
    const bundle_file *found = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!text_equal_literal(files[i].name, "policy.yaml")) {
            continue;
        }
        if (found != NULL) {
            tell_error(self, 0, "the file is there twice");
            return NULL;
        }
        found = &files[i];
    }
    if (found == NULL) {
        tell_error(self, 0, "there is no such file; a policy folder has one");
    }
    return found;
}

/* Reading stops here when the text is no YAML: without a tree there is nothing to look at. */
static velum_status parse(compiler *self, const bundle_file *file)
{
    velum_error why = {0};
    const velum_status status =
        yaml_parse(file->bytes, BUNDLE_BYTES_MAX, &self->out->source->tree, &why);

    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status < 0) {
        tell_yaml_error(self, text_of(why.text));
        return VELUM_OK;
    }
    const yaml_node *const root = yaml_root(self->out->source->tree);
    if (root == NULL || yaml_kind_of(root) != YAML_MAP) {
        tell_error(self, 1, "the file has to be a map; begin with velum-policy: 1");
        return VELUM_OK;
    }
    self->root = root;
    return VELUM_OK;
}

static velum_status compile_files(compiler *self, const bundle_file *files, size_t count)
{
    if (count > FILES_MAX || !sizes_are_bounded(files, count)) {
        tell_error(self, 0, "a policy has at most %u files and %u bytes in all", FILES_MAX,
                   BUNDLE_BYTES_MAX);
        return VELUM_E_INVALID;
    }
    VELUM_TRY(compile_notices(self, files, count));
    const bundle_file *const file = policy_file(self, files, count);
    if (file != NULL) {
        VELUM_TRY(parse(self, file));
    }
    if (self->root != NULL) {
        compile_header(self);
        VELUM_TRY(compile_packs(self, files, count));
        VELUM_TRY(compile_modules(self, files, count));
    }
    for (size_t i = 0; self->root != NULL && i < sizeof(parts) / sizeof(parts[0]); i++) {
        parts[i](self);
    }
    if (self->is_out_of_memory) {
        return VELUM_E_NOMEM;
    }
    if (self->error_count > 0) {
        return VELUM_E_INVALID;
    }
    compile_uses(self);
    return bundle_files_hash(files, count, self->out->hash);
}

velum_status bundle_compile(const bundle_file *files, size_t count, bundle_finding finding,
                            void *context, bundle **out, velum_error *err)
{
    VELUM_AUTO(bundle) *made = bundle_create();
    compiler self = {
        .out = made, .tell = finding, .context = context, .err = err, .file = "policy.yaml"};

    *out = NULL;
    if (made == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for the policy");
    }
    const velum_status status = compile_files(&self, files, count);
    if (status < 0) {
        return status == VELUM_E_INVALID ? status
                                         : error_set(err, status, "the policy was not compiled");
    }
    *out = bundle_take(&made);
    return VELUM_OK;
}
