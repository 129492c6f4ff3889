/* core/many.c: one of many, located and decided. */
#include "core/many.h"

#include "core/locate.h"

void many_decide_located(passage *passage, const many_ask *ask)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t store = bundle_find(bundle, REGISTRY_ATTRIBUTE, TEXT_LITERAL("store"));
    decide_request request = {
        .bundle = bundle,
        .activity = ask->activity,
        .activity_is_held = (passage->actor.activities >> ask->activity & 1) != 0,
        .actor = passage->actor.kind,
        .roles = passage->actor.roles,
        .action = ask->action,
        .fields = ask->fields,
        .all_fields = ask->all_fields,
        .resource = ask->resource,
        .reason_code = passage->reason_code,
        .is_approved = ask->is_approved,
        .now_ns = passage->clock.later_ns,
        .age_now_ns = passage->clock.earlier_ns,
        .clock_behind = passage->clock.behind,
        .subject_status = passage->has_subject ? sealed_subject_status(passage->sealed) : 0,
        .state = passage->opened == NULL ? NULL : &passage->state,
    };

    if (store != BUNDLE_NONE && passage->actor.credential != NULL) {
        request.actor_attributes[store] = passage->actor.credential->store;
    }
    decide(&request, &passage->verdict);
}

velum_status many_decide(passage *passage, const subject_id *id, const many_ask *ask)
{
    locate_forget(passage);
    passage->subject = *id;
    const velum_status status = locate_subject(passage);
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    passage->has_subject = status == VELUM_OK;
    many_decide_located(passage, ask);
    return status;
}
