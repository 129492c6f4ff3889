#include "tests/policy/oracle.h"

/* Full years on 2026-11-21, on which all random times lie in every zone. */
static int32_t years_of(const subject_state *state)
{
    if (state->turns_14_day == INT32_MIN) {
        return 1000;
    }
    const civil_date turns_14 = civil_date_from_days(state->turns_14_day);
    const int32_t had_birthday =
        turns_14.month < 11 || (turns_14.month == 11 && turns_14.day <= 21);

    return 2026 - (turns_14.year - 14) - (had_birthday != 0 ? 0 : 1);
}

/* Numbers of the sample: 1 cn-pipl, 2 eu-gdpr, 3 us-ca; of others the strictest. */
static int32_t oracle_consent_age(const subject_state *state)
{
    static const int32_t ages[] = {14, 14, 16, 13};

    return state->jurisdiction < 4 ? ages[state->jurisdiction] : 16;
}

static bool oracle_code(const decide_request *request, uint32_t among)
{
    for (uint32_t i = 0; i < request->bundle->reason_code_count; i++) {
        if ((among >> i & 1) != 0 && request->reason_code == i + 1) {
            return true;
        }
    }
    return false;
}

static bool oracle_condition(const decide_request *request, const bundle_condition *condition)
{
    const uint16_t number = request->bundle->attributes[condition->attribute].number;

    for (uint32_t k = 0; k < request->state->attribute_count; k++) {
        if (request->state->attributes[k].number == number) {
            return request->state->attributes[k].value != 0 &&
                   request->state->attributes[k].value ==
                       request->actor_attributes[condition->attribute];
        }
    }
    return false;
}

static bool oracle_role(const decide_request *request, uint32_t index)
{
    const bundle_role *const role = &request->bundle->roles[index];
    const bundle_activity *const activity = &request->bundle->activities[request->activity];
    bool counts = (request->roles >> index & 1) != 0;

    if (request->action == ACTION_RETAINED_READ) {
        return counts && role->condition_count == 0;
    }
    if (years_of(request->state) < 14 && role->staff) { /* Minors Regulation 34-37 */
        counts = counts && (request->is_approved || oracle_code(request, activity->break_glass));
    }
    for (uint32_t i = 0; i < role->condition_count; i++) {
        counts = counts && oracle_condition(request, &role->conditions[i]);
    }
    return counts;
}

static bool oracle_consent(const decide_request *request, const bundle_purpose *purpose)
{
    static const int strength[] = {0, 3, 2, 4, 1}; /* by GRADE_* */

    for (uint32_t i = 0; i < request->state->consent_count; i++) {
        const state_consent *const consent = &request->state->consents[i];
        const bool is_valid = consent->state == CONSENT_GIVEN || consent->state == CONSENT_RENEWED;
        const int64_t ends_ns = (int64_t)consent->expires_s * NS_PER_SECOND;
        if (consent->purpose == purpose->number && consent->version == purpose->version &&
            is_valid && (ends_ns == 0 || request->now_ns < ends_ns)) {
            return !request->clock_behind &&
                   strength[consent->grade] >= strength[purpose->grade_min] &&
                   years_of(request->state) >= oracle_consent_age(request->state);
        }
    }
    return false;
}

/* What stands in the way of an act on somebody who is there. */
static bool oracle_subject(const decide_request *request, const bundle_purpose *purpose)
{
    const uint32_t own = ACTION_READ | ACTION_ROWS_READ;

    if (request->action == ACTION_RETAINED_READ) {
        return purpose->basis != BASIS_CONSENT;
    }
    if (request->subject_status != SUBJECT_LIVE || request->state == NULL) {
        return false;
    }
    const bool restricted = (request->state->restrictions & RESTRICTION_PROCESSING) != 0;
    const bool objected = (request->state->restrictions & RESTRICTION_MARKETING) != 0;
    const bool is_own = request->actor == ACTOR_CUSTOMER && (request->action & own) != 0;
    return !(restricted && !is_own) && !(objected && purpose->marketing) &&
           (purpose->basis != BASIS_CONSENT || oracle_consent(request, purpose));
}

uint64_t oracle_reach(const decide_request *request)
{
    const bundle_activity *const activity = &request->bundle->activities[request->activity];

    return request->resource == 0 ? activity->fields : activity->resources[request->resource - 1];
}

uint32_t oracle_field_count(const decide_request *request)
{
    const bool has_table = (request->action & ORACLE_TABLES) != 0;
    const bool needs_table = has_table && request->action != ACTION_RETAINED_READ;

    if (request->resource == 0) {
        return needs_table ? 0 : request->bundle->field_count;
    }
    return has_table && request->resource <= request->bundle->resource_count
               ? request->bundle->resources[request->resource - 1].field_count
               : 0;
}

/* What is asked about is there, and whoever asks may ask it. */
static bool oracle_asking(const decide_request *request, uint64_t *out_asked)
{
    const bundle *const rules = request->bundle;
    const uint32_t count = oracle_field_count(request);

    if (request->activity >= rules->activity_count || !request->activity_is_held ||
        __builtin_popcount(request->action) != 1 || request->unknown_fields != 0 || count == 0) {
        return false;
    }
    const bundle_activity *const activity = &rules->activities[request->activity];
    const uint64_t reach = oracle_reach(request);
    *out_asked = request->all_fields ? reach : request->fields;
    return (activity->actions & request->action) != 0 && __builtin_popcount(request->actor) == 1 &&
           (activity->actors & request->actor) != 0 && *out_asked >> count == 0 &&
           (request->resource == 0 || reach != 0) &&
           (activity->reason_codes == 0 || oracle_code(request, activity->reason_codes));
}

static int cell_of_role(const decide_request *request, const bundle_role *role, uint64_t bit)
{
    const uint32_t resource = request->resource;
    const uint64_t clear = resource == 0 ? role->clear : role->resource_clear[resource - 1];
    const uint64_t mask = resource == 0 ? role->mask : role->resource_mask[resource - 1];

    return (clear & bit) != 0 ? 2 : (mask & bit) != 0 ? 1 : 0;
}

int oracle_cell(const decide_request *request, uint32_t field)
{
    const bundle *const rules = request->bundle;
    const uint64_t bit = UINT64_C(1) << field;
    uint64_t asked = 0;
    int cell = 0;

    if ((request->action & ORACLE_SHOWS) == 0 || !oracle_asking(request, &asked) ||
        (asked & oracle_reach(request) & bit) == 0 ||
        !oracle_subject(request, &rules->purposes[rules->activities[request->activity].purpose])) {
        return 0;
    }
    for (uint32_t i = 0; i < rules->role_count; i++) {
        if (oracle_role(request, i)) {
            const int now = cell_of_role(request, &rules->roles[i], bit);
            cell = now > cell ? now : cell;
        }
    }
    return cell;
}

/* A person needs a role that counts, but for a message; what is of many has nobody to look at. */
bool oracle_allows_whole(const decide_request *request)
{
    const bundle *const rules = request->bundle;
    uint64_t asked = 0;
    bool has_role = request->actor != ACTOR_HUMAN || request->action == ACTION_SEND;

    if (!oracle_asking(request, &asked) || (asked & ~oracle_reach(request)) != 0) {
        return false;
    }
    const bundle_purpose *const purpose =
        &rules->purposes[rules->activities[request->activity].purpose];
    if (request->is_of_many && request->subject_status == 0) {
        return purpose->basis != BASIS_CONSENT || !request->clock_behind;
    }
    decide_request approved = *request; /* children are guarded from being looked at only */
    approved.is_approved = true;
    for (uint32_t i = 0; i < rules->role_count && request->state != NULL; i++) {
        has_role = has_role || oracle_role(&approved, i);
    }
    return has_role && oracle_subject(request, purpose);
}
