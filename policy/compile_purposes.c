/* compile_purposes.c: the section `purposes`: why data is used, and on which legal basis. */
#include "policy/compiler.h"
#include "policy/subject_state.h"

#define CONSENT_DAYS_MAX 36500

static const key_rule purpose_rules[] = {
    {"title", YAML_MAP, true, false},
    {"basis", YAML_SCALAR, true, false},
    {"version", YAML_SCALAR, true, false},
    {"notice", YAML_MAP, false, false},
    {"consent-days", YAML_SCALAR, false, false},
    {"marketing", YAML_SCALAR, false, false},
    {"min-grade", YAML_SCALAR, false, false},
    {"ask", YAML_MAP, false, false},
    {"separate", YAML_SCALAR, false, false},
    {"risks", YAML_LIST, false, false},
    {"assessment", YAML_SCALAR, false, false},
    {NULL, YAML_SCALAR, false, false},
};

static const key_rule notice_rules[] = {{"id", YAML_SCALAR, true, false},
                                        {"version", YAML_SCALAR, true, false},
                                        {NULL, YAML_SCALAR, false, false}};

static const word_value bases[] = {
    {"consent", BASIS_CONSENT},
    {"contract", BASIS_CONTRACT},
    {"legal_obligation", BASIS_LEGAL_OBLIGATION},
    {"vital_interest", BASIS_VITAL_INTEREST},
    {"public_interest", BASIS_PUBLIC_INTEREST},
    {"legitimate_interest", BASIS_LEGITIMATE_INTEREST},
    {NULL, 0},
};

static const word_value grades[] = {
    {"self-verified", GRADE_SELF_VERIFIED},
    {"self", GRADE_SELF},
    {"assisted", GRADE_ASSISTED},
    {"imported", GRADE_IMPORTED},
    {NULL, 0},
};

static const word_value risks[] = {
    {"sensitive", RISK_SENSITIVE},       {"automated", RISK_AUTOMATED},
    {"entrusted", RISK_ENTRUSTED},       {"shared", RISK_SHARED},
    {"cross-border", RISK_CROSS_BORDER}, {NULL, 0},
};

static const key_rule ask_rules[] = {{"days", YAML_SCALAR, false, false},
                                     {"max", YAML_SCALAR, false, false},
                                     {NULL, YAML_SCALAR, false, false}};

static const uint32_t version_range[2] = {1, 65535};
static const uint32_t days_range[2] = {0, CONSENT_DAYS_MAX};

/* PIPL 13 lists its bases, and legitimate interest is none of them. */
static uint32_t read_basis(compiler *self, const yaml_node *map, const char *who)
{
    const yaml_node *const node = member_of(map, "basis", YAML_SCALAR);
    const uint32_t basis = read_word(self, node, bases, who);

    if (basis == BASIS_LEGITIMATE_INTEREST && text_starts_with(self->out->jurisdiction, "cn-")) {
        tell_error(self, yaml_line(node),
                   "%s rests on legitimate_interest, which PIPL 13 does not know; choose another "
                   "basis",
                   who);
    }
    return basis;
}

/* Languages of one id stand side by side: compile_notices sorted them. */
static void find_notices(const bundle *out, text id, bundle_purpose *purpose)
{
    purpose->notice_first = BUNDLE_NONE;
    for (uint32_t i = 0; i < out->notice_count; i++) {
        if (!text_equal(out->notices[i].id, id)) {
            continue;
        }
        if (purpose->notice_count == 0) {
            purpose->notice_first = i;
        }
        purpose->notice_count++;
    }
}

static void set_version(compiler *self, const bundle_purpose *purpose, uint32_t version,
                        uint32_t line)
{
    for (uint32_t i = 0; i < purpose->notice_count; i++) {
        bundle_notice *const notice = &self->out->notices[purpose->notice_first + i];
        if (notice->version != 0 && notice->version != version) {
            tell_error(self, line, "notice %s has version %u at another purpose; name one version",
                       quote(notice->id).text, notice->version);
            return;
        }
        notice->version = version;
    }
}

static bool has_language(const bundle *out, const bundle_purpose *purpose, const char *language)
{
    for (uint32_t i = 0; i < purpose->notice_count; i++) {
        if (text_equal_literal(out->notices[purpose->notice_first + i].language, language)) {
            return true;
        }
    }
    return false;
}

static void warn_of_languages(compiler *self, const bundle_purpose *purpose, uint32_t line)
{
    static const char *const expected[] = {"zh", "en"};

    for (size_t i = 0; i < 2; i++) {
        if (!has_language(self->out, purpose, expected[i])) {
            tell_warning(self, line, "purpose %s rests on consent and has no notice in %s",
                         quote(purpose->name).text, expected[i]);
        }
    }
}

/* PIPL 17: nobody consents to what was not shown. */
static void compile_notice(compiler *self, const yaml_node *map, const char *who, uint32_t line,
                           bundle_purpose *purpose)
{
    const yaml_node *const notice = member_of(map, "notice", YAML_MAP);

    purpose->notice_first = BUNDLE_NONE;
    if (purpose->basis != BASIS_CONSENT) {
        if (notice != NULL) {
            tell_error(self, yaml_line(notice), "%s does not rest on consent; remove its notice",
                       who);
        }
        return;
    }
    if (notice == NULL) {
        tell_error(self, line, "%s rests on consent and names no notice; add notice: {id, version}",
                   who);
        return;
    }
    check_keys(self, notice, notice_rules, who);
    const text id = scalar_of(notice, "id");
    const uint32_t version = read_number(self, member_of(notice, "version", YAML_SCALAR),
                                         version_range, "a notice's version");
    if (!check_name(self, id, yaml_line(notice), "notice")) {
        return;
    }
    self->notice_ids[self->out->purpose_count] = id;
    find_notices(self->out, id, purpose);
    if (purpose->notice_count == 0) {
        tell_error(self, yaml_line(notice), "%s has no notice; write notices/%s.zh.md", who,
                   quote(id).text);
        return;
    }
    set_version(self, purpose, version, yaml_line(notice));
    warn_of_languages(self, purpose, line);
}

/* What only a consent can have. */
static void check_consent_keys(compiler *self, const yaml_node *map, const char *who,
                               const bundle_purpose *purpose)
{
    static const char *const keys[] = {"consent-days", "min-grade", "ask", "separate"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const yaml_node *const node = yaml_member(map, keys[i]);
        if (node != NULL && purpose->basis != BASIS_CONSENT) {
            tell_error(self, yaml_line(node), "%s does not rest on consent; remove %s", who,
                       keys[i]);
        }
    }
}

static void read_ask(compiler *self, const yaml_node *map, const char *who, bundle_purpose *out)
{
    static const uint32_t days[2] = {0, 3650};
    static const uint32_t max[2] = {1, 100};
    const yaml_node *const ask = member_of(map, "ask", YAML_MAP);

    if (ask == NULL) {
        return;
    }
    check_keys(self, ask, ask_rules, who);
    if (member_of(ask, "max", YAML_SCALAR) != NULL) {
        out->ask_max = read_number(self, member_of(ask, "max", YAML_SCALAR), max, "max");
    }
    out->ask_days = read_number(self, member_of(ask, "days", YAML_SCALAR), days, "days");
}

/* PIPL 55, GDPR 35: no such processing before its impact was assessed. */
static void read_risks(compiler *self, const yaml_node *map, const char *who, bundle_purpose *out)
{
    const yaml_node *const list = member_of(map, "risks", YAML_LIST);

    out->risks = read_word_set(self, list, risks, "risks");
    out->assessment = read_line(self, member_of(map, "assessment", YAML_SCALAR), "assessment");
    if (out->risks != 0 && yaml_member(map, "assessment") == NULL) {
        tell_error(self, yaml_line(list),
                   "%s has risks and no impact assessment (PIPL 55, GDPR 35); add assessment: <id>",
                   who);
    }
}

static void compile_purpose(compiler *self, const section_entry *entry)
{
    const yaml_node *const map = entry->value;
    const char *const who = entry->who;
    text titles[2] = {TEXT_EMPTY, TEXT_EMPTY};

    check_keys(self, map, purpose_rules, who);
    read_title(self, map, titles, who);
    bundle_purpose purpose = {
        .name = entry->name,
        .title_zh = titles[0],
        .title_en = titles[1],
        .basis = read_basis(self, map, who),
        .version = read_number(self, member_of(map, "version", YAML_SCALAR), version_range,
                               "a purpose's version"),
        .consent_days = read_number(self, member_of(map, "consent-days", YAML_SCALAR), days_range,
                                    "consent-days"),
        .marketing = read_boolean(self, map, "marketing", who),
        .grade_min = read_word(self, member_of(map, "min-grade", YAML_SCALAR), grades, "min-grade"),
        .separate = read_boolean(self, map, "separate", who),
    };
    read_ask(self, map, who, &purpose);
    read_risks(self, map, who, &purpose);
    check_consent_keys(self, map, who, &purpose);
    compile_notice(self, map, who, entry->line, &purpose);
    self->purpose_lines[self->out->purpose_count] = entry->line;
    self->out->purposes[self->out->purpose_count++] = purpose;
}

/* P-4: each purpose that lives on a consent may need a slot in the state record. */
static void check_consent_count(compiler *self, const yaml_node *section)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < self->out->purpose_count; i++) {
        count += self->out->purposes[i].basis == BASIS_CONSENT ? 1 : 0;
    }
    if (count > BUNDLE_CONSENTS_MAX) {
        tell_error(self, yaml_line(section),
                   "%u purposes rest on consent; a customer's record holds %u", count,
                   BUNDLE_CONSENTS_MAX);
    }
}

void compile_purposes(compiler *self)
{
    const yaml_node *const section = member_of(self->root, "purposes", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_PURPOSES_MAX, "purposes");

    for (size_t i = 0; i < count; i++) {
        section_entry entry;
        if (read_entry(self, section, i, "purpose", &entry)) {
            compile_purpose(self, &entry);
        }
    }
    if (section != NULL) {
        check_consent_count(self, section);
    }
}
