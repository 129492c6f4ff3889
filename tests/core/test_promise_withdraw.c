/* I-9 under load: several threads give and withdraw while others read the same few customers. Afterwards
 * the log alone must not hold a disclosure behind the withdrawal that forbade it, and no caller may have
 * been given one. Lots come from SEED. */
#include "tests/core/support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "core/verbs.h"

#define SEED UINT64_C(0x9e3779b97f4a7c15)
#define WRITERS 3
#define READERS 4
#define FILTERERS 1 /* who ask for all of them at once */
#define SUBJECTS 9
#define ROUNDS 600 /* of each writer: given, sometimes changed, withdrawn */
#define READS_MAX 200000

#define GIVEN "{\"purpose\":\"direct-marketing\",\"state\":\"given\"}"
#define WITHDRAWN "{\"purpose\":\"direct-marketing\",\"state\":\"withdrawn\"}"

/* A subject has one writer. While `withdrawn` equals `round`, its withdrawal is acknowledged. */
typedef struct race_subject {
    const char *ref;
    const char *mobile;
    atomic_uint round;
    atomic_uint withdrawn;
} race_subject;

typedef struct race {
    velum_gate *gate;
    const char *shop;
    const char *desk;
    const char *marketing;
    const char *audience;
    const char *refs; /* of all of them, as a filter's body */
    race_subject subjects[SUBJECTS];
    atomic_uint writing;     /* writers still at work */
    atomic_uint failures;    /* writes that were not done */
    atomic_uint too_late;    /* disclosures after an acknowledged withdrawal */
    atomic_uint disclosures; /* answers 200 */
    atomic_uint judged;      /* reads that began and ended behind one */
} race;

typedef struct racer {
    race *race;
    uint32_t number;
    uint64_t lot;
    pthread_t thread;
} racer;

/* xorshift64* (Vigna 2016). */
static uint32_t draw(racer *self, uint32_t below)
{
    self->lot ^= self->lot >> 12;
    self->lot ^= self->lot << 25;
    self->lot ^= self->lot >> 27;
    return (uint32_t)((self->lot * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

/* The status of the answer, 0 when there was none. */
static int32_t call(const race *race, const question *asked)
{
    const velum_request request = request_of(asked);
    velum_answer *answer = NULL;

    if (velum_gate_call(race->gate, &request, &answer, NULL) != VELUM_OK) {
        return 0;
    }
    const int32_t status = velum_answer_status(answer);
    velum_answer_free(answer);
    return status;
}

static void write_checked(race *race, const question *asked)
{
    if (call(race, asked) != 200) {
        (void)atomic_fetch_add(&race->failures, 1);
    }
}

static void *write_rounds(void *context)
{
    racer *const self = context;
    race *const race = self->race;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        race_subject *const subject =
            &race->subjects[draw(self, SUBJECTS / WRITERS) * WRITERS + self->number];
        char body[160];
        (void)atomic_fetch_add(&subject->round, 1);
        write_checked(race, &(question){VELUM_VERB_CONSENT_PUT, race->desk, .ref = subject->ref,
                                        .body = GIVEN});
        if (draw(self, 2) == 0) {
            (void)snprintf(body, sizeof(body),
                           "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"%s\"}],"
                           "\"profile\":{\"city\":\"%u\"}}",
                           subject->mobile, draw(self, 1000));
            write_checked(race, &(question){VELUM_VERB_UPSERT, race->shop, .body = body});
        }
        write_checked(race, &(question){VELUM_VERB_CONSENT_PUT, race->desk, .ref = subject->ref,
                                        .body = WITHDRAWN});
        atomic_store(&subject->withdrawn, atomic_load(&subject->round));
    }
    (void)atomic_fetch_sub(&race->writing, 1);
    return NULL;
}

static void *read_meanwhile(void *context)
{
    racer *const self = context;
    race *const race = self->race;

    for (uint32_t i = 0; i < READS_MAX && atomic_load(&race->writing) > 0; i++) {
        race_subject *const subject = &race->subjects[draw(self, SUBJECTS)];
        const uint32_t withdrawn = atomic_load(&subject->withdrawn);
        const uint32_t round = atomic_load(&subject->round);
        const int32_t status = call(race, &(question){VELUM_VERB_READ, race->marketing,
                                                      .ref = subject->ref, .fields = "city"});
        const bool behind =
            round > 0 && withdrawn == round && atomic_load(&subject->round) == round;
        (void)atomic_fetch_add(&race->judged, behind ? 1 : 0);
        (void)atomic_fetch_add(&race->disclosures, status == 200 ? 1 : 0);
        (void)atomic_fetch_add(&race->too_late, behind && status == 200 ? 1 : 0);
    }
    return NULL;
}

static void *filter_meanwhile(void *context)
{
    racer *const self = context;
    race *const race = self->race;

    for (uint32_t i = 0; i < READS_MAX && atomic_load(&race->writing) > 0; i++) {
        (void)call(race,
                   &(question){VELUM_VERB_FILTER, race->audience, "audience", .body = race->refs});
    }
    return NULL;
}

static void prepare(place *place, race *race)
{
    *race = (struct race){.gate = place->gate,
                          .shop = shop_token(place),
                          .desk = desk_token(place),
                          .marketing = marketing_token(place)};
    race->audience = token_of(
        place, (holder){"audience", NULL, "marketing", "audience,direct-marketing", "shop", NULL});
    race->refs = "{\"for\":\"direct-marketing\",\"action\":\"read\",\"refs\":[";
    atomic_init(&race->writing, WRITERS);
    for (uint32_t i = 0; i < SUBJECTS; i++) {
        race->subjects[i].mobile = text_f(place, "1380000%04u", i);
        race->subjects[i].ref = person(place, race->shop, race->subjects[i].mobile, full_profile);
        race->refs =
            text_f(place, "%s%s\"%s\"", race->refs, i == 0 ? "" : ",", race->subjects[i].ref);
    }
    race->refs = text_f(place, "%s]}", race->refs);
}

static void run(race *race)
{
    racer racers[WRITERS + READERS + FILTERERS];

    for (uint32_t i = 0; i < WRITERS + READERS + FILTERERS; i++) {
        void *(*const work)(void *) = i < WRITERS             ? write_rounds
                                      : i < WRITERS + READERS ? read_meanwhile
                                                              : filter_meanwhile;
        racers[i] = (racer){.race = race, .number = i, .lot = SEED * (i + 1)};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, work, &racers[i]), 0);
    }
    for (uint32_t i = 0; i < WRITERS + READERS + FILTERERS; i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    }
}

/* --- the log's own word ------------------------------------------------------------------------- */

typedef struct story {
    uint8_t tokens[SUBJECTS][ENTRY_TOKEN_BYTES];
    uint32_t states[SUBJECTS];
    uint32_t count;
    uint32_t withdrawals;
    uint32_t disclosed;
    uint32_t refused;
    uint32_t filtered; /* names in leaves of filters */
} story;

static uint32_t *state_of(story *self, const uint8_t token[ENTRY_TOKEN_BYTES])
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (memcmp(self->tokens[i], token, ENTRY_TOKEN_BYTES) == 0) {
            return &self->states[i];
        }
    }
    assert_true(self->count < SUBJECTS);
    memcpy(self->tokens[self->count], token, ENTRY_TOKEN_BYTES);
    return &self->states[self->count++];
}

static void judge_filter(story *self, uint64_t index, const audit_entry *entry)
{
    for (uint32_t i = 0; i < entry->subject_count; i++) {
        if (*state_of(self, entry->subjects[i]) != CONSENT_GIVEN) {
            fail_msg("entry %llu names somebody behind a withdrawal (seed %llx)",
                     (unsigned long long)index, (unsigned long long)SEED);
        }
    }
    self->filtered += entry->subject_count;
}

static void judge(void *context, uint64_t index, const audit_entry *entry)
{
    story *const self = context;

    if (entry->type == ENTRY_CONSENT) {
        *state_of(self, entry->subject_token) = entry->consent_state;
        self->withdrawals += entry->consent_state == CONSENT_WITHDRAWN ? 1 : 0;
        return;
    }
    if (entry->type == ENTRY_FILTER) {
        judge_filter(self, index, entry);
    }
    if (entry->type != ENTRY_READ) { /* nobody but marketing reads here */
        return;
    }
    self->refused += entry->decision == ENTRY_DENY ? 1 : 0;
    self->disclosed += entry->decision != ENTRY_DENY ? 1 : 0;
    if (entry->decision != ENTRY_DENY && *state_of(self, entry->subject_token) != CONSENT_GIVEN) {
        fail_msg("entry %llu discloses behind a withdrawal (seed %llx)", (unsigned long long)index,
                 (unsigned long long)SEED);
    }
}

static void no_disclosure_stands_behind_its_withdrawal(void **state)
{
    place *const place = *state;
    race race;
    story story = {.count = 0};

    prepare(place, &race);
    run(&race);
    log_sync(place);
    log_visit(place, judge, &story);
    assert_int_equal(atomic_load(&race.failures), 0);
    assert_int_equal(atomic_load(&race.too_late), 0);
    assert_int_equal(story.withdrawals, WRITERS * ROUNDS);
    assert_true(story.disclosed >= atomic_load(&race.disclosures));
    assert_true(story.filtered > 20);
    assert_true(story.disclosed > 20 && story.refused >= SUBJECTS &&
                atomic_load(&race.judged) > 20);
    print_message(
        "# %u named by filters, %u disclosed, %u refused, %u withdrawals, %llu sent back\n",
        story.filtered, story.disclosed, story.refused, story.withdrawals,
        (unsigned long long)velum_gate_counter(place->gate, "reads-repeated"));
    assert_log_sound(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_disclosure_stands_behind_its_withdrawal, place_set_up,
                                        place_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
