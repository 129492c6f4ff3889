/* core/passage.h: one request on its way through the path, and the verbs that travel.
 *
 * A passage lives on one thread's stack, holds a world and an arena, and is wiped at its end. A stage
 * that returns a negative status ends the way: the passage goes on to *record* as a refusal.
 */
#ifndef CORE_PASSAGE_H
#define CORE_PASSAGE_H

#include "base/json.h"
#include "core/gate.h"
#include "core/problem.h"

#define PASSAGE_RECORDS_MAX BUNDLE_CATEGORIES_MAX
#define PASSAGE_IDENTIFIERS_MAX 16

/* Who travels: a credential, or a customer with a token of their own. */
typedef struct actor {
    const credential *credential; /* in the passage's world; NULL for a customer or ourselves */
    uint32_t kind;                /* one ACTOR_* bit */
    uint32_t auth_method;         /* as in leaves: 1 token, 2 uid, 3 customer token, 4 ourselves */
    uint8_t token[ENTRY_TOKEN_BYTES];
    uint64_t activities; /* bits */
    uint32_t roles;      /* bits */
    subject_id own;      /* of a customer */
} actor;

typedef struct rows_keys rows_keys;

typedef struct passage {
    velum_gate *gate;
    velum_pending *request;
    const struct verb *verb;
    world *world; /* held */
    secret_arena *arena;
    store_conn *conn;   /* a pooled reader, or the writer's connection */
    write_batch *batch; /* of a write; NULL for a read */
    clock_reading clock;
    json *body; /* owned; NULL when the verb takes none */
    /* authenticate */
    bool is_known; /* the credential was recognised: from here refusals are recorded */
    actor actor;
    uint32_t activity; /* index in the bundle, or BUNDLE_NONE */
    /* locate */
    uint64_t seq; /* outbox seq of the snapshot, or of the cached row */
    bool has_subject;
    subject_id subject;
    uint32_t slot;                /* of the subject in core/changes */
    bool has_slot;                /* one was sought, found sound or not */
    uint16_t domain;              /* registry number of the domain that was used */
    sealed_subject *sealed;       /* held */
    const opened_subject *opened; /* in the arena */
    subject_state state;
    bool is_of_several;     /* records of one person (core/person.h): */
    uint32_t common_status; /* of the one that is furthest gone */
    subject_state common;   /* what all of them allow, decided on instead of `state` */
    crypto_part target;     /* what was asked for, borrowed; goes into the key of core/refusals.h */
    identifier *identifiers; /* of lookup and upsert; in the arena */
    uint32_t identifier_count;
    bool is_sign_up; /* the customer's own coming (back), as the service that signs them up says */
    struct rows_keys *rows_keys; /* of the located subject, opened (core/rows.h); in the arena */
    /* decide */
    uint32_t resource; /* 1 + index of the table whose fields are asked; 0: the person's */
    uint32_t count;    /* 1 + index of the aggregate that is asked for; 0: none */
    uint32_t action;   /* the verb's; an upsert chooses between create and update */
    uint64_t asked;    /* field bits, of the table where there is one */
    bool asked_all;
    uint32_t unknown_fields;
    uint32_t reason_code; /* 1 + index in the bundle; 0: none */
    text approval;        /* id that was given; empty: none; borrowed */
    bool wants_writer;    /* a read that uses something up: it travels again as a write */
    bool is_alone;        /* a write that has its transaction to itself (W-5) */
    bool wants_care;      /* such a one that must travel again, under savepoints */
    bool asks_approval;   /* decided as if it were granted: only what is lacking may be asked for */
    bool is_beside;       /* the same act on another record of the person (core/person.h) */
    bool is_of_own;       /* what this actor asked for itself: holding the activity is enough */
    char review[33];      /* id of the review that a broken glass opened; "": none */
    verdict verdict;
    /* open */
    record *records[PASSAGE_RECORDS_MAX]; /* by category index; in the arena */
    uint64_t released;                    /* field bits that really stand in the reply */
    uint64_t released_masked;
    /* record, release */
    bool is_silent;           /* a write that wrote its leaves itself, or had nothing to do */
    struct many_named *named; /* everybody who is disclosed, of an act on many; owned */
    audit_entry entry;
    uint32_t problem; /* PROBLEM_*; what is recorded */
    const char *hint; /* for the problem's detail: a constant of ours, or hint_text */
    char hint_text[VELUM_ERROR_TEXT_BYTES]; /* a finding about the caller's own policy or request */
    velum_answer *answer;                   /* owned until handed over */
} passage;

typedef velum_status (*stage_function)(passage *passage);

/* What a verb does on the way. NULL: nothing to do there. */
typedef struct verb {
    uint32_t number;
    const char *name;
    uint32_t entry_type; /* ENTRY_* */
    uint32_t action;     /* one ACTION_* bit */
    bool is_write;
    bool is_people;   /* only people at the command line */
    bool is_customer; /* only a customer's token */
    bool is_own;      /* the gate's own act: no caller, no decision, never from outside */
    bool may_write;   /* a read that becomes a write where it uses something up */
    bool has_body;
    bool is_of_many;     /* acts on many subjects, each decided of its own */
    bool may_lack_body;  /* all its members are optional: none is {} */
    bool names_activity; /* in the body, too; never another one than the request */
    uint32_t body_bytes_max;
    uint32_t leaves_max;  /* of a write, for the reservation (W-1) */
    bool is_bulk;         /* a large one never shares its transaction (W-5) */
    const char *activity; /* the fixed one of people's verbs; NULL: the request names it */
    stage_function locate;
    stage_function open; /* or, for a write, apply */
    stage_function mask; /* writes the answer */
} verb;

/* Ends the way with a problem; always VELUM_E_DENIED. */
velum_status refuse(passage *passage, uint32_t problem) VELUM_WARN_UNUSED;
velum_status refuse_hint(passage *passage, uint32_t problem, const char *hint) VELUM_WARN_UNUSED;

/* Verbs of the gate itself; no request from outside can name one. */
#define VERB_TIMERS 200u
#define VERB_MEND 201u

/* The verb of a number, or NULL. */
const verb *verb_find(uint32_t number);

#endif
