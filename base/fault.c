/* base/fault.c: the plan by which a test makes the world fail, and nothing at all in other builds.
 *
 * The plan comes from VELUM_TEST_FAULT when a process passes its first numbered place, or from
 * fault_plan. A plan that cannot be read aborts: a test that injects nothing must not pass. Nothing
 * here allocates, because allocation itself is a numbered place.
 */
#include "base/fault.h"

#ifdef VELUM_TEST_SEAMS

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KIND_COUNT 6
#define HANG_SECONDS 10

typedef enum fault_effect {
    EFFECT_NONE,
    EFFECT_KILL,
    EFFECT_EIO,
    EFFECT_ENOSPC,
    EFFECT_HANG
} fault_effect;

static const char *const kind_names[KIND_COUNT] = {"alloc",  "write", "sync",
                                                   "rename", "sql",   "connect"};
/* In the order of fault_effect, behind EFFECT_NONE, which a plan cannot name. */
static const char *const effect_names[] = {"kill", "eio", "enospc", "hang"};

#define EFFECT_COUNT (sizeof(effect_names) / sizeof(effect_names[0]))

static atomic_ulong passed[KIND_COUNT];
static atomic_int plan_kind;
static atomic_ulong plan_number;
static atomic_bool plan_repeats;
static atomic_int plan_effect = EFFECT_NONE;
static pthread_once_t environment_read = PTHREAD_ONCE_INIT;

/* The index of the name that `text` of `size` bytes spells; aborts when there is none. */
static int index_of(const char *const *names, size_t count, const char *text, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == size && memcmp(names[i], text, size) == 0) {
            return (int)i;
        }
    }
    abort();
}

static void plan_set(const char *plan)
{
    const char *const colon = strchr(plan, ':');
    char *end = NULL;

    if (colon == NULL) {
        abort();
    }
    const int kind = index_of(kind_names, KIND_COUNT, plan, (size_t)(colon - plan));
    const unsigned long number = strtoul(colon + 1, &end, 10);
    const bool repeats = *end == '+';
    end += repeats ? 1 : 0;
    if (number == 0 || *end != ':') {
        abort();
    }
    atomic_store(&plan_kind, kind);
    atomic_store(&plan_number, number);
    atomic_store(&plan_repeats, repeats);
    atomic_store(&plan_effect, 1 + index_of(effect_names, EFFECT_COUNT, end + 1, strlen(end + 1)));
}

static void read_environment(void)
{
    const char *const plan = getenv("VELUM_TEST_FAULT");

    if (plan != NULL && plan[0] != '\0') {
        plan_set(plan);
    }
}

static void hang(void)
{
    struct timespec rest = {.tv_sec = HANG_SECONDS};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}

static int effect_happens(int effect)
{
    switch (effect) {
    case EFFECT_KILL:
        (void)kill(getpid(), SIGKILL);
        return EIO;
    case EFFECT_EIO:
        return EIO;
    case EFFECT_ENOSPC:
        return ENOSPC;
    case EFFECT_HANG:
        hang();
        return 0;
    default:
        return 0;
    }
}

int fault_at(fault_kind kind)
{
    (void)pthread_once(&environment_read, read_environment);
    const unsigned long number = atomic_fetch_add(&passed[kind], 1) + 1;
    const int effect = atomic_load(&plan_effect);
    if (effect == EFFECT_NONE || atomic_load(&plan_kind) != (int)kind) {
        return 0;
    }
    const unsigned long planned = atomic_load(&plan_number);
    if (number != planned && !(atomic_load(&plan_repeats) && number > planned)) {
        return 0;
    }
    return effect_happens(effect);
}

void fault_plan(const char *plan)
{
    (void)pthread_once(&environment_read, read_environment);
    atomic_store(&plan_effect, EFFECT_NONE);
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        atomic_store(&passed[kind], 0);
    }
    if (plan != NULL) {
        plan_set(plan);
    }
}

unsigned long fault_count(fault_kind kind)
{
    return atomic_load(&passed[kind]);
}

#endif
