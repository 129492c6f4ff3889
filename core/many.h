/* core/many.h: acts on many customers: each is located and decided on its own, by the same rules.
 *
 * What leaves is recorded in leaves that name everybody who was disclosed (I-1); who was refused is
 * counted by reason and never named to a caller that may not know of them.
 *
 * N-1  Who is disclosed is named before the answer holds anything of them, and the leaves that name
 *      them are durable before it leaves.
 * N-2  A read that names many is judged by the slot of each of them (I-9, A-2).
 * N-3  The verdict of the request itself stands again when the last of many is let go.
 */
#ifndef CORE_MANY_H
#define CORE_MANY_H

#include "core/passage.h"

#define MANY_MAX 1000 /* customers that one request looks at */

/* What is asked of each. */
typedef struct many_ask {
    uint32_t activity; /* index; held by the actor, which the caller has checked */
    uint32_t action;   /* one ACTION_* bit */
    uint64_t fields;   /* of the person, or of `resource` */
    bool all_fields;
    uint32_t resource; /* 1 + index of a table; 0: none */
    bool is_approved;  /* an approval of many stands behind it */
} many_ask;

/* Decides for the subject that is located already, or for none. */
void many_decide_located(passage *passage, const many_ask *ask);
/* Lets the last one go, locates `id` in the passage's snapshot and decides: passage->verdict, allowed
 * or not, and passage->opened where the subject is live. VELUM_E_NOTFOUND when there is no such
 * subject; then the verdict denies. The arena must be rewound by the caller once done with it. */
velum_status many_decide(passage *passage, const subject_id *id,
                         const many_ask *ask) VELUM_WARN_UNUSED;
/* The same for a decision alone: only the state is loaded, past the cache; no category can be opened. */
velum_status many_decide_state(passage *passage, const subject_id *id,
                               const many_ask *ask) VELUM_WARN_UNUSED;
/* The same of a row that vault_states_after gave, which is taken over. */
velum_status many_decide_row(passage *passage, sealed_subject *row,
                             const many_ask *ask) VELUM_WARN_UNUSED;
/* Whether a failure is that of one customer's rows, which are then refused as damaged, and no more. */
bool many_is_damaged(velum_status status);

/* A named act on many, from here to its end: keeps the request's own verdict and gives it back. */
typedef struct many_frame {
    verdict own;
    size_t mark; /* of the arena */
} many_frame;
many_frame many_begin(passage *passage);
/* Behind each of them: lets it go and wipes what was opened. */
void many_next(passage *passage, const many_frame *frame);
void many_end(passage *passage, const many_frame *frame);

/* Those who are disclosed, each once it is decided; in the order in which leaves name them. */
typedef struct many_named {
    uint32_t count;
    uint32_t capacity;
    uint8_t (*tokens)[ENTRY_TOKEN_BYTES];
    uint32_t *slots;
} many_named;
/* The located subject is one of them (N-1). */
velum_status many_name(passage *passage) VELUM_WARN_UNUSED;
uint32_t many_count(const passage *passage);
void many_name_nobody(passage *passage);

/* The opened, decided customer's fields into an open object: "subject", "fields", "masked", "hidden". */
velum_status many_write_profile(passage *passage, json_writer *out) VELUM_WARN_UNUSED;

/* References of a request, each once. */
typedef struct ref_list {
    subject_id ids[MANY_MAX];
    uint32_t count;
    uint8_t hash[SHA256_BYTES]; /* of the references in one form, sorted, each with a line's end */
} ref_list;
/* An array of 1 to MANY_MAX references of the caller's domain, which becomes the passage's; refused as
 * malformed when one is mistyped or stands there twice. */
velum_status ref_list_parse(passage *passage, const json_value *array,
                            ref_list *out) VELUM_WARN_UNUSED;

/* Gives the slots over to a read's leaf (N-2). */
void many_take_slots(passage *passage, pending_leaf *leaf);
/* Hands the passage's entry to `take`, and as many more as it needs to name everybody: each has the
 * same contents, an id of its own and `related` to the first. */
typedef velum_status (*leaf_taker)(passage *passage, audit_entry *entry);
velum_status many_leaves(passage *passage, leaf_taker take) VELUM_WARN_UNUSED;
/* How many names fit a leaf that is filled but for them. */
uint32_t many_names_a_leaf(const audit_entry *entry);
/* Leaves of an act that names at most MANY_MAX, for the reservation. */
#define MANY_LEAVES_MAX 11

#endif
