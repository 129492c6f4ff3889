/* core/person.h: several records that are one person (docs/merging.md).
 *
 * Merging moves nothing and copies nothing: each record keeps its keys, its ledger, its pseudonyms and its
 * rows, and says which one stays. What is decided is decided on all of them together.
 *
 * R-1  A decision on a record of several rests on the states of all of them, opened in one snapshot; what
 *      one forbids is forbidden to all (I-3, I-8). One that cannot be opened denies.
 * R-2  Whoever changes what one allows raises the slots of all, so that no read of before is disclosed
 *      after it (I-9). A record of several is never taken from the cache.
 * R-3  Erasing the person erases every record, in one transaction; while one is not live none is shown (I-6).
 * R-4  Taken apart, each stands for itself again, with what was said to it.
 * R-5  Older rows of a database part nobody: joining seals each state under its next generation (V-5).
 */
#ifndef CORE_PERSON_H
#define CORE_PERSON_H

#include "core/passage.h"

struct erasure_wish;

/* Of the located record, opened or not: the others of its person are opened and taken into what is decided
 * on. Called by *locate*. */
velum_status person_gather(passage *passage) VELUM_WARN_UNUSED;

void person_forget(passage *passage);

/* What a decision on the located subject rests on: borrowed; NULL where it is not open. */
const subject_state *person_state(const passage *passage);
/* VAULT_SUBJECT_*; 0: none is located. Of several the one that is furthest gone. */
uint32_t person_status(const passage *passage);
/* The consents that stand for the record itself or for its person, each purpose once: what a withdrawal of all
 * takes away. VELUM_E_LIMIT beyond SUBJECT_STATE_CONSENTS_MAX. */
typedef struct standing_consents {
    state_consent items[SUBJECT_STATE_CONSENTS_MAX];
    uint32_t count;
} standing_consents;
velum_status person_standing(const passage *passage, standing_consents *out) VELUM_WARN_UNUSED;
/* Whether another record of the same person stays in its place. */
bool person_is_duplicate(const passage *passage);
/* A verdict that allows becomes REASON_MERGED for such a one: the person is met once, not once a record. */
void person_refuse_duplicate(passage *passage);

/* The slots of the located subject and of every record of its person. In a write. */
velum_status person_touch(passage *passage) VELUM_WARN_UNUSED;

/* Inside the write that begins to destroy the located record whole, before it does: with it go the others of
 * its person, each with an INTENT leaf and a certificate of its own; at the end of a term (`by_term`) the
 * record leaves its person instead. Refuses as erasure_begin does, for any of them. */
velum_status person_begin_erasure(passage *passage,
                                  const struct erasure_wish *wish) VELUM_WARN_UNUSED;
/* "merged_into": the reference of the record that stays, into an open object; nothing where that is the
 * located one itself. */
velum_status person_write_stays(const passage *passage, json_writer *out) VELUM_WARN_UNUSED;
/* Of several records that are the located customer's own, the one of that number from 1, which is the located
 * one itself: it is located instead, by the caller's own right of access. REASON_INVALID_VALUE beyond the
 * last. */
velum_status person_choose(passage *passage, uint32_t number) VELUM_WARN_UNUSED;
/* "records": how many there are, into an open object; nothing where it is one. */
velum_status person_write_count(passage *passage, json_writer *out) VELUM_WARN_UNUSED;
/* "also": the other records, each {subject} and, once they are `erased` with it, {certificate}; into an open
 * object; nothing where there are none. */
velum_status person_write_others(passage *passage, bool erased, json_writer *out) VELUM_WARN_UNUSED;

/* The located record leaves its person; the last one but it, and everybody where it is the one that stays,
 * stand for themselves as well. Those who left besides it come out, for leaves and listeners. */
velum_status person_leave(passage *passage, person_members *out_others) VELUM_WARN_UNUSED;

#endif
