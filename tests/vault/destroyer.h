/* tests/vault/destroyer.h: a person with everything, and the three steps of a destruction (V-6). */
#ifndef TESTS_VAULT_DESTROYER_H
#define TESTS_VAULT_DESTROYER_H

#include "tests/vault/fixture.h"

#define KEPT_CATEGORY 6 /* of the categories 5, 6 and 7 */
#define KEPT_BASIS 9
#define KEPT_UNTIL_NS INT64_C(1950000000000000000)
#define EVIDENCE_UNTIL_NS INT64_C(1990000000000000000)
#define MEMORY "head and count of the ledger"

/* A plan without anything retained. */
destruction_plan plan_of(uint8_t byte);
/* Categories 5, 6 and 7, a mobile number made of `serial`, an e-mail address, one event. */
velum_status person_create(fixture *self, uint32_t serial, subject_id *out);
velum_status person_find(fixture *self, uint32_t serial, subject_id *out);

/* Step 1 in a transaction of its own, with the next outbox seq. */
velum_status person_destroy_data(fixture *self, const subject_id *id);
velum_status person_destroy_categories(fixture *self, const subject_id *id,
                                       const uint16_t *categories, uint32_t count);
velum_status person_destroy_retained(fixture *self, const subject_id *id);
velum_status person_destroy_evidence(fixture *self, const subject_id *id);
/* Steps 2 and 3 of all that is under way; the last report. */
velum_status destructions_finish(fixture *self, destruction_report *out);
/* Both steps of one kind. */
velum_status person_step(fixture *self, const subject_id *id, uint32_t kind);

uint32_t status_of(fixture *self, const subject_id *id);
velum_status person_open_category(fixture *self, const subject_id *id, uint16_t category,
                                  const char *expected);
velum_status person_open_retained(fixture *self, const subject_id *id);
velum_status person_open_evidence(fixture *self, const subject_id *id);
int64_t rows_of(fixture *self, const subject_id *id); /* of the person, in all tables of vault.db */

#endif
