/* Sealed records: each byte holds, and a record serves its place only. Records and events as bytes. */
#include "tests/vault/fixture.h"

static const uint8_t key[KEY_BYTES] = {9, 8, 7};
static const uint8_t subject[16] = {1, 2, 3};
static const char plain[] = "a plain text of some length";

static sealed_place place_of(void)
{
    return (sealed_place){
        .subject = subject, .tenant = 1, .key_version = 1, .category = 5, .version = 3};
}

static void seal(buffer *out)
{
    const velum_random random = random_system();
    const sealed_place place = place_of();

    buffer_init(out, 4096);
    assert_ok(sealed_write(key, &random, &place, (crypto_part){plain, sizeof plain}, out));
    assert_int_equal(out->size, sizeof plain + SEALED_OVERHEAD_BYTES);
}

static velum_status open_at(const sealed_place *place, const buffer *sealed)
{
    uint8_t out[sizeof plain];
    const velum_status status =
        sealed_open(key, place, (crypto_part){sealed->data, sealed->size}, out);

    if (status == VELUM_OK) {
        assert_memory_equal(out, plain, sizeof plain);
    }
    return status;
}

static void a_record_opens_at_its_place(void **state)
{
    VELUM_AUTO_BUFFER sealed;
    const sealed_place place = place_of();

    seal(&sealed);
    assert_ok(open_at(&place, &sealed));
    assert_false(bytes_contain(sealed.data, sealed.size, "plain"));
}

static void any_flipped_bit_is_refused(void **state)
{
    VELUM_AUTO_BUFFER sealed;
    const sealed_place place = place_of();

    seal(&sealed);
    for (size_t i = 0; i < sealed.size * 8; i++) {
        sealed.data[i / 8] ^= (uint8_t)(1U << i % 8);
        const velum_status status = open_at(&place, &sealed);
        assert_true(status == VELUM_E_CRYPTO || (i < 16 && status == VELUM_E_NEWER));
        sealed.data[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    assert_ok(open_at(&place, &sealed));
}

static void a_shorter_record_is_refused(void **state)
{
    VELUM_AUTO_BUFFER sealed;
    const sealed_place place = place_of();
    uint8_t out[sizeof plain];

    seal(&sealed);
    for (size_t size = 0; size < sealed.size; size++) {
        assert_int_equal(sealed_open(key, &place, (crypto_part){sealed.data, size}, out),
                         VELUM_E_CRYPTO);
    }
}

static void a_record_serves_no_other_place(void **state)
{
    static const uint8_t other_subject[16] = {1, 2, 4};
    VELUM_AUTO_BUFFER sealed;
    sealed_place moved[5];

    seal(&sealed);
    for (size_t i = 0; i < COUNT_OF(moved); i++) {
        moved[i] = place_of();
    }
    moved[0].subject = other_subject;
    moved[1].tenant = 2;
    moved[2].key_version = 2;
    moved[3].category = 6;
    moved[4].version = 2;
    for (size_t i = 0; i < COUNT_OF(moved); i++) {
        assert_int_equal(open_at(&moved[i], &sealed), VELUM_E_CRYPTO);
    }
    /* Nor with the header changed to fit: the header is covered. */
    bytes_write_u32be(sealed.data + 2, 2);
    assert_int_equal(open_at(&moved[1], &sealed), VELUM_E_CRYPTO);
    bytes_write_u32be(sealed.data + 2, 1);
    bytes_write_u32be(sealed.data + 6, 2);
    assert_int_equal(open_at(&moved[2], &sealed), VELUM_E_CRYPTO);
}

static void a_later_format_says_so(void **state)
{
    VELUM_AUTO_BUFFER sealed;
    const sealed_place place = place_of();

    seal(&sealed);
    sealed.data[0] = 2;
    assert_int_equal(open_at(&place, &sealed), VELUM_E_NEWER);
    sealed.data[0] = 1;
    sealed.data[1] = 2;
    assert_int_equal(open_at(&place, &sealed), VELUM_E_NEWER);
    sealed.data[0] = 0;
    assert_int_equal(open_at(&place, &sealed), VELUM_E_CRYPTO);
}

static void a_ceiling_is_kept(void **state)
{
    VELUM_AUTO_BUFFER sealed;
    const velum_random random = random_system();
    const sealed_place place = place_of();

    buffer_init(&sealed, sizeof plain + SEALED_OVERHEAD_BYTES - 1);
    assert_int_equal(
        sealed_write(key, &random, &place, (crypto_part){plain, sizeof plain}, &sealed),
        VELUM_E_LIMIT);
    assert_int_equal(sealed.size, 0);
}

/* --- records ------------------------------------------------------------------------------------------ */

static void fields_stay_in_order(void **state)
{
    record self = {.count = 0};

    assert_ok(record_put(&self, 9, TEXT_LITERAL("nine")));
    assert_ok(record_put(&self, 2, TEXT_LITERAL("two")));
    assert_ok(record_put(&self, 5, TEXT_LITERAL("")));
    assert_ok(record_put(&self, 9, TEXT_LITERAL("NINE")));
    assert_int_equal(self.count, 3);
    assert_int_equal(self.fields[0].number, 2);
    assert_int_equal(self.fields[1].number, 5);
    assert_int_equal(self.fields[2].number, 9);
    assert_true(text_equal_literal(*record_find(&self, 9), "NINE"));
    assert_int_equal(record_find(&self, 5)->size, 0);
    assert_null(record_find(&self, 3));
    assert_ok(record_put(&self, 5, (text){NULL, 0}));
    assert_ok(record_put(&self, 6, (text){NULL, 0}));
    assert_int_equal(self.count, 2);
    assert_null(record_find(&self, 5));
    assert_non_null(record_find(&self, 9));
}

static void limits_of_a_record(void **state)
{
    static char longest[VAULT_FIELD_BYTES_MAX + 1];
    record self = {.count = 0};
    size_t size = 0;

    memset(longest, 'x', sizeof longest);
    assert_int_equal(record_put(&self, 1, (text){longest, sizeof longest}), VELUM_E_LIMIT);
    assert_int_equal(record_put(&self, 1, TEXT_LITERAL("\xff")), VELUM_E_INVALID);
    assert_int_equal(record_put(&self, 1, TEXT_LITERAL("a\0b")), VELUM_E_INVALID);
    assert_int_equal(record_put(&self, 0, TEXT_LITERAL("a")), VELUM_E_INVALID);
    for (uint16_t n = VAULT_RECORD_FIELDS_MAX; n > 0; n--) {
        assert_ok(record_put(&self, n, (text){longest, n <= 31 ? VAULT_FIELD_BYTES_MAX : 1}));
    }
    assert_int_equal(record_put(&self, 65, TEXT_LITERAL("a")), VELUM_E_LIMIT);
    assert_ok(record_put(&self, 64, TEXT_LITERAL("b")));
    assert_ok(record_size_max(&self, &size));
    assert_true(size <= VAULT_RECORD_BYTES_MAX);
    assert_ok(record_put(&self, 32, (text){longest, VAULT_FIELD_BYTES_MAX}));
    assert_int_equal(record_size_max(&self, &size), VELUM_E_LIMIT);
}

/* I-4: what was not allowed is gone from memory, not only from the list. */
static void a_wiped_field_is_gone(void **state)
{
    char first[] = "first";
    char second[] = "second";
    record self = {.count = 0};

    assert_ok(record_put(&self, 1, text_of(first)));
    assert_ok(record_put(&self, 2, text_of(second)));
    record_wipe_field(&self, 1);
    record_wipe_field(&self, 7);
    assert_memory_equal(first, "\0\0\0\0\0", 5);
    assert_string_equal(second, "second");
    assert_int_equal(self.count, 1);
    assert_null(record_find(&self, 1));
}

static void a_record_has_its_bytes(void **state)
{
    static const uint8_t expected[] = {0xa2, 0x01, 0x61, 'a', 0x19, 0x01, 0x00, 0x62, 'b', 'c'};
    VELUM_AUTO_BUFFER out;
    record self = {.count = 0};
    record back;

    buffer_init(&out, 4096);
    assert_ok(record_put(&self, 256, TEXT_LITERAL("bc")));
    assert_ok(record_put(&self, 1, TEXT_LITERAL("a")));
    assert_ok(record_encode(&self, &out));
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    assert_ok(record_decode(out.data, out.size, &back));
    assert_int_equal(back.count, 2);
    assert_true(text_equal_literal(*record_find(&back, 256), "bc"));
}

static void other_bytes_are_no_record(void **state)
{
    static const struct {
        size_t size;
        uint8_t bytes[8];
    } refused[] = {
        {0, {0}},
        {1, {0xa1}},
        {2, {0xa0, 0x00}},                             /* something behind it */
        {3, {0xa1, 0x01, 0x01}},                       /* a number as value */
        {4, {0xa1, 0x00, 0x61, 'a'}},                  /* field 0 */
        {4, {0xa1, 0x20, 0x61, 'a'}},                  /* field −1 */
        {7, {0xa2, 0x02, 0x61, 'a', 0x01, 0x61, 'b'}}, /* order */
        {7, {0xa2, 0x01, 0x61, 'a', 0x01, 0x61, 'b'}}, /* twice */
        {5, {0xa1, 0x18, 0x01, 0x61, 'a'}},            /* not the shortest */
        {4, {0xa1, 0x01, 0x61, 0xff}},                 /* UTF-8 */
        {8, {0xa1, 0x1a, 0x00, 0x01, 0x00, 0x00, 0x61, 'a'}},
        {2, {0x81, 0x01}},
    };

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        record out;
        assert_int_equal(record_decode(refused[i].bytes, refused[i].size, &out), VELUM_E_CORRUPT);
        assert_int_equal(out.count, 0);
    }
}

/* --- events ------------------------------------------------------------------------------------------- */

static void an_event_round_trips(void **state)
{
    const consent_event event = event_of(3);
    uint8_t bytes[CONSENT_EVENT_BYTES];
    uint8_t again[CONSENT_EVENT_BYTES];
    consent_event back;

    assert_ok(consent_event_encode(&event, bytes));
    assert_ok(consent_event_decode(bytes, sizeof bytes, &back));
    assert_ok(consent_event_encode(&back, again));
    assert_memory_equal(bytes, again, sizeof bytes);
    assert_int_equal(back.n, 3);
    assert_int_equal(back.activity, 11);
    assert_int_equal(back.at_ns, event.at_ns);
    assert_string_equal(back.language, "zh");
    assert_memory_equal(back.actor_token, event.actor_token, sizeof back.actor_token);
    assert_memory_equal(back.assisted_token, event.assisted_token, sizeof back.assisted_token);
    assert_memory_equal(back.evidence, event.evidence, sizeof back.evidence);
    assert_int_equal(back.given_ns, event.given_ns);
}

static void impossible_events_are_refused(void **state)
{
    consent_event event = event_of(1);
    consent_event back;
    uint8_t bytes[CONSENT_EVENT_BYTES];

    memset(event.language, 'x', sizeof event.language);
    assert_int_equal(consent_event_encode(&event, bytes), VELUM_E_INVALID);
    event = event_of(0);
    assert_int_equal(consent_event_encode(&event, bytes), VELUM_E_INVALID);
    event = event_of(1);
    assert_ok(consent_event_encode(&event, bytes));
    bytes[0] = 3;
    assert_int_equal(consent_event_decode(bytes, sizeof bytes, &back), VELUM_E_NEWER);
    bytes[0] = 1; /* format 1 is shorter */
    assert_int_equal(consent_event_decode(bytes, sizeof bytes, &back), VELUM_E_CORRUPT);
    assert_ok(consent_event_decode(bytes, CONSENT_EVENT_BYTES_1, &back));
    assert_int_equal(back.given_ns, event.at_ns);
    bytes[0] = 2;
    assert_int_equal(consent_event_decode(bytes, CONSENT_EVENT_BYTES_1, &back), VELUM_E_CORRUPT);
    assert_int_equal(consent_event_decode(bytes, 0, &back), VELUM_E_CORRUPT);
    bytes[0] = 0;
    assert_int_equal(consent_event_decode(bytes, sizeof bytes, &back), VELUM_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_opens_at_its_place),
        cmocka_unit_test(any_flipped_bit_is_refused),
        cmocka_unit_test(a_shorter_record_is_refused),
        cmocka_unit_test(a_record_serves_no_other_place),
        cmocka_unit_test(a_later_format_says_so),
        cmocka_unit_test(a_ceiling_is_kept),
        cmocka_unit_test(fields_stay_in_order),
        cmocka_unit_test(limits_of_a_record),
        cmocka_unit_test(a_wiped_field_is_gone),
        cmocka_unit_test(a_record_has_its_bytes),
        cmocka_unit_test(other_bytes_are_no_record),
        cmocka_unit_test(an_event_round_trips),
        cmocka_unit_test(impossible_events_are_refused),
    };

    if (crypto_init() != VELUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("sealed", tests, NULL, NULL);
}
