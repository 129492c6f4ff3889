/* velum/module.h: the work queue of a module behind the gate, for a program in any language.
 *
 * A module is declared in the policy (docs/modules.md). It is told, by pseudonyms of its own domain,
 * what happened to customers and which of its timers came due. It takes one work after the other and
 * answers each; nothing calls into the module.
 *
 *     velum_module_open → velum_module_next → velum_module_call … → velum_module_reply → next …
 *
 * A work is given at least once: one whose lease (60 s) ran out, or that was in the hands of a program
 * that died, is given again. So what a module does about a work may be repeated. Conventions of
 * velum.h hold. A module may be shared between threads; a work is confined to one. A module may be
 * freed before or after its gate; a gate that was freed while modules live answers them
 * VELUM_E_UNAVAILABLE, and lets its folder go with the last of them. After fork: VELUM_E_FORKED.
 */
#ifndef VELUM_MODULE_H
#define VELUM_MODULE_H

#include <stddef.h>
#include <stdint.h>
#include <velum/velum.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct velum_module velum_module;
typedef struct velum_work velum_work;

typedef struct velum_module_options {
    size_t size;             /* sizeof(velum_module_options) */
    velum_string name;       /* the module's name in the policy */
    velum_string credential; /* a token of the module's domain; empty: this process's own uid */
    velum_string activity; /* one that has the action `module`; empty: the credential's only one */
    velum_string sha256;   /* of the declaration it was written for, 64 hex digits; empty: of any */
} velum_module_options;

/* Shows the gate who works for which module. VELUM_E_DENIED when the gate refuses, with the reason's
 * name in err ("module-changed", "unknown-domain", "action-not-allowed"); VELUM_E_UNAUTHENTICATED;
 * VELUM_E_UNAVAILABLE; VELUM_E_INVALID, VELUM_E_LIMIT, VELUM_E_NOMEM, VELUM_E_IO, VELUM_E_FORKED. */
VELUM_PUBLIC velum_status velum_module_open(velum_gate *gate, const velum_module_options *options,
                                            velum_module **out, velum_error *err) VELUM_WARN_UNUSED;
/* Works that were taken and not answered are given again. NULL is allowed. */
VELUM_PUBLIC void velum_module_free(velum_module *module);

/* A descriptor for poll, select or epoll: readable when there may be work, and at the latest when a
 * work is due again. It stays the module's: never read it, never close it. */
VELUM_PUBLIC int32_t velum_module_descriptor(const velum_module *module);

/* The next work, waiting at most `wait_ms` (0: not at all; at most 60000). VELUM_OK with *out;
 * VELUM_END when nothing came, *out NULL. Otherwise as velum_module_open: a policy that changed
 * meanwhile may refuse; VELUM_E_BUSY: call again later. */
VELUM_PUBLIC velum_status velum_module_next(velum_module *module, uint32_t wait_ms,
                                            velum_work **out, velum_error *err) VELUM_WARN_UNUSED;

#define VELUM_WORK_TIMER 1u /* a timer of the module came due */
#define VELUM_WORK_EVENT 2u /* something happened */

/* Of a work; texts are borrowed, NUL-terminated, and live as long as it. */
VELUM_PUBLIC uint32_t velum_work_kind(const velum_work *work); /* VELUM_WORK_* */
/* The timer's name; or the event's: "subject.erased", "consent.changed:PURPOSE",
 * "restriction.changed", "rows.put:TABLE". Names to come are to be passed over. */
VELUM_PUBLIC const char *velum_work_name(const velum_work *work);
/* The customer's pseudonym in the module's domain. */
VELUM_PUBLIC const char *velum_work_ref(const velum_work *work);
/* RFC 3339 in UTC: when it happened (of rows: the newest one's time), or for when it was set. */
VELUM_PUBLIC const char *velum_work_at(const velum_work *work);
/* How often it was given, this time included: from 1. After 20 times it is dropped. */
VELUM_PUBLIC uint32_t velum_work_attempts(const velum_work *work);

#define VELUM_WORK_DONE 1u  /* results: it is over */
#define VELUM_WORK_AGAIN 2u /* it is to be given again */

/* Answers a work, which is taken over and freed whatever comes back. `after_ms` is of
 * VELUM_WORK_AGAIN: 1000 to 604800000, or 0: longer with each attempt, from two seconds on.
 * VELUM_E_STALE when its lease was over and somebody else may have it. Otherwise as above. */
VELUM_PUBLIC velum_status velum_module_reply(velum_module *module, velum_work *work,
                                             uint32_t result, uint32_t after_ms,
                                             velum_error *err) VELUM_WARN_UNUSED;
/* Without an answer: it is given again when its lease is over. NULL is allowed. */
VELUM_PUBLIC void velum_work_free(velum_work *work);

/* As velum_gate_call, with the module's credential, and its activity where the request names none. */
VELUM_PUBLIC velum_status velum_module_call(velum_module *module, const velum_request *request,
                                            velum_answer **out, velum_error *err) VELUM_WARN_UNUSED;

#ifdef __cplusplus
}
#endif
#endif
