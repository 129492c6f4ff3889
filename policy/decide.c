/* decide.c: may this be done, and which fields are clear, masked or hidden.
 *
 * A decision is a row of checks, each a small function that gives a reason of refusal or none; the
 * first reason wins. What is left when all are passed is granted. A check may only narrow what the
 * later ones see, so that an added denial never widens (D-1).
 */
#include "policy/decide.h"

#include <assert.h>

/* Acts on a subject, and acts that know none. */
#define SUBJECT_ACTIONS                                                                         \
    (ACTION_LOOKUP | ACTION_READ | ACTION_UPDATE | ACTION_CONSENT_READ | ACTION_CONSENT_WRITE | \
     ACTION_ERASE | ACTION_ACCESS_LOG | ROW_ACTIONS | ACTION_SEND)
#define SUBJECTLESS_ACTIONS                                                                       \
    (ACTION_AUDIT | ACTION_ADMINISTER | ACTION_REQUEST_DECIDE | ACTION_APPROVE | ACTION_RESOLVE | \
     ACTION_RETAINED_READ | TURN_ACTIONS)
/* Acts on rows of a module's table, and those that may be. */
#define ROW_ACTIONS (ACTION_ROWS_READ | ACTION_ROWS_WRITE | ACTION_COUNTS)
#define RESOURCE_ACTIONS (ROW_ACTIONS | ACTION_RETAINED_READ)
/* A program's turn, which concerns nobody until it says whom: work taken, messages out, tasks done. */
#define TURN_ACTIONS (ACTION_MODULE | ACTION_DELIVER | ACTION_ACKNOWLEDGE)
/* Acts on many, each of whom is decided on besides: always, and where the request says so. */
#define MANY_ACTIONS (ACTION_FILTER | ACTION_SEARCH | ACTION_LIST | ACTION_BULK_READ)
#define PERHAPS_MANY_ACTIONS (ROW_ACTIONS | ACTION_SEND)
/* What shows fields by role to whoever looks at somebody, and what uses fields whole or not at all. */
#define LOOKING_ACTIONS (ACTION_READ | ACTION_ROWS_READ | ACTION_SEARCH | ACTION_BULK_READ)
#define SHOWING_ACTIONS (LOOKING_ACTIONS | ACTION_RETAINED_READ)
#define WHOLE_ACTIONS                                                                    \
    (ACTION_CREATE | ACTION_UPDATE | ACTION_IMPORT | ACTION_ROWS_WRITE | ACTION_COUNTS | \
     ACTION_SEND)
/* What a restriction of processing stops, and what of it goes on for the customer. */
#define RECORD_ACTIONS (LOOKING_ACTIONS | WHOLE_ACTIONS | ACTION_FILTER)
#define OWN_ACTIONS (ACTION_READ | ACTION_ROWS_READ)

/* What the checks learn as they go. */
typedef struct inquiry {
    const decide_request *request;
    const bundle_activity *activity;
    const bundle_purpose *purpose;
    const bundle_resource *resource; /* NULL: fields of people */
    const subject_state *state;      /* NULL when the act concerns no subject */
    uint64_t reach;                  /* field bits of the activity */
    uint64_t asked;                  /* field bits */
    uint32_t roles;                  /* bits of the roles that count */
    verdict *found;
} inquiry;

typedef uint32_t (*check)(inquiry *self);

static uint32_t activity_is_known(inquiry *self);
static uint32_t activity_is_held(inquiry *self);
static uint32_t actor_kind_fits(inquiry *self);
static uint32_t action_is_allowed(inquiry *self);
static uint32_t resource_is_known(inquiry *self);
static uint32_t fields_are_known(inquiry *self);
static uint32_t reason_code_is_given(inquiry *self);
static uint32_t subject_is_there(inquiry *self);
static uint32_t processing_is_free(inquiry *self);
static uint32_t marketing_is_free(inquiry *self);
static uint32_t clock_can_judge(inquiry *self);
static uint32_t consent_stands(inquiry *self);
static uint32_t guardian_is_not_needed(inquiry *self);
static uint32_t a_role_applies(inquiry *self);
static uint32_t children_are_guarded(inquiry *self);
static uint32_t a_field_is_allowed(inquiry *self);
static uint32_t fields_may_be_written(inquiry *self);

static const check checks[] = {
    activity_is_known,                            /* I-3 */
    activity_is_held,                             /* I-7 */
    actor_kind_fits,                              /* I-7 */
    action_is_allowed,                            /* I-7, GDPR 5(1)(b) */
    resource_is_known,                            /* I-3, I-7 */
    fields_are_known,                             /* I-3 */
    reason_code_is_given,                         /* of whoever, so that it tells nobody */
    clock_can_judge,                              /* I-3; of whoever as well */
    subject_is_there,                             /* I-6 */
    processing_is_free,                           /* PIPL 44, GDPR 18 */
    marketing_is_free,                            /* GDPR 21(3): an objection overrides consent */
    consent_stands,                               /* PIPL 13-15 */
    guardian_is_not_needed,                       /* PIPL 28, 31; GDPR 8 */
    a_role_applies,         children_are_guarded, /* Minors Regulation 34-37 */
    a_field_is_allowed,                           /* GDPR 5(1)(c) */
    fields_may_be_written,                        /* GDPR 5(1)(b) */
};

static void grant(const inquiry *self);
static void deny(verdict *out, uint32_t reason);

void decide(const decide_request *request, verdict *out)
{
    inquiry self = {.request = request, .found = out};

    *out = (verdict){.purpose = BUNDLE_NONE};
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        const uint32_t reason = checks[i](&self);
        if (reason != REASON_NONE) {
            deny(out, reason);
            return;
        }
    }
    grant(&self);
}

static void deny(verdict *out, uint32_t reason)
{
    out->allowed = false;
    out->decision = 3;
    out->reason = reason;
    out->clear = 0;
    out->masked = 0;
    out->hidden = 0;
    out->categories = 0;
    out->rule = 0;
    out->obligations = 0;
}

/* --- The checks, in their order ----------------------------------------------------------------- */

static bool is_one_bit(uint32_t bits)
{
    return bits != 0 && (bits & (bits - 1)) == 0;
}

static uint32_t activity_is_known(inquiry *self)
{
    const decide_request *const request = self->request;

    if (request->bundle == NULL || request->activity >= request->bundle->activity_count) {
        return REASON_UNKNOWN_ACTIVITY;
    }
    self->activity = &request->bundle->activities[request->activity];
    self->purpose = &request->bundle->purposes[self->activity->purpose];
    self->found->purpose = self->activity->purpose;
    return REASON_NONE;
}

static uint32_t activity_is_held(inquiry *self)
{
    return self->request->activity_is_held ? REASON_NONE : REASON_ACTIVITY_NOT_REGISTERED;
}

static uint32_t actor_kind_fits(inquiry *self)
{
    const uint32_t actor = self->request->actor;

    return is_one_bit(actor) && (actor & self->activity->actors) != 0 ? REASON_NONE
                                                                      : REASON_ACTOR_KIND;
}

static uint32_t action_is_allowed(inquiry *self)
{
    const uint32_t action = self->request->action;

    return is_one_bit(action) && (action & self->activity->actions) != 0
               ? REASON_NONE
               : REASON_ACTION_NOT_ALLOWED;
}

/* Whose fields are asked for. A table that is not there, or of which the activity has nothing, and a
 * table where people's fields are meant or none where rows are, are all unknown (D-2). */
static uint32_t resource_is_known(inquiry *self)
{
    const decide_request *const request = self->request;
    const uint32_t resource = request->resource;
    const bool is_needed = (request->action & ROW_ACTIONS) != 0;
    const bool is_possible = (request->action & RESOURCE_ACTIONS) != 0;

    if (resource > request->bundle->resource_count || (resource != 0 && !is_possible) ||
        (resource == 0 && is_needed)) {
        return REASON_UNKNOWN_RESOURCE;
    }
    self->resource = resource == 0 ? NULL : &request->bundle->resources[resource - 1];
    self->reach = resource == 0 ? self->activity->fields : self->activity->resources[resource - 1];
    self->asked = request->all_fields ? self->reach : request->fields;
    return resource != 0 && self->reach == 0 ? REASON_UNKNOWN_RESOURCE : REASON_NONE;
}

static uint32_t fields_are_known(inquiry *self)
{
    const uint32_t count =
        self->resource != NULL ? self->resource->field_count : self->request->bundle->field_count;
    const uint64_t known = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;

    return self->request->unknown_fields == 0 && (self->asked & ~known) == 0 ? REASON_NONE
                                                                             : REASON_UNKNOWN_FIELD;
}

static int64_t age_time_ns(const decide_request *request)
{
    return request->age_now_ns != 0 ? request->age_now_ns : request->now_ns;
}

/* The bit of the code given, as far as the activity asks for it. */
static uint32_t code_bit(const inquiry *self)
{
    const uint32_t code = self->request->reason_code;

    return code == 0 || code > BUNDLE_REASON_CODES_MAX ? 0 : 1U << (code - 1);
}

static uint32_t reason_code_is_given(inquiry *self)
{
    if (self->activity->reason_codes == 0) {
        return REASON_NONE;
    }
    self->found->obligations |= OBLIGATION_REASON_CODE;
    return (code_bit(self) & self->activity->reason_codes) != 0 ? REASON_NONE
                                                                : REASON_REASON_CODE_NEEDED;
}

static uint32_t subject_is_there(inquiry *self)
{
    const decide_request *const request = self->request;

    if ((request->action & SUBJECTLESS_ACTIONS) != 0) {
        return REASON_NONE;
    }
    if (request->is_of_many && request->subject_status == 0) {
        return REASON_NONE;
    }
    if (request->subject_status == 0 && (request->action & SUBJECT_ACTIONS) == 0) {
        return REASON_NONE; /* somebody new, or a request of somebody never stored */
    }
    if (request->subject_status == SUBJECT_ERASING || request->subject_status == SUBJECT_ERASED) {
        return REASON_SUBJECT_ERASED;
    }
    if (request->subject_status != SUBJECT_LIVE || request->state == NULL) {
        return REASON_UNKNOWN_SUBJECT;
    }
    self->state = request->state;
    self->found->age_class = age_class(request->bundle, request->state, age_time_ns(request));
    return REASON_NONE;
}

/* The customer's own look at the record goes on: access is not what was restricted (GDPR 15, PIPL
 * 45). So do finding a customer and keeping consents, without which nobody could withdraw. */
static uint32_t processing_is_free(inquiry *self)
{
    const decide_request *const request = self->request;

    if (self->state == NULL || (self->state->restrictions & RESTRICTION_PROCESSING) == 0 ||
        (request->action & RECORD_ACTIONS) == 0) {
        return REASON_NONE;
    }
    return (request->action & OWN_ACTIONS) != 0 && request->actor == ACTOR_CUSTOMER
               ? REASON_NONE
               : REASON_PROCESSING_RESTRICTED;
}

/* An act on many by itself, or a program's turn: it shows nothing of anybody, and each whom it comes to
 * is asked about with a state. */
static bool is_of_nobody(const inquiry *self)
{
    const uint32_t many =
        MANY_ACTIONS | TURN_ACTIONS | (self->request->is_of_many ? PERHAPS_MANY_ACTIONS : 0);

    return self->state == NULL && (self->request->action & many) != 0;
}

static uint32_t marketing_is_free(inquiry *self)
{
    const bool objected =
        self->state != NULL && (self->state->restrictions & RESTRICTION_MARKETING) != 0;

    return objected && self->purpose->marketing ? REASON_MARKETING_OBJECTION : REASON_NONE;
}

static uint32_t clock_can_judge(inquiry *self)
{
    return self->purpose->basis == BASIS_CONSENT && self->request->clock_behind
               ? REASON_CLOCK_BEHIND
               : REASON_NONE;
}

/* Only given and renewed are valid for processing (DPV 2.3). */
static uint32_t reason_of_state(uint32_t state)
{
    static const uint8_t reasons[] = {
        [CONSENT_UNKNOWN] = REASON_CONSENT_MISSING,
        [CONSENT_REQUESTED] = REASON_CONSENT_MISSING,
        [CONSENT_DEFERRED] = REASON_CONSENT_MISSING,
        [CONSENT_REFUSED] = REASON_CONSENT_MISSING,
        [CONSENT_GIVEN] = REASON_NONE,
        [CONSENT_RENEWED] = REASON_NONE,
        [CONSENT_WITHDRAWN] = REASON_CONSENT_WITHDRAWN,
        [CONSENT_EXPIRED] = REASON_CONSENT_EXPIRED,
        [CONSENT_REVOKED] = REASON_CONSENT_WITHDRAWN,
        [CONSENT_INVALIDATED] = REASON_CONSENT_MISSING,
    };

    return state < sizeof(reasons) ? reasons[state] : REASON_CONSENT_MISSING;
}

static uint32_t consent_stands(inquiry *self)
{
    if (self->purpose->basis != BASIS_CONSENT || is_of_nobody(self)) {
        return REASON_NONE;
    }
    const state_consent *const consent =
        self->state == NULL ? NULL : subject_state_consent(self->state, self->purpose->number);
    if (consent == NULL) {
        return REASON_CONSENT_MISSING;
    }
    self->found->consent = consent;
    self->found->consent_state = consent->state;
    const uint32_t reason = reason_of_state(consent->state);
    if (reason != REASON_NONE) {
        return reason;
    }
    if (consent->version != self->purpose->version) {
        return REASON_CONSENT_OUTDATED; /* PIPL 14: a changed purpose needs a fresh consent */
    }
    if (consent->expires_s != 0 &&
        self->request->now_ns / NS_PER_SECOND >= (int64_t)consent->expires_s) {
        return REASON_CONSENT_EXPIRED;
    }
    return consent_grade_serves(consent->grade, self->purpose->grade_min) ? REASON_NONE
                                                                          : REASON_CONSENT_GRADE;
}

/* Below the age of consent one's own consent does not serve. Nobody is above 18 and below it. */
static uint32_t guardian_is_not_needed(inquiry *self)
{
    const uint32_t class = self->found->age_class;

    if (self->purpose->basis != BASIS_CONSENT || class == AGE_UNKNOWN || class == AGE_ADULT) {
        return REASON_NONE;
    }
    return is_below_consent_age(self->request->bundle, self->state, age_time_ns(self->request))
               ? REASON_GUARDIAN_CONSENT_REQUIRED
               : REASON_NONE;
}

static uint64_t subject_attribute(const subject_state *state, uint16_t number)
{
    for (uint32_t i = 0; i < state->attribute_count && number != 0; i++) {
        if (state->attributes[i].number == number) {
            return state->attributes[i].value;
        }
    }
    return 0;
}

static bool condition_holds(const inquiry *self, const bundle_condition *condition)
{
    const bundle_attribute *const attribute =
        &self->request->bundle->attributes[condition->attribute];
    const uint64_t value =
        self->state == NULL ? 0 : subject_attribute(self->state, attribute->number);

    if (value == 0) {
        return false; /* I-3 */
    }
    if (condition->same_as_actor) {
        return value == self->request->actor_attributes[condition->attribute];
    }
    for (uint32_t i = 0; i < condition->value_count; i++) {
        if (value == condition->values[i]) {
            return true;
        }
    }
    return false;
}

static bool role_counts(const inquiry *self, const bundle_role *role)
{
    for (uint32_t i = 0; i < role->condition_count; i++) {
        if (!condition_holds(self, &role->conditions[i])) {
            return false;
        }
    }
    return true;
}

/* Those of the request that the bundle has (I-3). */
static uint32_t known_roles(const decide_request *request)
{
    const uint32_t count = request->bundle->role_count;

    return count == BUNDLE_ROLES_MAX ? request->roles : request->roles & ((1U << count) - 1);
}

static uint32_t a_role_applies(inquiry *self)
{
    const decide_request *const request = self->request;
    const bool is_retained = request->action == ACTION_RETAINED_READ;

    if (self->state == NULL && !is_retained) {
        return REASON_NONE;
    }
    for (uint32_t rest = known_roles(request); rest != 0; rest &= rest - 1) {
        if (role_counts(self, &request->bundle->roles[__builtin_ctz(rest)])) {
            self->roles |= rest & -rest;
        }
    }
    const bool needed = (request->action & SHOWING_ACTIONS) != 0 ||
                        (request->actor == ACTOR_HUMAN && request->action != ACTION_SEND);
    return needed && self->roles == 0 ? REASON_NO_ROLE_APPLIES : REASON_NONE;
}

static uint32_t staff_roles(const bundle *policy)
{
    uint32_t staff = 0;

    for (uint32_t i = 0; i < policy->role_count; i++) {
        staff |= policy->roles[i].staff ? 1U << i : 0;
    }
    return staff;
}

/* What lets staff see a child's record: that others agreed, or a reason that cannot wait for them.
 * 0: nothing does. */
static uint32_t lifting_obligation(const inquiry *self)
{
    if (self->request->is_approved) {
        return OBLIGATION_APPROVAL;
    }
    return (code_bit(self) & self->activity->break_glass) != 0 ? OBLIGATION_NOTIFY : 0;
}

/* Staff roles do not count for a child's record by themselves; a refusal of them all would make
 * dropping one of two roles widen the answer (D-1). */
static uint32_t children_are_guarded(inquiry *self)
{
    if ((self->request->action & LOOKING_ACTIONS) == 0 || self->found->age_class != AGE_UNDER_14) {
        return REASON_NONE;
    }
    const uint32_t staff = self->roles & staff_roles(self->request->bundle);
    const uint32_t lifting = staff == 0 ? 0 : lifting_obligation(self);
    if (lifting != 0) {
        self->found->obligations |= lifting;
        return REASON_NONE;
    }
    self->roles &= ~staff;
    return self->roles == 0 ? REASON_APPROVAL_REQUIRED : REASON_NONE;
}

/* More clear fields weigh more than any number of masked ones. */
static int weight(uint64_t clear, uint64_t masked)
{
    return __builtin_popcountll(clear) * (BUNDLE_FIELDS_MAX + 1) + __builtin_popcountll(masked);
}

static uint64_t clear_of(const inquiry *self, const bundle_role *role)
{
    return self->reach & self->asked &
           (self->resource == NULL ? role->clear
                                   : role->resource_clear[self->request->resource - 1]);
}

static uint64_t mask_of(const inquiry *self, const bundle_role *role)
{
    return self->reach & self->asked &
           (self->resource == NULL ? role->mask : role->resource_mask[self->request->resource - 1]);
}

/* The clearest cell counts; a cell that is not written is hide (P-2). */
static void add_up_roles(inquiry *self)
{
    verdict *const found = self->found;
    int best = 0;

    for (uint32_t rest = self->roles; rest != 0; rest &= rest - 1) {
        const uint32_t i = (uint32_t)__builtin_ctz(rest);
        const bundle_role *const role = &self->request->bundle->roles[i];
        const uint64_t clear = clear_of(self, role);
        const uint64_t masked = mask_of(self, role);
        found->clear |= clear;
        found->masked |= masked;
        if (weight(clear, masked) > best) {
            best = weight(clear, masked);
            found->rule = i + 1;
        }
    }
    found->masked &= ~found->clear;
    found->hidden = self->asked & ~(found->clear | found->masked);
}

static uint32_t a_field_is_allowed(inquiry *self)
{
    if ((self->request->action & SHOWING_ACTIONS) == 0 || is_of_nobody(self)) {
        return REASON_NONE;
    }
    add_up_roles(self);
    return (self->found->clear | self->found->masked) != 0 ? REASON_NONE : REASON_NO_FIELD_ALLOWED;
}

/* What is written, counted or sent is allowed whole or not at all. */
static uint32_t fields_may_be_written(inquiry *self)
{
    const bool is_whole = (self->request->action & WHOLE_ACTIONS) != 0;

    return is_whole && (self->asked & ~self->reach) != 0 ? REASON_NO_FIELD_ALLOWED : REASON_NONE;
}

/* --- The grant ---------------------------------------------------------------------------------- */

static uint32_t categories_of(const inquiry *self, uint64_t fields)
{
    uint32_t categories = 0;

    if (self->resource != NULL) {
        return fields == 0 ? 0 : 1U << self->resource->category;
    }
    for (uint64_t rest = fields; rest != 0; rest &= rest - 1) {
        categories |= 1U << self->request->bundle->fields[__builtin_ctzll(rest)].category;
    }
    return categories;
}

static void grant(const inquiry *self)
{
    const bool is_whole = (self->request->action & WHOLE_ACTIONS) != 0;
    verdict *const out = self->found;

    assert((out->clear & out->masked) == 0);
    assert(((out->clear | out->masked) & ~self->reach) == 0);
    out->allowed = true;
    out->decision = (out->masked | out->hidden) == 0 ? 1 : 2;
    out->categories = categories_of(self, is_whole ? self->asked : out->clear | out->masked);
}
