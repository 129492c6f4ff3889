/* core/me.c: customers see what is held of them, category by category (PIPL 45, GDPR 15). */
#include "core/locate.h"
#include "core/parse.h"
#include "core/person.h"
#include "core/rows.h"
#include "core/verbs.h"

#define REPLY_BYTES_USUAL 1000 /* room at once for most */

/* --- what is asked ------------------------------------------------------------------------------ */

static uint64_t fields_of(const bundle *bundle, uint32_t category)
{
    uint64_t fields = 0;

    for (uint32_t i = 0; i < bundle->field_count; i++) {
        fields |= bundle->fields[i].category == category ? UINT64_C(1) << i : 0;
    }
    return fields;
}

/* Bits of the categories that are named, of all where none is; a name that the policy does not know is
 * counted as an unknown field is. */
static uint32_t categories_of(passage *passage, text names)
{
    const bundle *const bundle = passage->world->bundle;
    uint32_t categories = 0;
    text name;

    if (names.size == 0) {
        return UINT32_MAX;
    }
    while (text_split(&names, ',', &name)) {
        const uint32_t category = bundle_find(bundle, REGISTRY_CATEGORY, name);
        if (category == BUNDLE_NONE) {
            passage->unknown_fields++;
        } else {
            categories |= UINT32_C(1) << category;
        }
    }
    return categories;
}

/* A table stands for them in the decision where no field of people is asked for. */
static void ask_table(passage *passage, uint32_t resource)
{
    passage->resource = resource == BUNDLE_NONE ? BUNDLE_NONE : resource + 1;
    passage->action = ACTION_ROWS_READ;
    passage->asked = 0;
    passage->asked_all = true;
}

/* Only the categories that are named are opened (I-4). */
static void ask_categories(passage *passage, uint32_t categories)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t table = rows_first_table(passage, categories);
    const uint64_t wanted =
        passage->asked_all ? bundle->activities[passage->activity].fields : passage->asked;
    uint64_t fields = 0;

    for (uint32_t i = 0; i < bundle->category_count; i++) {
        fields |= (categories >> i & 1) != 0 ? fields_of(bundle, i) : 0;
    }
    passage->asked = wanted & fields;
    passage->asked_all = false;
    if (fields == 0 && table != BUNDLE_NONE && passage->unknown_fields == 0) {
        ask_table(passage, table);
    }
}

/* {category?} or {table, from?}. */
static velum_status take_rows_wanted(passage *passage, rows_wanted *out)
{
    const json_value *const body = json_root(passage->body);
    text categories;
    text table;
    text from;

    VELUM_TRY(parse_optional_text(passage, body, "category", &categories));
    VELUM_TRY(parse_optional_text(passage, body, "table", &table));
    VELUM_TRY(parse_optional_text(passage, body, "from", &from));
    if ((table.size > 0 && categories.size > 0) || (table.size == 0 && from.size > 0)) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`category` stands alone, and `from` with a `table`.");
    }
    *out = (rows_wanted){.categories = UINT32_MAX, .resource = BUNDLE_NONE};
    if (table.size > 0) {
        out->resource = bundle_find(passage->world->bundle, REGISTRY_RESOURCE, table);
        return rows_take_from(passage, from, out);
    }
    out->categories = categories_of(passage, categories);
    return VELUM_OK;
}

/* Of a customer who has several records (core/person.h): which, from 1. */
static velum_status take_record(passage *passage, uint32_t *out)
{
    const json_value *const number = json_member(json_root(passage->body), "record");

    *out = 1;
    if (number == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(number) != JSON_INTEGER || json_integer(number) < 1 ||
        json_integer(number) > VAULT_PERSON_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`record` is a number from 1 to 8.");
    }
    *out = (uint32_t)json_integer(number);
    return VELUM_OK;
}

velum_status me_read_locate(passage *passage)
{
    static const char *const members[] = {"category", "table", "from", "record", NULL};
    const json_value *const body = json_root(passage->body);
    rows_wanted wanted = {.resource = BUNDLE_NONE};
    uint32_t record = 1;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(take_rows_wanted(passage, &wanted));
    VELUM_TRY(take_record(passage, &record));
    if (json_member(body, "table") != NULL) {
        ask_table(passage, wanted.resource);
    } else if (wanted.categories != UINT32_MAX) {
        ask_categories(passage, wanted.categories);
    }
    if (rows_first_table(passage, wanted.categories) != BUNDLE_NONE) {
        VELUM_TRY(locate_snapshot(passage)); /* rows and state are of one */
    }
    VELUM_TRY(locate_own(passage));
    return person_choose(passage, record);
}

/* --- the answer --------------------------------------------------------------------------------- */

static velum_status write_category(passage *passage, uint32_t index, uint64_t fields,
                                   json_writer *out)
{
    const bundle *const bundle = passage->world->bundle;
    const bundle_category *const category = &bundle->categories[index];

    json_begin_object(out);
    json_member_text(out, "category", category->name);
    json_member_text(out, "title_zh", category->title_zh);
    json_member_text(out, "title_en", category->title_en);
    json_name(out, "fields");
    json_begin_object(out);
    for (uint32_t i = 0; i < bundle->field_count; i++) {
        if ((fields >> i & 1) != 0) {
            VELUM_TRY(read_write_field(passage, i, out));
        }
    }
    json_end_object(out);
    json_end_object(out);
    return VELUM_OK;
}

velum_status me_read_mask(passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    const uint64_t allowed =
        passage->resource == 0 ? passage->verdict.clear | passage->verdict.masked : 0;
    const uint32_t unknown = passage->unknown_fields;
    rows_wanted wanted;
    json_writer out;

    VELUM_TRY(take_rows_wanted(passage, &wanted));
    passage->unknown_fields = unknown;
    VELUM_TRY(buffer_reserve(&passage->answer->body, REPLY_BYTES_USUAL));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    VELUM_TRY(person_write_count(passage, &out));
    json_name(&out, "categories");
    json_begin_array(&out);
    for (uint32_t i = 0; i < bundle->category_count; i++) {
        const uint64_t fields = allowed & fields_of(bundle, i);
        if (fields != 0) {
            VELUM_TRY(write_category(passage, i, fields, &out));
        }
    }
    json_end_array(&out);
    VELUM_TRY(rows_write_all(passage, &wanted, &out));
    reply_decision(passage, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
