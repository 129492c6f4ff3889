/* core/policy_diff.c: two packed policies compared, for the command, without a gate. */
#include "core/policy_store.h"

/* The files of {"files":{name: text, …}}, borrowed from the document. */
static velum_status take_files(const json *packed, bundle_file files[STORED_FILES_MAX],
                               size_t *out_count)
{
    const json_value *object = json_member(json_root(packed), "files");
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name;

    *out_count = 0;
    if (object == NULL || json_kind_of(object) != JSON_OBJECT ||
        json_count(object) > STORED_FILES_MAX) {
        return VELUM_E_INVALID;
    }
    while (json_next(object, &iterator, &name, &value)) {
        if (json_kind_of(value) != JSON_TEXT) {
            return VELUM_E_INVALID;
        }
        files[(*out_count)++] = (bundle_file){name, json_text(value)};
    }
    return VELUM_OK;
}

static velum_status compile(velum_string source, bundle **out, velum_error *err)
{
    VELUM_AUTO(json) *packed = NULL;
    bundle_file files[STORED_FILES_MAX];
    size_t count = 0;

    VELUM_TRY(json_parse((text){source.data, source.size}, source.size + 1, &packed, err));
    VELUM_TRY(take_files(packed, files, &count));
    return bundle_compile(files, count, NULL, NULL, out, err);
}

velum_status velum_policy_diff(velum_string before, velum_string after, velum_policy_change tell,
                               void *context, velum_error *err)
{
    VELUM_AUTO(bundle) *from = NULL;
    VELUM_AUTO(bundle) *to = NULL;

    VELUM_TRY(compile(before, &from, err));
    VELUM_TRY(compile(after, &to, err));
    return bundle_diff(from, to, tell, context);
}
