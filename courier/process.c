/* courier/process.c: limits and signals. One thread. */
#include "courier/process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static sigset_t end_signals(void)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    return signals;
}

velum_status courier_harden(velum_error *err)
{
    const struct rlimit none = {0};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    const sigset_t signals = end_signals();

    (void)umask(S_IRWXG | S_IRWXO);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "core dumps cannot be switched off");
    }
    if (sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "SIGPIPE cannot be ignored");
    }
    const int failed = pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return failed == 0 ? VELUM_OK
                       : error_set_errno(err, VELUM_E_IO, failed, "signals cannot be held");
}

bool courier_wait(uint32_t wait_ms)
{
    static bool has_ended = false;
    const sigset_t signals = end_signals();
    const struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};

    has_ended = has_ended || sigtimedwait(&signals, NULL, &wait) > 0;
    return has_ended;
}
