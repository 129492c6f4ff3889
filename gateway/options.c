/* gateway/options.c: what the operator typed. Its words are for the operator, on a terminal or in the
 * service's journal; they hold nothing of a customer. */
#include "gateway/options.h"

#include <getopt.h>
#include <stdio.h>
#include <velum/velum.h>

static const char usage[] =
    "Usage: velumd --data DIR [--listen ADDR:PORT] [--behind-proxy]\n"
    "\n"
    "Serves the data folder DIR (made by `velum init`) over HTTP and over its own socket.\n"
    "\n"
    "  --data DIR           the data folder\n"
    "  --listen ADDR:PORT   where to listen (127.0.0.1:8080); port 0 takes a free one\n"
    "  --behind-proxy       allow an address other than loopback: a proxy in front of\n"
    "                       velumd speaks TLS, and only it can reach the address\n"
    "  --help, --version\n"
    "\n"
    "Prints `listening on http://ADDR:PORT` once it is ready. SIGTERM ends it in order.\n";

static const struct option long_options[] = {
    {"data", required_argument, NULL, 'd'},   {"listen", required_argument, NULL, 'l'},
    {"behind-proxy", no_argument, NULL, 'b'}, {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},      {NULL, 0, NULL, 0},
};

static options_outcome wrong(const char *what)
{
    (void)fprintf(stderr, "velumd: %s\nTry `velumd --help`.\n", what);
    return OPTIONS_WRONG;
}

/* What the options mean together. */
static options_outcome judge(const options *chosen)
{
    if (chosen->folder == NULL) {
        return wrong("which data folder? Name it with --data DIR");
    }
    if (!chosen->address.is_loopback && !chosen->is_behind_proxy) {
        return wrong(
            "this address is reachable from other machines, and velumd speaks plain HTTP.\n"
            "Put a proxy that speaks TLS in front and add --behind-proxy, or listen on\n"
            "127.0.0.1 or [::1]");
    }
    return OPTIONS_RUN;
}

options_outcome options_parse(int argc, char **argv, options *out)
{
    const char *listen = "127.0.0.1:8080";
    int chosen = 0;

    *out = (options){0};
    while ((chosen = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (chosen) {
        case 'd':
            out->folder = optarg;
            break;
        case 'l':
            listen = optarg;
            break;
        case 'b':
            out->is_behind_proxy = true;
            break;
        case 'h':
            (void)fputs(usage, stdout);
            return OPTIONS_DONE;
        case 'v':
            (void)printf("velumd %s\n", velum_version());
            return OPTIONS_DONE;
        default:
            return wrong("that is not how it is called");
        }
    }
    if (optind < argc) {
        return wrong("it takes options only");
    }
    if (listen_address_parse(text_of(listen), &out->address) < 0) {
        return wrong("--listen takes ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080");
    }
    return judge(out);
}
