/* C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0. */
#include "audit/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/audit/vectors.h"

static const uint8_t seed[ED25519_SEED_BYTES] = {42};
static const uint8_t other_seed[ED25519_SEED_BYTES] = {43};

static note_key key_of(const char *name, const uint8_t *from)
{
    note_key key;

    assert_int_equal(note_key_of_seed(text_of(name), from, &key), VELUM_OK);
    return key;
}

static text signed_by(buffer *out, const char *body, const char *name, const uint8_t *from)
{
    const note_key key = key_of(name, from);

    assert_int_equal(note_sign(text_of(body), &key, from, out), VELUM_OK);
    return (text){(const char *)out->data, out->size};
}

static void test_names(void **state)
{
    static const char *const good[] = {"a", "velum.example/log", "Ünïcode", "x/y:z-1"};
    static const char *const bad[] = {"",     "a b",         "a+b",        "a\nb",
                                      "a\tb", "\x7f",        "a\xc2\xa0z", "a\xe2\x80\x89",
                                      "\xff", "\xe3\x80\x80"};
    char longest[NOTE_NAME_BYTES_MAX + 2];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(note_name_is_valid(text_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(note_name_is_valid(text_of(bad[i])));
    }
    memset(longest, 'x', sizeof longest);
    assert_true(note_name_is_valid((text){longest, NOTE_NAME_BYTES_MAX}));
    assert_false(note_name_is_valid((text){longest, NOTE_NAME_BYTES_MAX + 1}));
}

static void test_key_text_has_one_form(void **state)
{
    const note_key key = key_of("velum.example/log", seed);
    char line[NOTE_KEY_TEXT_BYTES];
    note_key again;

    note_key_format(&key, line);
    assert_int_equal(note_key_parse(text_of(line), &again), VELUM_OK);
    assert_memory_equal(&key, &again, sizeof key);
    for (size_t i = 0; line[i] != '\0'; i++) {
        for (int bit = 0; bit < 8; bit++) {
            line[i] = (char)(line[i] ^ (1 << bit));
            const text flipped = {line, strlen(line)};
            if (note_key_parse(flipped, &again) == VELUM_OK) {
                fail_msg("byte %zu bit %d", i, bit);
            }
            line[i] = (char)(line[i] ^ (1 << bit));
        }
    }
}

static void test_unknown_type_is_told_apart(void **state)
{
    uint8_t packed[33] = {0x04};
    const uint8_t name_part[] = {'x', '\n'};
    uint8_t digest[32];
    char encoded[BASE64_SIZE(33) + 1];
    char line[128];
    note_key key;

    const crypto_part parts[] = {{name_part, 2}, {packed, 33}};
    sha256_parts(parts, 2, digest);
    base64_encode(packed, 33, encoded);
    snprintf(line, sizeof line, "x+%02x%02x%02x%02x+%s", digest[0], digest[1], digest[2], digest[3],
             encoded);
    assert_int_equal(note_key_parse(text_of(line), &key), VELUM_E_UNSUPPORTED);
}

static void test_sign_and_open(void **state)
{
    const note_key keys[] = {key_of("one", seed), key_of("two", other_seed)};
    note_opened opened;
    VELUM_AUTO_BUFFER out = {0};

    buffer_init(&out, 4096);
    const text note = signed_by(&out, "a\n\nb\n", "one", seed);
    assert_int_equal(note_open(note, keys, 2, &opened), VELUM_OK);
    assert_true(text_equal_literal(opened.body, "a\n\nb\n"));
    assert_int_equal(opened.verified, 1);
    assert_int_equal(opened.unknown, 0);
    assert_int_equal(note_open(note, keys + 1, 1, &opened), VELUM_E_CRYPTO);
    assert_int_equal(note_open(note, NULL, 0, &opened), VELUM_E_CRYPTO);
}

/* A note of one signature: every bit counts. */
static void test_every_flip_is_refused(void **state)
{
    const note_key key = key_of("one", seed);
    note_opened opened;
    VELUM_AUTO_BUFFER out = {0};

    buffer_init(&out, 4096);
    const text note = signed_by(&out, "body\n", "one", seed);
    for (size_t i = 0; i < note.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            out.data[i] ^= (uint8_t)(1 << bit);
            if (note_open(note, &key, 1, &opened) == VELUM_OK) {
                fail_msg("byte %zu bit %d", i, bit);
            }
            out.data[i] ^= (uint8_t)(1 << bit);
        }
    }
    assert_int_equal(note_open(note, &key, 1, &opened), VELUM_OK);
}

static void append_signature_of(buffer *out, const char *body, const char *name,
                                const uint8_t *from)
{
    VELUM_AUTO_BUFFER one = {0};

    buffer_init(&one, 4096);
    const text note = signed_by(&one, body, name, from);
    const size_t skip = strlen(body) + 1;
    buffer_append(out, note.data + skip, note.size - skip);
}

/* At least 16 signatures are accepted, 100 here; known ones that fail reject the note. */
static void test_many_signatures(void **state)
{
    const note_key key = key_of("one", seed);
    note_opened opened;
    VELUM_AUTO_BUFFER out = {0};

    buffer_init(&out, 65536);
    (void)signed_by(&out, "body\n", "one", seed);
    for (int i = 1; i < NOTE_SIGNATURES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        append_signature_of(&out, "body\n", name, other_seed);
    }
    assert_int_equal(note_open((text){(const char *)out.data, out.size}, &key, 1, &opened),
                     VELUM_OK);
    assert_int_equal(opened.verified, 1);
    assert_int_equal(opened.unknown, NOTE_SIGNATURES_MAX - 1);
    append_signature_of(&out, "body\n", "more", other_seed);
    assert_int_equal(note_open((text){(const char *)out.data, out.size}, &key, 1, &opened),
                     VELUM_E_INVALID);
}

static void test_known_signature_that_fails(void **state)
{
    const note_key keys[] = {key_of("one", seed), key_of("two", other_seed)};
    note_opened opened;
    VELUM_AUTO_BUFFER out = {0};

    buffer_init(&out, 4096);
    (void)signed_by(&out, "body\n", "one", seed);
    append_signature_of(&out, "other\n", "two", other_seed);
    const text note = {(const char *)out.data, out.size};
    assert_int_equal(note_open(note, keys, 1, &opened), VELUM_OK);
    assert_int_equal(note_open(note, keys, 2, &opened), VELUM_E_CRYPTO);
}

/* ---- Checkpoints ------------------------------------------------------------------------------ */

static void test_checkpoint_round_trip(void **state)
{
    const note_key key = key_of("velum.example/log", seed);
    checkpoint head = {.size = 20852163};
    checkpoint again;
    VELUM_AUTO_BUFFER out = {0};

    buffer_init(&out, 4096);
    tree_empty_root(head.root);
    assert_int_equal(checkpoint_sign(&head, &key, seed, &out), VELUM_OK);
    const text note = {(const char *)out.data, out.size};
    assert_int_equal(checkpoint_open(note, &key, &again), VELUM_OK);
    assert_memory_equal(&head, &again, sizeof head);
    assert_true(text_starts_with(note, "velum.example/log\n20852163\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5"
                                       "NMpJWZG3hSuFU=\n\n\xe2\x80\x94 velum.example/log "));
}

static void test_checkpoint_bodies_refused(void **state)
{
#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    static const char *const bad[] = {"log\n01\n" ROOT "\n",
                                      "log\n\n" ROOT "\n",
                                      "log\n+1\n" ROOT "\n",
                                      "log\n1\n" ROOT,
                                      "log\n1\n" ROOT "\next\n",
                                      "log\n1\n" ROOT "\n\n",
                                      "other\n1\n" ROOT "\n",
                                      "log\n1\nAAAA\n",
                                      "log\n1 \n" ROOT "\n",
                                      "log\n18446744073709551616\n" ROOT "\n",
                                      "log\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n"};
    checkpoint head;

    assert_int_equal(checkpoint_parse(text_of("log\n1\n" ROOT "\n"), text_of("log"), &head),
                     VELUM_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(checkpoint_parse(text_of(bad[i]), text_of("log"), &head), VELUM_E_INVALID);
    }
}

/* ---- Published vectors ------------------------------------------------------------------------ */

static json *vectors(void)
{
    json *parsed = NULL;
    velum_error err;
    size_t size = 0;
    VELUM_AUTO_MEM char *data = vectors_read("vectors/audit/note/signed_note.json", &size);

    assert_int_equal(json_parse((text){data, size}, (size_t)1 << 24, &parsed, &err), VELUM_OK);
    return parsed;
}

static size_t keys_of(const json_value *list, note_key *out)
{
    for (size_t i = 0; i < json_count(list); i++) {
        assert_int_equal(note_key_parse(json_text(json_at(list, i)), &out[i]), VELUM_OK);
    }
    return json_count(list);
}

static void check_open_case(const json_value *item)
{
    const json_value *const keys_list = json_member(item, "vkeys");
    note_opened opened = {TEXT_EMPTY, 0, 0};
    note_key keys[8];

    if (json_member(item, "note") == NULL) {
        return;
    }
    const size_t count = keys_list == NULL ? 0 : keys_of(keys_list, keys);
    const bool ok =
        note_open(json_text(json_member(item, "note")), keys, count, &opened) == VELUM_OK;
    if (ok != json_bool(json_member(item, "ok"))) {
        fail_msg("%.*s", (int)json_text(json_member(item, "desc")).size,
                 json_text(json_member(item, "desc")).data);
    }
    if (ok && json_member(item, "verified") != NULL) {
        assert_int_equal(opened.verified, json_integer(json_member(item, "verified")));
        assert_int_equal(opened.unknown, json_integer(json_member(item, "unverified")));
    }
}

static void test_published_notes(void **state)
{
    VELUM_AUTO(json) *parsed = vectors();
    const json_value *const open = json_member(json_root(parsed), "open");

    assert_true(json_count(open) >= 15);
    for (size_t i = 0; i < json_count(open); i++) {
        check_open_case(json_at(open, i));
    }
}

/* "PRIVATE+KEY+name+id+base64(type ‖ seed)" is Go's form of a signing key. */
static void test_published_signature(void **state)
{
    VELUM_AUTO(json) *parsed = vectors();
    const json_value *const item = json_at(json_member(json_root(parsed), "sign"), 0);
    text rest = json_text(json_member(item, "skey"));
    uint8_t packed[33];
    size_t size = 0;
    note_key key;
    text part;
    VELUM_AUTO_BUFFER out = {0};

    for (int i = 0; i < 4; i++) {
        assert_true(text_split(&rest, '+', &part));
    }
    assert_int_equal(base64_decode(rest, packed, sizeof packed, &size), VELUM_OK);
    assert_int_equal(note_key_parse(json_text(json_member(item, "vkey")), &key), VELUM_OK);
    buffer_init(&out, 4096);
    assert_int_equal(note_sign(json_text(json_member(item, "text")), &key, packed + 1, &out),
                     VELUM_OK);
    assert_true(text_equal((text){(const char *)out.data, out.size},
                           json_text(json_member(item, "expect"))));
}

static void test_published_bad_keys(void **state)
{
    VELUM_AUTO(json) *parsed = vectors();
    const json_value *const list = json_member(json_root(parsed), "bad_vkeys");
    note_key key;

    for (size_t i = 0; i < json_count(list); i++) {
        const json_value *item = json_at(list, i);
        item = json_kind_of(item) == JSON_OBJECT ? json_member(item, "vkey") : item;
        assert_int_not_equal(note_key_parse(json_text(item), &key), VELUM_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_key_text_has_one_form),
        cmocka_unit_test(test_unknown_type_is_told_apart),
        cmocka_unit_test(test_sign_and_open),
        cmocka_unit_test(test_every_flip_is_refused),
        cmocka_unit_test(test_many_signatures),
        cmocka_unit_test(test_known_signature_that_fails),
        cmocka_unit_test(test_checkpoint_round_trip),
        cmocka_unit_test(test_checkpoint_bodies_refused),
        cmocka_unit_test(test_published_notes),
        cmocka_unit_test(test_published_signature),
        cmocka_unit_test(test_published_bad_keys),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
