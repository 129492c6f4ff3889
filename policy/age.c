/* age.c: how old somebody is by the law that they live under (PIPL 28, 31; GDPR 8).
 *
 * The state record holds two days, those of the 14th and the 18th birthday; others are counted from
 * the former by calendar years. Who was born on 29 February then turns on 1 March of a leap year as
 * well, a day late and so the stricter.
 */
#include "policy/decide.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)
#define AGE_OF_RECORD 14
#define AGE_MAX 18
#define COUNTRY_ATTRIBUTE "country"

static int32_t day_of(int64_t ns)
{
    const int64_t day = ns / NS_PER_DAY;

    return (int32_t)(ns % NS_PER_DAY < 0 ? day - 1 : day);
}

static bool is_of_own_law(const bundle *policy, const subject_state *state)
{
    return state->jurisdiction == 0 || state->jurisdiction == policy->jurisdiction_number;
}

/* The local day of a foreign law, where that is not before the day of UTC; of an unknown one the
 * latest-turning of all. */
static int32_t foreign_offset_s(const bundle *policy, const subject_state *state)
{
    const jurisdiction_pack *const pack = bundle_pack(policy, state->jurisdiction);
    int32_t offset_s = 0;

    if (pack != NULL) {
        return pack->day_offset_s < 0 ? pack->day_offset_s : 0;
    }
    for (uint32_t i = 0; i < policy->pack_count; i++) {
        offset_s =
            policy->packs[i].day_offset_s < offset_s ? policy->packs[i].day_offset_s : offset_s;
    }
    return offset_s;
}

static int32_t local_day(const bundle *policy, const subject_state *state, int64_t now_ns)
{
    const int32_t offset_s =
        is_of_own_law(policy, state) ? policy->day_offset_s : foreign_offset_s(policy, state);
    int64_t local_ns = 0;

    if (__builtin_add_overflow(now_ns, offset_s * NS_PER_SECOND, &local_ns)) {
        local_ns = now_ns;
    }
    return day_of(local_ns);
}

uint32_t age_class(const bundle *policy, const subject_state *state, int64_t now_ns)
{
    if (state == NULL || state->turns_14_day == INT32_MIN) {
        return AGE_UNKNOWN;
    }
    const int32_t today = local_day(policy, state, now_ns);

    if (today < state->turns_14_day) {
        return AGE_UNDER_14;
    }
    return today < state->turns_18_day ? AGE_14_TO_17 : AGE_ADULT;
}

/* --- The age of consent ------------------------------------------------------------------------- */

static uint64_t country_of(const bundle *policy, const subject_state *state)
{
    const uint32_t index = bundle_find(policy, REGISTRY_ATTRIBUTE, TEXT_LITERAL(COUNTRY_ATTRIBUTE));

    if (index == BUNDLE_NONE) {
        return 0;
    }
    for (uint32_t i = 0; i < state->attribute_count; i++) {
        if (state->attributes[i].number == policy->attributes[index].number) {
            return state->attributes[i].value;
        }
    }
    return 0;
}

static uint32_t age_in(const bundle *policy, const jurisdiction_pack *pack,
                       const subject_state *state)
{
    const uint64_t country = pack->country_count == 0 ? 0 : country_of(policy, state);

    for (uint32_t i = 0; i < pack->country_count && country != 0; i++) {
        if (pack->countries[i].value == country) {
            return pack->countries[i].consent_age;
        }
    }
    return pack->consent_age;
}

static uint32_t highest_age(const bundle *policy)
{
    uint32_t age = 0;

    for (uint32_t i = 0; i < policy->pack_count; i++) {
        age = policy->packs[i].consent_age > age ? policy->packs[i].consent_age : age;
    }
    return policy->pack_count == 0 ? AGE_MAX : age; /* I-3 */
}

uint32_t consent_age(const bundle *policy, const subject_state *state)
{
    const jurisdiction_pack *const pack =
        bundle_pack(policy, is_of_own_law(policy, state) ? 0 : state->jurisdiction);

    return pack == NULL ? highest_age(policy) : age_in(policy, pack, state);
}

/* The day on which somebody turns `age`, at most AGE_MAX. */
static int32_t birthday(const subject_state *state, uint32_t age)
{
    if (age >= AGE_MAX || state->turns_14_day == INT32_MAX) {
        return state->turns_18_day;
    }
    const civil_date turns_14 = civil_date_from_days(state->turns_14_day);
    return civil_date_to_days(civil_date_add_years(turns_14, (int32_t)age - AGE_OF_RECORD));
}

bool is_below_consent_age(const bundle *policy, const subject_state *state, int64_t now_ns)
{
    if (state == NULL || state->turns_14_day == INT32_MIN) {
        return false;
    }
    const uint32_t age = consent_age(policy, state);
    return age > 0 && local_day(policy, state, now_ns) < birthday(state, age);
}
