/* core/message_decide.c: whether a customer may be reached, in which language, and when. */
#include "core/message.h"

#include "core/person.h"

#include <assert.h>

#define DAY_SECONDS INT64_C(86400)
#define MINUTE_SECONDS 60

uint64_t message_fields(const bundle *bundle, const bundle_template *template)
{
    return template->fields | UINT64_C(1) << bundle->channels[template->channel].field;
}

void message_decide(passage *passage, const credential *asker, uint32_t activity,
                    const bundle_template *template)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t store = bundle_find(bundle, REGISTRY_ATTRIBUTE, TEXT_LITERAL("store"));
    decide_request request = {
        .bundle = bundle,
        .activity = activity,
        .activity_is_held =
            activity != BUNDLE_NONE && (asker->activities >> activity & 1) != 0, /* I-7 */
        .actor = asker->kind,
        .roles = asker->roles,
        .action = ACTION_SEND,
        .fields = message_fields(bundle, template),
        .now_ns = passage->clock.later_ns,
        .age_now_ns = passage->clock.earlier_ns,
        .clock_behind = passage->clock.behind,
        .subject_status = person_status(passage),
        .state = person_state(passage),
    };

    if (store != BUNDLE_NONE) {
        request.actor_attributes[store] = asker->store;
    }
    decide(&request, &passage->verdict);
    person_refuse_duplicate(passage);
    assert(!passage->verdict.allowed || request.state != NULL);
    if (passage->verdict.allowed) { /* what is sent is all of it: no role bounds it */
        passage->verdict.clear = request.fields;
    }
}

/* --- language ----------------------------------------------------------------------------------- */

/* The hash of the customer's declared language; 0: none is known. */
static uint64_t language_of(const passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find(bundle, REGISTRY_ATTRIBUTE, TEXT_LITERAL("language"));

    for (uint32_t i = 0;
         index != BUNDLE_NONE && passage->opened != NULL && i < passage->state.attribute_count;
         i++) {
        if (passage->state.attributes[i].number == bundle->attributes[index].number) {
            return passage->state.attributes[i].value;
        }
    }
    return 0;
}

uint32_t message_choose_template(const passage *passage, uint32_t module, text id)
{
    const bundle *const bundle = passage->world->bundle;
    const uint64_t wanted = language_of(passage);
    uint32_t best = BUNDLE_NONE;

    for (uint32_t i = 0; i < bundle->template_count; i++) {
        const bundle_template *const one = &bundle->templates[i];
        if (one->module != module || !text_equal(one->id, id)) {
            continue;
        }
        if (wanted != 0 && attribute_value_hash(one->language) == wanted) {
            return i;
        }
        if (best == BUNDLE_NONE || text_equal_literal(one->language, "zh")) {
            best = i;
        }
    }
    return best;
}

/* --- when --------------------------------------------------------------------------------------- */

int64_t message_due_ns(const bundle *bundle, const bundle_channel *channel, int64_t now_ns)
{
    const int64_t local_s = now_ns / NS_PER_SECOND + bundle->day_offset_s;
    const int64_t from_s = (int64_t)channel->quiet_from * MINUTE_SECONDS;
    const int64_t until_s = (int64_t)channel->quiet_until * MINUTE_SECONDS;
    const int64_t of_day_s = local_s % DAY_SECONDS;
    const int64_t begin_s = local_s - of_day_s; /* of the local day */

    if (from_s == until_s) {
        return now_ns;
    }
    const bool is_over_midnight = from_s > until_s;
    const bool is_quiet = is_over_midnight ? of_day_s >= from_s || of_day_s < until_s
                                           : of_day_s >= from_s && of_day_s < until_s;
    if (!is_quiet) {
        return now_ns;
    }
    const int64_t day_s = is_over_midnight && of_day_s >= from_s ? DAY_SECONDS : 0;
    return (begin_s + day_s + until_s - bundle->day_offset_s) * NS_PER_SECOND;
}

/* --- what is told ------------------------------------------------------------------------------- */

/* The evidence of a consent is the customer's, too, though a refusal to record one names it freely. */
bool message_reason_is_of_customer(uint32_t reason)
{
    return problem_speaks_of_subject(reason) || reason == REASON_CONSENT_GRADE;
}

bool message_reason_is_told(const bundle *bundle, uint32_t activity, uint32_t reason)
{
    if (!message_reason_is_of_customer(reason)) {
        return true;
    }
    return activity != BUNDLE_NONE && bundle->activities[activity].knows_existence;
}
