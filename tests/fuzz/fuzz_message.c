/* Texts of messages with placeholders: what is counted is what is written, and never a byte beside it. */
#include "core/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUE "{{name}}" /* a value is never a placeholder itself */

static text value_of(const void *context, text name)
{
    const text whole = *(const text *)context;

    if (name.size > 0 &&
        (name.data < whole.data || name.data + name.size > whole.data + whole.size)) {
        abort();
    }
    return name.size % 2 == 0 ? TEXT_EMPTY : TEXT_LITERAL(VALUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *const copy = mem_alloc(size + 1);
    const text pattern = {copy, size};

    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    const size_t counted = message_fill(pattern, value_of, &pattern, NULL);
    char *const out = mem_alloc(counted + 1);
    if (out != NULL) {
        out[counted] = '!';
        if (message_fill(pattern, value_of, &pattern, out) != counted || out[counted] != '!') {
            abort();
        }
    }
    if (counted > size * sizeof(VALUE)) {
        abort();
    }
    mem_free(out);
    mem_free(copy);
    return 0;
}
