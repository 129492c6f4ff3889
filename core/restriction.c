/* core/restriction.c: a restriction is lifted, at an officer's word.
 *
 * It is put by the customer's own request, by who restores an older copy (core/restore_mend.c), and ends only
 * here: the customer is told before it is lifted (GDPR 18(3)), which is the officer's to do. Consents that were
 * invalidated stay so; the customer gives them anew.
 */
#include "core/happening.h"
#include "core/parse.h"
#include "core/person.h"
#include "core/profile.h"
#include "core/verbs.h"

static const struct {
    const char *name;
    uint32_t bit;
} restrictions[] = {{"processing", RESTRICTION_PROCESSING}, {"marketing", RESTRICTION_MARKETING}};

#define RESTRICTIONS (sizeof(restrictions) / sizeof(restrictions[0]))

static uint32_t bit_of(const json_value *value)
{
    for (size_t i = 0; json_kind_of(value) == JSON_TEXT && i < RESTRICTIONS; i++) {
        if (text_equal(json_text(value), text_of(restrictions[i].name))) {
            return restrictions[i].bit;
        }
    }
    return 0;
}

static velum_status parse_lift(passage *passage, uint32_t *out)
{
    static const char *const members[] = {"lift", NULL};
    const json_value *const body = json_root(passage->body);
    const json_value *const lift = json_member(body, "lift");

    *out = 0;
    VELUM_TRY(parse_known_members(passage, body, members));
    for (size_t i = 0; lift != NULL && json_kind_of(lift) == JSON_ARRAY && i < json_count(lift);
         i++) {
        const uint32_t bit = bit_of(json_at(lift, i));
        if (bit == 0) {
            *out = 0;
            break;
        }
        *out |= bit;
    }
    return *out != 0 ? VELUM_OK
                     : refuse_hint(passage, REASON_INVALID_VALUE,
                                   "`lift` is an array of `processing` and `marketing`.");
}

static velum_status lift(passage *passage, uint32_t bits)
{
    const happening changed = {.event = HOOK_RESTRICTION_CHANGED,
                               .subject = passage->subject,
                               .at_ns = passage->clock.now_ns};

    if ((passage->state.restrictions & bits) == 0) {
        return refuse_hint(passage, REASON_CONFLICT, "No such restriction stands.");
    }
    passage->state.restrictions &= ~bits;
    VELUM_TRY(state_seal_final(passage));
    VELUM_TRY(happened(passage->batch, passage->world, &changed));
    return person_touch(passage); /* I-9 */
}

velum_status subject_restriction_apply(passage *passage)
{
    uint32_t bits = 0;
    json_writer out;

    VELUM_TRY(parse_lift(passage, &bits));
    VELUM_TRY(lift(passage, bits));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_LIFT);
    entry_push(&passage->entry, INPUT_RESTRICTIONS, bits);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_name(&out, "restrictions");
    json_begin_array(&out);
    for (size_t i = 0; i < RESTRICTIONS; i++) {
        if ((passage->state.restrictions & restrictions[i].bit) != 0) {
            json_write_text(&out, text_of(restrictions[i].name));
        }
    }
    json_end_array(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
