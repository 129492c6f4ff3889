/* cli/config_place.h: which configuration a command is about. */
#ifndef CLI_CONFIG_PLACE_H
#define CLI_CONFIG_PLACE_H

#include "base/mem.h"
#include "cli/command.h"

#include <velum/admin.h>

VELUM_DEFINE_AUTO(velum_config);

/* As velumd would be told with --config (the option of that name, where the command has it) and --data.
 * What goes wrong has been said. */
velum_status config_place_load(const invocation *invocation, velum_config **out) VELUM_WARN_UNUSED;
/* The path of the file that velumd would read; VELUM_E_NOTFOUND when there is none, which was said. */
velum_status config_place_find(const invocation *invocation,
                               char out[VELUM_CONFIG_PATH_BYTES]) VELUM_WARN_UNUSED;

#endif
