/* A customer changed by a merge patch (RFC 7396), for the version that was seen (RFC 9110 §13.1.1). */
#include "tests/core/support.h"

#include <stdio.h>

#include "core/verbs.h"

typedef struct scene {
    const char *shop;
    const char *ref;
} scene;

static scene scene_with(place *self, const char *profile)
{
    scene made = {.shop = shop_token(self)};

    made.ref = person(self, made.shop, "13800000001", profile);
    return made;
}

static const reply *patch_for(place *self, const scene *scene, const char *if_match,
                              const char *body)
{
    return ask(self, (question){VELUM_VERB_PATCH, scene->shop, .ref = scene->ref, .body = body,
                                .if_match = if_match});
}

static const reply *patch(place *self, const scene *scene, const char *body)
{
    return patch_for(self, scene, NULL, body);
}

static const reply *read_all(place *self, const scene *scene)
{
    return assert_done(ask(self, (question){VELUM_VERB_READ, scene->shop, .ref = scene->ref}));
}

/* --- the patch: the cases of RFC 7396, appendix A, that are of a flat object of texts ------------ */

static void the_examples_of_the_rfc(void **state)
{
    place *const self = *state;
    static const struct {
        const char *before; /* city is the RFC's "a", address its "b" */
        const char *patch;
        const char *city;
        const char *address;
    } cases[] = {
        {"{\"city\":\"b\"}", "{\"city\":\"c\"}", "c", ""},
        {"{\"city\":\"b\"}", "{\"address\":\"c\"}", "b", "c"},
        {"{\"city\":\"b\"}", "{\"city\":null}", "", ""},
        {"{\"city\":\"b\",\"address\":\"c\"}", "{\"city\":null}", "", "c"},
        {"{\"city\":\"b\"}", "{}", "b", ""},
        {"{}", "{\"city\":null}", "", ""},
    };
    scene scene = {.shop = shop_token(self)};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scene.ref = person(self, scene.shop, text_f(self, "1380000001%zu", i), cases[i].before);
        assert_done(patch(self, &scene, cases[i].patch));
        assert_text_at(read_all(self, &scene), "fields/city", cases[i].city);
        assert_text_at(read_all(self, &scene), "fields/address", cases[i].address);
    }
}

static void what_is_no_object_of_texts_is_refused(void **state)
{
    place *const self = *state;
    const scene scene = scene_with(self, full_profile);
    static const char *const malformed[] = {"null", "\"bar\"", "[\"c\"]", "{\"city\":\"a\""};
    static const char *const invalid[] = {
        "{\"city\":1}",    "{\"city\":{\"bb\":{\"ccc\":null}}}", "{\"city\":[\"c\"]}",
        "{\"city\":true}", "{\"birthday\":\"2020-02-30\"}",      "{\"store\":1}"};

    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        assert_refused(patch(self, &scene, malformed[i]), 400, "malformed-request");
    }
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        forget_refusals(self);
        assert_refused(patch(self, &scene, invalid[i]), 422, "invalid-value");
    }
    assert_refused(patch(self, &scene, "{\"city\":\"x\",\"shoe_size\":\"44\"}"), 400,
                   "unknown-field");
    assert_text_at(read_all(self, &scene), "fields/city", "常州");
}

static void a_patch_is_an_entry(void **state)
{
    place *const self = *state;
    const scene scene = scene_with(self, full_profile);
    audit_entry entry;

    const reply *done = assert_done(patch(self, &scene, "{\"city\":\"南京\",\"email\":null}"));
    assert_text_at(done, "subject", scene.ref);
    assert_true(json_bool(value_at(done, "changed")));
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_UPSERT);
    assert_int_equal(entry.asked_count, 2);
    assert_int_equal(input_of(&entry, INPUT_RESULT), RESULT_CHANGED);
    const reply *same = assert_done(patch(self, &scene, "{\"city\":\"南京\",\"email\":null}"));
    assert_false(json_bool(value_at(same, "changed")));
    assert_int_equal(integer_at(same, "version"), integer_at(done, "version"));
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_RESULT), RESULT_SAME);
}

static void what_the_state_knows_follows(void **state)
{
    place *const self = *state;
    const scene scene = scene_with(self, full_profile);
    const char *const guide =
        token_of(self, (holder){"guide", NULL, "store_guide", "customer-care", "shop", "S002"});
    const question look = {VELUM_VERB_READ, guide, .ref = scene.ref, .fields = "name"};

    assert_refused(ask(self, look), 403, "no-role-applies");
    assert_done(patch(self, &scene, "{\"store\":\"S002\"}"));
    assert_done(ask(self, look));
    assert_done(patch(self, &scene, "{\"store\":null}"));
    forget_refusals(self);
    assert_refused(ask(self, look), 403, "no-role-applies");
    /* PIPL 31: a birthday that is learned makes a child of somebody. */
    assert_done(patch(self, &scene, "{\"birthday\":\"2020-05-06\"}"));
    assert_refused(ask(self, (question){VELUM_VERB_READ, care_token(self), .ref = scene.ref}), 403,
                   "approval-required");
}

static void who_may_not_update_may_not_patch(void **state)
{
    place *const self = *state;
    const scene scene = scene_with(self, full_profile);

    assert_refused(ask(self, (question){VELUM_VERB_PATCH, care_token(self), .ref = scene.ref,
                                        .body = "{\"city\":\"x\"}"}),
                   403, "action-not-allowed");
    assert_refused(ask(self, (question){VELUM_VERB_PATCH, customer_of(self, scene.ref),
                                        .ref = scene.ref, .body = "{\"city\":\"x\"}"}),
                   403, "actor-kind");
    assert_refused(ask(self, (question){VELUM_VERB_PATCH, scene.shop,
                                        .ref = "VT5QPKVMJGYKEBT4PC3ZX3DPDRK", .body = "{}"}),
                   404, "not-found");
}

/* --- If-Match ---------------------------------------------------------------------------------- */

static void a_version_is_what_was_read(void **state)
{
    place *const self = *state;
    const scene scene = scene_with(self, full_profile);
    const int64_t first = integer_at(read_all(self, &scene), "version");
    const char *const tag = text_f(self, "\"%lld\"", (long long)first);

    const reply *done = assert_done(patch_for(self, &scene, tag, "{\"city\":\"南京\"}"));
    assert_int_equal(integer_at(done, "version"), integer_at(read_all(self, &scene), "version"));
    assert_true(integer_at(done, "version") > first);
    assert_refused(patch_for(self, &scene, tag, "{\"city\":\"上海\"}"), 412, "version-changed");
    assert_text_at(read_all(self, &scene), "fields/city", "南京");
}

/* A change of somebody else's between reading and patching is noticed, also one of a consent. */
static void a_consent_moves_the_version(void **state)
{
    place *const self = *state;
    const scene scene = scene_with(self, full_profile);
    const int64_t first = integer_at(read_all(self, &scene), "version");

    consent(self, desk_token(self), scene.ref, "analytics", "given");
    assert_refused(patch_for(self, &scene, text_f(self, "\"%lld\"", (long long)first), "{}"), 412,
                   "version-changed");
}

static void tags_are_compared_strongly(void **state)
{
    place *const self = *state;
    const scene scene = scene_with(self, full_profile);
    const long long now = (long long)integer_at(read_all(self, &scene), "version");
    const struct {
        const char *if_match;
        int32_t status;
    } cases[] = {
        {"*", 200},
        {" * ", 200},
        {text_f(self, "\"%lld\"", now), 200},
        {text_f(self, "%lld", now), 200}, /* of a host in process */
        {text_f(self, "\"0\" , \"%lld\"", now), 200},
        {text_f(self, "W/\"%lld\",\"%lld\"", now, now), 200},
        {text_f(self, "W/\"%lld\"", now), 412},
        {text_f(self, "\"0%lld\"", now), 412},
        {"\"\"", 412},
        {"\"abc\"", 412},
        {"abc", 400},
        {"\"1", 400},
        {"\"1\"\"2\"", 400},
        {"\"1\",", 400},
        {text_f(self, "W/%lld", now), 400},
        {"*,\"1\"", 400},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        forget_refusals(self);
        const reply *done = patch_for(self, &scene, cases[i].if_match, "{}");
        if (done->status != cases[i].status) {
            fail_msg("%s: %d %s", cases[i].if_match, done->status, done->body);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_examples_of_the_rfc),
        TEST(what_is_no_object_of_texts_is_refused),
        TEST(a_patch_is_an_entry),
        TEST(what_the_state_knows_follows),
        TEST(who_may_not_update_may_not_patch),
        TEST(a_version_is_what_was_read),
        TEST(a_consent_moves_the_version),
        TEST(tags_are_compared_strongly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
