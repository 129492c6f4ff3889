/* cli/paged_call.h: a question that the gate answers in stretches: each says where the next goes on. */
#ifndef CLI_PAGED_CALL_H
#define CLI_PAGED_CALL_H

#include "cli/session.h"

/* Shows one answer and counts what it brought. VELUM_END: enough. */
typedef velum_status (*paged_show)(void *context, const json_value *answer, uint64_t *out_count);

typedef struct paged_call {
    velum_client *client;
    uint32_t verb;
    const char *ref; /* NULL: none */
    /* The members of the question but for `from` and `limit`, into an open object. */
    void (*write)(const void *context, json_writer *out);
    paged_show show;
    void *context;
    const char *what; /* of the progress: "entries looked at" */
    uint64_t from;
    uint64_t left;      /* entries that may still come; UINT64_MAX: all */
    uint64_t page_most; /* entries a call; 0: the verb knows no limit */
} paged_call;

velum_status paged_call_run(paged_call *self) VELUM_WARN_UNUSED;

#endif
