/* tests/policy/fixture.h: policies to test with, findings caught, chance with a seed. */
#ifndef TESTS_POLICY_FIXTURE_H
#define TESTS_POLICY_FIXTURE_H

#include "base/random.h"
#include "policy/bundle.h"
#include "policy/decide.h"

#define FINDINGS_MAX 128

typedef struct finding {
    bool is_error;
    uint32_t line;
    char file[96];
    char message[400];
} finding;

typedef struct findings {
    finding at[FINDINGS_MAX];
    size_t count;
    size_t errors;
} findings;

void catch_finding(void *context, bool is_error, const char *file, uint32_t line,
                   const char *message);

/* A small policy that compiles without a finding; tests change a line of it. */
extern const char small_policy[];

/* Compiles policy.yaml with the notices offers.zh and offers.en. */
velum_status compile_text(const char *policy, findings *caught, bundle **out);
/* Compiling fails, and an error in that line of policy.yaml has these words. */
void assert_error_told(const char *policy, uint32_t line, const char *words);
/* The policy with the first `from` replaced by `to` (which has to be there). Free with mem_free. */
char *replaced(const char *policy, const char *from, const char *to);

/* The small policy with every section used; valid until the next call. */
char *full_policy(void);
/* Registry numbers of `other` where `first` has 1, 2, 3 …: a name known there keeps its number. */
void number_after(bundle *other, const bundle *first);

/* The embedded sample, with registry numbers 1, 2, 3 … within each kind. */
bundle *sample_bundle(void);
void number_everything(bundle *policy);
uint32_t activity_named(const bundle *policy, const char *name);
uint32_t role_bit(const bundle *policy, const char *name);
uint64_t field_set(const bundle *policy, const char *names); /* "name,city" */

/* 2026-11-21T12:00:00Z */
#define NOW_NS (INT64_C(1795262400) * NS_PER_SECOND)
#define NOW_S UINT32_C(1795262400)

/* What customer-care with the role customer_service asks of a customer: everything. */
decide_request care_request(const bundle *policy, const subject_state *state);
verdict decided(const decide_request *request);
void assert_denied(const decide_request *request, uint32_t reason);
/* A customer of 30 in store s01 who consented to all purposes that ask for it. */
subject_state adult_state(const bundle *policy);
void consent_to(subject_state *state, const bundle *policy, const char *purpose, uint8_t what);
void born(subject_state *state, const char *birthday);

/* VELUM_TEST_SEED, or 1; printed by the test when it fails. */
uint64_t test_seed(void);

#endif
