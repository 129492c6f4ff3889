/* core/ref_list.c: references of many customers in one request, and what an approval is bound to. */
#include "core/many.h"

#include <stdlib.h>

#define LINE_BYTES PSEUDONYM_TEXT_BYTES /* its end stands where the NUL was */

static int compare_lines(const void *a, const void *b)
{
    return memcmp(a, b, LINE_BYTES);
}

static velum_status parse_refs(passage *passage, const json_value *array, ref_list *out)
{
    const aes_block *permutation = NULL;

    VELUM_TRY(keyring_domain(passage->gate->keys, passage->domain, &permutation));
    out->count = 0;
    for (size_t i = 0; i < json_count(array); i++) {
        const json_value *const ref = json_at(array, i);
        if (json_kind_of(ref) != JSON_TEXT ||
            pseudonym_parse(permutation, json_text(ref), &out->ids[out->count]) < 0) {
            return refuse_hint(passage, PROBLEM_MALFORMED,
                               "A reference is mistyped: its check character does not fit.");
        }
        out->count++;
    }
    return VELUM_OK;
}

/* Anybody who holds the list can work it out: LC_ALL=C sort -u refs | sha256sum. */
static velum_status hash_refs(passage *passage, ref_list *out)
{
    const aes_block *permutation = NULL;
    VELUM_AUTO_MEM char *lines = mem_alloc_array(out->count, LINE_BYTES);

    if (lines == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(keyring_domain(passage->gate->keys, passage->domain, &permutation));
    for (uint32_t i = 0; i < out->count; i++) {
        char *const line = lines + (size_t)i * LINE_BYTES;
        pseudonym_format(permutation, &out->ids[i], line);
        line[PSEUDONYM_CHARS] = '\n';
    }
    qsort(lines, out->count, LINE_BYTES, compare_lines);
    for (uint32_t i = 1; i < out->count; i++) {
        const char *const line = lines + (size_t)i * LINE_BYTES;
        if (memcmp(line, line - LINE_BYTES, LINE_BYTES) == 0) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "A reference stands there twice.");
        }
    }
    sha256(lines, (size_t)out->count * LINE_BYTES, out->hash);
    return VELUM_OK;
}

velum_status ref_list_parse(passage *passage, const json_value *array, ref_list *out)
{
    if (array == NULL || json_kind_of(array) != JSON_ARRAY || json_count(array) == 0 ||
        json_count(array) > MANY_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`refs` is an array of 1 to 1000 refs.");
    }
    passage->domain =
        passage->actor.credential == NULL ? 0 : passage->actor.credential->domain_number;
    if (passage->domain == 0) {
        return refuse_hint(passage, REASON_UNKNOWN_DOMAIN,
                           "A credential of one domain is needed to name customers.");
    }
    VELUM_TRY(parse_refs(passage, array, out));
    return hash_refs(passage, out);
}
