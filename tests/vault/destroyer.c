#include "tests/vault/destroyer.h"

#include <stdio.h>

#define WAIT_MS 500

destruction_plan plan_of(uint8_t byte)
{
    destruction_plan plan = {.at_ns = 5, .evidence_until_ns = EVIDENCE_UNTIL_NS};

    memset(plan.event_id, byte, sizeof plan.event_id);
    memset(plan.request_id, byte + 1, sizeof plan.request_id);
    plan.memory = (crypto_part){MEMORY, sizeof MEMORY - 1};
    return plan;
}

static velum_status identifiers_of(uint32_t serial, identifier out[2])
{
    char mobile[32];
    char email[64];

    snprintf(mobile, sizeof mobile, "+8613800%06u", (unsigned int)serial);
    snprintf(email, sizeof email, "person-%u@example.com", (unsigned int)serial);
    VELUM_TRY(identifier_normalise(TEXT_LITERAL("mobile"), text_of(mobile), &out[0]));
    /* The normal form is copied, the name of the type is borrowed. */
    return identifier_normalise(TEXT_LITERAL("email"), text_of(email), &out[1]);
}

static velum_status fill_person(fixture *self, uint32_t serial, subject_id *out)
{
    static const char *const values[] = {"five", "six", "seven"};
    store_conn *const conn = fixture_writer(self);
    uint8_t bytes[VAULT_STATE_BYTES] = {1};
    uint8_t head[SHA256_BYTES] = {0};
    const opened_subject *opened = NULL;
    const consent_event event = event_of(1);
    identifier names[2];

    VELUM_TRY(vault_create(self->vault, conn, bytes, self->arena, &opened));
    *out = *opened_id(opened);
    VELUM_TRY(identifiers_of(serial, names));
    VELUM_TRY(vault_attach(self->vault, conn, out, &names[0]));
    VELUM_TRY(vault_attach(self->vault, conn, out, &names[1]));
    for (uint16_t i = 0; i < 3; i++) {
        record contents = {.count = 0};
        VELUM_TRY(record_put(&contents, 3, text_of(values[i])));
        VELUM_TRY(vault_put_category(self->vault, conn, opened,
                                     &(record_place){(uint16_t)(5 + i), 1, &contents}));
    }
    return vault_ledger_append(self->vault, conn, opened, &event, head);
}

static velum_status end(fixture *self, velum_status status)
{
    secret_arena_reset(self->arena);
    if (status < 0) {
        fixture_rollback(self);
        return status;
    }
    return fixture_commit(self);
}

velum_status person_create(fixture *self, uint32_t serial, subject_id *out)
{
    VELUM_TRY(conn_begin(fixture_writer(self)));
    return end(self, fill_person(self, serial, out));
}

velum_status person_find(fixture *self, uint32_t serial, subject_id *out)
{
    identifier names[2];

    VELUM_TRY(identifiers_of(serial, names));
    return vault_find(self->vault, fixture_writer(self), &names[1], out);
}

/* --- step 1 -------------------------------------------------------------------------------------------- */

typedef velum_status (*first_step)(fixture *self, const opened_subject *opened, uint64_t seq,
                                   const destroyed_categories *what);

static velum_status step_data(fixture *self, const opened_subject *opened, uint64_t seq,
                              const destroyed_categories *what)
{
    static const retained_category kept = {KEPT_CATEGORY, KEPT_BASIS, 1, KEPT_UNTIL_NS};
    destruction_plan plan = plan_of(0x21);

    plan.retained = &kept;
    plan.retained_count = 1;
    return vault_destroy_data(self->vault, fixture_writer(self), opened, &plan);
}

static velum_status step_categories(fixture *self, const opened_subject *opened, uint64_t seq,
                                    const destroyed_categories *what)
{
    static const uint8_t bytes[VAULT_STATE_BYTES] = {2};
    const destruction_plan plan = plan_of(0x31);
    destroyed_categories with_seq = *what;

    with_seq.state = bytes;
    with_seq.seq = seq;
    return vault_destroy_categories(self->vault, fixture_writer(self), opened, &plan, &with_seq);
}

static velum_status open_and_step(fixture *self, const subject_id *id, first_step step,
                                  const destroyed_categories *what)
{
    store_conn *const conn = fixture_writer(self);
    VELUM_AUTO(sealed_subject) *sealed = NULL;
    const opened_subject *opened = NULL;
    uint64_t seq = 0;

    VELUM_TRY(vault_outbox_seq(conn, &seq));
    VELUM_TRY(vault_load(self->vault, conn, id, seq, false, &sealed));
    VELUM_TRY(vault_open(self->vault, sealed, self->arena, &opened));
    VELUM_TRY(step(self, opened, seq + 1, what));
    return fixture_set_seq(conn, seq + 1);
}

velum_status person_destroy_data(fixture *self, const subject_id *id)
{
    VELUM_TRY(conn_begin(fixture_writer(self)));
    return end(self, open_and_step(self, id, step_data, NULL));
}

velum_status person_destroy_categories(fixture *self, const subject_id *id,
                                       const uint16_t *categories, uint32_t count)
{
    const destroyed_categories what = {.categories = categories, .count = count};

    VELUM_TRY(conn_begin(fixture_writer(self)));
    return end(self, open_and_step(self, id, step_categories, &what));
}

velum_status person_destroy_retained(fixture *self, const subject_id *id)
{
    const destruction_plan plan = plan_of(0x41);
    store_conn *const conn = fixture_writer(self);

    VELUM_TRY(conn_begin(conn));
    return end(self, vault_destroy_retained(self->vault, conn, id, KEPT_CATEGORY, &plan));
}

velum_status person_destroy_evidence(fixture *self, const subject_id *id)
{
    const destruction_plan plan = plan_of(0x51);
    store_conn *const conn = fixture_writer(self);

    VELUM_TRY(conn_begin(conn));
    return end(self, vault_destroy_evidence(self->vault, conn, id, &plan));
}

/* --- steps 2 and 3 ---------------------------------------------------------------------------------------- */

velum_status destructions_finish(fixture *self, destruction_report *out)
{
    store_conn *const conn = fixture_writer(self);
    destruction next = {.n = 0};
    velum_status status = VELUM_OK;

    while ((status = vault_destruction_next(conn, next.n, &next)) == VELUM_OK) {
        VELUM_TRY(vault_destroy_keys(self->vault, &next, 1, WAIT_MS));
        VELUM_TRY(conn_begin(conn));
        VELUM_TRY(end(self, vault_destruction_finish(self->vault, conn, &next, out)));
    }
    return status < 0 ? status : VELUM_OK;
}

velum_status person_step(fixture *self, const subject_id *id, uint32_t kind)
{
    static const uint16_t some[] = {5, 7};
    destruction_report report;
    velum_status status = VELUM_E_INVALID;

    switch (kind) {
    case DESTROY_DATA:
        status = person_destroy_data(self, id);
        break;
    case DESTROY_CATEGORIES:
        status = person_destroy_categories(self, id, some, 2);
        break;
    case DESTROY_RETAINED:
        status = person_destroy_retained(self, id);
        break;
    case DESTROY_EVIDENCE:
        status = person_destroy_evidence(self, id);
        break;
    default:
        break;
    }
    VELUM_TRY(status);
    return destructions_finish(self, &report);
}

/* --- what is left ------------------------------------------------------------------------------------------- */

uint32_t status_of(fixture *self, const subject_id *id)
{
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, id, UINT64_MAX, false);

    return sealed_subject_status(sealed);
}

velum_status person_open_category(fixture *self, const subject_id *id, uint16_t category,
                                  const char *expected)
{
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, id, UINT64_MAX, false);
    const opened_subject *opened = NULL;
    record *contents = NULL;

    velum_status status = vault_open(self->vault, sealed, self->arena, &opened);
    if (status == VELUM_OK) {
        status = vault_open_category(opened, category, 1, &contents);
    }
    if (status == VELUM_OK) {
        assert_true(text_equal_literal(*record_find(contents, 3), expected));
    }
    secret_arena_reset(self->arena);
    return status;
}

velum_status person_open_retained(fixture *self, const subject_id *id)
{
    record *contents = NULL;
    const velum_status status = vault_retained_open(self->vault, fixture_writer(self), id,
                                                    KEPT_CATEGORY, self->arena, &contents);

    if (status == VELUM_OK) {
        assert_true(text_equal_literal(*record_find(contents, 3), "six"));
    }
    secret_arena_reset(self->arena);
    return status;
}

velum_status person_open_evidence(fixture *self, const subject_id *id)
{
    const opened_subject *opened = NULL;
    uint8_t memory[256];
    size_t size = 0;

    velum_status status =
        vault_open_evidence(self->vault, fixture_writer(self), id, self->arena, &opened);
    if (status == VELUM_OK) {
        status = vault_erased_memory(self->vault, fixture_writer(self), opened, memory, &size);
    }
    if (status == VELUM_OK) {
        assert_int_equal(size, sizeof MEMORY - 1);
        assert_memory_equal(memory, MEMORY, size);
    }
    secret_arena_reset(self->arena);
    return status;
}

int64_t rows_of(fixture *self, const subject_id *id)
{
    return fixture_number(fixture_writer(self),
                          "SELECT (SELECT count(*) FROM subject WHERE subject = $1)"
                          " + (SELECT count(*) FROM category WHERE subject = $1)"
                          " + (SELECT count(*) FROM blind_index WHERE subject = $1)"
                          " + (SELECT count(*) FROM consent_event WHERE subject = $1)"
                          " + (SELECT count(*) FROM retained WHERE subject = $1)"
                          " + (SELECT count(*) FROM erased WHERE subject = $1)"
                          " + (SELECT count(*) FROM destruction WHERE subject = $1)",
                          id);
}
