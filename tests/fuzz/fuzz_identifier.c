/* fuzz_identifier.c: a normal form is its own normal form, within its limits. The first byte chooses
 * the type. */
#include "vault/identifier.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"mobile", "email", "id_card", "ext:a"};
    identifier first;
    identifier second;

    if (size == 0) {
        return 0;
    }
    const text type = text_of(types[data[0] % 4]);
    const text value = {(const char *)data + 1, size - 1};
    if (identifier_normalise(type, value, &first) != VELUM_OK) {
        return 0;
    }
    const text form = {first.value, first.value_size};
    require(form.size > 0 && form.size <= IDENTIFIER_VALUE_BYTES_MAX);
    require(utf8_is_printable(form));
    require(data[0] % 4 == 3 ? text_equal(form, value) : text_is_ascii(form));
    require(identifier_normalise(type, form, &second) == VELUM_OK);
    require(text_equal((text){second.value, second.value_size}, form));
    return 0;
}
