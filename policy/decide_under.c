/* decide_under.c: the same act under another bundle.
 *
 * Two bundles number their things differently, so a request travels by registry numbers, which mean
 * the same for ever. What the other bundle does not know has no index there, and an act that needs
 * it is denied (D-2). The fields of the verdict travel back.
 */
#include "policy/decide.h"

static uint16_t number_at(const bundle *self, uint32_t kind, uint32_t index)
{
    switch (kind) {
    case REGISTRY_ACTIVITY:
        return self->activities[index].number;
    case REGISTRY_ROLE:
        return self->roles[index].number;
    case REGISTRY_FIELD:
        return self->fields[index].number;
    case REGISTRY_REASON_CODE:
        return self->reason_codes[index].number;
    default:
        return self->attributes[index].number;
    }
}

static uint32_t index_under(const bundle *from, const bundle *to, uint32_t kind, uint32_t index)
{
    return bundle_find_number(to, kind, number_at(from, kind, index));
}

/* The bits of a set that `to` knows, as its own; `*out_lost` counts the others. */
static uint64_t set_under(const bundle *from, const bundle *to, uint32_t kind, uint64_t set,
                          uint32_t *out_lost)
{
    uint64_t out = 0;

    *out_lost = 0;
    for (uint64_t rest = set; rest != 0; rest &= rest - 1) {
        const uint32_t index = index_under(from, to, kind, (uint32_t)__builtin_ctzll(rest));
        out |= index == BUNDLE_NONE ? 0 : UINT64_C(1) << index;
        *out_lost += index == BUNDLE_NONE ? 1 : 0;
    }
    return out;
}

static uint64_t bits_below(uint32_t count)
{
    return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

static void translate_attributes(const decide_request *request, const bundle *other,
                                 decide_request *out)
{
    for (uint32_t i = 0; i < BUNDLE_ATTRIBUTES_MAX; i++) {
        out->actor_attributes[i] = 0;
    }
    for (uint32_t i = 0; i < request->bundle->attribute_count; i++) {
        const uint32_t index = index_under(request->bundle, other, REGISTRY_ATTRIBUTE, i);
        if (index != BUNDLE_NONE) {
            out->actor_attributes[index] = request->actor_attributes[i];
        }
    }
}

static const bundle_resource *resource_of(const bundle *self, uint32_t resource)
{
    return resource == 0 || resource > self->resource_count ? NULL : &self->resources[resource - 1];
}

/* The same of a table's fields: the other bundle's table of the same number has them. */
static uint64_t columns_under(const bundle_resource *from, const bundle_resource *to, uint64_t set,
                              uint32_t *out_lost)
{
    uint64_t out = 0;

    *out_lost = 0;
    for (uint64_t rest = set; rest != 0; rest &= rest - 1) {
        const uint16_t number = from->fields[__builtin_ctzll(rest)].number;
        const uint32_t index = to == NULL ? BUNDLE_NONE : resource_find_number(to, number);
        out |= index == BUNDLE_NONE ? 0 : UINT64_C(1) << index;
        *out_lost += index == BUNDLE_NONE ? 1 : 0;
    }
    return out;
}

/* A table that the other has not is BUNDLE_NONE there, which no bundle has. */
static void translate_resource(const decide_request *request, const bundle *other,
                               decide_request *out)
{
    const bundle_resource *const mine = resource_of(request->bundle, request->resource);
    const uint32_t index =
        mine == NULL ? BUNDLE_NONE : bundle_find_number(other, REGISTRY_RESOURCE, mine->number);

    if (request->resource != 0) {
        out->resource = index == BUNDLE_NONE ? BUNDLE_NONE : index + 1;
    }
}

/* Fields that `from` has not stay unknown; those that only `other` lacks become so. */
static void translate_fields(const decide_request *request, const bundle *other,
                             decide_request *out)
{
    const bundle *const from = request->bundle;
    const bundle_resource *const mine = resource_of(from, request->resource);
    const uint32_t count = request->resource == 0 ? from->field_count
                           : mine == NULL         ? 0
                                                  : mine->field_count;
    const uint64_t known = bits_below(count);
    uint32_t lost = 0;

    out->fields = mine == NULL
                      ? set_under(from, other, REGISTRY_FIELD, request->fields & known, &lost)
                      : columns_under(mine, resource_of(other, out->resource),
                                      request->fields & known, &lost);
    if (!request->all_fields) {
        out->unknown_fields += lost + ((request->fields & ~known) != 0 ? 1 : 0);
    }
}

static decide_request translated(const decide_request *request, const bundle *other)
{
    const bundle *const from = request->bundle;
    const uint64_t roles = request->roles & bits_below(from->role_count);
    const uint32_t code = request->reason_code;
    decide_request out = *request;
    uint32_t lost = 0;

    out.bundle = other;
    out.activity = request->activity < from->activity_count
                       ? index_under(from, other, REGISTRY_ACTIVITY, request->activity)
                       : BUNDLE_NONE;
    out.roles = (uint32_t)set_under(from, other, REGISTRY_ROLE, roles, &lost);
    /* BUNDLE_NONE and one more is 0: a code that is not known. */
    out.reason_code = code == 0 || code > from->reason_code_count
                          ? 0
                          : index_under(from, other, REGISTRY_REASON_CODE, code - 1) + 1;
    translate_resource(request, other, &out);
    translate_fields(request, other, &out);
    translate_attributes(request, other, &out);
    return out;
}

/* The set of `there` in the fields of `request`. */
static uint64_t set_back(const decide_request *request, const decide_request *there, uint64_t set)
{
    const bundle_resource *const theirs = resource_of(there->bundle, there->resource);
    uint32_t lost = 0; /* fields that only the other bundle knows were not asked for */

    return theirs == NULL
               ? set_under(there->bundle, request->bundle, REGISTRY_FIELD, set, &lost)
               : columns_under(theirs, resource_of(request->bundle, request->resource), set, &lost);
}

void decide_under(const decide_request *request, const bundle *other, verdict *out)
{
    if (request->bundle == NULL || other == NULL) {
        *out = (verdict){.decision = 3, .reason = REASON_UNKNOWN_ACTIVITY, .purpose = BUNDLE_NONE};
        return;
    }
    const decide_request there = translated(request, other);
    decide(&there, out);
    out->clear = set_back(request, &there, out->clear);
    out->masked = set_back(request, &there, out->masked);
    out->hidden = set_back(request, &there, out->hidden);
}
