/* core/answer.h: what a request comes back with. Confined to one thread at a time. */
#ifndef CORE_ANSWER_H
#define CORE_ANSWER_H

#include "base/buffer.h"

#include <velum/admin.h>

#define ANSWER_BYTES_MAX ((size_t)8 << 20)

#define ANSWER_PROBLEM_BYTES 64

struct velum_answer {
    velum_gate *gate; /* held, so that closing a gate with answers alive defers; may be NULL */
    uint32_t problem; /* PROBLEM_*, 0: a result */
    uint64_t version; /* of the subject that the result shows, for If-Match; 0: of none */
    buffer body;
    /* Of an answer that came over the socket; 0: it is our own, and `problem` speaks. */
    int32_t remote_status;
    char remote_problem[ANSWER_PROBLEM_BYTES]; /* its name, "" for a result */
};
VELUM_DEFINE_AUTO(velum_answer);

/* An empty answer that holds the gate. */
velum_status answer_create(velum_gate *gate, velum_answer **out) VELUM_WARN_UNUSED;
/* Replaces what stands in it by a problem. */
struct problem_detail;
void answer_set_problem(velum_answer *self, uint32_t problem, const struct problem_detail *detail);
/* The body, already in place, is another gate's: takes its status, and the problem's name from the
 * document's "type" ("internal-error" where it has none). */
void answer_set_remote(velum_answer *self, int32_t status);

#endif
