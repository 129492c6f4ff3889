/* courier/options.c: the command line. Its words are for the operator. */
#include "courier/options.h"

#include "base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <velum/velum.h>

static const char usage[] =
    "Usage: velum-courier --data DIR --token-file FILE [--config FILE] [--once]\n"
    "\n"
    "Fetches messages and webhooks that are to go out from the velumd of the data folder\n"
    "DIR, delivers them, and says what became of each. It holds no key and opens nothing\n"
    "of the folder but its socket.\n"
    "\n"
    "  --data DIR             the data folder; else $VELUM_DATA\n"
    "  --token-file FILE      the token of a credential whose activity may `deliver`; else\n"
    "                         $VELUM_TOKEN_FILE\n"
    "  --activity NAME        that activity, where the credential has several\n"
    "  --config FILE          where channels and hooks go (courier.yaml); without it every\n"
    "                         message becomes a file in DIR/outbox\n"
    "  --check                read the configuration, say what is wrong with it, and end\n"
    "  --once                 deliver what is due, and end\n"
    "  --log-level LEVEL      error, warning, notice or debug (notice)\n"
    "  --help, --version\n"
    "\n"
    "SIGTERM ends it in order: what was taken is delivered and answered for.\n";

enum {
    CHOSE_HELP = 1,
    CHOSE_VERSION,
    CHOSE_DATA,
    CHOSE_TOKEN,
    CHOSE_ACTIVITY,
    CHOSE_CONFIG,
    CHOSE_CHECK,
    CHOSE_ONCE,
    CHOSE_LEVEL
};

static const struct option long_options[] = {
    {"data", required_argument, NULL, CHOSE_DATA},
    {"token-file", required_argument, NULL, CHOSE_TOKEN},
    {"activity", required_argument, NULL, CHOSE_ACTIVITY},
    {"config", required_argument, NULL, CHOSE_CONFIG},
    {"check", no_argument, NULL, CHOSE_CHECK},
    {"once", no_argument, NULL, CHOSE_ONCE},
    {"log-level", required_argument, NULL, CHOSE_LEVEL},
    {"help", no_argument, NULL, CHOSE_HELP},
    {"version", no_argument, NULL, CHOSE_VERSION},
    {NULL, 0, NULL, 0},
};

static courier_outcome wrong(const char *what)
{
    (void)fprintf(stderr, "velum-courier: %s\nTry `velum-courier --help`.\n", what);
    return COURIER_WRONG;
}

static courier_outcome take_level(const char *name, log_level *out)
{
    static const char *const names[] = {"error", "warning", "notice", "debug"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal_literal(text_of(name), names[i])) {
            *out = (log_level)i;
            return COURIER_RUN;
        }
    }
    return wrong("--log-level takes error, warning, notice or debug");
}

/* COURIER_RUN: go on reading. */
static courier_outcome take_one(int chosen, courier_options *out, bool *is_check)
{
    switch (chosen) {
    case CHOSE_DATA:
        out->folder = optarg;
        return COURIER_RUN;
    case CHOSE_TOKEN:
        out->token_file = optarg;
        return COURIER_RUN;
    case CHOSE_ACTIVITY:
        out->activity = optarg;
        return COURIER_RUN;
    case CHOSE_CONFIG:
        out->config = optarg;
        return COURIER_RUN;
    case CHOSE_CHECK:
        *is_check = true;
        return COURIER_RUN;
    case CHOSE_ONCE:
        out->once = true;
        return COURIER_RUN;
    case CHOSE_LEVEL:
        return take_level(optarg, &out->level);
    case CHOSE_HELP:
        (void)fputs(usage, stdout);
        return COURIER_DONE;
    case CHOSE_VERSION:
        (void)printf("velum-courier %s\n", velum_version());
        return COURIER_DONE;
    default:
        return wrong("that is not how it is called");
    }
}

static const char *environment(const char *name)
{
    const char *const value = getenv(name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

static courier_outcome judge(const courier_options *self, bool is_check)
{
    if (is_check) {
        return self->config == NULL ? wrong("--check goes with --config FILE") : COURIER_CHECK;
    }
    if (self->folder == NULL) {
        return wrong("which data folder? Name it with --data DIR or $VELUM_DATA");
    }
    if (self->token_file == NULL) {
        return wrong("whose token? Name its file with --token-file FILE or $VELUM_TOKEN_FILE");
    }
    return COURIER_RUN;
}

courier_outcome courier_options_parse(int argc, char **argv, courier_options *out)
{
    int chosen = 0;
    bool is_check = false;

    *out = (courier_options){.folder = environment("VELUM_DATA"),
                             .token_file = environment("VELUM_TOKEN_FILE"),
                             .activity = "",
                             .level = LOG_LEVEL_NOTICE};
    while ((chosen = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        const courier_outcome outcome = take_one(chosen, out, &is_check);
        if (outcome != COURIER_RUN) {
            return outcome;
        }
    }
    return optind < argc ? wrong("it takes options only") : judge(out, is_check);
}
