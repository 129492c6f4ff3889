/* courier/rests.h: receivers that do not answer are left alone for a while.
 *
 * A receiver that hangs holds the courier's one thread for a whole transfer. After RESTS_FAILURES in a row
 * its hook rests: nothing is taken for it, and the others go on. It is tried again after RESTS_FIRST_MS,
 * which doubles with each further failure up to RESTS_MOST_MS; one success ends it. Nothing is lost: what
 * waits stays with the gate.
 */
#ifndef COURIER_RESTS_H
#define COURIER_RESTS_H

#include "courier/config.h"

#define RESTS_FAILURES 3
#define RESTS_FIRST_MS 5000
#define RESTS_MOST_MS 300000

typedef struct rests {
    struct {
        uint32_t failures;  /* in a row */
        int64_t until_ns;   /* monotonic; 0: does not rest */
    } of[CONFIG_HOOKS_MAX]; /* in the order of config->hooks */
} rests;

/* After a transfer for hook `index`. */
void rests_note(rests *self, uint32_t index, bool is_sent, int64_t now_ns);
bool rests_now(const rests *self, uint32_t index, int64_t now_ns);

#endif
