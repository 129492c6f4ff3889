/* core/config_gate.c: what settings mean together, and the gate that they open. */
#include "core/config.h"

#include "core/gate.h"

#include <stdio.h>

#define MIB ((uint64_t)1 << 20)

static root_names names_of(const velum_config *self)
{
    const config_value *const file = &self->values[CONFIG_ROOT_FILE];
    const config_value *const credential = &self->values[CONFIG_ROOT_CREDENTIAL];
    const bool is_from_file = file->text[0] != '\0' && file->origin == VELUM_CONFIG_FROM_FILE;

    /* What the environment says, the search for the root secret reads there itself. */
    return (root_names){.file = is_from_file ? file->text : NULL,
                        .credential = credential->text[0] != '\0' ? credential->text : NULL};
}

/* Whether the place that the file names holds something that would be taken; never what (C-1). */
static void judge_root(const velum_config *self, config_listener *listener)
{
    const char *const file = self->values[CONFIG_ROOT_FILE].text;
    velum_error err = {0};

    if (file[0] == '\0') {
        return;
    }
    switch (root_secret_test(file, &err)) {
    case VELUM_OK:
        return;
    case VELUM_E_NOTFOUND:
        config_tell(listener, false, self->values[CONFIG_ROOT_FILE].line,
                    "root.file names no file that can be seen from here");
        return;
    case VELUM_E_DENIED:
        config_tell(listener, true, self->values[CONFIG_ROOT_FILE].line,
                    "root.file may be used by others than its owner, or is another user's");
        return;
    case VELUM_E_INVALID:
        config_tell(listener, true, self->values[CONFIG_ROOT_FILE].line,
                    "root.file holds neither 64 hex digits nor 32 bytes");
        return;
    default:
        config_tell(listener, false, self->values[CONFIG_ROOT_FILE].line,
                    "root.file cannot be read from here");
    }
}

void config_judge(const velum_config *self, config_listener *listener)
{
    const config_value *const listen = &self->values[CONFIG_LISTEN];

    if (!config_is_loopback(text_of(listen->text)) && !config_flag(self, CONFIG_BEHIND_PROXY)) {
        config_tell(listener, true, listen->line,
                    "listen names an address that other machines reach, and velumd speaks plain "
                    "HTTP: put a proxy that speaks TLS in front and say behind-proxy: true");
    }
    judge_root(self, listener);
}

velum_status velum_config_open_gate(const velum_config *config, velum_gate **out, velum_error *err)
{
    const char *const folder = config->values[CONFIG_DATA].text;
    const uint64_t workers = config_number(config, CONFIG_WORKERS);
    const root_names named = names_of(config);
    const gate_opening how = {.named = &named};
    const velum_gate_options options = {
        .size = sizeof(options),
        .folder = {folder, strlen(folder)},
        .cache_bytes = config_number(config, CONFIG_CACHE_MB) * MIB,
        .timeout_ms = (uint32_t)config_number(config, CONFIG_TIMEOUT_MS),
        .workers = workers > GATE_WORKERS_DEFAULT ? (uint32_t)workers : 0,
    };

    return gate_open_as(&options, &how, out, err);
}
