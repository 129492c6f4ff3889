/* core/me.c: customers see what is held of them, category by category (PIPL 45, GDPR 15). */
#include "core/locate.h"
#include "core/parse.h"
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

/* Only the categories that are named are opened (I-4); a name that the policy does not know is counted
 * as an unknown field is. */
static void ask_categories(passage *passage, text names)
{
    const bundle *const bundle = passage->world->bundle;
    const uint64_t wanted =
        passage->asked_all ? bundle->activities[passage->activity].fields : passage->asked;
    uint64_t fields = 0;
    text name;

    while (text_split(&names, ',', &name)) {
        const uint32_t category = bundle_find(bundle, REGISTRY_CATEGORY, name);
        if (category == BUNDLE_NONE) {
            passage->unknown_fields++;
        } else {
            fields |= fields_of(bundle, category);
        }
    }
    passage->asked = wanted & fields;
    passage->asked_all = false;
}

velum_status me_read_locate(passage *passage)
{
    static const char *const members[] = {"category", NULL};
    const json_value *const body = json_root(passage->body);
    text names;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "category", &names));
    if (names.size > 0) {
        ask_categories(passage, names);
    }
    return locate_own(passage);
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
    const uint64_t allowed = passage->verdict.clear | passage->verdict.masked;
    json_writer out;

    VELUM_TRY(buffer_reserve(&passage->answer->body, REPLY_BYTES_USUAL));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    json_name(&out, "categories");
    json_begin_array(&out);
    for (uint32_t i = 0; i < bundle->category_count; i++) {
        const uint64_t fields = allowed & fields_of(bundle, i);
        if (fields != 0) {
            VELUM_TRY(write_category(passage, i, fields, &out));
        }
    }
    json_end_array(&out);
    reply_decision(passage, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
