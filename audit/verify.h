/* audit/verify.h: whether a log folder can be believed. Opens no gate, takes no lock, needs no
 * secret (spec "What verify says").
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "base/text.h"

/* Exit codes, fixed for scripts. */
#define VERIFY_SOUND 0
#define VERIFY_TAMPERED 3
#define VERIFY_TRUNCATED 4
#define VERIFY_UNREADABLE 5
#define VERIFY_UNPROVEN \
    6 /* consistent in itself, but nothing outside proves that nothing was cut */

#define VERIFY_NO_INDEX UINT64_MAX /* the damage lies in no leaf (origin, checkpoint, root) */

typedef struct verify_options {
    int dir_fd;           /* the folder with origin, checkpoint, tail-* */
    text verifier_key;    /* trusted; empty: the folder's own is used, and 6 is the best answer */
    text seen_checkpoint; /* trusted, verbatim; empty: none */
    bool live;            /* the folder's lock is held: judge only what the checkpoint covers */
    /* Told now and then while it works, from the calling thread; may be NULL. */
    void (*progress)(void *context, uint64_t leaves_done, uint64_t leaves_total);
    void *context;
} verify_options;

typedef struct verify_report {
    int exit_code;
    uint64_t size; /* leaves judged sound */
    uint64_t
        bad_index; /* exit 3: the first bad one, or VERIFY_NO_INDEX; exit 4: the first missing */
    uint64_t unanchored; /* entries newer than any anchor */
    bool unclean_tail;   /* leaves follow that no checkpoint covers, or a torn batch does */
    bool key_was_given;
    bool seen_was_given;
    char origin[160];
    char root[64];         /* base64 */
    char reason[160];      /* one English line, a constant of ours */
    char checkpoint[1024]; /* the folder's checkpoint, verbatim, when it could be read */
} verify_report;

/* Always VELUM_OK when a judgement was reached, even a bad one; an error only for no memory. */
velum_status log_verify(const verify_options *options, verify_report *report) VELUM_WARN_UNUSED;

#endif
