/* audit/entry.h: the body of a leaf: what happened, to whom, why, and what was decided.
 *
 * A body holds registry ids, numbers, enumerated codes and keyed tokens; nothing that a caller typed
 * (I-5). It is deterministic CBOR with integer keys, at most ENTRY_BODY_BYTES_MAX. Zero means absent
 * for every number, all-zero for every token, count 0 for every list; absent members are not
 * written, so that the common leaf is short and the encoding has one form.
 * Format: docs/formats/leaf.md.
 */
#ifndef AUDIT_ENTRY_H
#define AUDIT_ENTRY_H

#include "base/buffer.h"
#include "base/text.h"

#define ENTRY_BODY_BYTES_MAX 4000 /* leaf header included, a leaf stays within 4096 */
#define ENTRY_TOKEN_BYTES 16
#define ENTRY_FIELDS_MAX 64
#define ENTRY_ROLES_MAX 16
#define ENTRY_INPUTS_MAX 24
#define ENTRY_SUBJECTS_MAX 200
#define ENTRY_NAME_BYTES_MAX 128

/* Event types. Numbers are for ever. */
#define ENTRY_GENESIS 1      /* the log begins */
#define ENTRY_RECOVERY 2     /* a start found and dropped a torn batch; params say what */
#define ENTRY_REGISTRY 3     /* a name got its number */
#define ENTRY_VERIFICATION 4 /* somebody verified the log; params: result, size */
#define ENTRY_CLOCK 5        /* the clock is behind, or was accepted */
#define ENTRY_POLICY 6       /* a bundle was applied */
#define ENTRY_CREDENTIAL 7   /* credential added, revoked; customer token issued */
#define ENTRY_PERSON 8       /* a person was registered */
#define ENTRY_SCHEMA 9       /* a schema step was taken */
#define ENTRY_CONFIGURATION 10
#define ENTRY_APPROVAL 11     /* asked, agreed, refused, used, ended, reviewed */
#define ENTRY_KEYS 12         /* a key was replaced; params say which */
#define ENTRY_READ 20         /* fields of one subject read */
#define ENTRY_LOOKUP 21       /* identifier to pseudonym */
#define ENTRY_UPSERT 22       /* subject created or updated */
#define ENTRY_CONSENT_READ 23 /* a subject's consents listed */
#define ENTRY_CONSENT 24      /* a consent event recorded */
#define ENTRY_IMPORT 25       /* an import run; intent and outcome */
#define ENTRY_LOG_READ 26     /* the audit log was read */
#define ENTRY_REQUEST 27      /* a person's request changed its state */
#define ENTRY_ERASURE 28      /* data destroyed; intent and outcome */
#define ENTRY_ACCESS_LOG 29   /* a customer saw who looked */
#define ENTRY_RESOLVE 30      /* a token was turned back into whom it stands for */
#define ENTRY_RETAINED 31     /* what a law keeps was read */
#define ENTRY_SUPPRESSION 32  /* ended suppressions were swept */
#define ENTRY_HOLD 33         /* a legal hold was put or released */
#define ENTRY_ROWS_READ 34    /* rows of a module's table (`resource`) were read */
#define ENTRY_ROWS 35         /* rows of a module's table were put or deleted */
#define ENTRY_COUNTS 36       /* an aggregate left */
#define ENTRY_FILTER 37       /* which of many may be: counts by reason, nobody's value */
#define ENTRY_SEARCH 38       /* candidates were shown; one leaf names all of them */
#define ENTRY_LISTING 39      /* references of many, page by page */
#define ENTRY_BULK_READ 40    /* fields of many; each leaf names everybody in it */
#define ENTRY_MESSAGE 41      /* to a customer: asked for, intent, outcome, skipped */
#define ENTRY_MODULE 42       /* a module took or answered work, or set a timer */
#define ENTRY_HOOK 43         /* somebody outside was told of a pseudonym; intent and outcome */
#define ENTRY_MERGE 44        /* records became one person, or do not count as one any more */
#define ENTRY_BACKUP 45       /* a copy for the day of loss; intent and outcome */
#define ENTRY_RESTORE 46      /* this log begins where another ended; what was made good */
#define ENTRY_RESTRICTION 47  /* a restriction was lifted */

#define ENTRY_SINGLE 1 /* stages */
#define ENTRY_INTENT 2
#define ENTRY_OUTCOME 3

#define ENTRY_ALLOW 1 /* decisions */
#define ENTRY_PARTIAL 2
#define ENTRY_DENY 3

/* A discrete value by number: what `decide` used (so that the past can be replayed), or a parameter
 * of an administrative act. Keys are listed in docs/formats/leaf.md. */
typedef struct entry_input {
    uint32_t key;
    uint64_t value;
} entry_input;

typedef struct entry_mask {
    uint32_t field;
    uint32_t mask;
} entry_mask;

typedef struct audit_entry {
    /* envelope */
    uint8_t event_id[ENTRY_TOKEN_BYTES];
    uint32_t type;
    uint32_t stage;
    uint64_t outbox_seq; /* writes; 0 for reads */
    int64_t at_ns;       /* UTC */
    uint64_t node;
    uint8_t boot_id[ENTRY_TOKEN_BYTES];
    uint32_t tenant;
    /* who */
    uint8_t actor_token[ENTRY_TOKEN_BYTES];
    uint32_t client; /* 1 http, 2 socket, 3 in process, 4 the daemon itself */
    uint8_t user_token[ENTRY_TOKEN_BYTES];
    uint32_t roles[ENTRY_ROLES_MAX];
    uint32_t role_count;
    uint32_t auth_method; /* 1 token, 2 peer uid, 3 customer token, 4 none (our own act) */
    /* on whom */
    uint8_t subject_token[ENTRY_TOKEN_BYTES];
    uint32_t token_epoch; /* YYYYMM */
    uint32_t domain;      /* registry number of the pseudonym domain that was used */
    /* why */
    uint32_t activity;
    uint32_t purpose;
    uint32_t legal_basis;
    uint32_t reason_code;
    /* the consent that the decision rested on, or that was recorded */
    uint8_t consent_id[ENTRY_TOKEN_BYTES];
    uint32_t consent_version;
    uint8_t notice_hash[32];
    uint32_t consent_state;
    uint32_t jurisdiction;
    /* what */
    uint32_t action;
    uint32_t resource;
    uint32_t asked[ENTRY_FIELDS_MAX];
    uint32_t asked_count;
    uint32_t released[ENTRY_FIELDS_MAX]; /* clear or masked */
    uint32_t released_count;
    entry_mask masks[ENTRY_FIELDS_MAX];
    uint32_t mask_count;
    uint32_t unknown_field_count; /* names that the registry does not know, counted only (I-5) */
    uint64_t record_count;
    uint32_t recipient;
    /* decision */
    uint32_t decision;
    uint8_t policy_hash[32];
    uint32_t rule;
    uint32_t refusal;     /* registry number of the reason of a refusal */
    uint32_t obligations; /* bit set */
    entry_input inputs[ENTRY_INPUTS_MAX];
    uint32_t input_count;
    /* trace */
    uint8_t request_id[ENTRY_TOKEN_BYTES];
    uint8_t caller_id_mac[ENTRY_TOKEN_BYTES];
    uint32_t intended_status; /* HTTP status */
    uint64_t repeated; /* refusals like this that were answered 429 since the last recorded */
    /* link */
    uint8_t detail_hash[32];
    uint8_t related[ENTRY_TOKEN_BYTES];
    uint32_t retention_class;
    /* registry leaves */
    uint32_t registry_kind;
    uint32_t registry_number;
    char registry_name[ENTRY_NAME_BYTES_MAX + 1]; /* names of ours or of the policy, ASCII */
    /* bulk: the subjects of a chunk */
    uint32_t subject_count;
    const uint8_t (*subjects)[ENTRY_TOKEN_BYTES]; /* borrowed */
} audit_entry;

/* Appends the body. VELUM_E_LIMIT when it is over the ceiling, VELUM_E_INVALID when a count is. */
velum_status entry_encode(const audit_entry *entry, buffer *out) VELUM_WARN_UNUSED;

/* Reads a body; `subjects` borrows from `body`. VELUM_E_INVALID where it is not canonical or a
 * member is unknown to this format version. */
velum_status entry_decode(const uint8_t *body, size_t size, audit_entry *out) VELUM_WARN_UNUSED;

/* "read", "consent" …; NULL for an unknown number. */
const char *entry_type_name(uint32_t type);
const char *entry_decision_name(uint32_t decision);
const char *entry_stage_name(uint32_t stage);

#endif
