/* cli/certificate_out.c: one file, once it is there. */
#include "cli/certificate_out.h"

#include "base/clock.h"
#include "base/file.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/show.h"

#include <fcntl.h>
#include <time.h>

#define AWAIT_NS (60 * NS_PER_SECOND)
#define PAUSE_NS (200 * NS_PER_MS)

static bool is_awaited(const velum_answer *answer)
{
    VELUM_AUTO(json) *body = NULL;

    if (json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &body, NULL) < 0) {
        return false;
    }
    const json_value *state = json_member(json_root(body), "state");
    return state != NULL && text_equal_literal(json_text(state), "erasing");
}

static void pause_a_little(void)
{
    const struct timespec time = {0, PAUSE_NS};

    (void)nanosleep(&time, NULL);
}

velum_status certificate_await(velum_client *client, const char *id, velum_answer **out)
{
    const velum_clock clock = clock_system();
    const int64_t until = clock_monotonic_ns(&clock) + AWAIT_NS;
    const session_request request = {.verb = VELUM_VERB_CERTIFICATE, .ref = id};
    velum_status status = VELUM_E_BUSY;
    progress progress;
    uint64_t asked = 0;

    progress_begin(&progress, "times asked for the certificate");
    while (clock_monotonic_ns(&clock) < until) {
        VELUM_AUTO(velum_answer) *answer = NULL;
        status = session_ask(client, &request, &answer);
        if (status < 0 || !is_awaited(answer)) {
            *out = answer;
            answer = NULL;
            break;
        }
        status = VELUM_E_BUSY;
        progress_show(&progress, ++asked, 0, 0);
        pause_a_little();
    }
    progress_end(&progress);
    if (status == VELUM_E_BUSY) {
        say("the erasure goes on: what it destroys cannot be read already");
        say_more("`velum certificate get %s` gives its certificate when it is done.", id);
    }
    return status;
}

static velum_status write_new(const char *path, text file)
{
    VELUM_AUTO_FD fd = -1;

    VELUM_TRY(file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, &fd));
    VELUM_TRY(file_write_at(fd, 0, file.data, file.size));
    return file_sync(fd);
}

velum_status certificate_write_out(const char *path, text file)
{
    if (path == NULL) {
        return show_bytes(file.data, file.size);
    }
    const velum_status status = write_new(path, file);
    if (status == VELUM_E_EXISTS) {
        say("the certificate was not written: a file of that name is there already");
    } else if (status < 0) {
        say("the certificate was not written: %s", velum_status_text(status));
    } else {
        say("the certificate is written");
    }
    return status;
}
