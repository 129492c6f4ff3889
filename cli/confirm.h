/* cli/confirm.h: asking a person before something is done. */
#ifndef CLI_CONFIRM_H
#define CLI_CONFIRM_H

#include "cli/command.h"

/* True with --yes, or when the person at the terminal types `yes` behind `question`. Without a terminal
 * and --yes: no. Why not has been said. */
bool confirm(const invocation *invocation, const char *question);

#endif
