/* Pseudonyms: a known answer, every single error, every swap of two, domains that do not meet. */
#include "tests/vault/fixture.h"

#include "vault/pseudonym.h"

static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static aes_block *domain_of(uint8_t byte)
{
    uint8_t key[KEY_BYTES];
    aes_block *domain = NULL;

    memset(key, byte, sizeof key);
    assert_ok(aes_block_create(key, &domain));
    return domain;
}

static subject_id random_subject(void)
{
    const velum_random random = random_system();
    subject_id id;

    random_fill(&random, id.bytes, sizeof id.bytes);
    return id;
}

/* FIPS 197 C.3: the block 00112233…ff under 000102…1f is 8ea2b7ca516745bfeafc49904b496089. Its text was
 * worked out by a program of its own from the description in docs/formats/pseudonym.md. */
static void a_published_block_has_its_text(void **state)
{
    static const char expected[] = "HTHBFJJHCX2VZTQW9684PJB0H47";
    VELUM_AUTO(aes_block) *domain = NULL;
    uint8_t key[KEY_BYTES];
    subject_id id;
    subject_id back;
    char out[PSEUDONYM_TEXT_BYTES];

    fill_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", key, sizeof key);
    fill_hex("00112233445566778899aabbccddeeff", id.bytes, sizeof id.bytes);
    assert_ok(aes_block_create(key, &domain));
    pseudonym_format(domain, &id, out);
    assert_string_equal(out, expected);
    assert_ok(pseudonym_parse(domain, text_of(expected), &back));
    assert_memory_equal(back.bytes, id.bytes, sizeof id.bytes);
}

static void the_example_of_the_format_page_is_well_formed(void **state)
{
    assert_true(pseudonym_is_well_formed(TEXT_LITERAL("000G40R40M30E209185GR38E1WF")));
    assert_true(pseudonym_is_well_formed(TEXT_LITERAL("000000000000000000000000000")));
}

static void every_single_error_is_caught(void **state)
{
    VELUM_AUTO(aes_block) *domain = domain_of(1);

    for (int round = 0; round < 20; round++) {
        const subject_id id = random_subject();
        char out[PSEUDONYM_TEXT_BYTES];
        pseudonym_format(domain, &id, out);
        for (size_t i = 0; i < PSEUDONYM_CHARS; i++) {
            const char right = out[i];
            for (size_t s = 0; s < 32; s++) {
                out[i] = symbols[s];
                assert_int_equal(pseudonym_is_well_formed(text_of(out)), symbols[s] == right);
            }
            out[i] = right;
        }
    }
}

static void every_swap_of_two_is_caught(void **state)
{
    VELUM_AUTO(aes_block) *domain = domain_of(2);

    for (int round = 0; round < 20; round++) {
        const subject_id id = random_subject();
        char out[PSEUDONYM_TEXT_BYTES];
        pseudonym_format(domain, &id, out);
        for (size_t i = 0; i < PSEUDONYM_CHARS; i++) {
            for (size_t j = i + 1; j < PSEUDONYM_CHARS; j++) {
                char swapped[PSEUDONYM_TEXT_BYTES];
                memcpy(swapped, out, sizeof swapped);
                swapped[i] = out[j];
                swapped[j] = out[i];
                assert_int_equal(pseudonym_is_well_formed(text_of(swapped)), out[i] == out[j]);
            }
        }
    }
}

static void read_as_typed(const aes_block *domain, const subject_id *id, const char *typed)
{
    subject_id back;

    assert_ok(pseudonym_parse(domain, text_of(typed), &back));
    assert_memory_equal(back.bytes, id->bytes, sizeof back.bytes);
}

static void typed_letters_are_accepted(void **state)
{
    VELUM_AUTO(aes_block) *domain = domain_of(3);
    uint32_t replaced = 0;

    for (int round = 0; round < 200; round++) {
        const subject_id id = random_subject();
        char out[PSEUDONYM_TEXT_BYTES];
        pseudonym_format(domain, &id, out);
        for (size_t i = 0; i < PSEUDONYM_CHARS; i++) {
            if (out[i] == '1') {
                out[i] = "IiLl"[replaced++ % 4];
            } else if (out[i] == '0') {
                out[i] = "Oo"[replaced++ % 2];
            } else if (out[i] >= 'A' && round % 2 == 0) {
                out[i] = (char)(out[i] - 'A' + 'a');
            }
        }
        read_as_typed(domain, &id, out);
    }
    assert_true(replaced > 100);
}

static void other_texts_are_refused(void **state)
{
    static const char *const refused[] = {"",
                                          "0",
                                          "00000000000000000000000000",
                                          "0000000000000000000000000000",
                                          "00000000000000000000000000U",
                                          "0000000000000-0000000000000",
                                          " 00000000000000000000000000",
                                          "000000000000000000000000\xef\xbc\x90"};
    VELUM_AUTO(aes_block) *domain = domain_of(4);

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        subject_id out = {{7}};
        assert_int_equal(pseudonym_parse(domain, text_of(refused[i]), &out), VELUM_E_INVALID);
        assert_int_equal(out.bytes[0], 7);
        assert_false(pseudonym_is_well_formed(text_of(refused[i])));
    }
}

/* Spare bits that are not zero would give one subject four names. */
static void spare_bits_are_zero(void **state)
{
    uint32_t accepted = 0;
    char typed[PSEUDONYM_TEXT_BYTES] = "000000000000000000000000000";

    for (size_t s = 0; s < 32; s++) {
        for (size_t c = 0; c < 32; c++) {
            typed[25] = symbols[s];
            typed[26] = symbols[c];
            const bool is_accepted = pseudonym_is_well_formed(text_of(typed));
            assert_false(is_accepted && s % 4 != 0);
            accepted += is_accepted;
        }
    }
    assert_int_equal(accepted, 8);
}

/* I-10: the same subject, two domains; a name of one is no name of the other. GB/T 35273 §6.2. */
static void domains_do_not_meet(void **state)
{
    fixture *const self = *state;
    const aes_block *first = NULL;
    const aes_block *second = NULL;
    const aes_block *again = NULL;

    assert_ok(keyring_domain(self->keys, 1, &first));
    assert_ok(keyring_domain(self->keys, 257, &second));
    assert_ok(keyring_domain(self->keys, 1, &again));
    assert_ptr_equal(first, again);
    for (int round = 0; round < 100; round++) {
        const subject_id id = random_subject();
        subject_id back;
        char in_first[PSEUDONYM_TEXT_BYTES];
        char in_second[PSEUDONYM_TEXT_BYTES];
        pseudonym_format(first, &id, in_first);
        pseudonym_format(second, &id, in_second);
        assert_string_not_equal(in_first, in_second);
        assert_ok(pseudonym_parse(second, text_of(in_first), &back));
        assert_memory_not_equal(back.bytes, id.bytes, sizeof id.bytes);
        read_as_typed(first, &id, in_first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_block_has_its_text),
        cmocka_unit_test(the_example_of_the_format_page_is_well_formed),
        cmocka_unit_test(every_single_error_is_caught),
        cmocka_unit_test(every_swap_of_two_is_caught),
        cmocka_unit_test(typed_letters_are_accepted),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(spare_bits_are_zero),
        cmocka_unit_test_setup_teardown(domains_do_not_meet, fixture_setup, fixture_teardown),
    };

    if (crypto_init() != VELUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("pseudonym", tests, NULL, NULL);
}
