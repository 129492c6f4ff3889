/* gateway/options.c: what the operator typed, over what the configuration says. Its words are for the
 * operator, on a terminal or in the service's journal; they hold nothing of a customer. */
#include "gateway/options.h"

#include <getopt.h>
#include <stdio.h>
#include <velum/velum.h>

static const char usage[] =
    "Usage: velumd [--config FILE] [--data DIR] [--listen ADDR:PORT] [--behind-proxy]\n"
    "\n"
    "Serves the data folder DIR (made by `velum init`) over HTTP and over its own socket.\n"
    "\n"
    "  --config FILE          the configuration; else $VELUM_CONFIG, DIR/velum.yaml or\n"
    "                         /etc/velum/velum.yaml, where there is one\n"
    "  --data DIR             the data folder\n"
    "  --listen ADDR:PORT     where to listen (127.0.0.1:8080); port 0 takes a free one\n"
    "  --behind-proxy         allow an address other than loopback: a proxy in front of\n"
    "                         velumd speaks TLS, and only it can reach the address\n"
    "  --cache-mb N           MiB of sealed rows kept in memory (80)\n"
    "  --timeout-ms N         after which a request is answered 503 (5000)\n"
    "  --workers N            threads that answer (as many as processors)\n"
    "  --connections-max N    connections at once (1024)\n"
    "  --log-level LEVEL      error, warning, notice or debug (notice)\n"
    "  --help, --version\n"
    "\n"
    "An option beats the environment ($VELUM_DATA, $VELUM_LISTEN …), which beats the file.\n"
    "`velum config check` and `velum config show` tell what is configured.\n"
    "Prints `listening on http://ADDR:PORT` once it is ready. SIGTERM ends it in order.\n";

/* Values of getopt_long: above them all an option is a setting, by its name. */
enum { CHOSE_HELP = 1, CHOSE_VERSION, CHOSE_CONFIG, CHOSE_SETTING, CHOSE_FLAG };

static const struct option long_options[] = {
    {"config", required_argument, NULL, CHOSE_CONFIG},
    {"data", required_argument, NULL, CHOSE_SETTING},
    {"listen", required_argument, NULL, CHOSE_SETTING},
    {"behind-proxy", no_argument, NULL, CHOSE_FLAG},
    {"cache-mb", required_argument, NULL, CHOSE_SETTING},
    {"timeout-ms", required_argument, NULL, CHOSE_SETTING},
    {"workers", required_argument, NULL, CHOSE_SETTING},
    {"connections-max", required_argument, NULL, CHOSE_SETTING},
    {"log-level", required_argument, NULL, CHOSE_SETTING},
    {"help", no_argument, NULL, CHOSE_HELP},
    {"version", no_argument, NULL, CHOSE_VERSION},
    {NULL, 0, NULL, 0},
};

#define OVERRIDES_MAX 64

/* What was typed, in order: of two the later counts. */
typedef struct typed {
    velum_config_override overrides[OVERRIDES_MAX];
    size_t count;
    const char *file;
} typed;

static options_outcome wrong(const char *what)
{
    (void)fprintf(stderr, "velumd: %s\nTry `velumd --help`.\n", what);
    return OPTIONS_WRONG;
}

static options_outcome take_setting(typed *self, const char *name, const char *value)
{
    if (self->count == OVERRIDES_MAX) {
        return wrong("that are too many options");
    }
    self->overrides[self->count++] = (velum_config_override){name, value};
    return OPTIONS_RUN;
}

static options_outcome take_options(int argc, char **argv, typed *out)
{
    int index = 0;
    int chosen = 0;

    while ((chosen = getopt_long(argc, argv, "", long_options, &index)) != -1) {
        options_outcome outcome = OPTIONS_RUN;
        switch (chosen) {
        case CHOSE_SETTING:
            outcome = take_setting(out, long_options[index].name, optarg);
            break;
        case CHOSE_FLAG:
            outcome = take_setting(out, long_options[index].name, "true");
            break;
        case CHOSE_CONFIG:
            out->file = optarg;
            break;
        case CHOSE_HELP:
            (void)fputs(usage, stdout);
            return OPTIONS_DONE;
        case CHOSE_VERSION:
            (void)printf("velumd %s\n", velum_version());
            return OPTIONS_DONE;
        default:
            return wrong("that is not how it is called");
        }
        if (outcome != OPTIONS_RUN) {
            return outcome;
        }
    }
    return optind < argc ? wrong("it takes options only") : OPTIONS_RUN;
}

static log_level level_of(const char *name)
{
    static const char *const names[] = {"error", "warning", "notice", "debug"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal_literal(text_of(name), names[i])) {
            return (log_level)i;
        }
    }
    return LOG_LEVEL_NOTICE;
}

/* What the settings mean together. */
static options_outcome judge(options *chosen)
{
    const velum_config *const config = chosen->config;

    if (velum_config_text(config, "data")[0] == '\0') {
        return wrong("which data folder? Name it with --data DIR, $VELUM_DATA or `data:`");
    }
    if (listen_address_parse(text_of(velum_config_text(config, "listen")), &chosen->address) < 0) {
        return wrong("--listen takes ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080");
    }
    if (!chosen->address.is_loopback && !velum_config_flag(config, "behind-proxy")) {
        return wrong(
            "this address is reachable from other machines, and velumd speaks plain HTTP.\n"
            "Put a proxy that speaks TLS in front and add --behind-proxy, or listen on\n"
            "127.0.0.1 or [::1]");
    }
    chosen->level = level_of(velum_config_text(config, "log-level"));
    chosen->timeout_ms = (uint32_t)velum_config_number(config, "timeout-ms");
    chosen->workers = (uint32_t)velum_config_number(config, "workers");
    chosen->connections_max = (uint32_t)velum_config_number(config, "connections-max");
    return OPTIONS_RUN;
}

options_outcome options_parse(int argc, char **argv, options *out)
{
    typed typed = {.count = 0};
    velum_error err = {0};

    *out = (options){0};
    const options_outcome taken = take_options(argc, argv, &typed);
    if (taken != OPTIONS_RUN) {
        return taken;
    }
    const velum_config_options sources = {.size = sizeof(sources),
                                          .file = typed.file,
                                          .overrides = typed.overrides,
                                          .override_count = typed.count};
    if (velum_config_load(&sources, &out->config, &err) < 0) {
        return wrong(err.text);
    }
    return judge(out);
}

void options_clear(options *self)
{
    velum_config_free(self->config);
    self->config = NULL;
}
