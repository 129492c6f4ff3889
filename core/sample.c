/* core/sample.c: drawing a person from a seed and an index.
 *
 * What must not repeat is not drawn but counted through, in an order that looks like chance: index
 * is multiplied by a number that has no factor in common with the size of the space, and shifted by
 * the seed. So nothing has to be remembered, and person 1,000,000 costs what person 1 costs.
 */
#include "core/sample.h"

#include <assert.h>
#include <stdio.h>
#include <velum/admin.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"

#define COUNT_OF(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

/* Mobile numbers: 1, then 3 to 9, then nine digits. */
#define MOBILES UINT64_C(7000000000)
#define MOBILE_STEP UINT64_C(2654435769) /* odd, no multiple of 5 or 7 */
static_assert(MOBILE_STEP < UINT32_MAX && MOBILE_STEP % 2 != 0 && MOBILE_STEP % 5 != 0 &&
                  MOBILE_STEP % 7 != 0,
              "every number is met once");

/* Identity cards: a district and a sequence number 001 to 999, on some day of birth. */
#define SEQUENCES 999
#define SLOTS (SAMPLE_DISTRICTS * SEQUENCES) /* 3³ · 37 · 149 */
#define SLOT_STEP UINT64_C(61441)
static_assert(SLOT_STEP % 3 != 0 && SLOT_STEP % 37 != 0 && SLOT_STEP % 149 != 0 && SLOTS == 148851,
              "every slot is met once");

/* What a number is drawn for; keeps the draws apart. */
#define DRAW_PERSON 1
#define DRAW_MOBILE 2
#define DRAW_SLOT 3
#define DRAW_BRACKET 4
#define DRAW_DAY 5

/* Days of birth, and how many of a thousand have them. Ages are those of the whole of 2026. */
typedef struct bracket {
    civil_date first;
    civil_date last;
    uint32_t weight;
} bracket;

static const bracket BRACKETS[] = {
    {{2013, 1, 1}, {2020, 12, 31}, 30}, /* under 14 */
    {{2009, 1, 1}, {2011, 12, 31}, 25}, /* 14 to 17 */
    {{2000, 1, 1}, {2007, 12, 31}, 165}, {{1990, 1, 1}, {1999, 12, 31}, 300},
    {{1980, 1, 1}, {1989, 12, 31}, 240}, {{1965, 1, 1}, {1979, 12, 31}, 160},
    {{1940, 1, 1}, {1964, 12, 31}, 80},
};
#define WEIGHTS 1000

/* The first three are always of these. */
static const bracket FIRST_BRACKETS[] = {
    {{1985, 1, 1}, {1994, 12, 31}, 0},
    {{1975, 1, 1}, {1984, 12, 31}, 0},
    {{2017, 1, 1}, {2020, 12, 31}, 0},
};

/* Beginnings of numbers with which payment providers test. */
typedef struct card_form {
    const char *prefix;
    uint32_t digits;
} card_form;

static const card_form CARD_FORMS[] = {
    {"620000", 16}, {"620000", 17}, {"620000", 18}, {"620000", 19},
    {"411111", 16}, {"424242", 16}, {"555555", 16}, {"353011", 16},
};

static const char *const DOMAINS[] = {"example.com", "example.org", "example.net"};
static const char *const LEVELS[] = {"standard", "standard", "standard", "silver",
                                     "silver",   "gold",     "platinum"};
static const char *const ROADS[] = {"人民路", "解放路", "建设路", "中山路", "和平路", "文化路",
                                    "新华路", "青年路", "长江路", "学府路", "花园路", "滨河路",
                                    "兴业路", "延安路", "湖滨路", "科技路"};
static const char *const ESTATES[] = {"阳光花园", "绿地家园", "锦绣华庭", "翠湖新村",
                                      "金色家园", "书香苑",   "紫荆苑",   "明珠小区",
                                      "望江苑",   "梧桐里",   "春晓园",   "和美家园"};
static const char *const LATIN_ROADS[] = {
    "Renmin Road", "Jiefang Road", "Zhongshan Road", "Heping Road",     "Wenhua Road",
    "Xinhua Road", "Huayuan Road", "Binhe Road",     "Changjiang Road", "Xuefu Road"};

/* --- Chance ----------------------------------------------------------------------------------- */

/* A number for (seed, use, which), the same for ever. */
static uint64_t drawn(uint64_t seed, uint32_t use, uint64_t which)
{
    static const uint8_t KEY[KEY_BYTES] = "velum sample 1";
    uint8_t message[20];
    uint8_t digest[16];

    bytes_write_u64be(message, seed);
    bytes_write_u32be(message + 8, use);
    bytes_write_u64be(message + 12, which);
    const crypto_part part = {message, sizeof(message)};
    blake2b_keyed(KEY, &part, 1, digest, sizeof(digest));
    return bytes_read_u64be(digest);
}

static const char *pick(const velum_random *random, const char *const *list, uint32_t count)
{
    return list[random_below(random, count)];
}

static void draw_digits(const velum_random *random, char *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (char)('0' + random_below(random, 10));
    }
}

/* --- Identity card ---------------------------------------------------------------------------- */

static const bracket *bracket_of(uint64_t seed, uint32_t residue)
{
    if (residue < COUNT_OF(FIRST_BRACKETS)) {
        return &FIRST_BRACKETS[residue];
    }
    uint32_t left = (uint32_t)(drawn(seed, DRAW_BRACKET, residue) % WEIGHTS);
    for (uint32_t i = 0; i < COUNT_OF(BRACKETS); i++) {
        if (left < BRACKETS[i].weight) {
            return &BRACKETS[i];
        }
        left -= BRACKETS[i].weight;
    }
    return &BRACKETS[COUNT_OF(BRACKETS) - 1];
}

/* Those who share a slot, SLOTS apart, are born on days that follow one another. */
static civil_date day_of_birth(uint64_t seed, uint32_t index)
{
    const uint32_t residue = index % SLOTS;
    const bracket *const range = bracket_of(seed, residue);
    const int32_t first = civil_date_to_days(range->first);
    const uint32_t days = (uint32_t)(civil_date_to_days(range->last) - first) + 1;
    const uint64_t nth = drawn(seed, DRAW_DAY, residue) % days + index / SLOTS;

    return civil_date_from_days(first + (int32_t)(nth % days));
}

/* GB 11643-1999, ISO 7064 MOD 11-2. */
static char id_card_check(const char digits[17])
{
    static const uint32_t WEIGHT[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static const char CHECK[] = "10X98765432";
    uint32_t sum = 0;

    for (size_t i = 0; i < sizeof(WEIGHT) / sizeof(WEIGHT[0]); i++) {
        sum += WEIGHT[i] * (uint32_t)(digits[i] - '0');
    }
    return CHECK[sum % 11];
}

static void draw_id_card(uint64_t seed, civil_date birth, sample_person *out)
{
    const uint64_t shift = drawn(seed, DRAW_SLOT, 0) % SLOTS;
    const uint32_t slot = (uint32_t)((out->index % SLOTS * SLOT_STEP + shift) % SLOTS);
    const uint32_t sequence = 1 + slot / SAMPLE_DISTRICTS;
    char digits[64];

    (void)snprintf(digits, sizeof(digits), "%06u%04d%02d%02d%03u",
                   sample_district_at(slot % SAMPLE_DISTRICTS)->code, birth.year, birth.month,
                   birth.day, sequence);
    memcpy(out->id_card, digits, 17);
    out->id_card[17] = id_card_check(out->id_card);
    out->id_card[18] = '\0';
    out->is_male = sequence % 2 == 1;
}

/* --- The rest --------------------------------------------------------------------------------- */

static void draw_mobile(uint64_t seed, sample_person *out)
{
    const uint64_t shift = drawn(seed, DRAW_MOBILE, 0) % MOBILES;
    uint64_t left = (out->index * MOBILE_STEP + shift) % MOBILES;

    for (size_t i = SAMPLE_MOBILE_BYTES - 2; i > 1; i--) {
        out->mobile[i] = (char)('0' + left % 10);
        left /= 10;
    }
    out->mobile[1] = (char)('3' + left);
    out->mobile[0] = '1';
    out->mobile[SAMPLE_MOBILE_BYTES - 1] = '\0';
}

/* ISO/IEC 7812-1 annex B (Luhn). */
static char luhn_check(const char *digits, size_t count)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        const uint32_t digit = (uint32_t)(digits[count - 1 - i] - '0');
        const uint32_t twice = i % 2 == 0 ? 2 * digit : digit;
        sum += twice > 9 ? twice - 9 : twice;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static void draw_bank_card(const velum_random *random, sample_person *out)
{
    const card_form *const form = &CARD_FORMS[random_below(random, COUNT_OF(CARD_FORMS))];
    const size_t prefix = strlen(form->prefix);

    memcpy(out->bank_card, form->prefix, prefix);
    draw_digits(random, out->bank_card + prefix, form->digits - 1 - prefix);
    out->bank_card[form->digits - 1] = luhn_check(out->bank_card, form->digits - 1);
    out->bank_card[form->digits] = '\0';
}

static void draw_address(const velum_random *random, bool is_chinese, sample_person *out)
{
    const sample_city *const city = out->city;
    const uint32_t district = city->district_first + random_below(random, city->district_count);
    const uint32_t number = 1 + random_below(random, 480);
    const uint32_t block = 1 + random_below(random, 28);
    const uint32_t room = (1 + random_below(random, 26)) * 100 + 1 + random_below(random, 6);

    if (!is_chinese) {
        (void)snprintf(out->address, sizeof(out->address), "Flat %u, Block %u, %u %s, %s", room,
                       block, number, pick(random, LATIN_ROADS, COUNT_OF(LATIN_ROADS)),
                       city->latin);
        return;
    }
    const char *const road = pick(random, ROADS, COUNT_OF(ROADS));
    const char *const estate = pick(random, ESTATES, COUNT_OF(ESTATES));
    (void)snprintf(out->address, sizeof(out->address), "%s市%s%s%u号%s%u栋%u室", city->name,
                   sample_district_at(district)->name, road, number, estate, block, room);
}

static void draw_place(const velum_random *random, sample_person *out)
{
    const uint32_t store = random_below(random, SAMPLE_STORES);

    out->city = sample_city_of_store(store);
    (void)snprintf(out->store, sizeof(out->store), "S%03u", store + 1);
}

/* Two in a hundred adults never told it. */
static void draw_birthday(const velum_random *random, civil_date birth, sample_person *out)
{
    const bool is_told = random_below(random, 100) >= 2;

    out->birthday[0] = '\0';
    if (is_told || birth.year > 2007 || out->index < COUNT_OF(FIRST_BRACKETS)) {
        civil_date_format(birth, out->birthday);
    }
}

void sample_person_draw(uint64_t seed, uint32_t index, sample_person *out)
{
    random_seeded state;
    const velum_random random = random_from_seed(&state, drawn(seed, DRAW_PERSON, index));
    const bool is_chinese = random_below(&random, 100) < 70 || index < 2;
    const civil_date birth = day_of_birth(seed, index);

    *out = (sample_person){.index = index};
    draw_id_card(seed, birth, out);
    draw_mobile(seed, out);
    if (is_chinese) {
        sample_name_chinese(&random, out->is_male, &out->name);
    } else {
        sample_name_western(&random, out->is_male, &out->name);
    }
    draw_bank_card(&random, out);
    draw_place(&random, out);
    draw_address(&random, is_chinese, out);
    draw_birthday(&random, birth, out);
    out->member_level = pick(&random, LEVELS, COUNT_OF(LEVELS));
    (void)snprintf(out->email, sizeof(out->email), "%s%u@%s", out->name.latin, index,
                   pick(&random, DOMAINS, COUNT_OF(DOMAINS)));
}

/* --- As a row of an import -------------------------------------------------------------------- */

static void write_identifier(json_writer *json, const char *type, const char *value)
{
    json_begin_object(json);
    json_member_string(json, "type", type);
    json_member_string(json, "value", value);
    json_end_object(json);
}

static void write_identifiers(json_writer *json, const sample_person *person)
{
    char index[16];

    (void)snprintf(index, sizeof(index), "%u", person->index);
    json_name(json, "identifiers");
    json_begin_array(json);
    write_identifier(json, "ext:sample", index);
    write_identifier(json, "mobile", person->mobile);
    write_identifier(json, "email", person->email);
    write_identifier(json, "id_card", person->id_card);
    json_end_array(json);
}

static void write_profile(json_writer *json, const sample_person *person)
{
    json_name(json, "profile");
    json_begin_object(json);
    json_member_string(json, "name", person->name.full);
    json_member_string(json, "mobile", person->mobile);
    json_member_string(json, "id_card", person->id_card);
    json_member_string(json, "bank_card", person->bank_card);
    json_member_string(json, "email", person->email);
    json_member_string(json, "address", person->address);
    if (person->birthday[0] != '\0') {
        json_member_string(json, "birthday", person->birthday);
    }
    json_member_string(json, "city", person->city->name);
    json_member_string(json, "member_level", person->member_level);
    json_member_string(json, "store", person->store);
    json_member_string(json, "region", person->city->region);
    json_end_object(json);
}

velum_status velum_sample_person(uint64_t seed, uint32_t index, char **out_json, size_t *out_size)
{
    VELUM_AUTO_BUFFER row = {0};
    sample_person person;
    json_writer json;
    uint8_t *data = NULL;

    *out_json = NULL;
    *out_size = 0;
    VELUM_TRY(crypto_init());
    sample_person_draw(seed, index, &person);
    buffer_init(&row, 4096);
    json_writer_init(&json, &row);
    json_begin_object(&json);
    json_member_integer(&json, "line", index);
    write_identifiers(&json, &person);
    write_profile(&json, &person);
    json_end_object(&json);
    VELUM_TRY(buffer_take(&row, &data, out_size));
    *out_json = (char *)data;
    return VELUM_OK;
}
