/* The sealed part of a request: the bytes of format 1 for ever, and nothing else is read. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/request_row.h"

#define PLAIN_BYTES_MAX 1024

static const request row = {.id = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba,
                                   0x98, 0x76, 0x54, 0x32, 0x10}};

static request_facts full(void)
{
    return (request_facts){
        .details = TEXT_LITERAL("请删除"),
        .identifier_type = TEXT_LITERAL("mobile"),
        .identifier_value = TEXT_LITERAL("+8613800000001"),
        .method = METHOD_CUSTOMER_TOKEN,
        .verified_ns = PLACE_EPOCH_NS,
        .verified_by = {0xaa},
        .notes = {{REQUEST_ACT_EXTEND, PLACE_EPOCH_NS + 1, {0xbb}, TEXT_LITERAL("more time")},
                  {REQUEST_ACT_DENY, PLACE_EPOCH_NS + 2, {0xcc}, TEXT_LITERAL("no")}},
        .note_count = 2};
}

/* tests/golden/request-v1.hex: a line for each of a full and an empty one. */
static size_t golden(int line, uint8_t out[PLAIN_BYTES_MAX])
{
    const char *const top = getenv("VELUM_TOP");
    char path[512];
    char hex[2 * PLAIN_BYTES_MAX + 2] = "";

    snprintf(path, sizeof path, "%s/tests/golden/request-v1.hex", top == NULL ? "." : top);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    for (int i = 0; i <= line; i++) {
        assert_non_null(fgets(hex, sizeof hex, file));
    }
    fclose(file);
    const size_t size = strcspn(hex, "\n") / 2;
    assert_int_equal(hex_decode((text){hex, 2 * size}, out, size), VELUM_OK);
    return size;
}

static void assert_same(const request_facts *a, const request_facts *b)
{
    assert_true(text_equal(a->details, b->details));
    assert_true(text_equal(a->identifier_type, b->identifier_type));
    assert_true(text_equal(a->identifier_value, b->identifier_value));
    assert_int_equal(a->method, b->method);
    assert_int_equal(a->verified_ns, b->verified_ns);
    assert_memory_equal(a->verified_by, b->verified_by, sizeof a->verified_by);
    assert_int_equal(a->note_count, b->note_count);
    for (uint32_t i = 0; i < a->note_count; i++) {
        assert_int_equal(a->notes[i].act, b->notes[i].act);
        assert_int_equal(a->notes[i].at_ns, b->notes[i].at_ns);
        assert_memory_equal(a->notes[i].by, b->notes[i].by, sizeof a->notes[i].by);
        assert_true(text_equal(a->notes[i].words, b->notes[i].words));
    }
}

static void format_one_is_read_and_written_for_ever(void **state)
{
    const request_facts wanted[] = {full(), {.method = 0}};

    for (int i = 0; i < 2; i++) {
        VELUM_AUTO_BUFFER made = {0};
        uint8_t bytes[PLAIN_BYTES_MAX];
        request_facts read;
        const size_t size = golden(i, bytes);

        buffer_init(&made, PLAIN_BYTES_MAX);
        request_facts_encode(&row, &wanted[i], &made);
        assert_int_equal(buffer_status(&made), VELUM_OK);
        assert_int_equal(made.size, size);
        assert_memory_equal(made.data, bytes, size);
        assert_int_equal(request_facts_decode((crypto_part){bytes, size}, &row, &read), VELUM_OK);
        assert_same(&read, &wanted[i]);
    }
}

static void anything_else_is_refused(void **state)
{
    uint8_t bytes[PLAIN_BYTES_MAX];
    request_facts read;
    const size_t size = golden(0, bytes);
    request other = row;

    other.id[15] ^= 1; /* of another request: moved there by hand */
    assert_int_equal(request_facts_decode((crypto_part){bytes, size}, &other, &read),
                     VELUM_E_CORRUPT);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(request_facts_decode((crypto_part){bytes, cut}, &row, &read),
                         VELUM_E_CORRUPT);
    }
    bytes[2] = 2; /* map, key 1, format */
    assert_int_equal(request_facts_decode((crypto_part){bytes, size}, &row, &read), VELUM_E_NEWER);
    bytes[2] = 0;
    assert_int_equal(request_facts_decode((crypto_part){bytes, size}, &row, &read),
                     VELUM_E_CORRUPT);
}

/* One flipped bit is refused or reads as something else; it never reads outside its bytes. */
static void flipped_bits_do_no_harm(void **state)
{
    uint8_t bytes[PLAIN_BYTES_MAX];
    request_facts read;
    const size_t size = golden(0, bytes);

    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        const velum_status status = request_facts_decode((crypto_part){bytes, size}, &row, &read);
        assert_true(status == VELUM_OK || status == VELUM_E_CORRUPT || status == VELUM_E_NEWER);
        if (status == VELUM_OK) {
            assert_true((const uint8_t *)read.details.data >= bytes &&
                        (const uint8_t *)read.details.data + read.details.size <= bytes + size);
            assert_true(read.note_count <= REQUEST_NOTES_MAX && read.method < METHOD_COUNT);
        }
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_one_is_read_and_written_for_ever),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(flipped_bits_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
