/* cli/main.c: `velum`: finds the command and runs it. */
#include <stdio.h>
#include <velum/velum.h>

#include "cli/command.h"
#include "cli/say.h"

/* What stands before the command's words. */
typedef struct front {
    int next; /* index of the command's first word */
    const char *data;
    int exit_code; /* when there is nothing to run */
    bool is_done;
} front;

static front done(int exit_code)
{
    return (front){.exit_code = exit_code, .is_done = true};
}

static front read_front(int argc, char **argv)
{
    front self = {.next = 1};

    for (; self.next < argc && argv[self.next][0] == '-'; self.next++) {
        const char *word = argv[self.next];
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            command_print_list(NULL, false);
            return done(EXIT_DONE);
        }
        if (strcmp(word, "--version") == 0) {
            (void)printf("velum %s\n", velum_version());
            return done(EXIT_DONE);
        }
        const int taken = command_take_data(argc, argv, &self.next, &self.data);
        if (taken < 0) {
            return done(command_wrong(NULL, "--data needs a value: the data folder"));
        }
        if (taken == 0) {
            return done(command_wrong(NULL, "there is no such option before the command"));
        }
    }
    return self;
}

static int run(const command *command, const char *data, int argc, char **argv)
{
    invocation invocation = {.data = data};

    if (data != NULL && !command->has_data) {
        return command_wrong(command, "it takes no --data");
    }
    switch (command_parse(command, argc, argv, &invocation)) {
    case COMMAND_HELP:
        command_print_help(command);
        return EXIT_DONE;
    case COMMAND_WRONG:
        return EXIT_USAGE;
    default:
        return command->run(&invocation);
    }
}

/* `velum credential` and `velum credential --help` show the group. */
static int run_group(const char *group, const char *data, int argc, char **argv)
{
    if (argc == 0) {
        command_print_list(group, true);
        return EXIT_USAGE;
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        command_print_list(group, false);
        return EXIT_DONE;
    }
    const command *command = command_find(group, argv[0]);
    if (command == NULL) {
        return command_wrong(NULL, "there is no such command");
    }
    return run(command, data, argc - 1, argv + 1);
}

static int dispatch(int argc, char **argv)
{
    const front front = read_front(argc, argv);

    if (front.is_done) {
        return front.exit_code;
    }
    if (front.next >= argc) {
        command_print_list(NULL, true);
        return EXIT_USAGE;
    }
    const char *word = argv[front.next];
    const int rest = argc - front.next - 1;
    if (command_is_group(word)) {
        return run_group(word, front.data, rest, argv + front.next + 1);
    }
    const command *command = command_find(NULL, word);
    if (command == NULL) {
        return command_wrong(NULL, "there is no such command");
    }
    return run(command, front.data, rest, argv + front.next + 1);
}

int main(int argc, char **argv)
{
    const int exit_code = dispatch(argc, argv);

    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        say("stdout does not take what is to be shown");
        return exit_code == EXIT_DONE ? EXIT_REFUSED : exit_code;
    }
    return exit_code;
}
