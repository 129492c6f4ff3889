/* gateway/process.c: limits, signals, processors. */
#include "gateway/process.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define DESCRIPTORS_WANTED 4096
#define CPU_COUNT_MAX 64

static sigset_t end_signals(void)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    return signals;
}

/* As many as the hard limit gives, since a smaller number only means fewer connections. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_WANTED) {
        return;
    }
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

velum_status process_harden(velum_error *err)
{
    const struct rlimit none = {0};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)umask(S_IRWXG | S_IRWXO);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "core dumps cannot be switched off");
    }
    if (sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "SIGPIPE cannot be ignored");
    }
    raise_descriptor_limit();
    return VELUM_OK;
}

velum_status process_hold_signals(velum_error *err)
{
    const sigset_t signals = end_signals();
    const int failed = pthread_sigmask(SIG_BLOCK, &signals, NULL);

    if (failed != 0) {
        return error_set_errno(err, VELUM_E_IO, failed, "signals cannot be held");
    }
    return VELUM_OK;
}

bool process_wait_for_end(uint32_t wait_ms)
{
    const sigset_t signals = end_signals();
    const struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};

    return sigtimedwait(&signals, NULL, &wait) > 0;
}

uint32_t process_cpu_count(void)
{
    cpu_set_t usable;

    CPU_ZERO(&usable);
    if (sched_getaffinity(0, sizeof(usable), &usable) != 0) {
        return 1;
    }
    const int count = CPU_COUNT(&usable);
    return count < 1 ? 1 : (uint32_t)(count > CPU_COUNT_MAX ? CPU_COUNT_MAX : count);
}
