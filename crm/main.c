/* crm/main.c: `velum-crm`: finds the command and runs it. */
#include "crm/counts/counts.h"
#include "crm/options.h"
#include "crm/orders/load.h"
#include "crm/say.h"
#include "crm/winback/winback.h"

#include <stdio.h>
#include <velum/velum.h>

static const command COMMANDS[] = {
    {{"orders", "load"},
     "FILE",
     "map rejects json",
     "read a till's file of items and put its orders",
     "orders load FILE --map MAP.yaml [--rejects FILE] [--json]",
     orders_load},
    {{"winback", NULL},
     NULL,
     "once days sha256",
     "write to customers who have not bought for a while",
     "winback [--days N] [--once] [--sha256 HEX]",
     winback},
    {{"counts", NULL},
     "NAME",
     "json",
     "show a figure that the policy declares",
     "counts NAME [--json]",
     counts},
};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

static void print_usual(FILE *out)
{
    (void)fputs("\nEvery command takes\n"
                "  --data DIR         the data folder; $VELUM_DATA, else the current folder\n"
                "  --token-file FILE  the credential; $VELUM_TOKEN_FILE, else this user\n"
                "  --activity NAME    where the credential holds several\n",
                out);
}

static void print_list(FILE *out)
{
    (void)fputs("velum-crm: modules behind the gate\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)fprintf(out, "  velum-crm %s\n      %s\n", COMMANDS[i].usage, COMMANDS[i].summary);
    }
    print_usual(out);
}

static int words_of(const command *command)
{
    return command->words[1] == NULL ? 1 : 2;
}

static const command *find(int argc, char **argv)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const command *const row = &COMMANDS[i];
        const bool first = argc > 0 && strcmp(argv[0], row->words[0]) == 0;
        const bool second =
            row->words[1] == NULL || (argc > 1 && strcmp(argv[1], row->words[1]) == 0);
        if (first && second) {
            return row;
        }
    }
    return NULL;
}

static int run(const command *command, int argc, char **argv)
{
    options options;

    if (!options_read(command, argc, argv, &options)) {
        return EXIT_USAGE;
    }
    if (options.help) {
        (void)printf("velum-crm %s\n  %s\n", command->usage, command->summary);
        print_usual(stdout);
        return EXIT_DONE;
    }
    return command->run(&options);
}

static int dispatch(int argc, char **argv)
{
    if (argc == 0) {
        print_list(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        print_list(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[0], "--version") == 0) {
        (void)printf("velum-crm %s\n", velum_version());
        return EXIT_DONE;
    }
    const command *const found = find(argc, argv);
    if (found == NULL) {
        say("there is no such command: velum-crm --help lists them");
        return EXIT_USAGE;
    }
    return run(found, argc - words_of(found), argv + words_of(found));
}

int main(int argc, char **argv)
{
    const int exit_code = dispatch(argc - 1, argv + 1);

    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        say("stdout does not take what is to be shown");
        return exit_code == EXIT_DONE ? EXIT_REFUSED : exit_code;
    }
    return exit_code;
}
