/* courier/velum_courier.c: the process that talks to the outside, from start to end.
 *
 * One thread: rounds until nothing is due, then a wait that grows and that a signal ends at once. Lines
 * of the log are counts (I-5). Exit codes: 0 ended in order, 1 failed, 2 called wrongly.
 */
#include "courier/options.h"
#include "courier/process.h"
#include "courier/round.h"
#include "courier/secret_file.h"
#include "courier/transfer.h"

#include <stdio.h>

#define IDLE_MS_MIN 250
#define IDLE_MS_MAX 5000
#define AWAY_MS_MAX 30000

#define TOKEN_BYTES 512

#define EXIT_ENDED 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

/* --- starting ------------------------------------------------------------------------------------- */

static void print_finding(void *context, uint32_t line, const char *message)
{
    const char *const file = context;

    if (line == 0) {
        (void)fprintf(stderr, "velum-courier: %s: %s\n", file, message);
        return;
    }
    (void)fprintf(stderr, "velum-courier: %s:%u: %s\n", file, (unsigned)line, message);
}

static velum_status load(const courier_options *options, courier_config **out, velum_error *err)
{
    if (options->config != NULL) {
        return courier_config_load(options->config, print_finding, (void *)options->config, out,
                                   err);
    }
    *out = mem_alloc(sizeof(**out));
    if (*out == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    const velum_status status = courier_config_default(options->folder, *out);
    return status < 0 ? error_set(err, status, "the path of the data folder is too long") : status;
}

static int check(const courier_options *options)
{
    VELUM_AUTO(courier_config) *config = NULL;
    velum_error err = {0};

    if (load(options, &config, &err) < 0) {
        (void)fprintf(stderr, "velum-courier: %s\n", err.text);
        return EXIT_FAILED;
    }
    (void)printf("%u channels, %u hooks\n", config->channel_count, config->hook_count);
    return EXIT_ENDED;
}

/* --- working -------------------------------------------------------------------------------------- */

static void log_count(const char *message, uint32_t count)
{
    if (count > 0) {
        log_number(LOG_LEVEL_NOTICE, message, "count", count);
    }
}

/* What was done since it was last told. */
typedef struct tally {
    round_counts messages;
    round_counts hooks;
} tally;

/* Told and forgotten: once everything that was due is done, not for each round. */
static void log_tally(tally *self)
{
    const round_counts *const messages = &self->messages;
    const round_counts *const hooks = &self->hooks;

    log_count("messages sent", messages->outcomes[OUTCOME_SENT]);
    log_count("messages failed", messages->outcomes[OUTCOME_FAILED]);
    log_count("messages of unknown fate", messages->outcomes[OUTCOME_UNKNOWN]);
    log_count("webhooks sent", hooks->outcomes[OUTCOME_SENT]);
    log_count("webhooks failed", hooks->outcomes[OUTCOME_FAILED]);
    log_count("webhooks of unknown fate", hooks->outcomes[OUTCOME_UNKNOWN]);
    log_count("outcomes that the gate could not be told", messages->unreported + hooks->unreported);
    *self = (tally){.messages = {0}};
}

/* Both kinds in turn, so that neither waits for the other's end. */
static velum_status turn(gate *gate, const courier_config *config, rests *rests, tally *tally,
                         uint32_t *out_taken)
{
    const uint32_t before = tally->messages.taken + tally->hooks.taken;

    const velum_status first = round_messages(gate, config, &tally->messages);
    const velum_status second =
        first == VELUM_E_UNAVAILABLE ? first : round_hooks(gate, config, rests, &tally->hooks);
    *out_taken = tally->messages.taken + tally->hooks.taken - before;
    return first < 0 ? first : second;
}

/* The first of a row of like failures is told. */
static void log_change(velum_status status, velum_status before)
{
    if (status == before) {
        return;
    }
    if (status == VELUM_E_UNAVAILABLE) {
        log_line(LOG_LEVEL_NOTICE, "no velumd answers; it is tried again");
    } else if (status == VELUM_E_DENIED) {
        log_line(LOG_LEVEL_ERROR, "the gate refuses: does the credential's activity `deliver`?");
    } else if (status < 0) {
        log_status(LOG_LEVEL_ERROR, "the gate cannot be asked", status);
    } else if (before < 0) {
        log_line(LOG_LEVEL_NOTICE, "velumd answers");
    }
}

static uint32_t longer(uint32_t wait_ms, uint32_t most_ms)
{
    const uint32_t twice = wait_ms == 0 ? IDLE_MS_MIN : 2 * wait_ms;

    return twice < most_ms ? twice : most_ms;
}

static int work(gate *gate, const courier_config *config, bool once)
{
    velum_status before = VELUM_OK;
    tally tally = {.messages = {0}};
    rests rests = {.of = {{0}}};
    uint32_t wait_ms = 0;

    do {
        uint32_t taken = 0;
        const velum_status status = turn(gate, config, &rests, &tally, &taken);
        if (status < 0 || taken == 0) {
            log_tally(&tally);
        }
        log_change(status, before);
        before = status;
        if (once && (status < 0 || taken == 0)) {
            return status < 0 ? EXIT_FAILED : EXIT_ENDED;
        }
        wait_ms = taken > 0 ? 0 : longer(wait_ms, status < 0 ? AWAY_MS_MAX : IDLE_MS_MAX);
    } while (!courier_wait(wait_ms));
    log_tally(&tally);
    log_line(LOG_LEVEL_NOTICE, "velum-courier ends");
    return EXIT_ENDED;
}

static velum_status prepare(const courier_options *options, courier_config **out_config,
                            char token[TOKEN_BYTES], size_t *out_size, velum_error *err)
{
    VELUM_TRY(courier_harden(err));
    VELUM_TRY(load(options, out_config, err));
    VELUM_TRY(secret_file_read(options->token_file, token, TOKEN_BYTES, out_size, err));
    return transfer_init() < 0
               ? error_set(err, VELUM_E_INTERNAL, "the transfer library does not start")
               : VELUM_OK;
}

static int serve(const courier_options *options)
{
    VELUM_AUTO(courier_config) *config = NULL;
    char token[TOKEN_BYTES];
    size_t size = 0;
    velum_error err = {0};
    int exit_code = EXIT_FAILED;

    const velum_status status = prepare(options, &config, token, &size, &err);
    if (status < 0) {
        log_status(LOG_LEVEL_ERROR, err.text, status);
    } else {
        gate gate = {.folder = options->folder,
                     .token = token,
                     .token_size = size,
                     .activity = options->activity};
        log_line(LOG_LEVEL_NOTICE, "velum-courier is ready");
        exit_code = work(&gate, config, options->once);
        gate_close(&gate);
        transfer_end();
    }
    mem_wipe(token, sizeof(token));
    return exit_code;
}

int main(int argc, char **argv)
{
    courier_options options;

    switch (courier_options_parse(argc, argv, &options)) {
    case COURIER_DONE:
        return EXIT_ENDED;
    case COURIER_WRONG:
        return EXIT_USAGE;
    case COURIER_CHECK:
        return check(&options);
    case COURIER_RUN:
        break;
    }
    log_set_level(options.level);
    return serve(&options);
}
