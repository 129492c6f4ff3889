/* The vault against a plain map: random operations, commits, rollbacks and reopening. The seed is
 * printed when it fails; VELUM_TEST_SEED repeats it. */
#include "tests/vault/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SUBJECTS_MAX 24
#define CATEGORIES 4
#define FIELDS 6
#define VALUE_BYTES 40
#define STEPS 1500

typedef struct model_category {
    uint32_t version;
    char values[FIELDS][VALUE_BYTES]; /* empty: no such field */
} model_category;

typedef struct model_subject {
    subject_id id;
    uint8_t state;
    uint32_t events;
    uint8_t head[SHA256_BYTES];
    model_category categories[CATEGORIES];
    char mobile[16];
} model_subject;

typedef struct model {
    model_subject subjects[SUBJECTS_MAX];
    uint32_t count;
} model;

typedef struct world {
    fixture *fixture;
    model now;
    model committed;
    random_seeded seeded;
    velum_random random;
    bool in_transaction;
} world;

static uint32_t below(world *self, uint32_t bound)
{
    return random_below(&self->random, bound);
}

static void begin(world *self)
{
    if (!self->in_transaction) {
        assert_ok(conn_begin(fixture_writer(self->fixture)));
        self->in_transaction = true;
    }
}

static void commit(world *self)
{
    if (self->in_transaction) {
        assert_ok(fixture_commit(self->fixture));
        self->in_transaction = false;
    }
    self->committed = self->now;
}

/* In either order of what may have happened to keys.db. */
static void roll_back(world *self)
{
    if (self->in_transaction) {
        if (below(self, 2) == 0) {
            vault_keys_rollback(self->fixture->vault);
        } else {
            assert_ok(vault_keys_commit(self->fixture->vault));
        }
        conn_rollback(fixture_writer(self->fixture));
        self->in_transaction = false;
    }
    self->now = self->committed;
}

static model_subject *any_subject(world *self)
{
    return self->now.count == 0 ? NULL : &self->now.subjects[below(self, self->now.count)];
}

static void create(world *self)
{
    uint8_t bytes[VAULT_STATE_BYTES];
    const opened_subject *opened = NULL;

    if (self->now.count == SUBJECTS_MAX) {
        return;
    }
    begin(self);
    model_subject *const made = &self->now.subjects[self->now.count++];
    *made = (model_subject){.state = (uint8_t)below(self, 256)};
    memset(bytes, made->state, sizeof bytes);
    assert_ok(vault_create(self->fixture->vault, fixture_writer(self->fixture), bytes,
                           self->fixture->arena, &opened));
    made->id = *opened_id(opened);
}

static const opened_subject *open_in_writer(world *self, const model_subject *subject,
                                            sealed_subject **out_sealed)
{
    const opened_subject *opened = NULL;

    begin(self);
    assert_ok(vault_load(self->fixture->vault, fixture_writer(self->fixture), &subject->id, 0,
                         false, out_sealed));
    assert_ok(vault_open(self->fixture->vault, *out_sealed, self->fixture->arena, &opened));
    return opened;
}

static void change_state(world *self, model_subject *subject, const opened_subject *opened)
{
    uint8_t bytes[VAULT_STATE_BYTES];

    subject->state = (uint8_t)below(self, 256);
    memset(bytes, subject->state, sizeof bytes);
    assert_ok(vault_put_state(self->fixture->vault, fixture_writer(self->fixture), opened, bytes));
}

static record record_of_model(const model_category *category)
{
    record made = {.count = 0};

    for (uint16_t i = 0; i < FIELDS; i++) {
        if (category->values[i][0] != '\0') {
            assert_ok(record_put(&made, i + 1, text_of(category->values[i])));
        }
    }
    return made;
}

static void change_category(world *self, model_subject *subject, const opened_subject *opened)
{
    const uint32_t number = below(self, CATEGORIES);
    model_category *const category = &subject->categories[number];
    char *const value = category->values[below(self, FIELDS)];

    snprintf(value, VALUE_BYTES, "%.*s", (int)below(self, 30), "abcdefghijklmnopqrstuvwxyz01234");
    category->version++;
    const record contents = record_of_model(category);
    assert_ok(
        vault_put_category(self->fixture->vault, fixture_writer(self->fixture), opened,
                           &(record_place){(uint16_t)(number + 1), category->version, &contents}));
}

static void append_event(world *self, model_subject *subject, const opened_subject *opened)
{
    const consent_event event = event_of(subject->events + 1);

    assert_ok(vault_ledger_append(self->fixture->vault, fixture_writer(self->fixture), opened,
                                  &event, subject->head));
    subject->events++;
}

static bool mobile_is_taken(const world *self, const char *mobile)
{
    for (uint32_t i = 0; i < self->now.count; i++) {
        if (strcmp(self->now.subjects[i].mobile, mobile) == 0) {
            return true;
        }
    }
    return false;
}

static void attach(world *self, model_subject *subject)
{
    char mobile[16];
    identifier made;

    if (subject->mobile[0] != '\0') {
        return;
    }
    snprintf(mobile, sizeof mobile, "138000000%02u", below(self, 40));
    assert_ok(identifier_normalise(TEXT_LITERAL("mobile"), text_of(mobile), &made));
    const velum_status expected = mobile_is_taken(self, mobile) ? VELUM_E_EXISTS : VELUM_OK;
    begin(self);
    assert_int_equal(
        vault_attach(self->fixture->vault, fixture_writer(self->fixture), &subject->id, &made),
        expected);
    if (expected == VELUM_OK) {
        memcpy(subject->mobile, mobile, sizeof mobile);
    }
}

static void change(world *self)
{
    sealed_subject *sealed = NULL;
    model_subject *const subject = any_subject(self);

    if (subject == NULL) {
        return;
    }
    const opened_subject *const opened = open_in_writer(self, subject, &sealed);
    switch (below(self, 4)) {
    case 0:
        change_state(self, subject, opened);
        break;
    case 1:
        append_event(self, subject, opened);
        break;
    case 2:
        attach(self, subject);
        break;
    default:
        change_category(self, subject, opened);
        break;
    }
    sealed_subject_free(sealed);
    secret_arena_reset(self->fixture->arena);
}

/* --- comparing --------------------------------------------------------------------------------------- */

static velum_status count_event(void *context, const consent_event *event)
{
    uint32_t *const count = context;

    assert_int_equal(event->n, *count + 1);
    *count = event->n;
    return VELUM_OK;
}

static void compare_category(const opened_subject *opened, uint16_t number,
                             const model_category *expected)
{
    record *found = NULL;
    const velum_status status = vault_open_category(opened, number, expected->version, &found);

    if (expected->version == 0) {
        assert_int_equal(status, VELUM_E_NOTFOUND);
        return;
    }
    assert_ok(status);
    const record wanted = record_of_model(expected);
    assert_int_equal(found->count, wanted.count);
    for (uint32_t i = 0; i < wanted.count; i++) {
        assert_int_equal(found->fields[i].number, wanted.fields[i].number);
        assert_true(text_equal(found->fields[i].value, wanted.fields[i].value));
    }
}

static void compare_subject(world *self, store_conn *conn, const model_subject *expected)
{
    sealed_subject *sealed = NULL;
    uint32_t events = 0;
    consent_ledger_end end = {.count = expected->events};

    assert_ok(vault_load(self->fixture->vault, conn, &expected->id, 1, false, &sealed));
    const opened_subject *const opened = fixture_opened(self->fixture, sealed);
    assert_int_equal(opened_state(opened)[0], expected->state);
    assert_int_equal(opened_state(opened)[VAULT_STATE_BYTES - 1], expected->state);
    assert_true(opened_ledger_matches(opened, expected->events));
    memcpy(end.head, expected->head, sizeof end.head);
    assert_ok(vault_ledger_read(conn, opened, &end, count_event, &events));
    assert_int_equal(events, expected->events);
    for (uint16_t i = 0; i < CATEGORIES; i++) {
        compare_category(opened, i + 1, &expected->categories[i]);
    }
    sealed_subject_free(sealed);
    secret_arena_reset(self->fixture->arena);
}

static void compare_mobile(world *self, store_conn *conn, const model_subject *expected)
{
    identifier made;
    subject_id found;

    if (expected->mobile[0] == '\0') {
        return;
    }
    assert_ok(identifier_normalise(TEXT_LITERAL("mobile"), text_of(expected->mobile), &made));
    assert_ok(vault_find(self->fixture->vault, conn, &made, &found));
    assert_memory_equal(&found, &expected->id, sizeof found);
}

/* A reader sees what is committed, the writer what is not yet. */
static void compare(world *self, const model *expected, store_conn *conn)
{
    assert_int_equal(fixture_number(conn, "SELECT count(*) FROM subject", NULL), expected->count);
    for (uint32_t i = 0; i < expected->count; i++) {
        compare_subject(self, conn, &expected->subjects[i]);
        compare_mobile(self, conn, &expected->subjects[i]);
    }
}

static void compare_as_reader(world *self)
{
    store_conn *conn = NULL;

    assert_ok(store_reader_acquire(self->fixture->vault_db, 1000, &conn));
    assert_ok(conn_begin(conn));
    compare(self, &self->committed, conn);
    store_reader_release(self->fixture->vault_db, conn);
}

static void reopen(world *self)
{
    roll_back(self);
    fixture_reopen(self->fixture);
    assert_int_equal(fixture_number(store_writer(self->fixture->vault->keys_db),
                                    "SELECT count(*) FROM subject_key", NULL),
                     self->committed.count);
}

static void step(world *self)
{
    const uint32_t drawn = below(self, 100);

    if (drawn < 6) {
        create(self);
    } else if (drawn < 80) {
        change(self);
    } else if (drawn < 92) {
        commit(self);
    } else if (drawn < 95) {
        roll_back(self);
    } else if (drawn < 97) {
        compare_as_reader(self);
    } else if (drawn < 99) {
        begin(self);
        compare(self, &self->now, fixture_writer(self->fixture));
    } else {
        reopen(self);
    }
}

static void the_vault_is_a_map(void **state)
{
    const char *const given = getenv("VELUM_TEST_SEED");
    const uint64_t seed = given == NULL ? (uint64_t)time(NULL) : strtoull(given, NULL, 10);
    world *const self = calloc(1, sizeof *self);

    self->fixture = *state;
    self->random = random_from_seed(&self->seeded, seed);
    print_message("# VELUM_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (uint32_t i = 0; i < STEPS; i++) {
        step(self);
        secret_arena_reset(self->fixture->arena);
    }
    commit(self);
    reopen(self);
    compare_as_reader(self);
    assert_true(self->committed.count > 0);
    free(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_vault_is_a_map, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests_name("vault model", tests, NULL, NULL);
}
