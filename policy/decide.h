/* policy/decide.h: for every field asked: clear, mask or hide, and why. Pure and total.
 *
 * D-1  Monotone (I-8): fewer roles, an added denial, a withdrawn or missing consent, never widens.
 * D-2  Whatever is in doubt is denied (I-3).
 * D-3  The same inputs give the same verdict, for ever: all that was used stands in `inputs`.
 */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

#include "policy/bundle.h"
#include "policy/subject_state.h"

/* Reasons of refusal; names are registry names, see reason_name. */
#define REASON_NONE 0
#define REASON_ACTIVITY_NOT_REGISTERED 1 /* the credential does not hold it */
#define REASON_ACTION_NOT_ALLOWED 2      /* the activity has no such action */
#define REASON_CONSENT_MISSING 3
#define REASON_CONSENT_WITHDRAWN 4
#define REASON_CONSENT_OUTDATED 5 /* given for an earlier version of the purpose */
#define REASON_CONSENT_EXPIRED 6
#define REASON_CLOCK_BEHIND 7
#define REASON_GUARDIAN_CONSENT_REQUIRED 8 /* below the age of consent, PIPL 31, GDPR 8 */
#define REASON_APPROVAL_REQUIRED 9         /* staff, subject under 14 */
#define REASON_PROCESSING_RESTRICTED 10
#define REASON_MARKETING_OBJECTION 11
#define REASON_NO_ROLE_APPLIES 12 /* no role, or conditions (store) do not hold */
#define REASON_NO_FIELD_ALLOWED 13
#define REASON_UNKNOWN_FIELD 14
#define REASON_UNKNOWN_SUBJECT 15
#define REASON_SUBJECT_ERASED 16
#define REASON_ACTOR_KIND 17 /* the activity is not for this kind of actor */
#define REASON_UNKNOWN_ACTIVITY 18
#define REASON_UNKNOWN_PURPOSE 19
#define REASON_NOT_OWN_RECORD 20 /* a customer's token reaches that customer only */
#define REASON_CONFLICT 21
#define REASON_INVALID_VALUE 22
#define REASON_CREDENTIAL_REVOKED 23
#define REASON_CREDENTIAL_EXPIRED 24
#define REASON_UNKNOWN_DOMAIN 25
#define REASON_REASON_CODE_NEEDED \
    26                             /* the activity asks why, and nothing or an unknown code came */
#define REASON_APPROVAL_UNKNOWN 27 /* no such approval of this caller; forged ones too */
#define REASON_APPROVAL_PENDING 28 /* not enough people agreed yet */
#define REASON_APPROVAL_DENIED 29
#define REASON_APPROVAL_EXPIRED 30
#define REASON_APPROVAL_USED 31       /* single use */
#define REASON_APPROVAL_SCOPE 32      /* for something else than what is asked */
#define REASON_APPROVAL_OWN 33        /* who asked cannot agree */
#define REASON_REQUEST_STATE 34       /* not possible in the state in which it is */
#define REASON_REQUEST_REASON 35      /* a denial needs a reason, an extension details */
#define REASON_REQUEST_LATE 36        /* an extension after its term, or beyond the hard limit */
#define REASON_IDENTITY_UNVERIFIED 37 /* who asks must be verified first */
#define REASON_LEGAL_HOLD 38
#define REASON_SUPPRESSED 39      /* somebody erased returns where the policy does not take them */
#define REASON_VERSION_CHANGED 40 /* If-Match does not hold any more */
#define REASON_POLICY_APPROVAL 41 /* the active policy wants others to approve a new one */
#define REASON_CONSENT_GRADE 42   /* the evidence is weaker than the purpose asks */
#define REASON_CONSENT_COOL_DOWN 43 /* asked again too early or too often */
#define REASON_CONSENT_SEPARATE 44  /* this consent cannot be one of a bundle */
#define REASON_UNKNOWN_NOTICE 45
#define REASON_UNKNOWN_POLICY 46 /* no bundle of that hash */
#define REASON_UNKNOWN_RESOURCE \
    47                        /* the policy has no such table, or the activity none of its fields */
#define REASON_CAP_REACHED 48 /* as many messages as the channel allows in its days */
#define REASON_QUIET_HOURS 49 /* of the channel; the message waits */
#define REASON_NO_ADDRESS 50  /* the customer has none for the channel */
#define REASON_UNKNOWN_TEMPLATE \
    51 /* no such message of this module, or none in a language of theirs */
#define REASON_SMALL_NUMBERS 52  /* what is asked could be told apart from what was answered */
#define REASON_TOO_MANY_MATCH 53 /* a search that finds more than it may show */
#define REASON_QUOTA 54 /* searches, listings or reads of many: the credential's share is used up */
#define REASON_MODULE_CHANGED 55 /* the module runs with another declaration than the policy has */
#define REASON_WORK_GONE 56      /* the work was taken back: its time was over */
#define REASON_MERGED 57         /* another record of the same person stays in its place */
#define REASON_COUNT 58
/* "consent-missing"; NULL for an unknown number. */
const char *reason_name(uint32_t reason);

/* What an allowed act owes; bits, for ever. */
#define OBLIGATION_APPROVAL (1U << 0)    /* the approval must be used up (a write) */
#define OBLIGATION_REASON_CODE (1U << 1) /* the code stands in the leaf */
#define OBLIGATION_NOTIFY (1U << 2)      /* broke the glass: others are told and look at it after */

#define SUBJECT_LIVE 1
#define SUBJECT_ERASING 2
#define SUBJECT_ERASED 3

#define AGE_UNKNOWN 0 /* counts as adult */
#define AGE_UNDER_14 1
#define AGE_14_TO_17 2
#define AGE_ADULT 3

typedef struct decide_request {
    const bundle *bundle;
    uint32_t activity;     /* index; BUNDLE_NONE denies */
    bool activity_is_held; /* the credential is registered for it (I-7) */
    uint32_t actor;        /* one ACTOR_* bit */
    uint32_t roles;        /* bits of role indexes */
    uint64_t actor_attributes[BUNDLE_ATTRIBUTES_MAX]; /* by attribute index; 0: none */
    uint32_t action;                                  /* one ACTION_* bit */
    uint64_t fields; /* bits asked; all fields of the activity when `all_fields` */
    bool all_fields;
    uint32_t
        resource; /* 1 + index of a module's table, whose fields `fields` then are; 0: the person's */
    uint32_t unknown_fields; /* how many names were asked that the bundle does not know */
    int64_t now_ns;          /* the later of clock and newest recorded time: expiry only moves on */
    int64_t age_now_ns;      /* the earlier of the two, by which ages are judged; 0: now_ns */
    bool clock_behind;       /* more than 5 s behind: what rests on consent is denied */
    uint32_t reason_code;    /* 1 + index in the bundle; 0: none, or one that is not known */
    bool is_approved;        /* an approval for exactly this scope was found, to be used up */
    bool is_of_many;         /* an act on many subjects, each of whom is decided on besides */
    uint32_t subject_status; /* SUBJECT_*; 0: there is no such subject */
    const subject_state *state; /* NULL when there is no subject */
} decide_request;

typedef struct verdict {
    bool allowed;
    uint32_t decision; /* 1 allow, 2 partial (something asked is hidden or masked), 3 deny */
    uint32_t reason;   /* REASON_*; of a denial */
    uint64_t clear;    /* field bits, disjoint; all 0 when denied */
    uint64_t masked;
    uint64_t hidden;
    uint32_t categories;          /* bits: whose fields are shown, written, counted or sent (I-4) */
    uint32_t rule;                /* 1 + index of the role that gave most, 0 none */
    uint32_t purpose;             /* index, BUNDLE_NONE when denied before it was known */
    const state_consent *consent; /* in `state`; that the decision rested on, or NULL */
    uint32_t age_class;
    uint32_t consent_state; /* found, CONSENT_* */
    uint32_t obligations;   /* OBLIGATION_* bits; what allowing rests on */
} verdict;

/* Never fails: what it cannot judge it denies. For what does not show, the field sets are empty and
 * `allowed` is the answer.
 *
 * Fields: what shows (read, rows-read, search, bulk-read, retained-read) gives what the applicable roles
 * show of the fields asked, within the activity. What uses fields (create, update, import, rows-write,
 * counts, send) is allowed whole or not at all: each field asked must be one of the activity's; roles
 * bound what is seen, not what is written, counted or sent.
 * Tables: rows-read, rows-write and counts need a `resource`, retained-read may have one, nothing else
 * may; that the activity has no field of it is as if it were not there. A caller whose name no table has
 * must say so, with BUNDLE_NONE: 0 is the person's own fields.
 * Roles: what shows somebody needs a role that applies. A person (ACTOR_HUMAN) needs one for every act on
 * a known subject but send, which shows them nothing; audit and administer know no subject and ask for
 * none.
 * Subject: create, import and request may come with none (status 0), and so may whatever is of many;
 * audit, administer, request-decide, approve, resolve, retained-read, module, deliver and acknowledge
 * ignore it. Filter, search, list and bulk-read are of many by themselves, and rows-read, rows-write,
 * counts and send where the request says so: without a subject they ask for no consent and show nothing,
 * and each subject that they come to is decided on with its state.
 * Restriction of processing stops what shows somebody, what uses fields, and filter, but for the
 * customer's own read and rows-read.
 * Reason codes: an activity that has some needs one of them from everybody, for each of its actions.
 * Children: staff roles count for looking at a customer under 14 only with `is_approved`, which is then to
 * be used up, or with a reason code that breaks the glass.
 * Retained: a retained-read knows no subject's state; roles with conditions do not count for it. */
void decide(const decide_request *request, verdict *out);

/* Whether the same act stands under another bundle of the same registry, for `--shadow`: maps the
 * activity, roles, table, fields, reason code and actor attributes of `request` by registry number and
 * decides under `other`. What `other` does not know is denied (D-2). Field sets of the verdict are bits
 * of `request->bundle`, so that the two verdicts compare; rule, purpose and categories speak of
 * `other`. Both bundles are numbered. */
void decide_under(const decide_request *request, const bundle *other, verdict *out);

/* Age on the day of now_ns where the subject lives: the bundle's own local day (day_offset_s) where the
 * jurisdiction is the bundle's, else that of its pack, but never a day that begins before that of UTC:
 * the later one is the stricter. */
uint32_t age_class(const bundle *policy, const subject_state *state, int64_t now_ns);

/* Years below which a subject's own consent does not serve: by the subject's country where the
 * attribute `country` says it, else by the pack of the subject's jurisdiction, else the highest of
 * the bundle's packs (PIPL 31, GDPR 8). */
uint32_t consent_age(const bundle *policy, const subject_state *state);
/* Whether the subject is younger than that on the local day of now_ns; false where no birthday is
 * known, which counts as adult. */
bool is_below_consent_age(const bundle *policy, const subject_state *state, int64_t now_ns);

#endif
