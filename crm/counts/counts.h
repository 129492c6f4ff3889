/* crm/counts/counts.h: the module `counts`: figures that the policy declares, as a table. */
#ifndef CRM_COUNTS_COUNTS_H
#define CRM_COUNTS_COUNTS_H

#include "crm/options.h"

/* `velum-crm counts NAME`; an exit code. */
int counts(const options *options);

#endif
