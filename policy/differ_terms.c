/* differ_terms.c: approvals, erasure and jurisdiction packs of two bundles. */
#include "policy/differ.h"

#include <stddef.h>
#include <stdio.h>

/* No role named means any: naming the first narrows, naming none any more widens. */
static void compare_approvers(differ *self, uint32_t before, uint32_t after)
{
    if (before == 0 && after != 0) {
        differ_tell(self, false, "only certain roles may agree");
    } else if (before != 0 && after == 0) {
        differ_tell(self, true, "any role may agree");
    } else {
        differ_set(self, REGISTRY_ROLE, "role", before, after);
    }
}

void differ_approvals(differ *self)
{
    for (uint32_t kind = 1; kind < APPROVAL_KINDS; kind++) {
        const bundle_approval *const old = &self->before->approvals[kind];
        const bundle_approval *const new = &self->after->approvals[kind];

        (void)snprintf(self->who, sizeof(self->who), "approval %s", approval_kind_name(kind));
        differ_number(self, "needed", old->needed, new->needed, LESS_WIDENS);
        compare_approvers(self, old->roles, new->roles);
        differ_number(self, "valid-hours", old->valid_hours, new->valid_hours, MORE_WIDENS);
    }
}

/* How freely somebody erased is taken in again. */
static uint32_t freedom_of_return(uint32_t on_return)
{
    switch (on_return) {
    case RETURN_REJECT:
        return 0;
    case RETURN_NEW_CONSENT:
        return 1;
    default:
        return 2;
    }
}

/* Data that can still be had, and people who may return, are more than the contrary. */
void differ_erasure(differ *self)
{
    static const char *const words[] = {"reject", "accept-after-new-consent",
                                        "accept-no-marketing"};
    const bundle_erasure *const old = &self->before->erasure;
    const bundle_erasure *const new = &self->after->erasure;
    const uint32_t was = freedom_of_return(old->on_return);
    const uint32_t is = freedom_of_return(new->on_return);

    (void)snprintf(self->who, sizeof(self->who), "erasure");
    differ_number(self, "cool-down-days", old->cool_down_days, new->cool_down_days, MORE_WIDENS);
    differ_text(self, is > was, "on-return", text_of(words[was]), text_of(words[is]));
    differ_number(self, "suppression-days", old->suppression_days, new->suppression_days,
                  LESS_WIDENS);
    differ_number(self, "verification-hours", self->before->verification_hours,
                  self->after->verification_hours, MORE_WIDENS);
}

/* --- Packs -------------------------------------------------------------------------------------- */

/* A bound that goes, and a delay that comes, widen; so does what is not counted in the same days. */
static const struct {
    const char *name;
    size_t offset;
    bool is_delay;
} terms[] = {
    {"confirm", offsetof(jurisdiction_pack, confirm), false},
    {"answer", offsetof(jurisdiction_pack, answer), false},
    {"hard-limit", offsetof(jurisdiction_pack, hard_limit), false},
    {"extension", offsetof(jurisdiction_pack, extension), true},
    {"extend-within", offsetof(jurisdiction_pack, extend_within), true},
    {"opt-out", offsetof(jurisdiction_pack, opt_out), false},
    {"verification", offsetof(jurisdiction_pack, verification), false},
};

static bool term_widens(pack_term old, pack_term new, bool is_delay)
{
    if (old.unit == TERM_NONE || new.unit == TERM_NONE) {
        return (new.unit != TERM_NONE) == is_delay;
    }
    return old.unit != new.unit || new.count > old.count;
}

static void compare_term(differ *self, size_t index, pack_term old, pack_term new)
{
    static const char *const units[] = {"none", "days", "working days", "months"};

    if (old.unit != new.unit || old.count != new.count) {
        differ_tell(self, term_widens(old, new, terms[index].is_delay), "%s from %u %s to %u %s",
                    terms[index].name, old.count, units[old.unit], new.count, units[new.unit]);
    }
}

static bool days_are_among(const int32_t *some, uint32_t some_count, const int32_t *all,
                           uint32_t all_count)
{
    uint32_t k = 0;

    for (uint32_t i = 0; i < some_count; i++) { /* both ascend */
        while (k < all_count && all[k] < some[i]) {
            k++;
        }
        if (k == all_count || all[k] != some[i]) {
            return false;
        }
    }
    return true;
}

/* A free day more, or a worked one less, makes terms longer. */
static void compare_calendar(differ *self, const jurisdiction_pack *old,
                             const jurisdiction_pack *new)
{
    const bool no_new_holiday =
        days_are_among(new->holidays, new->holiday_count, old->holidays, old->holiday_count);
    const bool no_lost_workday =
        days_are_among(old->workdays, old->workday_count, new->workdays, new->workday_count);

    if (!no_new_holiday || new->holiday_count != old->holiday_count) {
        differ_tell(self, !no_new_holiday, "holidays are others");
    }
    if (!no_lost_workday || new->workday_count != old->workday_count) {
        differ_tell(self, !no_lost_workday, "workdays are others");
    }
}

static const struct pack_country *country_in(const jurisdiction_pack *pack, const char *country)
{
    for (uint32_t i = 0; i < pack->country_count; i++) {
        if (memcmp(pack->countries[i].country, country, 2) == 0) {
            return &pack->countries[i];
        }
    }
    return NULL;
}

/* A country of its own no more has the age of the others. */
static void compare_age_in(differ *self, const char *country, const jurisdiction_pack *old,
                           const jurisdiction_pack *new)
{
    const struct pack_country *const was = country_in(old, country);
    const struct pack_country *const is = country_in(new, country);
    char what[32];

    (void)snprintf(what, sizeof(what), "consent-age in %s", country);
    differ_number(self, what, was == NULL ? old->consent_age : was->consent_age,
                  is == NULL ? new->consent_age : is->consent_age, LESS_WIDENS);
}

static void compare_ages(differ *self, const jurisdiction_pack *old, const jurisdiction_pack *new)
{
    differ_number(self, "consent-age", old->consent_age, new->consent_age, LESS_WIDENS);
    for (uint32_t i = 0; i < old->country_count; i++) {
        compare_age_in(self, old->countries[i].country, old, new);
    }
    for (uint32_t i = 0; i < new->country_count; i++) {
        if (country_in(old, new->countries[i].country) == NULL) {
            compare_age_in(self, new->countries[i].country, old, new);
        }
    }
}

void differ_pack(differ *self, uint32_t before, uint32_t after)
{
    const jurisdiction_pack *const old = &self->before->packs[before];
    const jurisdiction_pack *const new = &self->after->packs[after];

    differ_number(self, "version", old->version, new->version, NEVER_WIDENS);
    if (old->day_offset_s != new->day_offset_s) {
        differ_tell(self, true, "day-offset is another");
    }
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
        compare_term(self, i, *(const pack_term *)((const char *)old + terms[i].offset),
                     *(const pack_term *)((const char *)new + terms[i].offset));
    }
    differ_number(self, "ask-again-days", old->ask_again_days, new->ask_again_days, LESS_WIDENS);
    differ_number(self, "ask-max", old->ask_max, new->ask_max, MORE_WIDENS);
    differ_number(self, "evidence-days", old->evidence_days, new->evidence_days, NEVER_WIDENS);
    differ_number(self, "request-log-days", old->request_log_days, new->request_log_days,
                  NEVER_WIDENS);
    compare_ages(self, old, new);
    differ_flag(self, "marketing-prior-consent", old->marketing_prior_consent,
                new->marketing_prior_consent, LESS_WIDENS);
    compare_calendar(self, old, new);
}
