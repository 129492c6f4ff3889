/* subject_merge.c: what two records of one person allow together.
 *
 * Until the person says more, the stricter of both counts: a consent stands where both have it. What was
 * said after the records became one was said by the one person, so the newest of that counts (PIPL 14, 15).
 * At the same second, or in doubt which came first, it is the stricter again (I-3, I-8).
 */
#include "policy/subject_state.h"

/* From least to most strict. */
#define STANCE_ALLOWS 0
#define STANCE_SILENT 1
#define STANCE_DENIES 2

static uint32_t stance_of(const state_consent *consent)
{
    if (consent == NULL) {
        return STANCE_SILENT;
    }
    switch (consent->state) {
    case CONSENT_GIVEN:
    case CONSENT_RENEWED:
        return STANCE_ALLOWS;
    case CONSENT_UNKNOWN:
    case CONSENT_REQUESTED:
    case CONSENT_DEFERRED:
        return STANCE_SILENT;
    default:
        return STANCE_DENIES;
    }
}

static uint32_t earlier_end(uint32_t one, uint32_t other)
{
    if (one == 0 || other == 0) {
        return one | other;
    }
    return one < other ? one : other;
}

/* Both allow: the older evidence, as far as either reaches. */
static state_consent weaker(const state_consent *one, const state_consent *other)
{
    const bool is_other = other->version < one->version ||
                          (other->version == one->version && other->at_s < one->at_s);
    state_consent made = is_other ? *other : *one;

    made.expires_s = earlier_end(one->expires_s, other->expires_s);
    made.grade = consent_grade_serves(one->grade, other->grade) ? other->grade : one->grade;
    return made;
}

/* The stricter; false: as if nobody had been asked. */
static bool stricter(const state_consent *one, const state_consent *other, state_consent *out)
{
    const uint32_t stance = stance_of(one);
    const uint32_t other_stance = stance_of(other);

    if (stance == STANCE_ALLOWS && other_stance == STANCE_ALLOWS) {
        *out = weaker(one, other);
        return true;
    }
    const state_consent *const found = stance >= other_stance ? one : other;
    if (found != NULL) {
        *out = *found;
    }
    return found != NULL;
}

static bool is_after(const state_consent *consent, uint32_t joined_s)
{
    return consent != NULL && consent->at_s > joined_s;
}

static bool choose(const state_consent *one, const state_consent *other, uint32_t joined_s,
                   state_consent *out)
{
    const bool one_is_new = is_after(one, joined_s);
    const bool other_is_new = is_after(other, joined_s);
    const bool is_one = one_is_new && (!other_is_new || one->at_s > other->at_s);
    const bool is_other = other_is_new && (!one_is_new || other->at_s > one->at_s);

    if (is_one || is_other) {
        *out = is_one ? *one : *other;
        return true;
    }
    return stricter(one, other, out);
}

static velum_status merge_consents(subject_state *self, const subject_state *other,
                                   uint32_t joined_s)
{
    const subject_state before = *self;
    state_consent made;

    self->consent_count = 0;
    memset(self->consents, 0, sizeof(self->consents));
    for (uint32_t i = 0; i < before.consent_count; i++) {
        const state_consent *const one = &before.consents[i];
        if (choose(one, subject_state_consent(other, one->purpose), joined_s, &made)) {
            VELUM_TRY(subject_state_put_consent(self, &made));
        }
    }
    for (uint32_t i = 0; i < other->consent_count; i++) {
        const state_consent *const one = &other->consents[i];
        if (subject_state_consent(&before, one->purpose) == NULL &&
            choose(NULL, one, joined_s, &made)) {
            VELUM_TRY(subject_state_put_consent(self, &made));
        }
    }
    return VELUM_OK;
}

static int32_t later_day(int32_t one, int32_t other)
{
    return one > other ? one : other; /* INT32_MIN: no birthday is known */
}

velum_status subject_state_merge(subject_state *self, const subject_state *other, uint32_t joined_s)
{
    self->restrictions |= other->restrictions;
    self->holds = self->holds > UINT32_MAX - other->holds ? UINT32_MAX : self->holds + other->holds;
    self->turns_14_day = later_day(self->turns_14_day, other->turns_14_day);
    self->turns_18_day = later_day(self->turns_18_day, other->turns_18_day);
    return merge_consents(self, other, joined_s);
}
