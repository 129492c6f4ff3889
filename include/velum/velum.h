/* velum/velum.h: the public C ABI of Velum.
 *
 * A gate stands before the personal data of one data folder. A program opens a gate, sends requests
 * and gets answers; every request travels the same path: authenticate → locate → decide → open →
 * mask → record → release. An answer that discloses something leaves only after its entry in the
 * audit log is durable (I-1).
 *
 * Conventions. C11, compiles as C++17. No global state, no thread-local error, nothing printed,
 * nothing exits. What comes back through `**out` is the caller's and has a `_free` that accepts
 * NULL; what is returned directly is borrowed until its parent goes. Strings are pointer and length,
 * UTF-8. Option structs begin with their size, set by the caller to sizeof, and only ever grow. A
 * gate may be shared between threads; an answer is confined to one. Freeing a gate while answers
 * live defers until the last is freed. A handle used after fork answers VELUM_E_FORKED.
 */
#ifndef VELUM_VELUM_H
#define VELUM_VELUM_H

#include <stddef.h>
#include <stdint.h>
#include <velum/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(VELUM_STATIC_HIDDEN)
#define VELUM_PUBLIC __attribute__((visibility("default")))
#else
#define VELUM_PUBLIC
#endif

#define VELUM_VERSION_MAJOR 0
#define VELUM_VERSION_MINOR 1
#define VELUM_VERSION_PATCH 0

/* "0.1.0" of the library that is linked, which may differ from the header's. Static. */
VELUM_PUBLIC const char *velum_version(void);
/* A status's name ("not-found") and its sentence in English. Static, never NULL. */
VELUM_PUBLIC const char *velum_status_name(velum_status status);
VELUM_PUBLIC const char *velum_status_text(velum_status status);

typedef struct velum_gate velum_gate;
typedef struct velum_answer velum_answer;

/* Pointer and length; data may be NULL when size is 0. */
typedef struct velum_string {
    const char *data;
    size_t size;
} velum_string;

/* How a gate is come to. */
#define VELUM_DOOR_ANY 0u     /* in this process when the folder is free, else over its socket */
#define VELUM_DOOR_PROCESS 1u /* in this process alone */
#define VELUM_DOOR_SOCKET 2u  /* over DIR/velum.sock alone, at which velumd listens */

typedef struct velum_gate_options {
    size_t size;          /* sizeof(velum_gate_options) */
    velum_string folder;  /* the data folder */
    uint64_t cache_bytes; /* of sealed rows; 0: 256 MiB */
    uint32_t timeout_ms;  /* after which a request is answered "unavailable"; 0: 5000 */
    uint32_t workers;     /* threads that will call at once; 0: 16, at most 256 */
    uint32_t door;        /* VELUM_DOOR_* */
    uint32_t reserved;    /* 0 */
} velum_gate_options;

/* Opens the gate of a data folder: one a folder, so where a velumd holds it, the same calls go to
 * that one over its socket. VELUM_E_LOCKED while another process holds it and serves no socket;
 * with VELUM_DOOR_SOCKET, VELUM_E_UNAVAILABLE while nobody listens. VELUM_E_NOTFOUND when it is no
 * data folder, VELUM_E_DENIED when it is another user's, VELUM_E_CRYPTO for a wrong root secret,
 * VELUM_E_TAMPERED or VELUM_E_TRUNCATED when its log is not what was signed, VELUM_E_OLDER,
 * VELUM_E_NEWER, VELUM_E_INVALID, VELUM_E_IO, VELUM_E_NOMEM.
 *
 * Over the socket a gate has few connections, which its threads share, and makes them anew when
 * velumd has been restarted; `workers` and `cache_bytes` mean nothing there. A call waits at most
 * `timeout_ms`, and 10 s more for what is being transferred; nobody there, late or lost is answered
 * "unavailable" (503): a write may have been done, and repeating it is safe (I-1). */
VELUM_PUBLIC velum_status velum_gate_open(const velum_gate_options *options, velum_gate **out,
                                          velum_error *err) VELUM_WARN_UNUSED;
/* VELUM_DOOR_PROCESS or VELUM_DOOR_SOCKET: how this gate was come to. */
VELUM_PUBLIC uint32_t velum_gate_door(const velum_gate *gate);
/* Finishes what is under way, signs a last checkpoint and lets the folder go; over the socket it
 * hangs up. In a child process it does nothing. NULL is allowed. */
VELUM_PUBLIC void velum_gate_free(velum_gate *gate);

/* Verbs; for ever. The members each needs stand beside it; `?` may be empty. */
#define VELUM_VERB_UPSERT 1u       /* activity? body {identifiers:[{type,value}], profile:{…}} */
#define VELUM_VERB_LOOKUP 2u       /* activity? body {identifier:{type,value}} */
#define VELUM_VERB_READ 3u         /* activity? ref fields? */
#define VELUM_VERB_CONSENT_LIST 4u /* activity? ref */
#define VELUM_VERB_CONSENT_PUT 5u  /* activity? ref body {purpose, state, …}: docs/api.md */
#define VELUM_VERB_ME_READ 6u      /* a customer's token only; body? {category?: "a,b"} */
#define VELUM_VERB_ME_CONSENT_LIST 7u
#define VELUM_VERB_ME_CONSENT_PUT 8u  /* body as CONSENT_PUT, less: docs/api.md */
#define VELUM_VERB_PATCH 9u           /* activity? ref if_match? body: RFC 7396 on the profile */
#define VELUM_VERB_READ_WITH 10u      /* ref body {activity?, fields?, reason_code?, approval?} */
#define VELUM_VERB_REQUEST_CREATE 11u /* activity? body: docs/api.md */
#define VELUM_VERB_REQUEST_GET 12u    /* activity? ref: the request's id */
#define VELUM_VERB_REQUEST_CANCEL 13u /* activity? ref: the request's id */
#define VELUM_VERB_APPROVAL_ASK 14u   /* activity? body: docs/api.md */
#define VELUM_VERB_APPROVAL_GET 15u   /* activity? ref: the approval's id */
#define VELUM_VERB_APPROVAL_LIST 16u  /* activity? body {state?} */
#define VELUM_VERB_APPROVAL_DECIDE \
    17u                            /* activity? ref body {decision: agree|refuse|reviewed, note?} */
#define VELUM_VERB_ME_ACCESSES 18u /* a customer's token; body {from?, limit?} */
#define VELUM_VERB_ME_PROOF 19u    /* a customer's token; ref: index of an own entry */
#define VELUM_VERB_ME_REQUEST_LIST 40u
#define VELUM_VERB_ME_REQUEST_CREATE 41u   /* body {right, …} */
#define VELUM_VERB_ME_REQUEST_CANCEL 42u   /* ref: the request's id */
#define VELUM_VERB_REQUEST_CERTIFICATE 44u /* activity? ref: the request's id */
#define VELUM_VERB_RETAINED_READ 43u       /* activity? ref: what a law keeps of somebody erased */
/* Two customers are one, and are not after all (docs/merging.md). */
#define VELUM_VERB_SUBJECT_MERGE \
    45u /* activity? ref body {with: REF, approval?} → {subject, merged} */
#define VELUM_VERB_SUBJECT_UNMERGE 46u /* activity? ref body {approval?} → {subject, unmerged} */
/* Rows of modules' tables (docs/modules.md). */
#define VELUM_VERB_ROW_PUT 83u /* activity? ref body {table, key, fields:{…}, rows?:{child:[…]}} */
#define VELUM_VERB_ROW_READ 84u   /* activity? ref body {table, key?, from?: cursor, limit?} */
#define VELUM_VERB_ROW_DELETE 85u /* activity? ref body {table, key} */
#define VELUM_VERB_ROW_SCAN \
    63u /* activity? body {table, field, min?, max?, from?: cursor, limit?} */
#define VELUM_VERB_ROW_IMPORT \
    64u /* activity? body {table, rows:[{line, ref|identifier, key, …}…]} */
#define VELUM_VERB_COUNTS 65u /* activity? ref: its name, or body {count} */
/* Of many. */
#define VELUM_VERB_FILTER 66u /* activity? body {for, action, fields?, refs:[…] | segment, from?} */
#define VELUM_VERB_SEARCH 67u       /* activity? body {criteria:{field: value, …}} */
#define VELUM_VERB_SUBJECT_LIST 68u /* activity? body {from?: cursor, limit?} */
#define VELUM_VERB_BULK_READ 69u    /* activity? body {refs:[…], fields?, approval} */
/* Messages: a module asks, the courier delivers. */
#define VELUM_VERB_SEND 70u         /* activity? ref body {template, flow, node, occurrence} */
#define VELUM_VERB_MESSAGE_NEXT 71u /* activity? body {limit?}: what is to go out, rendered */
#define VELUM_VERB_MESSAGE_DONE 72u /* activity? ref: its id; body {outcome: sent|failed|unknown} */
#define VELUM_VERB_MESSAGE_OPT_OUT 73u /* activity? ref: its id: the customer said no to it */
#define VELUM_VERB_MESSAGE_GET 74u     /* activity? ref: its id */
#define VELUM_VERB_MESSAGE_LIST 75u    /* activity? body {state?, reason?, from?, limit?} */
/* Modules' work (velum_module_* does this for a program). */
#define VELUM_VERB_MODULE_OPEN 76u /* activity? body {module, sha256?} */
#define VELUM_VERB_MODULE_NEXT 77u /* activity? body {module, limit?} */
#define VELUM_VERB_MODULE_REPLY \
    78u /* activity? body {module, n, lease, result: done|again, after_ms?} */
#define VELUM_VERB_MODULE_TIMER 79u /* activity? ref body {module, name, at | null, keep?} */
#define VELUM_VERB_TASK_ACK \
    80u /* activity? ref: the task's id; body {state: done|failed, error?} */
#define VELUM_VERB_HOOK_NEXT \
    81u /* activity? body {limit?, hooks?: […]}: webhooks to send, signed */
#define VELUM_VERB_HOOK_DONE 82u /* activity? ref: its id; body {outcome, status?, attempt?} */

/* How the caller shows who it is. */
#define VELUM_AUTH_TOKEN 1u /* `credential` is a token */
#define VELUM_AUTH_SELF 2u  /* the person registered for this process's effective uid */

typedef struct velum_request {
    size_t size;             /* sizeof(velum_request) */
    uint32_t verb;           /* VELUM_VERB_* */
    uint32_t auth;           /* VELUM_AUTH_* */
    velum_string credential; /* the token */
    velum_string activity;   /* empty: the credential's only one */
    velum_string ref;        /* pseudonym of the caller's domain */
    velum_string fields;     /* "a,b"; empty: all the activity may ask */
    velum_string body;       /* JSON, at most 64 KiB */
    velum_string caller_id;  /* the caller's own request id; only its HMAC is recorded */
    velum_string if_match;   /* the version that a patch was made for, or If-Match; empty: any */
} velum_request;

/* Runs one request and waits for its answer. VELUM_OK says that there is an answer, which may be a
 * refusal: look at velum_answer_status. A negative status is a mistake in the call itself
 * (VELUM_E_INVALID), VELUM_E_NOMEM or VELUM_E_FORKED; then there is no answer. */
VELUM_PUBLIC velum_status velum_gate_call(velum_gate *gate, const velum_request *request,
                                          velum_answer **out, velum_error *err) VELUM_WARN_UNUSED;

/* 200, or the HTTP status of the problem (docs/api.md). */
VELUM_PUBLIC int32_t velum_answer_status(const velum_answer *answer);
/* The name of the problem ("consent-missing"), "" when there is none. Borrowed. */
VELUM_PUBLIC const char *velum_answer_problem(const velum_answer *answer);
/* JSON: the result, or an RFC 9457 problem. Borrowed; holds personal data when the decision
 * released some, and is wiped when the answer is freed. */
VELUM_PUBLIC velum_string velum_answer_body(const velum_answer *answer);
/* Wipes and frees. NULL is allowed. */
VELUM_PUBLIC void velum_answer_free(velum_answer *answer);

/* Constants as functions, for hosts without a C preprocessor: the value of "VELUM_E_NOTFOUND" and
 * so on; INT32_MIN for an unknown name. */
VELUM_PUBLIC int32_t velum_constant(const char *name);

#ifdef __cplusplus
}
#endif
#endif
