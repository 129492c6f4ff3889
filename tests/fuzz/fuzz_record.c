/* fuzz_record.c: bytes that are a category record or a consent event are the bytes that we write. */
#include "vault/internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void read_event(const uint8_t *data, size_t size)
{
    consent_event event;
    uint8_t again[CONSENT_EVENT_BYTES];

    if (consent_event_decode(data, size, &event) != VELUM_OK) {
        return;
    }
    require(consent_event_encode(&event, again) == VELUM_OK);
    /* What stands behind the language's zero is not written again. */
    const size_t language = 59 + strlen(event.language);
    require(memcmp(again + 1, data + 1, language - 1) == 0);
    require(memcmp(again + 71, data + 71, size - 71) == 0);
}

/* The order survives taking each field out and putting it back. */
static void take_and_put(record *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const record_field field = self->fields[i];
        const uint32_t count = self->count;
        require(record_put(self, field.number, (text){NULL, 0}) == VELUM_OK);
        require(record_find(self, field.number) == NULL && self->count == count - 1);
        require(record_put(self, field.number, field.value) == VELUM_OK);
        require(self->fields[i].number == field.number && self->count == count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static record found;
    VELUM_AUTO_BUFFER again;
    size_t size_max = 0;

    if (size > 0) {
        read_event(data, size);
    }
    buffer_init(&again, 2 * VAULT_RECORD_BYTES_MAX);
    if (record_decode(data, size, &found) != VELUM_OK) {
        require(found.count == 0);
        return 0;
    }
    take_and_put(&found);
    require(record_encode(&found, &again) == VELUM_OK);
    require(again.size == size && memcmp(again.data, data, size) == 0);
    const velum_status status = record_size_max(&found, &size_max);
    require(status == VELUM_OK ? size_max >= size : status == VELUM_E_LIMIT);
    return 0;
}
