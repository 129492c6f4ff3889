/* policy/deadline.h: when a term of a jurisdiction pack ends. Pure.
 *
 * Terms are counted from receipt in local days of the pack (law.md): the day of receipt is not
 * counted, and the term ends with the end of its last day, so at the first nanosecond of the next.
 * Months end on the day of the same number, or on the month's last day where it has none
 * (Regulation 1182/71 art. 3(2)(c)). A term in calendar days or months that ends on no working day
 * stays where it is: the shorter reading.
 */
#ifndef POLICY_DEADLINE_H
#define POLICY_DEADLINE_H

#include "policy/bundle.h"

/* End of `term` from `from_ns`, UTC ns; 0 for TERM_NONE. Saturates at INT64_MAX. An unknown unit is
 * over at once (I-3). */
int64_t deadline_end(const jurisdiction_pack *pack, pack_term term, int64_t from_ns);

/* The deadlines of one request. */
typedef struct deadlines {
    int64_t confirm_ns; /* 0: no such duty */
    int64_t answer_ns;  /* opt-outs: the pack's `opt_out` where it is earlier */
    int64_t
        extend_until_ns; /* an extension must be notified before, never after answer_ns; 0: none is
                              * possible: not every pack knows one, or an opt-out has its own term */
    int64_t extended_ns; /* answered by then when extended: `extension` from the last day of
                              * `answer`, never after the hard limit; 0: none is possible */
    int64_t verify_ns;   /* verification is waited for until then, never after answer_ns */
} deadlines;
/* The shortest of each over `packs` (law.md: several or unknown → the strictest). */
void deadlines_of(const jurisdiction_pack *const *packs, uint32_t count, bool is_opt_out,
                  int64_t received_ns, deadlines *out);

#endif
