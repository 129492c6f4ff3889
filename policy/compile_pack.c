/* compile_pack.c: one file of a jurisdiction pack, read strictly (docs/formats/jurisdiction-pack.md). */
#include "policy/compiler.h"

#include "base/clock.h"

#include <stddef.h>
#include <stdio.h>

#define TERM_COUNT_MAX 3660
#define OFFSET_HOURS_MAX 14
#define PACK_NODES_BYTES_MAX 65536

static const key_rule pack_rules[] = {
    {"velum-pack", YAML_SCALAR, true, false},
    {"name", YAML_SCALAR, true, false},
    {"version", YAML_SCALAR, true, false},
    {"day-offset", YAML_SCALAR, false, false},
    {"confirm", YAML_MAP, false, false},
    {"answer", YAML_MAP, true, false},
    {"hard-limit", YAML_MAP, false, false},
    {"extension", YAML_MAP, false, false},
    {"extend-within", YAML_MAP, false, false},
    {"opt-out", YAML_MAP, false, false},
    {"verification", YAML_MAP, false, false},
    {"ask-again-days", YAML_SCALAR, true, false},
    {"ask-max", YAML_SCALAR, true, false},
    {"evidence-days", YAML_SCALAR, true, false},
    {"request-log-days", YAML_SCALAR, true, false},
    {"consent-age", YAML_SCALAR, true, false},
    {"consent-ages", YAML_MAP, false, false},
    {"marketing-prior-consent", YAML_SCALAR, false, false},
    {"holidays", YAML_LIST, false, false},
    {"workdays", YAML_LIST, false, false},
    {NULL, YAML_SCALAR, false, false},
};

static const key_rule term_rules[] = {{"days", YAML_SCALAR, false, false},
                                      {"working-days", YAML_SCALAR, false, false},
                                      {"months", YAML_SCALAR, false, false},
                                      {NULL, YAML_SCALAR, false, false}};
static const uint32_t term_units[] = {TERM_DAYS, TERM_WORKING_DAYS, TERM_MONTHS};

/* Where each term, and each number with its range, stands in the pack. */
static const struct {
    const char *name;
    size_t offset;
} terms[] = {
    {"confirm", offsetof(jurisdiction_pack, confirm)},
    {"answer", offsetof(jurisdiction_pack, answer)},
    {"hard-limit", offsetof(jurisdiction_pack, hard_limit)},
    {"extension", offsetof(jurisdiction_pack, extension)},
    {"extend-within", offsetof(jurisdiction_pack, extend_within)},
    {"opt-out", offsetof(jurisdiction_pack, opt_out)},
    {"verification", offsetof(jurisdiction_pack, verification)},
};

static const struct {
    const char *name;
    uint32_t range[2];
    size_t offset;
} numbers[] = {
    {"version", {1, 65535}, offsetof(jurisdiction_pack, version)},
    {"ask-again-days", {0, 3650}, offsetof(jurisdiction_pack, ask_again_days)},
    {"ask-max", {1, 100}, offsetof(jurisdiction_pack, ask_max)},
    {"evidence-days", {1, 36500}, offsetof(jurisdiction_pack, evidence_days)},
    {"request-log-days", {1, 36500}, offsetof(jurisdiction_pack, request_log_days)},
    {"consent-age", {0, 18}, offsetof(jurisdiction_pack, consent_age)},
};

static pack_term read_term(compiler *self, const yaml_node *map, const char *name)
{
    static const uint32_t range[2] = {1, TERM_COUNT_MAX};
    const yaml_node *const term = member_of(map, name, YAML_MAP);
    pack_term out = {TERM_NONE, 0};

    if (term == NULL) {
        return out;
    }
    check_keys(self, term, term_rules, name);
    for (size_t i = 0; i < sizeof(term_units) / sizeof(term_units[0]); i++) {
        const yaml_node *const count = member_of(term, term_rules[i].name, YAML_SCALAR);
        if (count != NULL) {
            out = (pack_term){term_units[i], read_number(self, count, range, name)};
        }
    }
    if (yaml_count(term) != 1) {
        tell_error(self, yaml_line(term), "%s is one of {days: …}, {working-days: …}, {months: …}",
                   name);
    }
    return out;
}

/* "+08:00", as RFC 3339 writes it. */
static bool parse_offset(text value, int32_t *out)
{
    const bool is_shaped =
        value.size == 6 && (value.data[0] == '+' || value.data[0] == '-') && value.data[3] == ':';
    int32_t digits[4] = {0};

    for (size_t i = 0; is_shaped && i < 4; i++) {
        digits[i] = value.data[i < 2 ? i + 1 : i + 2] - '0';
        if (digits[i] < 0 || digits[i] > 9) {
            return false;
        }
    }
    const int32_t hours = digits[0] * 10 + digits[1];
    const int32_t minutes = digits[2] * 10 + digits[3];
    *out = (value.size > 0 && value.data[0] == '-' ? -1 : 1) * (hours * 60 + minutes) * 60;
    return is_shaped && minutes < 60 && hours * 60 + minutes <= OFFSET_HOURS_MAX * 60;
}

static void read_offset(compiler *self, const yaml_node *map, jurisdiction_pack *out)
{
    const yaml_node *const node = member_of(map, "day-offset", YAML_SCALAR);

    if (node != NULL && !parse_offset(yaml_text(node), &out->day_offset_s)) {
        tell_error(self, yaml_line(node), "day-offset is UTC plus or minus, such as +08:00");
    }
}

/* A list of days, ascending, so that a day is found by halving and stands there once. */
static uint32_t read_days(compiler *self, const yaml_node *map, const char *name,
                          int32_t out[PACK_HOLIDAYS_MAX])
{
    const yaml_node *const list = member_of(map, name, YAML_LIST);
    const size_t count = bounded_count(self, list, PACK_HOLIDAYS_MAX, name);
    uint32_t read = 0;

    for (size_t i = 0; i < count; i++) {
        const yaml_node *const node = yaml_at(list, i);
        civil_date date;
        if (yaml_kind_of(node) != YAML_SCALAR ||
            civil_date_parse(yaml_text(node), &date) != VELUM_OK) {
            tell_error(self, yaml_line(node), "%s is a list of days, such as 2026-01-01", name);
            continue;
        }
        out[read] = civil_date_to_days(date);
        if (read > 0 && out[read] <= out[read - 1]) {
            tell_error(self, yaml_line(node), "%s: days ascend, and each stands there once", name);
            continue;
        }
        read++;
    }
    return read;
}

static bool is_weekend(int32_t day)
{
    const int32_t weekday = ((day % 7) + 7 + 3) % 7; /* 1970-01-01 was a Thursday; Monday is 0 */

    return weekday >= 5;
}

static bool has_day(const int32_t *days, uint32_t count, int32_t day)
{
    for (uint32_t i = 0; i < count; i++) {
        if (days[i] == day) {
            return true;
        }
    }
    return false;
}

static void check_workdays(compiler *self, const yaml_node *map, const jurisdiction_pack *pack)
{
    for (uint32_t i = 0; i < pack->workday_count; i++) {
        const int32_t day = pack->workdays[i];
        if (!is_weekend(day) || has_day(pack->holidays, pack->holiday_count, day)) {
            char shown[CIVIL_DATE_TEXT_BYTES];
            civil_date_format(civil_date_from_days(day), shown);
            tell_error(self, yaml_line(yaml_member(map, "workdays")),
                       "workdays: %s is no Saturday or Sunday, or a holiday as well", shown);
        }
    }
}

static void read_country(compiler *self, const yaml_node *ages, size_t index,
                         jurisdiction_pack *out)
{
    static const uint32_t range[2] = {0, 18};
    const text name = yaml_name_at(ages, index);
    const yaml_node *const age = yaml_at(ages, index);

    if (name.size != 2 || name.data[0] < 'A' || name.data[0] > 'Z' || name.data[1] < 'A' ||
        name.data[1] > 'Z' || yaml_kind_of(age) != YAML_SCALAR) {
        tell_error(self, yaml_name_line_at(ages, index),
                   "consent-ages: a country is two capital letters, with an age");
        return;
    }
    out->countries[out->country_count++] = (struct pack_country){
        .country = {name.data[0], name.data[1], '\0'},
        .consent_age = (uint8_t)read_number(self, age, range, "consent-ages"),
        .value = attribute_value_hash(name),
    };
}

static void check_extension(compiler *self, const yaml_node *map, const jurisdiction_pack *pack)
{
    if ((pack->extension.unit == TERM_NONE) != (pack->extend_within.unit == TERM_NONE)) {
        tell_error(self, yaml_line(map),
                   "extension and extend-within go together; add the other or remove both");
    }
}

static void read_pack(compiler *self, const yaml_node *map, jurisdiction_pack *out)
{
    const yaml_node *const ages = member_of(map, "consent-ages", YAML_MAP);
    const size_t country_count = bounded_count(self, ages, PACK_COUNTRIES_MAX, "consent-ages");

    check_keys(self, map, pack_rules, "the pack");
    if (!text_equal_literal(scalar_of(map, "velum-pack"), "1")) {
        tell_error(self, yaml_line(map),
                   "this version reads velum-pack: 1 only; write that as the first line");
    }
    if (!text_equal(scalar_of(map, "name"), out->name)) {
        tell_error(self, yaml_line(map), "name has to be that of the file, %s",
                   quote(out->name).text);
    }
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
        *(pack_term *)((char *)out + terms[i].offset) = read_term(self, map, terms[i].name);
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        *(uint32_t *)((char *)out + numbers[i].offset) = read_number(
            self, member_of(map, numbers[i].name, YAML_SCALAR), numbers[i].range, numbers[i].name);
    }
    read_offset(self, map, out);
    for (size_t i = 0; i < country_count; i++) {
        read_country(self, ages, i, out);
    }
    out->marketing_prior_consent = read_boolean(self, map, "marketing-prior-consent", "the pack");
    out->holiday_count = read_days(self, map, "holidays", out->holidays);
    out->workday_count = read_days(self, map, "workdays", out->workdays);
    check_workdays(self, map, out);
    check_extension(self, map, out);
}

static velum_status parse_and_read(compiler *self, const bundle_file *file, jurisdiction_pack *out)
{
    VELUM_AUTO(yaml) *tree = NULL; /* the pack keeps no text of it */
    velum_error why = {0};
    const velum_status status = yaml_parse(file->bytes, PACK_NODES_BYTES_MAX, &tree, &why);

    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status < 0) {
        tell_yaml_error(self, text_of(why.text));
        return VELUM_OK;
    }
    const yaml_node *const root = yaml_root(tree);
    if (root == NULL || yaml_kind_of(root) != YAML_MAP) {
        tell_error(self, 1, "the file has to be a map; begin with velum-pack: 1");
        return VELUM_OK;
    }
    read_pack(self, root, out);
    return VELUM_OK;
}

velum_status compile_pack(compiler *self, const bundle_file *file, jurisdiction_pack *out)
{
    const char *const before = self->file;
    char name[COMPILER_NAME_BYTES_MAX + sizeof("packs/.yaml")];

    (void)snprintf(name, sizeof(name), "packs/%.*s.yaml", (int)out->name.size, out->name.data);
    self->file = name;
    const velum_status status = parse_and_read(self, file, out);
    self->file = before;
    return status;
}
