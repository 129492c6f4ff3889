/* What is sealed under an evidence key, or the folder's own (docs/formats/sealed.md). */
#include "tests/vault/fixture.h"

#define PLAIN "what somebody asked for"

static const uint8_t owner[16] = {7, 7, 7};

typedef struct sealing {
    const opened_subject *opened;
    const uint8_t *owner;
    uint16_t place;
    uint32_t version;
} sealing;

static void seal(fixture *self, const sealing *with, buffer *out)
{
    assert_ok(vault_seal_evidence(self->vault, with->opened, with->owner, with->place,
                                  with->version, (crypto_part){PLAIN, sizeof PLAIN}, out));
    assert_int_equal(out->size, sizeof PLAIN + SEALED_OVERHEAD_BYTES);
}

static velum_status unseal(fixture *self, const sealing *with, const buffer *sealed)
{
    uint8_t plain[sizeof PLAIN] = {0};
    const velum_status status =
        vault_unseal_evidence(self->vault, with->opened, with->owner, with->place, with->version,
                              (crypto_part){sealed->data, sealed->size}, plain);

    assert_true(status < 0 || memcmp(plain, PLAIN, sizeof PLAIN) == 0);
    return status;
}

static const opened_subject *open_evidence(fixture *self, const subject_id *id)
{
    const opened_subject *opened = NULL;

    assert_ok(vault_open_evidence(self->vault, fixture_writer(self), id, self->arena, &opened));
    assert_memory_equal(opened_id(opened), id, sizeof *id);
    return opened;
}

static void a_record_opens_at_its_place(void **state)
{
    fixture *const self = *state;
    const subject_id first = fixture_subject(self, 1);
    const subject_id second = fixture_subject(self, 2);
    const opened_subject *const mine = open_evidence(self, &first);
    const opened_subject *const other = open_evidence(self, &second);
    const sealing with = {mine, NULL, PLACE_REQUEST, 3};
    const sealing wrong[] = {{other, NULL, PLACE_REQUEST, 3},
                             {mine, NULL, PLACE_DETAIL, 3},
                             {mine, NULL, PLACE_REQUEST, 4},
                             {NULL, owner, PLACE_REQUEST, 3},
                             {NULL, first.bytes, PLACE_REQUEST, 3}};
    VELUM_AUTO_BUFFER sealed;

    buffer_init(&sealed, 1024);
    seal(self, &with, &sealed);
    assert_ok(unseal(self, &with, &sealed));
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(unseal(self, &wrong[i], &sealed), VELUM_E_CRYPTO);
    }
}

static void nobodys_record_is_its_owners(void **state)
{
    fixture *const self = *state;
    static const uint8_t somebody_else[16] = {7, 7, 8};
    const sealing with = {NULL, owner, PLACE_REQUEST, 1};
    const sealing wrong = {NULL, somebody_else, PLACE_REQUEST, 1};
    VELUM_AUTO_BUFFER sealed;

    buffer_init(&sealed, 1024);
    seal(self, &with, &sealed);
    fixture_reopen(self);
    assert_ok(unseal(self, &with, &sealed));
    assert_int_equal(unseal(self, &wrong, &sealed), VELUM_E_CRYPTO);
}

/* The same key as of the opened subject: token and seals agree. */
static void it_is_the_subjects_own_key(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    VELUM_AUTO(sealed_subject) *row = fixture_load(self, &id, 1, false);
    const opened_subject *const whole = fixture_opened(self, row);
    const opened_subject *const evidence = open_evidence(self, &id);
    VELUM_AUTO_BUFFER sealed;
    uint8_t tokens[2][16];

    buffer_init(&sealed, 1024);
    opened_audit_token(whole, 202611, tokens[0]);
    opened_audit_token(evidence, 202611, tokens[1]);
    assert_memory_equal(tokens[0], tokens[1], sizeof tokens[0]);
    seal(self, &(sealing){whole, NULL, PLACE_DETAIL, 1}, &sealed);
    assert_ok(unseal(self, &(sealing){evidence, NULL, PLACE_DETAIL, 1}, &sealed));
}

static void nobody_has_none(void **state)
{
    fixture *const self = *state;
    const subject_id unknown = {{9}};
    const opened_subject *opened = NULL;
    const size_t mark = secret_arena_mark(self->arena);

    assert_int_equal(
        vault_open_evidence(self->vault, fixture_writer(self), &unknown, self->arena, &opened),
        VELUM_E_NOTFOUND);
    assert_null(opened);
    assert_int_equal(secret_arena_mark(self->arena), mark);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_opens_at_its_place),
        TEST(nobodys_record_is_its_owners),
        TEST(it_is_the_subjects_own_key),
        TEST(nobody_has_none),
    };

    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
