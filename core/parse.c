/* core/parse.c: reading a request. Nothing that a caller sent is repeated in an answer (I-5). */
#include "core/parse.h"

/* Field names to bits; names the policy does not know are counted (I-5). */
static velum_status parse_fields(passage *passage)
{
    text rest = passage->request->fields;
    text name;

    if (rest.size == 0) {
        passage->asked_all = passage->action == ACTION_READ;
        return VELUM_OK;
    }
    while (text_split(&rest, ',', &name)) {
        const uint32_t index = bundle_find(passage->world->bundle, REGISTRY_FIELD, name);
        if (index == BUNDLE_NONE) {
            passage->unknown_fields++;
            continue;
        }
        passage->asked |= UINT64_C(1) << index;
    }
    return VELUM_OK;
}

velum_status parse_field_list(passage *passage, const json_value *array)
{
    if (array == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(array) != JSON_ARRAY || json_count(array) == 0 ||
        json_count(array) > BUNDLE_FIELDS_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`fields` is an array of 1 to 64 names.");
    }
    passage->asked_all = false;
    for (size_t i = 0; i < json_count(array); i++) {
        const json_value *value = json_at(array, i);
        if (json_kind_of(value) != JSON_TEXT) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "The name of a field is a text.");
        }
        const uint32_t index =
            bundle_find(passage->world->bundle, REGISTRY_FIELD, json_text(value));
        if (index == BUNDLE_NONE) {
            passage->unknown_fields++;
            continue;
        }
        passage->asked |= UINT64_C(1) << index;
    }
    return VELUM_OK;
}

velum_status parse_reason_code(passage *passage, const json_value *value)
{
    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_TEXT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`reason_code` is a name of the policy.");
    }
    const uint32_t index =
        bundle_find(passage->world->bundle, REGISTRY_REASON_CODE, json_text(value));
    passage->reason_code = index == BUNDLE_NONE ? 0 : index + 1;
    return VELUM_OK;
}

static velum_status parse_body(passage *passage)
{
    const bool is_empty = passage->request->body.size == 0 && passage->verb->may_lack_body;
    const text body = is_empty ? TEXT_LITERAL("{}") : passage->request->body;
    const velum_status status =
        json_parse(body, passage->verb->body_bytes_max, &passage->body, NULL);

    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status == VELUM_E_LIMIT && passage->request->body.size > passage->verb->body_bytes_max) {
        return refuse(passage, PROBLEM_TOO_LARGE);
    }
    if (status < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "The body is not acceptable JSON.");
    }
    if (json_kind_of(json_root(passage->body)) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "The body must be a JSON object.");
    }
    return VELUM_OK;
}

velum_status parse_request(passage *passage)
{
    if (passage->body != NULL) {
        return VELUM_OK; /* it was looked into for the activity */
    }
    VELUM_TRY(parse_fields(passage));
    if (!passage->verb->has_body) {
        return passage->request->body.size == 0
                   ? VELUM_OK
                   : refuse_hint(passage, PROBLEM_MALFORMED, "This request takes no body.");
    }
    return parse_body(passage);
}

velum_status parse_optional_text(passage *passage, const json_value *object, const char *name,
                                 text *out)
{
    const json_value *value = json_member(object, name);

    *out = TEXT_EMPTY;
    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_TEXT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A member has the wrong type.");
    }
    *out = json_text(value);
    return VELUM_OK;
}

velum_status parse_text_member(passage *passage, const json_value *object, const char *name,
                               text *out)
{
    VELUM_TRY(parse_optional_text(passage, object, name, out));
    return out->size > 0 ? VELUM_OK
                         : refuse_hint(passage, PROBLEM_MALFORMED, "A member is missing.");
}

velum_status parse_known_members(passage *passage, const json_value *object,
                                 const char *const *names)
{
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name;

    while (json_next(object, &iterator, &name, &value)) {
        bool known = false;
        for (size_t i = 0; names[i] != NULL && !known; i++) {
            known = text_equal_literal(name, names[i]);
        }
        if (!known) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "The body has an unknown member.");
        }
    }
    return VELUM_OK;
}

velum_status parse_limit(passage *passage, uint32_t most, const char *hint, uint32_t *out)
{
    const json_value *const limit = json_member(json_root(passage->body), "limit");

    if (limit == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(limit) != JSON_INTEGER || json_integer(limit) < 1 ||
        json_integer(limit) > most) {
        return refuse_hint(passage, PROBLEM_MALFORMED, hint);
    }
    *out = (uint32_t)json_integer(limit);
    return VELUM_OK;
}

velum_status parse_identifier(passage *passage, const json_value *object, identifier *out)
{
    static const char *const members[] = {"type", "value", NULL};
    text type;
    text value;

    if (object == NULL || json_kind_of(object) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "An identifier is {type, value}.");
    }
    VELUM_TRY(parse_known_members(passage, object, members));
    VELUM_TRY(parse_text_member(passage, object, "type", &type));
    VELUM_TRY(parse_text_member(passage, object, "value", &value));
    if (bundle_identifier_order(passage->world->bundle, type) == BUNDLE_NONE ||
        identifier_normalise(type, value, out) < 0) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "An identifier is of no known type or has no normal form.");
    }
    identifier_keep_hash(passage->gate->keys, out);
    return VELUM_OK;
}

/* By the bundle's order of types, stable: the first known one decides who it is. */
static void sort_identifiers(const bundle *bundle, identifier *items, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = i; j > 0; j--) {
            if (bundle_identifier_order(bundle, items[j - 1].type) <=
                bundle_identifier_order(bundle, items[j].type)) {
                break;
            }
            const identifier held = items[j];
            items[j] = items[j - 1];
            items[j - 1] = held;
        }
    }
}

velum_status parse_identifiers(passage *passage, const json_value *array)
{
    void *slice = NULL;

    if (array == NULL || json_kind_of(array) != JSON_ARRAY || json_count(array) == 0 ||
        json_count(array) > PASSAGE_IDENTIFIERS_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`identifiers` is an array of 1 to 16 {type, value}.");
    }
    const uint32_t count = (uint32_t)json_count(array);
    VELUM_TRY(secret_arena_slice(passage->arena, count * sizeof(identifier), &slice));
    passage->identifiers = slice;
    for (uint32_t i = 0; i < count; i++) {
        VELUM_TRY(parse_identifier(passage, json_at(array, i), &passage->identifiers[i]));
    }
    passage->identifier_count = count;
    sort_identifiers(passage->world->bundle, passage->identifiers, count);
    return VELUM_OK;
}
