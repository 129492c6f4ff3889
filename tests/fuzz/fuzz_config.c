/* fuzz_config.c: whatever velum.yaml says, each value that is taken is one that its setting takes, and
 * what is said of the rest repeats nothing of it. */
#include "core/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void hear(void *context, bool is_error, uint32_t line, const char *message)
{
    (void)line;
    require(text_is_ascii(text_of(message)) && message[0] != '\0');
    *(uint32_t *)context += is_error ? 1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static velum_config config;
    uint32_t errors = 0;
    config_listener listener = {.finding = hear, .context = &errors};
    const text source = {size == 0 ? "" : (const char *)data, size};

    config = (velum_config){.path = ""};
    const velum_status status = config_parse(source, &listener, &config);
    require((status == VELUM_OK) == (errors == 0));
    require(errors == listener.errors && (errors == 0 || listener.first != NULL));
    for (config_index i = 0; i < CONFIG_COUNT; i++) {
        const config_value *const value = &config.values[i];
        require(value->text[0] == '\0' ||
                (value->origin == VELUM_CONFIG_FROM_FILE && value->line > 0 &&
                 config_value_check(i, text_of(value->text)) == VELUM_OK));
    }
    return 0;
}
