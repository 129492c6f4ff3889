/* cli/machine.c: velum.yaml for the command. */
#include "cli/machine.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/say.h"

#include <velum/admin.h>

static void config_free(velum_config **held)
{
    velum_config_free(*held);
}
#define AUTO_CONFIG __attribute__((cleanup(config_free))) velum_config

velum_status machine_data(char out[PLACE_BYTES_MAX])
{
    const velum_config_options options = {.size = sizeof(options)};
    AUTO_CONFIG *config = NULL;
    velum_error err = {0};

    if (velum_config_load(&options, &config, &err) < 0) {
        say("the configuration file: %s", err.text);
        say_more("`velum config check` tells every finding.");
        return VELUM_E_INVALID;
    }
    const char *const data = velum_config_text(config, "data");
    const int size = snprintf(out, PLACE_BYTES_MAX, "%s", data);
    return size > 0 && size < PLACE_BYTES_MAX ? VELUM_OK : VELUM_E_NOTFOUND;
}

/* A wrong file is told by whoever needs it; here the gate says where it sought. */
void machine_point_to_root(const char *data)
{
    const velum_config_override folder = {"data", data};
    const velum_config_options options = {
        .size = sizeof(options), .overrides = &folder, .override_count = 1};
    AUTO_CONFIG *config = NULL;
    const char *const named = getenv("VELUM_ROOT_FILE");

    if ((named != NULL && *named != '\0') || velum_config_load(&options, &config, NULL) < 0) {
        return;
    }
    const char *const file = velum_config_text(config, "root.file");
    if (*file != '\0') {
        (void)setenv("VELUM_ROOT_FILE", file, 1);
    }
}
