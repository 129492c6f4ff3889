/* cli/confirm.c: a person at a terminal says so; a script says --yes. */
#include "cli/confirm.h"

#include "cli/say.h"
#include "cli/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool confirm(const invocation *invocation, const char *question)
{
    char word[8] = "";

    if (invocation_has(invocation, "yes")) {
        return true;
    }
    if (!terminal_is(STDIN_FILENO)) {
        say("nothing was done: without a terminal to ask at, say --yes");
        return false;
    }
    (void)fprintf(stderr, "%s Type `yes` to go on: ", question);
    const bool is_yes = fgets(word, sizeof(word), stdin) != NULL && strcmp(word, "yes\n") == 0;
    if (!is_yes) {
        say("nothing was done");
    }
    return is_yes;
}
