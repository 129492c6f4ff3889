/* The courier's configuration, from any bytes: it is taken or refused with lines, and what is taken names
 * only hosts that it allows. */
#include "courier/config.h"
#include "courier/letter.h"

#include <stdlib.h>

static void count_finding(void *context, uint32_t line, const char *message)
{
    (void)line;
    if (message == NULL || message[0] == '\0') {
        abort();
    }
    (*(uint32_t *)context)++;
}

static void check_place(const courier_config *config, const place *place)
{
    bool is_allowed = place->kind == PLACE_FOLDER;

    for (uint32_t i = 0; i < config->allowed_count; i++) {
        const allowed *const entry = &config->allowed[i];
        is_allowed = is_allowed || (strcmp(entry->host, place->url.host) == 0 &&
                                    (entry->port == 0 || entry->port == place->url.port));
    }
    if (!is_allowed || (place->kind == PLACE_SMTP && !letter_is_address(text_of(place->from))) ||
        (place->kind == PLACE_FOLDER && place->path[0] != '/')) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    courier_config *const config = calloc(1, sizeof *config);
    uint32_t findings = 0;

    if (config == NULL) {
        return 0;
    }
    const velum_status status =
        courier_config_parse((text){(const char *)data, size}, count_finding, &findings, config);
    if ((status == VELUM_OK) != (findings == 0) && status != VELUM_E_NOMEM) {
        abort();
    }
    for (uint32_t i = 0; status == VELUM_OK && i < config->channel_count; i++) {
        check_place(config, &config->channels[i]);
    }
    for (uint32_t i = 0; status == VELUM_OK && i < config->hook_count; i++) {
        check_place(config, &config->hooks[i]);
    }
    free(config);
    return 0;
}
