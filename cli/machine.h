/* cli/machine.h: what this machine's velum.yaml says, where the call and the environment do not.
 *
 * The file is sought as velumd does (docs/formats/config.md), so that a person on the machine of a
 * velumd types neither its folder nor the place of its root secret.
 */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include "cli/place.h"

/* The data folder, or VELUM_E_NOTFOUND when no file names one. A file that is wrong has been said. */
velum_status machine_data(char out[PLACE_BYTES_MAX]) VELUM_WARN_UNUSED;
/* Lets a gate in this process find the root secret where the file says, unless the environment names
 * a place. `data` is the folder that will be opened. */
void machine_point_to_root(const char *data);

#endif
