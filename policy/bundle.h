/* policy/bundle.h: a policy folder, compiled to tables.
 *
 * Pure: bytes in, tables out, no I/O. A bundle is `policy.yaml`, `notices/<id>.<lang>.md`,
 * `packs/<name>.yaml` and `modules/<name>.yaml`; its hash is SHA-256 over, in byte order of names, each
 * file's name and bytes, both prefixed by their length (u32be). Compiled once, then immutable but for the registry numbers that core/ assigns
 * before anybody else sees it; then any thread may read it.
 *
 * Things are named by index inside a bundle (fast, a bit in a set) and by registry number outside it
 * (for ever, in leaves and stored state). Field sets are bits of a uint64_t, role sets of a uint32_t.
 *
 * P-1  What a bundle does not name does not exist: unknown keys, activities, fields, roles and
 *      conditions are errors of compilation, never ignored (I-3).
 * P-2  A cell of roles × fields that is not written is `hide`.
 * P-3  No activity that lives on a consent has the action `consent-write` (I-7).
 * P-4  A bundle never needs more than the state record holds: at most 24 purposes that live on a
 *      consent, 16 categories, 8 attributes.
 * Format: docs/formats/policy.md.
 */
#ifndef POLICY_BUNDLE_H
#define POLICY_BUNDLE_H

#include "base/crypto.h"
#include "base/text.h"

#define BUNDLE_FIELDS_MAX 64
#define BUNDLE_CATEGORIES_MAX 16
#define BUNDLE_ROLES_MAX 32
#define BUNDLE_ACTIVITIES_MAX 64
#define BUNDLE_PURPOSES_MAX 48
#define BUNDLE_CONSENTS_MAX 24
#define BUNDLE_ATTRIBUTES_MAX 8
#define BUNDLE_NOTICES_MAX 128
#define BUNDLE_MASKS_MAX 32
#define BUNDLE_IDENTIFIERS_MAX 16
#define BUNDLE_CONDITIONS_MAX 8 /* a role */
#define BUNDLE_REASON_CODES_MAX 32
#define BUNDLE_PACKS_MAX 8
#define BUNDLE_MODULES_MAX 16
#define BUNDLE_RESOURCES_MAX 32 /* tables of all modules */
#define BUNDLE_COUNTS_MAX 16    /* declared aggregates of all modules */
#define BUNDLE_CHANNELS_MAX 8
#define BUNDLE_TEMPLATES_MAX 32 /* messages of all modules, in any language */
#define RESOURCE_FIELDS_MAX 24
#define BUNDLE_BYTES_MAX 1048576 /* all files together */
#define BUNDLE_NONE UINT32_MAX

/* Kinds of the registry; the numbers stand in `registry` leaves for ever. */
#define REGISTRY_ACTIVITY 1
#define REGISTRY_PURPOSE 2
#define REGISTRY_FIELD 3
#define REGISTRY_CATEGORY 4
#define REGISTRY_ROLE 5
#define REGISTRY_NOTICE 6 /* name: <id>.<lang>.<sha256 hex, first 32 digits> */
#define REGISTRY_MASK 7
#define REGISTRY_ATTRIBUTE 8
#define REGISTRY_REASON 9 /* of a refusal */
#define REGISTRY_DOMAIN 10
#define REGISTRY_ACTION 11
#define REGISTRY_BASIS 12
#define REGISTRY_JURISDICTION 13
#define REGISTRY_RECIPIENT 14
#define REGISTRY_IDENTIFIER 15
#define REGISTRY_REASON_CODE 16 /* why somebody looks, where an activity asks for it */
#define REGISTRY_RESOURCE 17    /* a module's table: "orders" */
#define REGISTRY_MODULE 18
#define REGISTRY_CHANNEL 19  /* "sms" */
#define REGISTRY_TEMPLATE 20 /* "winback.zh": a message of a module, in one language */
#define REGISTRY_COUNT 21    /* a declared aggregate: "sales_by_store" */
#define REGISTRY_HOOK 22     /* who is told of what happens to a customer */
#define REGISTRY_KINDS 23    /* array size */

/* Actions, a bit each. */
#define ACTION_CREATE (1U << 0)
#define ACTION_LOOKUP (1U << 1)
#define ACTION_READ (1U << 2)
#define ACTION_UPDATE (1U << 3)
#define ACTION_CONSENT_READ (1U << 4)
#define ACTION_CONSENT_WRITE (1U << 5)
#define ACTION_AUDIT (1U << 6)      /* read, prove and verify the log */
#define ACTION_ADMINISTER (1U << 7) /* credentials, people, policy, clock */
#define ACTION_IMPORT (1U << 8)
#define ACTION_REQUEST (1U << 9)         /* take in, see and cancel a person's request */
#define ACTION_REQUEST_DECIDE (1U << 10) /* verify, approve, deny, extend */
#define ACTION_ERASE (1U << 11)
#define ACTION_APPROVE (1U << 12)       /* decide what others asked approval for */
#define ACTION_ACCESS_LOG (1U << 13)    /* who looked at one's own data, and the proof */
#define ACTION_RESOLVE (1U << 14)       /* tokens of the log back to whom they stand for */
#define ACTION_RETAINED_READ (1U << 15) /* what a law keeps of somebody erased */
#define ACTION_ROWS_READ (1U << 16)     /* rows of modules' tables, of one customer or by range */
#define ACTION_ROWS_WRITE (1U << 17)    /* put and delete them */
#define ACTION_COUNTS (1U << 18)        /* aggregates, under the rule of small numbers */
#define ACTION_FILTER (1U << 19)    /* which of many may be asked for or reached, without a value */
#define ACTION_SEARCH (1U << 20)    /* candidates by several criteria */
#define ACTION_LIST (1U << 21)      /* references of everybody, page by page */
#define ACTION_BULK_READ (1U << 22) /* fields of many at once, under an approval */
#define ACTION_SEND (1U << 23)      /* a message to a customer, decided again when it leaves */
#define ACTION_MODULE (1U << 24)    /* take and answer a module's work */
#define ACTION_DELIVER (1U << 25)   /* the courier: rendered messages out, outcomes back */
#define ACTION_ACKNOWLEDGE (1U << 26) /* a processor: a task is done */
#define ACTION_COUNT 27
/* "create", "lookup" …; NULL for anything but one known bit. */
const char *action_name(uint32_t action);

/* Legal bases (PIPL 13, GDPR 6). */
#define BASIS_CONSENT 1
#define BASIS_CONTRACT 2
#define BASIS_LEGAL_OBLIGATION 3
#define BASIS_VITAL_INTEREST 4
#define BASIS_PUBLIC_INTEREST 5
#define BASIS_LEGITIMATE_INTEREST 6
#define BASIS_COUNT 7
const char *basis_name(uint32_t basis);

/* Who may hold an activity, a bit each. */
#define ACTOR_SERVICE (1U << 0)
#define ACTOR_HUMAN (1U << 1)
#define ACTOR_CUSTOMER (1U << 2)

/* Why a purpose needs an impact assessment before it comes into force (PIPL 55, GDPR 35), a bit
 * each; a bundle with such a purpose and no `assessment` does not compile. */
#define RISK_SENSITIVE (1U << 0)
#define RISK_AUTOMATED (1U << 1)
#define RISK_ENTRUSTED (1U << 2)
#define RISK_SHARED (1U << 3)
#define RISK_CROSS_BORDER (1U << 4)

typedef struct bundle_purpose {
    text name;
    text title_zh;
    text title_en;
    uint32_t basis;
    uint32_t version;      /* 1–65535; a consent serves only its own version */
    uint32_t notice_first; /* index of the first notice of its id, BUNDLE_NONE without consent */
    uint32_t notice_count; /* its languages */
    uint32_t consent_days; /* a consent expires after so many days; 0: it does not */
    uint32_t grade_min;    /* GRADE_* below which a consent does not serve; 0: any (consent.md) */
    uint32_t ask_days;     /* not asked again so many days after a refusal; 0: the pack's */
    uint32_t ask_max;      /* times asked without an answer; 0: the pack's */
    bool separate;         /* a consent of its own event, never one of several (PIPL 23–29) */
    bool marketing;        /* an objection to marketing stops it, consent or not (GDPR 21) */
    uint32_t risks;        /* RISK_* bits */
    text assessment;       /* id of the impact assessment; empty: none */
    uint16_t number;
} bundle_purpose;

typedef struct bundle_notice {
    text id;
    text language; /* "zh", "en" */
    text body;     /* Markdown, UTF-8 */
    uint32_t version;
    uint8_t hash[SHA256_BYTES];
    uint16_t number;
} bundle_notice;

/* What the person concerned sees of accesses under an activity. */
#define VISIBLE_FULL 1    /* role, store, activity, purpose, fields, at once: the default */
#define VISIBLE_ROLE 2    /* role and store, purpose, day */
#define VISIBLE_DELAYED 3 /* as full, after visible_days */
#define VISIBLE_NEVER 4   /* visible_reason says why (PIPL 18, 35) */

typedef struct bundle_activity {
    text name;
    text title_zh;
    text title_en;
    uint32_t purpose; /* index */
    uint32_t actions; /* bits */
    uint32_t actors;  /* bits: who may hold it */
    uint64_t fields;  /* bits: no role sees more than this under the activity */
    uint64_t
        resources[BUNDLE_RESOURCES_MAX]; /* the same of each module's table: bits of its fields */
    bool knows_existence; /* a refusal may name its reason; else hidden and unknown answer alike */
    text recipient;       /* empty: inside the house */
    uint32_t recipient_index; /* in `recipients`; BUNDLE_NONE: inside the house */
    uint32_t visible;         /* VISIBLE_* */
    uint32_t visible_days;    /* of VISIBLE_DELAYED, 1–3650 */
    text visible_reason;      /* of VISIBLE_NEVER; a name of ours to show: [a-z0-9-]{1,63} */
    uint32_t reason_codes; /* bits of `reason_codes`; one of them must be given; 0: none is asked */
    uint32_t
        break_glass; /* bits, within reason_codes: these stand in for an approval, with notice */
    uint16_t number;
} bundle_activity;

typedef struct bundle_reason_code {
    text name;
    text title_zh;
    text title_en;
    uint16_t number;
} bundle_reason_code;

typedef struct bundle_recipient {
    text name;
    uint16_t number;
} bundle_recipient;

typedef struct bundle_category {
    text name;
    text title_zh; /* of the name where the policy has none */
    text title_en;
    uint32_t retain_days;  /* a law keeps it so long after the person is erased; 0: it goes too */
    uint32_t retain_basis; /* BASIS_*; of retain_days */
    text retain_law;       /* "Tax Collection Law 24", shown in certificate and answer */
    uint32_t
        module;    /* 1 + index of the module whose rows are sealed under it; 0: fields of people */
    uint32_t rows; /* ROWS_*; of a module's */
    uint16_t number;
} bundle_category;

#define FIELD_TEXT 1
#define FIELD_DATE 2   /* YYYY-MM-DD */
#define FIELD_NUMBER 3 /* decimal digits, optional sign and fraction */
/* Of modules' tables only; every value travels and is sealed as text in one form. */
#define FIELD_INTEGER 4 /* int64, decimal: counts, and money in its smallest unit */
#define FIELD_TIME 5    /* RFC 3339 in UTC with seconds: 2026-11-30T15:59:03Z */
#define FIELD_BOOLEAN 6 /* true or false */

/* Classes, least first; what is not classified is the most sensitive (style, rule 19). */
#define CLASS_PUBLIC 1
#define CLASS_PERSONAL 2
#define CLASS_SENSITIVE 3

/* "integer", "sensitive"; NULL for an unknown number. */
const char *field_type_name(uint32_t type);
const char *class_name(uint32_t class);

typedef struct bundle_field {
    text name;
    text title_zh;
    text title_en;
    uint32_t category; /* index */
    uint32_t type;
    uint32_t class;
    uint32_t mask; /* index of its mask */
    uint16_t number;
} bundle_field;

/* A mask: a named profile of policy/mask.h with its parameters. */
typedef struct bundle_mask {
    text name;
    uint32_t profile; /* MASK_* */
    uint32_t keep_first;
    uint32_t keep_last;
    uint32_t fixed_length; /* 0: as long as the value */
    uint32_t character;    /* code point, '*' */
    uint16_t number;
} bundle_mask;

/* A role counts only where all its conditions hold: the subject's attribute equals the actor's
 * (`actor: true`) or one of the listed values. An attribute the subject or actor lacks: no (I-3). */
typedef struct bundle_condition {
    uint32_t attribute; /* index */
    bool same_as_actor;
    uint64_t values[8]; /* attribute_value_hash of each listed value */
    uint32_t value_count;
} bundle_condition;

typedef struct bundle_role {
    text name;
    bool staff;     /* a person looks: under 14 needs an approval (Minors Regulation 34–37) */
    uint64_t clear; /* field bits */
    uint64_t mask;  /* field bits, disjoint from clear */
    uint64_t resource_clear[BUNDLE_RESOURCES_MAX]; /* the same of each module's table */
    uint64_t resource_mask[BUNDLE_RESOURCES_MAX];
    bundle_condition conditions[BUNDLE_CONDITIONS_MAX];
    uint32_t condition_count;
    uint16_t number;
} bundle_role;

typedef struct bundle_attribute {
    text name;
    uint16_t number;
} bundle_attribute;

/* --- modules: `modules/<name>.yaml` of the policy folder (docs/formats/module.md) --------------------
 * What a module may keep is part of the policy: it has the bundle's hash, is agreed to like any other
 * change, and a module that runs with another declaration is refused. */

/* What becomes of a table's rows when the customer is erased. */
#define ROWS_ERASE 1 /* gone with the key */
#define ROWS_ANONYMISE \
    2 /* dimensions and measures stay, each row under a random pseudonym of its own */
#define ROWS_RETAIN 3 /* kept apart until a law's term ends, counted from the newest row */
const char *rows_way_name(uint32_t way); /* "erase"; NULL for an unknown number */

typedef struct resource_field {
    text name;      /* "amount" */
    text full_name; /* "orders.amount"; of the registry (REGISTRY_FIELD) */
    text title_zh;
    text title_en;
    uint32_t type;  /* FIELD_* */
    uint32_t class; /* CLASS_* */
    uint32_t mask;  /* index of its mask */
    bool is_required;
    bool is_indexed;   /* rows can be scanned by its range */
    bool is_dimension; /* rows can be counted by it */
    bool is_measure;   /* FIELD_INTEGER; can be summed */
    uint16_t number;
} resource_field;

typedef struct bundle_resource {
    text name; /* "orders": [a-z][a-z0-9_]{0,31}; also the last segment of its path */
    text title_zh;
    text title_en;
    uint32_t module; /* index */
    uint32_t
        parent; /* index of the table whose rows these hang on, in the same module; BUNDLE_NONE */
    uint32_t category; /* index: under whose key its rows are sealed */
    uint32_t erasure;  /* ROWS_* */
    bool is_immutable; /* the same key with other values is a conflict, not a change */
    uint32_t
        at_field; /* FIELD_TIME or FIELD_DATE from which a law's term counts; BUNDLE_NONE: when put */
    resource_field fields[RESOURCE_FIELDS_MAX];
    uint32_t field_count;
    uint16_t number;
} bundle_resource;

/* A declared aggregate: the catalogue is fixed, so that no question can be chosen to tell two answers
 * apart (law.md, "Aggregates that leave"). */
#define COUNT_DIMENSIONS_MAX 3
typedef struct bundle_count {
    text name;
    text title_zh;
    text title_en;
    uint32_t module;                           /* index; of the module that declares it */
    uint32_t resource;                         /* index: whose rows are counted */
    uint32_t dimensions[COUNT_DIMENSIONS_MAX]; /* indexes of fields of it */
    bool by_month[COUNT_DIMENSIONS_MAX];       /* a FIELD_DATE or FIELD_TIME is counted by month */
    uint32_t dimension_count;                  /* 1–3 */
    uint32_t measure; /* index of a measure that is summed beside distinct customers; BUNDLE_NONE */
    uint32_t k; /* distinct customers below which nothing is told; 5–1000, 10 where not said */
    uint32_t
        dominance_percent; /* a sum of which one customer has more is not told; 1–100, else 50 */
    uint16_t number;
} bundle_count;

/* Where messages go: the section `channels` of policy.yaml. */
typedef struct bundle_channel {
    text name;       /* "sms" */
    uint32_t field;  /* index of the profile field that is the address */
    text sender;     /* {{sender}}: who writes (MIIT draft on SMS; Advertising Law 43) */
    text opt_out_zh; /* {{opt_out}}: how to say no: "回T退订" */
    text opt_out_en;
    uint32_t quiet_from; /* minutes of the local day from which marketing waits; both 0: never */
    uint32_t quiet_until;
    uint32_t cap_count; /* marketing messages to one customer within cap_days; 0: no cap */
    uint32_t cap_days;
    uint16_t number;
} bundle_channel;

/* A message of a module. Placeholders: {{sender}} {{opt_out}} and {{<profile field>}}. One of a purpose
 * with `marketing: true` has the first two, or the policy does not compile. */
typedef struct bundle_template {
    text name;        /* "winback.zh"; of the registry */
    text id;          /* "winback" */
    text language;    /* "zh" */
    uint32_t module;  /* index */
    uint32_t channel; /* index */
    text subject;     /* of channels that have one; empty: none */
    text body;
    uint64_t fields; /* bits of the profile fields that it shows */
    uint16_t number;
} bundle_template;

/* Who is told, by webhook, of what happens to a customer: the section `hooks`. */
#define HOOK_SUBJECT_ERASED (1U << 0)
#define HOOK_SUBJECT_MERGED (1U << 1)
#define HOOK_SUBJECT_UNMERGED (1U << 2)
#define HOOK_CONSENT_CHANGED (1U << 3)
#define HOOK_RESTRICTION_CHANGED (1U << 4)
#define HOOK_TASK_CREATED (1U << 5)
#define HOOK_EVENT_COUNT 6
#define BUNDLE_HOOKS_MAX 16
typedef struct bundle_hook {
    text name;       /* of the registry; its address stands in the courier's configuration */
    text domain;     /* whose pseudonyms it is told */
    uint32_t events; /* HOOK_* bits */
    uint32_t secret; /* which of its secrets signs, from 1: they are derived (core/hook.h K-4) */
    uint16_t number;
} bundle_hook;

typedef struct bundle_module {
    text name; /* [a-z][a-z0-9_-]{0,31} */
    text title_zh;
    text title_en;
    text domain; /* its pseudonyms' (I-10); the module's name where it does not say */
    uint8_t hash[SHA256_BYTES]; /* of its file's bytes */
    uint32_t events;            /* HOOK_* bits that it is told through its work queue */
    uint32_t watches;           /* bits of tables, of any module: it is told when rows are put */
    uint16_t number;
} bundle_module;

/* What needs others to agree, by kind; `needed` 0: it does not. The numbers stand in leaves. */
#define APPROVAL_MINOR 1       /* staff reads of a customer under 14 (Minors Regulation 34–37) */
#define APPROVAL_BULK 2        /* reading many at once */
#define APPROVAL_LINK 3        /* joining two pseudonym domains (I-10) */
#define APPROVAL_UNMERGE 4     /* taking two merged customers apart */
#define APPROVAL_POLICY 5      /* bringing a bundle into force */
#define APPROVAL_ERASURE 6     /* erasing somebody at an officer's word */
#define APPROVAL_REQUEST 7     /* deciding a person's request */
#define APPROVAL_BREAK_GLASS 8 /* looking at an access that did not wait, afterwards */
#define APPROVAL_KINDS 9       /* array size */
const char *approval_kind_name(uint32_t kind); /* "minor"; NULL for an unknown number */

typedef struct bundle_approval {
    uint32_t needed; /* people, 0–5, never the requester; of APPROVAL_MINOR at least 1 */
    uint32_t roles;  /* bits: who may agree beside holding the action `approve`; 0: any of them */
    uint32_t valid_hours; /* 1–720, from the asking; 24 where the policy does not say */
} bundle_approval;

/* Somebody who was erased comes back (I-6). */
#define RETURN_REJECT 1
#define RETURN_NO_MARKETING 2 /* taken in, objecting to marketing */
#define RETURN_NEW_CONSENT \
    3 /* taken in only through an activity that records a consent, or by themselves */

typedef struct bundle_erasure {
    uint32_t cool_down_days;   /* in which the customer can cancel; 0–30 */
    uint32_t on_return;        /* RETURN_* */
    uint32_t suppression_days; /* how long it is known who must not return; 1–36500 */
} bundle_erasure;

/* A term of a jurisdiction pack. */
#define TERM_NONE 0
#define TERM_DAYS 1 /* calendar days */
#define TERM_WORKING_DAYS \
    2 /* Monday to Friday but for the pack's holidays, and its working weekends */
#define TERM_MONTHS 3

typedef struct pack_term {
    uint32_t unit; /* TERM_* */
    uint32_t count;
} pack_term;

/* A jurisdiction pack: deadlines, thresholds and classes as data (law.md). `packs/<name>.yaml` of the
 * policy folder, or the one that Velum brings (policy/packs/, each version kept for ever). */
#define PACK_HOLIDAYS_MAX 128
#define PACK_COUNTRIES_MAX 40
typedef struct jurisdiction_pack {
    text name; /* "cn-pipl" */
    uint32_t version;
    int32_t day_offset_s;    /* local days: UTC plus this */
    pack_term confirm;       /* receipt confirmed by then (CCPA §7021); TERM_NONE: no such duty */
    pack_term answer;        /* answered by then, from receipt */
    pack_term hard_limit;    /* beyond which no extension goes; TERM_NONE: none but the extension */
    pack_term extension;     /* added once, with details */
    pack_term extend_within; /* notified within this from receipt (GDPR 12(3)) */
    pack_term opt_out;       /* opt-outs and objections take effect by then */
    pack_term verification;  /* how long a verification is waited for */
    uint32_t ask_again_days; /* consent, after a refusal or an opt-out (CCPA: 12 months) */
    uint32_t ask_max;        /* unanswered asks */
    uint32_t evidence_days;  /* how long evidence outlives the erasure (NDR 12: 3 years) */
    uint32_t request_log_days;    /* how long requests are kept at least (§7101: 24 months) */
    uint32_t consent_age;         /* below it a guardian consents; where the country is not known */
    bool marketing_prior_consent; /* silence is refusal */
    int32_t holidays[PACK_HOLIDAYS_MAX]; /* days since 1970, ascending */
    uint32_t holiday_count;
    int32_t workdays[PACK_HOLIDAYS_MAX]; /* weekends worked (调休), ascending */
    uint32_t workday_count;
    struct pack_country {
        char country[3]; /* ISO 3166-1 alpha-2 */
        uint8_t consent_age;
        uint64_t
            value; /* attribute_value_hash of the country, as the attribute `country` holds it */
    } countries[PACK_COUNTRIES_MAX];
    uint32_t country_count;
    uint16_t number; /* REGISTRY_JURISDICTION */
} jurisdiction_pack;

/* Identifier types in the order in which an upsert looks for a known one: "mobile", "email",
 * "id_card", "ext:cj" or "ext:*". */
typedef struct bundle_identifier {
    text type;
    uint16_t number;
} bundle_identifier;

typedef struct bundle {
    uint8_t hash[SHA256_BYTES];
    text name;         /* of the retailer's policy */
    text jurisdiction; /* "cn-pipl" */
    uint16_t jurisdiction_number;
    int32_t day_offset_s; /* ages are counted on the day of UTC plus this: that of the own pack, but
                           * never east of UTC outside cn-* */
    uint32_t birthday_field; /* index of the field from which ages are known, or BUNDLE_NONE */
    bundle_purpose purposes[BUNDLE_PURPOSES_MAX];
    uint32_t purpose_count;
    bundle_notice notices[BUNDLE_NOTICES_MAX];
    uint32_t notice_count;
    bundle_activity activities[BUNDLE_ACTIVITIES_MAX];
    uint32_t activity_count;
    bundle_category categories[BUNDLE_CATEGORIES_MAX];
    uint32_t category_count;
    bundle_field fields[BUNDLE_FIELDS_MAX];
    uint32_t field_count;
    bundle_mask masks[BUNDLE_MASKS_MAX];
    uint32_t mask_count;
    bundle_role roles[BUNDLE_ROLES_MAX];
    uint32_t role_count;
    bundle_attribute attributes[BUNDLE_ATTRIBUTES_MAX];
    uint32_t attribute_count;
    bundle_identifier identifiers[BUNDLE_IDENTIFIERS_MAX];
    uint32_t identifier_count;
    bundle_recipient recipients[BUNDLE_ACTIVITIES_MAX];
    uint32_t recipient_count;
    bundle_reason_code reason_codes[BUNDLE_REASON_CODES_MAX];
    uint32_t reason_code_count;
    bundle_module modules[BUNDLE_MODULES_MAX];
    uint32_t module_count;
    bundle_resource resources[BUNDLE_RESOURCES_MAX];
    uint32_t resource_count;
    bundle_count counts[BUNDLE_COUNTS_MAX];
    uint32_t count_count;
    bundle_channel channels[BUNDLE_CHANNELS_MAX];
    uint32_t channel_count;
    bundle_template templates[BUNDLE_TEMPLATES_MAX];
    uint32_t template_count;
    bundle_hook hooks[BUNDLE_HOOKS_MAX];
    uint32_t hook_count;
    uint64_t searchable; /* bits of fields by which customers can be searched for */
    bundle_approval approvals[APPROVAL_KINDS]; /* by kind */
    bundle_erasure erasure;
    uint32_t verification_hours; /* how old the proof of who asks may be; 1–720, else 24 */
    jurisdiction_pack packs[BUNDLE_PACKS_MAX]; /* that of `jurisdiction` first */
    uint32_t pack_count;
    struct bundle_source *source; /* owns every text above */
} bundle;

typedef struct bundle_file {
    text name; /* "policy.yaml", "notices/marketing.zh.md" */
    text bytes;
} bundle_file;

/* Told every finding: errors stop, warnings do not. `line` 0 where none applies. `message` is a line
 * of ours that may quote names from the policy (it is the officer's own file). */
typedef void (*bundle_finding)(void *context, bool is_error, const char *file, uint32_t line,
                               const char *message);

/* Compiles. VELUM_E_INVALID with the first error in `err`; all findings go to `finding` when given.
 * Registry numbers are 0 until bundle_set_number. */
velum_status bundle_compile(const bundle_file *files, size_t count, bundle_finding finding,
                            void *context, bundle **out, velum_error *err) VELUM_WARN_UNUSED;
void bundle_free(bundle *self);
VELUM_DEFINE_AUTO(bundle);

/* The hash alone, in the form above; works for any set of files. */
velum_status bundle_files_hash(const bundle_file *files, size_t count,
                               uint8_t out[SHA256_BYTES]) VELUM_WARN_UNUSED;

/* Index by name, BUNDLE_NONE when the bundle has none. `kind` is REGISTRY_ACTIVITY … . A field of a
 * table is found by resource_find only: "orders.amount" is BUNDLE_NONE here, and so is its number below. */
uint32_t bundle_find(const bundle *self, uint32_t kind, text name);
/* Index by registry number, BUNDLE_NONE when none. Fast for fields, purposes and categories. */
uint32_t bundle_find_number(const bundle *self, uint32_t kind, uint16_t number);
/* Everything of the bundle that needs a number, walked by (kind, index), fields of tables behind those
 * of people (REGISTRY_FIELD); false behind the last, and for kinds that are not of the bundle (actions, bases, reasons, domains: core/ numbers those by
 * action_name, basis_name, reason_name). For notices `out_name` is written to `scratch`. */
bool bundle_name_at(const bundle *self, uint32_t kind, uint32_t index, char scratch[128],
                    text *out_name);
void bundle_set_number(bundle *self, uint32_t kind, uint32_t index, uint16_t number);

/* The notice of a purpose in a language, the first one when it has no such language (languages are
 * ordered zh, en, then by name); NULL when the purpose has no notice. */
const bundle_notice *bundle_notice_of(const bundle *self, uint32_t purpose, text language);
/* The identifier type's place in the bundle's order ("ext:cj" matches "ext:*"), or BUNDLE_NONE. */
uint32_t bundle_identifier_order(const bundle *self, text type);
/* Index of a field of a table by name or registry number; BUNDLE_NONE. */
uint32_t resource_find(const bundle_resource *self, text name);
uint32_t resource_find_number(const bundle_resource *self, uint16_t number);
/* Whether the activity's purpose rests on consent. */
bool bundle_lives_on_consent(const bundle *self, uint32_t activity);
/* The pack of a registry number of kind REGISTRY_JURISDICTION; the bundle's own for 0; NULL when the
 * bundle has none of it. */
const jurisdiction_pack *bundle_pack(const bundle *self, uint16_t number);

/* What coming from `before` to `after` changes, a line each, for those who approve it: what is new,
 * gone or different of the policy's head, attributes, reason-codes, purposes, notices, categories,
 * fields, masks, activities, roles, approvals, erasure, packs, searchable, channels, hooks, modules,
 * tables, counts, messages; in this order, which are the names in `section`. `widens` says that the change lets somebody see or do more, or be seen less by the
 * person concerned; where that cannot be said, it does (I-3). `message` quotes names and titles of the
 * policies. Ends early with a negative status of `tell`. */
typedef velum_status (*bundle_change)(void *context, bool widens, const char *section,
                                      const char *message);
velum_status bundle_diff(const bundle *before, const bundle *after, bundle_change tell,
                         void *context) VELUM_WARN_UNUSED;

/* First 8 bytes of SHA-256 of the value, never 0. */
uint64_t attribute_value_hash(text value);

#endif
