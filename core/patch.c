/* core/patch.c: PATCH of a customer: a merge patch (RFC 7396) of the profile, for a version (If-Match).
 *
 * The profile is a flat object of texts: a text replaces, null removes, what is not named stays. The
 * version is judged on the writer's own view, in the savepoint that writes (W-2), so that of two
 * patches for one version only the first is applied.
 */
#include "core/locate.h"
#include "core/parse.h"
#include "core/profile.h"
#include "core/verbs.h"

#define TAGS_MAX 32

velum_status patch_locate(passage *passage)
{
    profile profile;

    VELUM_TRY(profile_parse(passage, json_root(passage->body), &profile));
    passage->asked_all = false;
    return locate_by_ref(passage);
}

/* --- If-Match (RFC 9110 §13.1.1) ---------------------------------------------------------------- */

static text without_blanks(text value)
{
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = (text){value.data + 1, value.size - 1};
    }
    while (value.size > 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t')) {
        value.size--;
    }
    return value;
}

/* What stands between the quotes; a host in process may name the number as it is. */
static bool read_tag(text tag, bool *out_is_weak, text *out)
{
    uint64_t number = 0;

    *out_is_weak = text_starts_with(tag, "W/");
    if (*out_is_weak) {
        tag = (text){tag.data + 2, tag.size - 2};
    }
    if (tag.size >= 2 && tag.data[0] == '"' && tag.data[tag.size - 1] == '"') {
        *out = (text){tag.data + 1, tag.size - 2};
        return text_find_byte(*out, '"') == out->size;
    }
    *out = tag;
    return !*out_is_weak && text_parse_u64(tag, &number);
}

/* Tags are compared strongly, so that a weak one never matches (RFC 9110 §8.8.3.2). */
static velum_status check_version(passage *passage, uint32_t version)
{
    text rest = passage->request->if_match;
    text part = TEXT_EMPTY;
    bool holds = false;

    if (rest.size == 0 || text_equal_literal(without_blanks(rest), "*")) {
        return VELUM_OK; /* whoever is located exists */
    }
    for (uint32_t i = 0; text_split(&rest, ',', &part); i++) {
        text tag = TEXT_EMPTY;
        uint64_t number = 0;
        bool is_weak = false;
        if (i == TAGS_MAX || !read_tag(without_blanks(part), &is_weak, &tag)) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "If-Match holds versions in quotes.");
        }
        holds = holds || (!is_weak && text_parse_u64(tag, &number) && number == version);
    }
    return holds ? VELUM_OK : refuse(passage, REASON_VERSION_CHANGED);
}

/* --- the patch ---------------------------------------------------------------------------------- */

velum_status patch_apply(passage *passage)
{
    const uint32_t version = sealed_subject_version(passage->sealed);
    profile profile;
    bool changed = false;
    json_writer out;

    VELUM_TRY(check_version(passage, version));
    VELUM_TRY(profile_parse(passage, json_root(passage->body), &profile));
    VELUM_TRY(profile_merge(passage, &profile, &changed));
    entry_push(&passage->entry, INPUT_RESULT, changed ? RESULT_CHANGED : RESULT_SAME);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    reply_version(passage, changed ? version + 1 : version, &out);
    json_member_bool(&out, "changed", changed);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
