/* fuzz_policy.c: whatever policy.yaml says, a bundle that comes out keeps the rules of bundle.h, and
 * one that does not comes with a finding. Each byte 0x1e begins another file, its name on its first
 * line. */
#include "policy/decide.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define FILES_MAX 8

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

static void check_activity(const bundle *policy, uint32_t index)
{
    const bundle_activity *const activity = &policy->activities[index];

    require(activity->purpose < policy->purpose_count);
    require((activity->fields & ~bits_below(policy->field_count)) == 0);
    require(activity->recipient_index == BUNDLE_NONE ||
            activity->recipient_index < policy->recipient_count);
    require(!bundle_lives_on_consent(policy, index) ||
            (activity->actions & ACTION_CONSENT_WRITE) == 0); /* P-3 */
}

static void check_role(const bundle *policy, const bundle_role *role)
{
    require(((role->clear | role->mask) & ~bits_below(policy->field_count)) == 0);
    require((role->clear & role->mask) == 0);
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
    require(policy->birthday_field == BUNDLE_NONE || policy->birthday_field < policy->field_count);
}

static void decide_on_all(const bundle *policy)
{
    subject_state state;
    verdict out;

    subject_state_init(&state);
    for (uint32_t i = 0; i < policy->activity_count; i++) {
        const decide_request request = {
            .bundle = policy,
            .activity = i,
            .activity_is_held = true,
            .actor = ACTOR_SERVICE,
            .roles = UINT32_MAX,
            .action = ACTION_READ,
            .all_fields = true,
            .subject_status = SUBJECT_LIVE,
            .state = &state,
        };
        decide(&request, &out);
        require((out.clear & out.masked) == 0);
        require(!out.allowed || !bundle_lives_on_consent(policy, i));
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
    return crypto_init() == VELUM_OK ? 0 : 1;
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
    }
    return 0;
}
