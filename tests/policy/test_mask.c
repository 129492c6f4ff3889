/* Masks: our own cases, and what must hold of every mask and value. */
#include "policy/mask.h"

#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROOM 32768

static bundle_mask mask_of(uint32_t profile)
{
    const mask_profile *const own = mask_profile_of(profile);

    return (bundle_mask){
        .profile = profile,
        .keep_first = own->keep_first,
        .keep_last = own->keep_last,
        .fixed_length = own->fixed_length,
        .character = '*',
    };
}

static uint32_t type_of(uint32_t profile)
{
    const uint32_t types = mask_profile_of(profile)->types;

    return (types & 1U << FIELD_TEXT) != 0   ? FIELD_TEXT
           : (types & 1U << FIELD_DATE) != 0 ? FIELD_DATE
                                             : FIELD_NUMBER;
}

static void assert_masks(const bundle_mask *mask, const char *value, const char *wanted)
{
    char out[ROOM];
    size_t size = 0;

    assert_int_equal(
        mask_apply(mask, type_of(mask->profile), text_of(value), out, sizeof(out), &size),
        VELUM_OK);
    if (!text_equal((text){out, size}, text_of(wanted))) {
        fail_msg("%s %s: %.*s, wanted %s", mask_profile_name(mask->profile), value, (int)size, out,
                 wanted);
    }
}

typedef struct mask_case {
    uint32_t profile;
    const char *value;
    const char *wanted;
} mask_case;

static const mask_case cases[] = {
    {MASK_ALL, "张三", "**"},
    {MASK_ALL, "***", "****"}, /* M-1 */
    {MASK_ALL, "", ""},
    {MASK_NAME, "张三丰", "张**"},
    {MASK_NAME, "张三", "张*"},
    {MASK_NAME, "张", "*"},
    {MASK_NAME, "欧阳娜娜", "欧***"},
    {MASK_NAME, "买买提·艾力", "买*****"},
    {MASK_NAME, "𠮷田太郎", "𠮷***"},
    {MASK_NAME, "さくら", "さ**"},
    {MASK_NAME, "김철수", "김**"},
    {MASK_NAME, "John Smith", "J*** S****"},
    {MASK_NAME, "J Smith", "* S****"},
    {MASK_NAME, "Ángel", "Á****"},
    {MASK_NAME, "J", "*"},
    {MASK_NAME, " ", "*"},
    {MASK_PHONE, "13812345678", "138****5678"},
    {MASK_PHONE, "+8613812345678", "138****5678"},
    {MASK_PHONE, "+86 138-1234-5678", "138****5678"},
    {MASK_PHONE, "008613812345678", "138****5678"},
    {MASK_PHONE, "8613812345678", "138****5678"},
    {MASK_PHONE, "013812345678", "138****5678"},
    {MASK_PHONE, "01086551122", "010****1122"},
    {MASK_PHONE, "+85291234567", "+852****4567"},
    {MASK_PHONE, "+14155552671", "+1******2671"},
    {MASK_PHONE, "+442071838750", "+44******8750"},
    {MASK_PHONE, "+3541234567", "***********"},
    {MASK_PHONE, "+861085298888", "+86******8888"},
    {MASK_PHONE, "86551122", "********"},
    {MASK_PHONE, "110", "***"},
    {MASK_PHONE, "1381234567x", "***********"},
    {MASK_PHONE, "+", "*"},
    {MASK_PHONE, "138123456781381234567813812345678", "*********************************"},
    {MASK_ID_CARD, "310101199001011238", "310101**********38"},
    {MASK_ID_CARD, "31010119900101123X", "310101**********3X"},
    {MASK_ID_CARD, "310101900101123", "310101*******23"},
    {MASK_ID_CARD, "3101011990010112", "****************"},
    {MASK_ID_CARD, "31010119900101123Y", "******************"},
    {MASK_ID_CARD, "31010190010112X", "***************"},
    {MASK_BANK_CARD, "6228480402564890018", "622848*********0018"},
    {MASK_BANK_CARD, "6228 4804 0256 4890 018", "622848*********0018"},
    {MASK_BANK_CARD, "4111111111111111", "411111******1111"},
    {MASK_BANK_CARD, "411111111111", "************"},
    {MASK_BANK_CARD, "41111111111111111111", "********************"},
    {MASK_BANK_CARD, "4111x11111111111", "****************"},
    {MASK_EMAIL, "duandazhi@126.com", "d****@126.com"},
    {MASK_EMAIL, "1@email.com", "****@email.com"}, /* one letter shows nothing */
    {MASK_EMAIL, "张三@例子.中国", "张****@例子.中国"},
    {MASK_EMAIL, "@126.com", "****"},
    {MASK_EMAIL, "nobody", "****"},
    {MASK_EMAIL, "nobody@", "****"},
    {MASK_EMAIL, "a@b@c.com", "****"},
    {MASK_EMAIL, "a b@c.com", "****"},
    {MASK_EMAIL, "*****@126.com", "****"}, /* M-1 */
    {MASK_ADDRESS, "北京市海淀区马连洼街道289号", "北京市海淀区马********"},
    {MASK_ADDRESS, "上海市徐汇区漕溪北路88号3栋1201室", "上海市徐汇区漕溪北路**********"},
    {MASK_ADDRESS, "人民路8号", "*****"},
    {MASK_ADDRESS, "12345678", "********"},
    {MASK_ADDRESS, "123456789", "1********"},
    {MASK_PLATE, "苏D40000", "苏D4***0"},
    {MASK_PLATE, "陕A12345D", "陕A1****D"},
    {MASK_PLATE, "京A123", "*****"},
    {MASK_YEAR, "1990-05-04", "1990-**-**"},
    {MASK_YEAR, "2012-02-29", "2012-**-**"},
    {MASK_YEAR, "2011-02-29", "**********"},
    {MASK_YEAR, "1990/05/04", "**********"},
    {MASK_YEAR, "1990", "****"},
    {MASK_IP, "203.0.113.77", "203.0.113.*"},
    {MASK_IP, "203.0.113.777", "*************"},
    {MASK_IP, "2001:db8:86a3:8d3::1", "2001:db8::"},
    {MASK_IP, "2001:0db8:86a3:08d3:1319:8a2e:0370:7344", "2001:db8::"},
    {MASK_IP, "2001:db8::", "**********"}, /* M-1 */
    {MASK_IP, "::1", "***"},
    {MASK_IP, "::ffff:203.0.113.7", "******************"},
    {MASK_IP, "fe80::1", "*******"},
    {MASK_WAYBILL, "13812345678", "*******5678"},
    {MASK_WAYBILL, "+86 138 1234 5678", "*********5678"},
    {MASK_WAYBILL, "86551122", "********"},
    {MASK_WAYBILL, "上海市徐汇区漕溪北路88号3栋1201室", "上海市徐汇区漕溪北路88号*******"},
    {MASK_WAYBILL, "上海市浦东新区世纪花园3栋1201室", "上海市浦东新区世纪花园*******"},
    {MASK_WAYBILL, "上海市浦东新区世纪大道88号", "上海市浦东新区世纪大道***"},
    {MASK_WAYBILL, "浙江省杭州市西湖区某某小区南门", "浙江省杭州市西********"},
    {MASK_NUMBER, "4312.50", "4000.00"},
    {MASK_NUMBER, "-42", "-40"},
    {MASK_NUMBER, "0.56", "0.00"},
    {MASK_NUMBER, "5", "*"},
    {MASK_NUMBER, "3000", "****"}, /* M-1 */
    {MASK_NUMBER, "12e5", "****"},
    {MASK_NUMBER, ".5", "**"},
};

static void values_are_masked_by_their_profile(void **state)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const bundle_mask mask = mask_of(cases[i].profile);
        assert_masks(&mask, cases[i].value, cases[i].wanted);
    }
}

static void parameters_are_kept(void **state)
{
    bundle_mask mask = mask_of(MASK_KEEP);

    mask.keep_first = 2;
    mask.keep_last = 1;
    assert_masks(&mask, "苏州市工业园区", "苏州****区");
    assert_masks(&mask, "苏州区", "***"); /* nothing in the middle: M-2 */
    mask.fixed_length = 3;
    assert_masks(&mask, "苏州市工业园区", "苏州***区");
    mask.character = 0x25cf; /* ● */
    assert_masks(&mask, "苏州市工业园区", "苏州●●●区");
    mask = mask_of(MASK_ALL);
    mask.fixed_length = 6;
    assert_masks(&mask, "秘密", "******");
    assert_masks(&mask, "******", "*******");
    mask = mask_of(MASK_ID_CARD);
    mask.keep_first = 1;
    mask.keep_last = 2;
    assert_masks(&mask, "51343620000320711X", "5***************1X");
    mask = mask_of(MASK_EMAIL);
    mask.fixed_length = 0;
    assert_masks(&mask, "duandazhi@126.com", "d********@126.com");
}

/* PCI DSS 3.4.1, and the date of birth in a card number: not even a mask that asks shows more. */
static void no_parameter_shows_too_much(void **state)
{
    bundle_mask mask = mask_of(MASK_BANK_CARD);

    mask.keep_first = 12;
    mask.keep_last = 12;
    assert_masks(&mask, "6228480402564890018", "622848*********0018");
    mask.profile = MASK_ID_CARD;
    assert_masks(&mask, "310101199001011238", "310101********1238");
    assert_masks(&mask, "310101900101123", "310101******123");
    mask.profile = MASK_PHONE;
    assert_masks(&mask, "13812345678", "138****5678");
}

/* A mask of another type than its field's shows nothing. */
static void a_mask_of_another_type_shows_nothing(void **state)
{
    char out[ROOM];
    size_t size = 0;

    for (uint32_t profile = 1; profile < MASK_PROFILES; profile++) {
        for (uint32_t type = 0; type < 6; type++) {
            const bundle_mask mask = mask_of(profile);
            const bool fits =
                type > 0 && type < 32 && (mask_profile_of(profile)->types & 1U << type) != 0;
            if (fits) {
                continue;
            }
            assert_int_equal(mask_apply(&mask, type, TEXT_LITERAL("1990-05-04"), out, ROOM, &size),
                             VELUM_OK);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(out[i], '*');
            }
        }
    }
    const bundle_mask unknown = {.profile = 99, .character = '*'};
    assert_int_equal(mask_apply(&unknown, FIELD_TEXT, TEXT_LITERAL("abc"), out, ROOM, &size),
                     VELUM_OK);
    assert_memory_equal(out, "***", 3);
    assert_null(mask_profile_name(0));
    assert_null(mask_profile_name(MASK_PROFILES));
}

static void room_and_encoding_are_checked(void **state)
{
    const bundle_mask mask = mask_of(MASK_ALL);
    const text value = TEXT_LITERAL("13812345678");
    char out[ROOM];
    size_t size = 77;

    assert_int_equal(
        mask_apply(&mask, FIELD_TEXT, value, out, mask_bound(&mask, value.size) - 1, &size),
        VELUM_E_LIMIT);
    assert_int_equal(mask_apply(&mask, FIELD_TEXT, TEXT_LITERAL("\xff"), out, ROOM, &size),
                     VELUM_E_INVALID);
    assert_int_equal(size, 77);
}

/* --- Properties --------------------------------------------------------------------------------- */

static const char alphabet[][5] = {"0", "1", "2", "9", "8", "6",  "a",  "Z",  "@",  ".", "-",  " ",
                                   "+", "*", ":", "(", "X", "张", "号", "一", "𠮷", "é", "路", "5"};

static text random_value(const velum_random *chance, char *out)
{
    const bool digits_only = random_below(chance, 2) == 0;
    const uint32_t count = random_below(chance, 24);
    size_t size = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t letters = digits_only ? 6 : sizeof(alphabet) / sizeof(alphabet[0]);
        const char *const letter = alphabet[random_below(chance, letters)];
        memcpy(out + size, letter, strlen(letter));
        size += strlen(letter);
    }
    return (text){out, size};
}

static bundle_mask random_mask(const velum_random *chance)
{
    static const uint32_t characters[] = {'*', 'x', '#', 0x25cf, 0x1f512};

    return (bundle_mask){
        .profile = 1 + random_below(chance, MASK_PROFILES - 1),
        .keep_first = random_below(chance, 8),
        .keep_last = random_below(chance, 8),
        .fixed_length = random_below(chance, 3) == 0 ? random_below(chance, 10) : 0,
        .character = characters[random_below(chance, 5)],
    };
}

/* How many code points stand at both ends of both, without overlap. */
static size_t shared_ends(text a, text b)
{
    const size_t shorter = a.size < b.size ? a.size : b.size;
    size_t first = 0;
    size_t last = 0;

    while (first < shorter && a.data[first] == b.data[first]) {
        first++;
    }
    while (last < shorter - first && a.data[a.size - 1 - last] == b.data[b.size - 1 - last]) {
        last++;
    }
    return first + last;
}

static void what_holds_of_every_mask(void **state)
{
    random_seeded seeded;
    const velum_random chance = random_from_seed(&seeded, test_seed());

    for (int i = 0; i < 200000; i++) {
        char value_bytes[128];
        char out[1024];
        size_t size = 0;
        const text value = random_value(&chance, value_bytes);
        const bundle_mask mask = random_mask(&chance);
        const size_t bound = mask_bound(&mask, value.size);

        assert_true(bound <= sizeof(out));
        memset(out, 0x7e, sizeof(out));
        assert_int_equal(mask_apply(&mask, type_of(mask.profile), value, out, bound, &size),
                         VELUM_OK);
        const text masked = {out, size};
        const bool is_wrong = size > bound || !utf8_is_valid(masked) ||
                              (value.size > 0 && text_equal(masked, value)) ||
                              (value.size == 0 && size != 0);
        if (is_wrong) {
            fail_msg("%s of %.*s is %.*s (seed %llu, case %d)", mask_profile_name(mask.profile),
                     (int)value.size, value.data, (int)size, out, (unsigned long long)test_seed(),
                     i);
        }
        for (size_t k = size; k < sizeof(out); k++) {
            assert_true(out[k] == 0x7e || out[k] == 0); /* nothing of a value stays behind */
        }
    }
}

/* A value of letters that no mask writes: what is still there was kept. */
static void keep_keeps_its_ends_and_no_more(void **state)
{
    static const char value[] = "abcdefghijklmnopqrst";
    char out[1024];
    size_t size = 0;

    for (uint32_t first = 0; first < 24; first++) {
        for (uint32_t last = 0; last < 24; last++) {
            for (size_t length = 1; length < sizeof(value); length++) {
                const bundle_mask mask = {
                    .profile = MASK_KEEP, .keep_first = first, .keep_last = last, .character = '*'};
                const text shown = {value, length};
                assert_int_equal(mask_apply(&mask, FIELD_TEXT, shown, out, sizeof(out), &size),
                                 VELUM_OK);
                const size_t kept = first + last < length ? first + last : 0;
                assert_int_equal(shared_ends(shown, (text){out, size}), kept);
                assert_int_equal(size, length);
            }
        }
    }
}

/* Of any digits: phones hide at least four of them, waybills six, cards all but ten. */
static void digits_stay_hidden(void **state)
{
    static const uint32_t profiles[] = {MASK_PHONE, MASK_WAYBILL, MASK_BANK_CARD, MASK_ID_CARD};
    random_seeded seeded;
    const velum_random chance = random_from_seed(&seeded, test_seed());

    for (int i = 0; i < 100000; i++) {
        char value[40] = "";
        char out[1024];
        size_t size = 0;
        const uint32_t length = 1 + random_below(&chance, 20);
        for (uint32_t k = 0; k < length; k++) {
            value[k] = (char)('0' + random_below(&chance, 10));
        }
        const uint32_t profile = profiles[random_below(&chance, 4)];
        const bundle_mask mask = mask_of(profile);
        assert_int_equal(
            mask_apply(&mask, FIELD_TEXT, (text){value, length}, out, sizeof(out), &size),
            VELUM_OK);
        size_t shown = 0;
        for (size_t k = 0; k < size; k++) {
            shown += out[k] >= '0' && out[k] <= '9' ? 1 : 0;
        }
        const size_t least = profile == MASK_WAYBILL ? 6 : profile == MASK_PHONE ? 4 : 3;
        assert_true(shown == 0 || shown + least <= length);
        assert_true(shown <= 10);
    }
}

typedef struct value_case {
    uint32_t type;
    const char *value;
    bool is_valid;
} value_case;

static const value_case values[] = {
    {FIELD_TEXT, "张三", true},
    {FIELD_TEXT, "", false},
    {FIELD_TEXT, "a\nb", false},
    {FIELD_TEXT, "\xc3\x28", false},
    {FIELD_TEXT, "\xc2\x85", false},
    {FIELD_DATE, "2012-02-29", true},
    {FIELD_DATE, "2011-02-29", false},
    {FIELD_DATE, "2012-2-29", false},
    {FIELD_DATE, "", false},
    {FIELD_NUMBER, "0", true},
    {FIELD_NUMBER, "-1.50", true},
    {FIELD_NUMBER, "+7", true},
    {FIELD_NUMBER, "1e3", false},
    {FIELD_NUMBER, ".5", false},
    {FIELD_NUMBER, "5.", false},
    {FIELD_NUMBER, "1.2.3", false},
    {FIELD_NUMBER, "-", false},
    {FIELD_NUMBER, "--1", false},
    {FIELD_NUMBER, "", false},
    {FIELD_NUMBER, "１", false},
    {0, "x", false},
    {4, "x", false},
};

static void values_are_of_their_type(void **state)
{
    char large[2050];

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_int_equal(field_value_is_valid(values[i].type, text_of(values[i].value)),
                         values[i].is_valid);
    }
    memset(large, 'x', sizeof(large));
    assert_true(field_value_is_valid(FIELD_TEXT, (text){large, 2048}));
    assert_false(field_value_is_valid(FIELD_TEXT, (text){large, 2049}));
    memset(large, '7', sizeof(large));
    assert_true(field_value_is_valid(FIELD_NUMBER, (text){large, 64}));
    assert_false(field_value_is_valid(FIELD_NUMBER, (text){large, 65}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_masked_by_their_profile),
        cmocka_unit_test(parameters_are_kept),
        cmocka_unit_test(no_parameter_shows_too_much),
        cmocka_unit_test(a_mask_of_another_type_shows_nothing),
        cmocka_unit_test(room_and_encoding_are_checked),
        cmocka_unit_test(what_holds_of_every_mask),
        cmocka_unit_test(keep_keeps_its_ends_and_no_more),
        cmocka_unit_test(digits_stay_hidden),
        cmocka_unit_test(values_are_of_their_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
