/* tests/base/scratch.h: a temporary folder for one test, and children that are expected to die. */
#ifndef TESTS_BASE_SCRATCH_H
#define TESTS_BASE_SCRATCH_H

#include <stdbool.h>

#define SCRATCH_PATH_BYTES 256

/* A sanitizer watches freed memory and makes mlock do nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

typedef struct scratch {
    char path[SCRATCH_PATH_BYTES];
    int fd;
} scratch;

/* A fresh empty folder, open; fails the test when there is none. */
scratch scratch_create(void);
/* Removes the files in it, the folder, and closes. */
void scratch_remove(scratch *self);
/* Names in the folder, without the two dots. */
int scratch_count(const scratch *self);

/* Runs `act` in a child, its stderr thrown away; the wait status. A child that returns from `act`
 * exits with 0. `act` uses no assert of cmocka: it leaves by _exit. */
int child_run(void (*act)(void *context), void *context);
bool child_survived(int wait_status);

#endif
