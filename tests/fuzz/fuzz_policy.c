/* fuzz_policy.c: whatever policy.yaml, packs and modules say, a bundle that comes out keeps the rules of bundle.h,
 * and one that does not comes with a finding. Each byte 0x1e begins another file, its name on its
 * first line. */
#include "policy/deadline.h"
#include "policy/decide.h"
#include "policy/embedded.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define FILES_MAX 12

static bundle *sample; /* the other side of differences and shadows */

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void count_finding(void *context, bool is_error, const char *file, uint32_t line,
                          const char *message)
{
    (void)file;
    (void)line;
    require(utf8_is_printable(text_of(message)));
    *(size_t *)context += is_error ? 1 : 0;
}

static uint64_t bits_below(uint32_t count)
{
    return count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

/* The fields of a set are the table's. */
static bool is_of_tables(const bundle *policy, const uint64_t sets[BUNDLE_RESOURCES_MAX])
{
    for (uint32_t i = 0; i < BUNDLE_RESOURCES_MAX; i++) {
        const uint32_t count = i < policy->resource_count ? policy->resources[i].field_count : 0;
        if ((sets[i] & ~bits_below(count)) != 0) {
            return false;
        }
    }
    return true;
}

static void check_activity(const bundle *policy, uint32_t index)
{
    const bundle_activity *const activity = &policy->activities[index];

    require(activity->purpose < policy->purpose_count);
    require((activity->fields & ~bits_below(policy->field_count)) == 0);
    require(is_of_tables(policy, activity->resources));
    require(activity->recipient_index == BUNDLE_NONE ||
            activity->recipient_index < policy->recipient_count);
    require(!bundle_lives_on_consent(policy, index) ||
            (activity->actions & ACTION_CONSENT_WRITE) == 0); /* P-3 */
    require((activity->break_glass & ~activity->reason_codes) == 0);
    require((activity->reason_codes & ~bits_below(policy->reason_code_count)) == 0);
    require(activity->visible >= VISIBLE_FULL && activity->visible <= VISIBLE_NEVER);
    require((activity->visible == VISIBLE_DELAYED) == (activity->visible_days > 0));
    require((activity->visible == VISIBLE_NEVER) == (activity->visible_reason.size > 0));
}

static void check_role(const bundle *policy, const bundle_role *role)
{
    require(((role->clear | role->mask) & ~bits_below(policy->field_count)) == 0);
    require((role->clear & role->mask) == 0);
    require(is_of_tables(policy, role->resource_clear));
    require(is_of_tables(policy, role->resource_mask));
    for (uint32_t i = 0; i < BUNDLE_RESOURCES_MAX; i++) {
        require((role->resource_clear[i] & role->resource_mask[i]) == 0);
    }
    for (uint32_t i = 0; i < role->condition_count; i++) {
        require(role->conditions[i].attribute < policy->attribute_count);
        require(role->conditions[i].same_as_actor || role->conditions[i].value_count > 0);
    }
}

static void check_purpose(const bundle *policy, const bundle_purpose *purpose)
{
    require(purpose->basis > 0 && purpose->basis < BASIS_COUNT);
    require((purpose->basis == BASIS_CONSENT) == (purpose->notice_first != BUNDLE_NONE));
    if (purpose->notice_first != BUNDLE_NONE) {
        require(purpose->notice_count > 0);
        require(purpose->notice_first + purpose->notice_count <= policy->notice_count);
    }
    require(purpose->risks == 0 || purpose->assessment.size > 0); /* PIPL 55 */
    require(purpose->grade_min == 0 || consent_grade_name(purpose->grade_min) != NULL);
}

static void check_days(const int32_t *days, uint32_t count)
{
    require(count <= PACK_HOLIDAYS_MAX);
    for (uint32_t i = 1; i < count; i++) {
        require(days[i - 1] < days[i]);
    }
}

static void check_pack(const jurisdiction_pack *pack)
{
    deadlines due;

    require(pack->name.size > 0 && pack->answer.unit != TERM_NONE && pack->consent_age <= 18);
    require(pack->country_count <= PACK_COUNTRIES_MAX);
    check_days(pack->holidays, pack->holiday_count);
    check_days(pack->workdays, pack->workday_count);
    for (int is_opt_out = 0; is_opt_out < 2; is_opt_out++) {
        deadlines_of(&pack, 1, is_opt_out != 0, INT64_C(1795262400) * NS_PER_SECOND, &due);
        require(due.answer_ns > INT64_C(1795262400) * NS_PER_SECOND);
        require(due.extend_until_ns <= due.answer_ns && due.verify_ns <= due.answer_ns);
        require(due.extended_ns == 0 || due.extended_ns >= due.answer_ns);
    }
}

static void check_terms(const bundle *policy)
{
    require(policy->pack_count >= 1 && policy->pack_count <= BUNDLE_PACKS_MAX);
    for (uint32_t i = 0; i < policy->pack_count; i++) {
        check_pack(&policy->packs[i]);
    }
    require(policy->approvals[APPROVAL_MINOR].needed >= 1);
    require(policy->approvals[APPROVAL_BREAK_GLASS].needed >= 1);
    for (uint32_t kind = 1; kind < APPROVAL_KINDS; kind++) {
        require(policy->approvals[kind].needed <= 5 && policy->approvals[kind].valid_hours >= 1);
        require((policy->approvals[kind].roles & ~bits_below(policy->role_count)) == 0);
    }
    require(policy->erasure.on_return >= RETURN_REJECT);
    require(policy->erasure.suppression_days >= 1 && policy->verification_hours >= 1);
}

static void check_column(const bundle *policy, const bundle_resource *resource, uint32_t index)
{
    const resource_field *const field = &resource->fields[index];

    require(field->type >= FIELD_TEXT && field->type <= FIELD_BOOLEAN);
    require(field->class >= CLASS_PUBLIC && field->class <= CLASS_SENSITIVE);
    require(field->mask < policy->mask_count);
    require(!field->is_measure || field->type == FIELD_INTEGER);
    require(resource_find(resource, field->name) == index);
    require(bundle_find(policy, REGISTRY_FIELD, field->full_name) == BUNDLE_NONE);
}

/* A table has one category of its module and way of erasure, and hangs on nothing that hangs. */
static void check_table(const bundle *policy, const bundle_resource *resource)
{
    require(resource->module < policy->module_count);
    require(resource->category < policy->category_count);
    const bundle_category *const category = &policy->categories[resource->category];
    require(category->module == resource->module + 1 && category->rows == resource->erasure);
    require((resource->erasure == ROWS_RETAIN) == (category->retain_days > 0));
    require(resource->parent == BUNDLE_NONE ||
            (resource->parent < policy->resource_count &&
             policy->resources[resource->parent].module == resource->module &&
             policy->resources[resource->parent].parent == BUNDLE_NONE));
    require(resource->field_count > 0 && resource->field_count <= RESOURCE_FIELDS_MAX);
    require(resource->at_field == BUNDLE_NONE || resource->at_field < resource->field_count);
    for (uint32_t i = 0; i < resource->field_count; i++) {
        check_column(policy, resource, i);
    }
}

static void check_count(const bundle *policy, const bundle_count *count)
{
    require(count->module < policy->module_count && count->resource < policy->resource_count);
    const bundle_resource *const resource = &policy->resources[count->resource];
    require(count->dimension_count >= 1 && count->dimension_count <= COUNT_DIMENSIONS_MAX);
    for (uint32_t i = 0; i < count->dimension_count; i++) {
        require(count->dimensions[i] < resource->field_count);
        require(resource->fields[count->dimensions[i]].is_dimension);
    }
    require(count->measure == BUNDLE_NONE || (count->measure < resource->field_count &&
                                              resource->fields[count->measure].is_measure));
    require(count->k >= 5 && count->k <= 1000);
    require(count->dominance_percent >= 1 && count->dominance_percent <= 100);
}

static void check_modules(const bundle *policy)
{
    for (uint32_t i = 0; i < policy->resource_count; i++) {
        check_table(policy, &policy->resources[i]);
    }
    for (uint32_t i = 0; i < policy->count_count; i++) {
        check_count(policy, &policy->counts[i]);
    }
    for (uint32_t i = 0; i < policy->channel_count; i++) {
        require(policy->channels[i].field < policy->field_count);
        require(policy->channels[i].quiet_from < 1440 && policy->channels[i].quiet_until < 1440);
    }
    for (uint32_t i = 0; i < policy->template_count; i++) {
        require(policy->templates[i].channel < policy->channel_count);
        require(policy->templates[i].module < policy->module_count);
        require(policy->templates[i].body.size > 0);
        require((policy->templates[i].fields & ~bits_below(policy->field_count)) == 0);
    }
    for (uint32_t i = 0; i < policy->module_count; i++) {
        require((policy->modules[i].watches & ~bits_below(policy->resource_count)) == 0);
        require((policy->modules[i].events & ~bits_below(HOOK_EVENT_COUNT)) == 0);
    }
    require((policy->searchable & ~bits_below(policy->field_count)) == 0);
}

static velum_status count_change(void *context, bool widens, const char *section,
                                 const char *message)
{
    (void)widens;
    (void)section;
    require(utf8_is_printable(text_of(message)));
    ++*(size_t *)context;
    return VELUM_OK;
}

static void compare(const bundle *policy)
{
    size_t forth = 0;
    size_t back = 0;
    size_t none = 0;

    require(bundle_diff(sample, policy, count_change, &forth) == VELUM_OK);
    require(bundle_diff(policy, sample, count_change, &back) == VELUM_OK);
    require(bundle_diff(policy, policy, count_change, &none) == VELUM_OK);
    require(none == 0 && (forth == 0) == (back == 0));
}

/* Everything is looked at once more, as an index that will be used without a check. */
static void check_bundle(const bundle *policy)
{
    uint32_t consents = 0;

    for (uint32_t i = 0; i < policy->purpose_count; i++) {
        check_purpose(policy, &policy->purposes[i]);
        consents += policy->purposes[i].basis == BASIS_CONSENT ? 1 : 0;
    }
    require(consents <= BUNDLE_CONSENTS_MAX); /* P-4 */
    for (uint32_t i = 0; i < policy->activity_count; i++) {
        check_activity(policy, i);
    }
    for (uint32_t i = 0; i < policy->role_count; i++) {
        check_role(policy, &policy->roles[i]);
    }
    for (uint32_t i = 0; i < policy->field_count; i++) {
        require(policy->fields[i].category < policy->category_count);
        require(policy->fields[i].mask < policy->mask_count);
    }
    check_terms(policy);
    check_modules(policy);
    require(policy->birthday_field == BUNDLE_NONE || policy->birthday_field < policy->field_count);
}

/* Takes a turn of a program, which concerns nobody. */
static bool is_turn(uint32_t action)
{
    return (action & (ACTION_MODULE | ACTION_DELIVER | ACTION_ACKNOWLEDGE)) != 0;
}

static void decide_on(const bundle *policy, uint32_t activity, uint32_t action, uint32_t resource)
{
    const uint32_t codes = policy->activities[activity].reason_codes;
    subject_state state;
    verdict out;

    subject_state_init(&state);
    const decide_request request = {
        .bundle = policy,
        .activity = activity,
        .activity_is_held = true,
        .actor = ACTOR_SERVICE,
        .roles = UINT32_MAX,
        .action = action,
        .resource = resource,
        .reason_code = 1 + activity % BUNDLE_REASON_CODES_MAX,
        .all_fields = true,
        .subject_status = SUBJECT_LIVE,
        .state = &state,
    };
    decide(&request, &out);
    require((out.clear & out.masked) == 0);
    require(!out.allowed || codes == 0 || (codes >> (activity % BUNDLE_REASON_CODES_MAX) & 1) != 0);
    require(!out.allowed || !bundle_lives_on_consent(policy, activity) || is_turn(action));
    require(!out.allowed || resource <= policy->resource_count);
    decide_under(&request, sample, &out); /* without numbers nothing is known there */
    require(!out.allowed);
}

static void decide_on_all(const bundle *policy)
{
    for (uint32_t i = 0; i < policy->activity_count; i++) {
        const uint32_t actions = policy->activities[i].actions;
        for (uint32_t rest = actions; rest != 0; rest &= rest - 1) {
            for (uint32_t resource = 0; resource <= policy->resource_count + 1; resource++) {
                decide_on(policy, i, rest & -rest, resource);
            }
        }
    }
}

static size_t split_files(text all, bundle_file out[FILES_MAX])
{
    size_t count = 1;
    text rest = all;
    text part;

    (void)text_split(&rest, 0x1e, &part);
    out[0] = (bundle_file){TEXT_LITERAL("policy.yaml"), part};
    while (count < FILES_MAX && text_split(&rest, 0x1e, &part)) {
        const size_t end = text_find_byte(part, '\n');
        const size_t body = end < part.size ? end + 1 : end;
        out[count++] = (bundle_file){{part.data, end}, {part.data + body, part.size - body}};
    }
    return count;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    size_t count = 0;
    if (crypto_init() != VELUM_OK) {
        return 1;
    }
    const bundle_file *const files = embedded_sample(&count);
    return bundle_compile(files, count, NULL, NULL, &sample, NULL) == VELUM_OK ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const text all = {size == 0 ? "" : (const char *)data, size};
    bundle_file files[FILES_MAX];
    const size_t count = split_files(all, files);
    VELUM_AUTO(bundle) *policy = NULL;
    velum_error err = {0};
    size_t errors = 0;

    const velum_status status = bundle_compile(files, count, count_finding, &errors, &policy, &err);
    require((status == VELUM_OK) == (policy != NULL));
    require((status == VELUM_OK) == (errors == 0));
    require(status == VELUM_OK || (status == VELUM_E_INVALID && err.text[0] != '\0'));
    if (policy != NULL) {
        check_bundle(policy);
        decide_on_all(policy);
        compare(policy);
    }
    return 0;
}
