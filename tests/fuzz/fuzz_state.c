/* fuzz_state.c: a record that decodes encodes to the same bytes (S-2), and can be decided on. */
#include "policy/subject_state.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Mutations rarely keep the zeros that must be zeros; what is shorter is filled up with them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[SUBJECT_STATE_BYTES] = {0};
    uint8_t again[SUBJECT_STATE_BYTES];
    subject_state state;

    if (size > 0) {
        memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
    }
    const velum_status status = subject_state_decode(bytes, &state);
    require(status == VELUM_OK || status == VELUM_E_CORRUPT);
    if (status < 0) {
        return 0;
    }
    subject_state_encode(&state, again);
    require(memcmp(bytes, again, sizeof(bytes)) == 0);
    for (uint32_t i = 0; i < state.consent_count; i++) {
        require(subject_state_consent(&state, state.consents[i].purpose) == &state.consents[i]);
        require(consent_state_name(state.consents[i].state) != NULL);
        require(subject_state_put_consent(&state, &state.consents[i]) == VELUM_OK);
    }
    return 0;
}
