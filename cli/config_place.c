/* cli/config_place.c: the configuration that velumd would take. */
#include "cli/config_place.h"

#include "cli/say.h"
#include "cli/session.h"

/* --data of the call, under the name that it has as a setting. */
static velum_config_options options_of(const invocation *invocation,
                                       const velum_config_override *data)
{
    return (velum_config_options){.size = sizeof(velum_config_options),
                                  .file = invocation_value(invocation, "config"),
                                  .overrides = data,
                                  .override_count = data->value == NULL ? 0 : 1};
}

velum_status config_place_load(const invocation *invocation, velum_config **out)
{
    const velum_config_override data = {"data", invocation->data};
    const velum_config_options options = options_of(invocation, &data);
    velum_error err = {0};

    const velum_status status = velum_config_load(&options, out, &err);
    if (status < 0) {
        session_say_error("the configuration is not taken", status, &err);
        say_more("`velum config check` tells every finding.");
    }
    return status;
}

velum_status config_place_find(const invocation *invocation, char out[VELUM_CONFIG_PATH_BYTES])
{
    const velum_config_override data = {"data", invocation->data};
    const velum_config_options options = options_of(invocation, &data);
    velum_error err = {0};

    const velum_status status = velum_config_find(&options, out, VELUM_CONFIG_PATH_BYTES, &err);
    if (status < 0) {
        say("%s", err.text);
        say_more("It is sought at $VELUM_CONFIG, velum.yaml of the data folder, and /etc/velum.");
    }
    return status;
}
