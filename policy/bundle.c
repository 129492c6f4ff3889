/* bundle.c: a compiled policy: its life, and finding things in it by name and by number.
 *
 * A table of kinds says for each registry kind where its array, count, name and number are, so that
 * find, walk and set_number are written once.
 */
#include "policy/bundle.h"

#include "policy/bundle_source.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>

/* Where the things of one kind stand in a bundle. `has` is false for kinds that a bundle has not. */
typedef struct kind_layout {
    bool has;
    size_t array;
    size_t count;
    size_t stride;
    size_t name;
    size_t number;
} kind_layout;

#define KIND(array_member, count_member, T, name_member)                                 \
    {                                                                                    \
        true, offsetof(bundle, array_member), offsetof(bundle, count_member), sizeof(T), \
            offsetof(T, name_member), offsetof(T, number)                                \
    }

static const kind_layout kinds[REGISTRY_KINDS] = {
    [REGISTRY_ACTIVITY] = KIND(activities, activity_count, bundle_activity, name),
    [REGISTRY_PURPOSE] = KIND(purposes, purpose_count, bundle_purpose, name),
    [REGISTRY_FIELD] = KIND(fields, field_count, bundle_field, name),
    [REGISTRY_CATEGORY] = KIND(categories, category_count, bundle_category, name),
    [REGISTRY_ROLE] = KIND(roles, role_count, bundle_role, name),
    [REGISTRY_NOTICE] = KIND(notices, notice_count, bundle_notice, id),
    [REGISTRY_MASK] = KIND(masks, mask_count, bundle_mask, name),
    [REGISTRY_ATTRIBUTE] = KIND(attributes, attribute_count, bundle_attribute, name),
    [REGISTRY_RECIPIENT] = KIND(recipients, recipient_count, bundle_recipient, name),
    [REGISTRY_IDENTIFIER] = KIND(identifiers, identifier_count, bundle_identifier, type),
    [REGISTRY_JURISDICTION] = KIND(packs, pack_count, jurisdiction_pack, name),
    [REGISTRY_REASON_CODE] = KIND(reason_codes, reason_code_count, bundle_reason_code, name),
    [REGISTRY_RESOURCE] = KIND(resources, resource_count, bundle_resource, name),
    [REGISTRY_MODULE] = KIND(modules, module_count, bundle_module, name),
    [REGISTRY_CHANNEL] = KIND(channels, channel_count, bundle_channel, name),
    [REGISTRY_TEMPLATE] = KIND(templates, template_count, bundle_template, name),
    [REGISTRY_COUNT] = KIND(counts, count_count, bundle_count, name),
    [REGISTRY_HOOK] = KIND(hooks, hook_count, bundle_hook, name),
};

static_assert(BUNDLE_NOTICES_MAX < 255 && BUNDLE_FIELDS_MAX <= 64 && BUNDLE_ROLES_MAX <= 32 &&
                  BUNDLE_CATEGORIES_MAX <= 32,
              "indexes fit the direct table and the bit sets");

bundle *bundle_create(void)
{
    bundle *const self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->source = mem_alloc(sizeof(*self->source));
    if (self->source == NULL) {
        mem_free(self);
        return NULL;
    }
    self->birthday_field = BUNDLE_NONE;
    return self;
}

void bundle_free(bundle *self)
{
    if (self == NULL) {
        return;
    }
    yaml_free(self->source->tree);
    for (uint32_t i = 0; i < BUNDLE_MODULES_MAX; i++) {
        yaml_free(self->source->modules[i]);
    }
    for (uint32_t i = 0; i < self->source->kept_count; i++) {
        mem_free(self->source->kept[i]);
    }
    mem_free(self->source->notices);
    mem_free(self->source);
    mem_free(self);
}

static const kind_layout *layout_of(uint32_t kind)
{
    return kind < REGISTRY_KINDS && kinds[kind].has ? &kinds[kind] : NULL;
}

static uint32_t count_of(const bundle *self, const kind_layout *layout)
{
    return *(const uint32_t *)((const char *)self + layout->count);
}

static const char *element_of(const bundle *self, const kind_layout *layout, uint32_t index)
{
    return (const char *)self + layout->array + (size_t)index * layout->stride;
}

static text name_of(const bundle *self, const kind_layout *layout, uint32_t index)
{
    return *(const text *)(element_of(self, layout, index) + layout->name);
}

static uint16_t number_of(const bundle *self, const kind_layout *layout, uint32_t index)
{
    return *(const uint16_t *)(element_of(self, layout, index) + layout->number);
}

uint32_t bundle_find(const bundle *self, uint32_t kind, text name)
{
    const kind_layout *const layout = layout_of(kind);

    if (layout == NULL) {
        return BUNDLE_NONE;
    }
    for (uint32_t i = 0; i < count_of(self, layout); i++) {
        if (text_equal(name_of(self, layout, i), name)) {
            return i;
        }
    }
    return BUNDLE_NONE;
}

uint32_t bundle_find_number(const bundle *self, uint32_t kind, uint16_t number)
{
    const kind_layout *const layout = layout_of(kind);

    if (layout == NULL || number == 0) { /* 0 is what has no number yet */
        return BUNDLE_NONE;
    }
    if (number < NUMBERS_DIRECT) {
        return (uint32_t)self->source->index_of[kind][number] - 1; /* 0 becomes BUNDLE_NONE */
    }
    for (uint32_t i = 0; i < count_of(self, layout); i++) {
        if (number_of(self, layout, i) == number) {
            return i;
        }
    }
    return BUNDLE_NONE;
}

/* "<id>.<lang>.<first 32 hex digits of the hash>": a changed text is another notice. */
static text notice_name(const bundle_notice *notice, char scratch[128])
{
    char hex[33];

    hex_encode(notice->hash, 16, hex);
    const int length = snprintf(scratch, 128, "%.*s.%.*s.%s", (int)notice->id.size, notice->id.data,
                                (int)notice->language.size, notice->language.data, hex);
    assert(length > 0 && length < 128); /* the compiler bounds id and language */
    return (text){scratch, (size_t)length};
}

/* Fields of tables are walked behind those of people: the table and the place in it, or BUNDLE_NONE. */
static uint32_t resource_at(const bundle *self, uint32_t index, uint32_t *out_field)
{
    uint32_t rest = index - self->field_count;

    for (uint32_t i = 0; index >= self->field_count && i < self->resource_count; i++) {
        if (rest < self->resources[i].field_count) {
            *out_field = rest;
            return i;
        }
        rest -= self->resources[i].field_count;
    }
    return BUNDLE_NONE;
}

bool bundle_name_at(const bundle *self, uint32_t kind, uint32_t index, char scratch[128],
                    text *out_name)
{
    const kind_layout *const layout = layout_of(kind);
    uint32_t field = 0;
    const uint32_t resource =
        kind == REGISTRY_FIELD ? resource_at(self, index, &field) : BUNDLE_NONE;

    if (resource != BUNDLE_NONE) {
        *out_name = self->resources[resource].fields[field].full_name;
        return true;
    }
    if (layout == NULL || index >= count_of(self, layout)) {
        return false;
    }
    *out_name = kind == REGISTRY_NOTICE ? notice_name(&self->notices[index], scratch)
                                        : name_of(self, layout, index);
    return true;
}

void bundle_set_number(bundle *self, uint32_t kind, uint32_t index, uint16_t number)
{
    const kind_layout *const layout = layout_of(kind);
    uint32_t field = 0;
    const uint32_t resource =
        kind == REGISTRY_FIELD ? resource_at(self, index, &field) : BUNDLE_NONE;

    if (resource != BUNDLE_NONE) {
        self->resources[resource].fields[field].number = number;
        return;
    }
    assert(layout != NULL && index < count_of(self, layout));

    uint16_t *const slot = (uint16_t *)((char *)self + layout->array +
                                        (size_t)index * layout->stride + layout->number);
    if (*slot < NUMBERS_DIRECT) {
        self->source->index_of[kind][*slot] = 0;
    }
    *slot = number;
    if (number != 0 && number < NUMBERS_DIRECT) {
        self->source->index_of[kind][number] = (uint8_t)(index + 1);
    }
    if (kind == REGISTRY_JURISDICTION && index == 0) {
        self->jurisdiction_number = number; /* that of the bundle's own pack */
    }
}

const bundle_notice *bundle_notice_of(const bundle *self, uint32_t purpose, text language)
{
    if (purpose >= self->purpose_count || self->purposes[purpose].notice_first == BUNDLE_NONE) {
        return NULL;
    }
    const bundle_purpose *const asked = &self->purposes[purpose];
    for (uint32_t i = 0; i < asked->notice_count; i++) {
        const bundle_notice *const notice = &self->notices[asked->notice_first + i];
        if (text_equal(notice->language, language)) {
            return notice;
        }
    }
    return &self->notices[asked->notice_first];
}

uint32_t bundle_identifier_order(const bundle *self, text type)
{
    const uint32_t exact = bundle_find(self, REGISTRY_IDENTIFIER, type);

    if (text_equal_literal(type, "ext:*")) {
        return BUNDLE_NONE; /* the wildcard stands for types, it is none */
    }
    if (exact != BUNDLE_NONE || !text_starts_with(type, "ext:") || type.size == 4) {
        return exact;
    }
    return bundle_find(self, REGISTRY_IDENTIFIER, TEXT_LITERAL("ext:*"));
}

uint32_t resource_find(const bundle_resource *self, text name)
{
    for (uint32_t i = 0; i < self->field_count; i++) {
        if (text_equal(self->fields[i].name, name)) {
            return i;
        }
    }
    return BUNDLE_NONE;
}

uint32_t resource_find_number(const bundle_resource *self, uint16_t number)
{
    for (uint32_t i = 0; i < self->field_count && number != 0; i++) {
        if (self->fields[i].number == number) {
            return i;
        }
    }
    return BUNDLE_NONE;
}

bool bundle_lives_on_consent(const bundle *self, uint32_t activity)
{
    return activity < self->activity_count &&
           self->purposes[self->activities[activity].purpose].basis == BASIS_CONSENT;
}

uint64_t attribute_value_hash(text value)
{
    uint8_t hash[SHA256_BYTES];
    uint64_t first = 0;

    sha256(value.data, value.size, hash);
    for (size_t i = 0; i < sizeof(first); i++) {
        first = first << 8 | hash[i];
    }
    return first == 0 ? 1 : first;
}

const char *action_name(uint32_t action)
{
    static const char *const names[ACTION_COUNT] = {
        "create",  "lookup",     "read",        "update",        "consent-read",   "consent-write",
        "audit",   "administer", "import",      "request",       "request-decide", "erase",
        "approve", "access-log", "resolve",     "retained-read", "rows-read",      "rows-write",
        "counts",  "filter",     "search",      "list",          "bulk-read",      "send",
        "module",  "deliver",    "acknowledge",
    };

    for (uint32_t i = 0; i < ACTION_COUNT; i++) {
        if (action == 1U << i) {
            return names[i];
        }
    }
    return NULL;
}

const char *basis_name(uint32_t basis)
{
    static const char *const names[BASIS_COUNT] = {
        [BASIS_CONSENT] = "consent",
        [BASIS_CONTRACT] = "contract",
        [BASIS_LEGAL_OBLIGATION] = "legal_obligation",
        [BASIS_VITAL_INTEREST] = "vital_interest",
        [BASIS_PUBLIC_INTEREST] = "public_interest",
        [BASIS_LEGITIMATE_INTEREST] = "legitimate_interest",
    };

    return basis < BASIS_COUNT ? names[basis] : NULL;
}

const char *field_type_name(uint32_t type)
{
    static const char *const names[] = {
        [FIELD_TEXT] = "text",       [FIELD_DATE] = "date", [FIELD_NUMBER] = "number",
        [FIELD_INTEGER] = "integer", [FIELD_TIME] = "time", [FIELD_BOOLEAN] = "boolean",
    };

    return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

const char *class_name(uint32_t class)
{
    static const char *const names[] = {
        [CLASS_PUBLIC] = "public", [CLASS_PERSONAL] = "personal", [CLASS_SENSITIVE] = "sensitive"};

    return class < sizeof(names) / sizeof(names[0]) ? names[class] : NULL;
}

const char *rows_way_name(uint32_t way)
{
    static const char *const names[] = {
        [ROWS_ERASE] = "erase", [ROWS_ANONYMISE] = "anonymise", [ROWS_RETAIN] = "retain"};

    return way < sizeof(names) / sizeof(names[0]) ? names[way] : NULL;
}

const jurisdiction_pack *bundle_pack(const bundle *self, uint16_t number)
{
    const uint32_t index =
        number == 0 ? 0 : bundle_find_number(self, REGISTRY_JURISDICTION, number);

    return index < self->pack_count ? &self->packs[index] : NULL;
}

const char *approval_kind_name(uint32_t kind)
{
    static const char *const names[APPROVAL_KINDS] = {
        [APPROVAL_MINOR] = "minor",     [APPROVAL_BULK] = "bulk",
        [APPROVAL_LINK] = "link",       [APPROVAL_UNMERGE] = "unmerge",
        [APPROVAL_POLICY] = "policy",   [APPROVAL_ERASURE] = "erasure",
        [APPROVAL_REQUEST] = "request", [APPROVAL_BREAK_GLASS] = "break-glass",
    };

    return kind < APPROVAL_KINDS ? names[kind] : NULL;
}
