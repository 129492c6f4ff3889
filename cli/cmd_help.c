/* cli/cmd_help.c: velum help [COMMAND] */
#include "cli/commands.h"

static int run(const invocation *invocation)
{
    const char *first = invocation->arguments[0];
    const char *second = invocation->arguments[1];

    if (first == NULL) {
        command_print_list(NULL, false);
        return EXIT_DONE;
    }
    if (second == NULL && command_is_group(first)) {
        command_print_list(first, false);
        return EXIT_DONE;
    }
    const command *command =
        second == NULL ? command_find(NULL, first) : command_find(first, second);
    if (command == NULL) {
        return command_wrong(NULL, "there is no such command");
    }
    command_print_help(command);
    return EXIT_DONE;
}

const command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .arguments_max = 2,
    .summary = "How a command is called",
    .detail = "",
    .run = run,
};
