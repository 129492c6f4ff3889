/* core/authenticate.h: credential → actor, roles, activity (I-7). */
#ifndef CORE_AUTHENTICATE_H
#define CORE_AUTHENTICATE_H

#include "core/passage.h"

/* Stage. An unknown caller is PROBLEM_UNAUTHENTICATED and not recorded; a revoked or expired
 * credential is known and recorded. */
velum_status authenticate(passage *passage) VELUM_WARN_UNUSED;

#endif
