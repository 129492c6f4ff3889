#include "core/me_log.h"

#define AUTH_CUSTOMER 3 /* as in leaves */
#define NS_PER_DAY (INT64_C(86400) * NS_PER_SECOND)

/* Delayed entries are whole once their days have passed, and are not spoken of before. */
static uint32_t visible_now(const passage *passage, const bundle_activity *activity, int64_t at_ns)
{
    if (activity->visible != VISIBLE_DELAYED) {
        return activity->visible == 0 ? VISIBLE_ROLE : activity->visible;
    }
    const int64_t age_ns = passage->clock.now_ns - at_ns;
    return age_ns >= (int64_t)activity->visible_days * NS_PER_DAY ? VISIBLE_FULL : 0;
}

bool own_entry_judge(audit_scan *scan, const audit_entry *entry, own_entry *out)
{
    const passage *const passage = scan->passage;
    const bundle *const bundle = passage->world->bundle;

    if (!passage->has_subject || !audit_scan_is_of_subject(scan, entry)) {
        return false;
    }
    *out = (own_entry){
        .is_self = entry->auth_method == AUTH_CUSTOMER,
        .is_bulk = entry->subject_count > 0,
        .visible = VISIBLE_ROLE, /* L-2 */
        .activity = bundle_find_number(bundle, REGISTRY_ACTIVITY, (uint16_t)entry->activity),
    };
    if (out->is_self) {
        out->visible = VISIBLE_FULL;
    } else if (out->activity != BUNDLE_NONE) {
        out->visible = visible_now(passage, &bundle->activities[out->activity], entry->at_ns);
    }
    return true;
}
