/* cli/cmd_init.c: velum init DIR --kit DIR2 | --sample */
#include "cli/commands.h"

#include <unistd.h>

#include "cli/place.h"
#include "cli/sample.h"
#include "cli/say.h"
#include "cli/show.h"
#include "cli/trust.h"

#define VERIFIER_KEY_BYTES TRUST_KEY_BYTES
#define CUSTOMERS_DEFAULT 5000
#define CUSTOMERS_MAX 1000000
#define SEED_DEFAULT 20260101

static void say_next(const invocation *invocation)
{
    say("the data folder is made; the line on stdout is the log's verifier key");
    if (invocation_has(invocation, "kit")) {
        say_more(
            "The kit holds velum-root, verifier-key and officer-token. Without velum-root the");
        say_more("data is lost: keep the kit offline, and give velumd the root secret through");
        say_more("$CREDENTIALS_DIRECTORY/velum-root or $VELUM_ROOT_FILE.");
    }
    if (invocation_has(invocation, "sample")) {
        say_more("A sample keeps its root secret in the folder: put nobody real into it.");
    }
}

static int make(const invocation *invocation, uint64_t seed, uint32_t customers)
{
    const char *folder = invocation->arguments[0];
    const bool is_sample = invocation_has(invocation, "sample");
    char key[VERIFIER_KEY_BYTES] = "";
    velum_error err = {0};
    const velum_init_options options = {
        .size = sizeof(options),
        .folder = string_of(text_of(folder)),
        .kit_folder = string_of(text_of(invocation_value(invocation, "kit"))),
        .sample = is_sample,
        .person_uid = (uint32_t)geteuid(),
        .seed = seed,
    };

    const velum_status status = velum_init(&options, key, sizeof(key), &err);
    if (status < 0) {
        say("nothing was made: %s", err.text[0] == '\0' ? velum_status_text(status) : err.text);
        return EXIT_REFUSED;
    }
    trust_begin(folder, text_of(key));
    if (is_sample && customers > 0 && sample_fill(folder, seed, customers) < 0) {
        say_more("The folder is made, but its sample is not whole: remove it and start again.");
        return EXIT_REFUSED;
    }
    say_next(invocation);
    return show_json(text_of(key)) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int run(const invocation *invocation)
{
    const bool is_sample = invocation_has(invocation, "sample");
    uint64_t customers = CUSTOMERS_DEFAULT;
    uint64_t seed = SEED_DEFAULT;

    if (!is_sample && !invocation_has(invocation, "kit")) {
        say("where may the recovery kit go? Nothing was made");
        say_more(
            "--kit DIR writes the root secret and the officer's token there; without them the");
        say_more("data cannot be opened again. --sample makes a folder to try Velum with.");
        return EXIT_USAGE;
    }
    if (!is_sample &&
        (invocation_has(invocation, "customers") || invocation_has(invocation, "seed"))) {
        return command_wrong(invocation->command, "--customers and --seed go with --sample");
    }
    if (!invocation_number(invocation, "customers", CUSTOMERS_MAX, &customers) ||
        !invocation_number(invocation, "seed", UINT64_MAX, &seed)) {
        return EXIT_USAGE;
    }
    return make(invocation, seed, (uint32_t)customers);
}

const command command_init = {
    .name = "init",
    .arguments = "DIR",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Make a data folder, and print its log's verifier key",
    .detail = "DIR must not exist or be empty. You become its officer, known by your user id.\n"
              "The kit holds the root secret, the verifier key and an officer's token; keep\n"
              "it offline. The trust file for `velum audit verify` is written, too.",
    .options = {{"kit", "DIR2", "where the recovery kit goes"},
                {"sample", NULL, "a folder to try Velum with: sample policy and people"},
                {"customers", "N", "of the sample (5000)"},
                {"seed", "N", "of the sample (20260101)"}},
    .run = run,
};
