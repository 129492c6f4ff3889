/* velum/admin.h: what only our own daemon and command use. Not installed, not exported by
 * libvelum.so; linked statically. Its parts: making a folder, the verbs of administration, the
 * asynchronous half of a request, the socket, verifying a log without a gate, the sample.
 */
#ifndef VELUM_ADMIN_H
#define VELUM_ADMIN_H

#include <stdbool.h>
#include <velum/velum.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Verbs of administration: people at the command line, in process or over the socket. Each has
 * one fixed activity (docs/cli.md). All are sent as a velum_request; `ref` may be DOMAIN:REF. ------ */
#define VELUM_VERB_CREDENTIAL_ADD \
    20u /* administration; body {name, kind: service|human, roles:[…],
                                         activities:[…], domain, store?, uid?, expires?} → {name, token} */
#define VELUM_VERB_CREDENTIAL_LIST 21u     /* → {credentials:[…]} */
#define VELUM_VERB_CREDENTIAL_REVOKE 22u   /* body {name} */
#define VELUM_VERB_CREDENTIAL_CUSTOMER 23u /* ref → {token, expires}: 15 minutes */
#define VELUM_VERB_POLICY_APPLY 24u /* body {files:{name: text, …}} → {policy, changed} */
#define VELUM_VERB_POLICY_SHOW 25u  /* → {policy, name, activities:[…] …} */
#define VELUM_VERB_CLOCK_ACCEPT 26u /* → {at} */
#define VELUM_VERB_AUDIT_LOG \
    27u /* audit; body {actor?, activity?, purpose?, field?, type?, decision?, denied?: bool, reason?,
           store?, since?, until?, break_glass?, shadow?, from?: index, limit?} ref? → {entries:[…],
           next?, scanned}; subject by ref, `from` included; a call may end before `limit` */
#define VELUM_VERB_AUDIT_VERIFIED 28u /* body {result, size}: makes the verification leaf */
#define VELUM_VERB_AUDIT_PROVE \
    29u /* body {index | id, from?} → {index, proof, leaf}, or {next}: not found yet, go on `from` */
#define VELUM_VERB_IMPORT \
    30u /* import; body {source, on_match: update|reject, domain?, rows:
                                 [{line, identifiers:[…], profile:{…}, consents?}…]} → {rows:[{line,
                                 result: same|changed|new|rejected, reason?, ref?}…]}; at most 1000
                                 rows. `ref` is of `domain`, for who may resolve it; `consents` are
                                 taken by samples only. */
#define VELUM_VERB_IMPORT_END \
    31u                       /* body {source, same, changed, new, rejected}: the OUTCOME leaf */
#define VELUM_VERB_STATUS 32u /* → {ready, subjects, log size, policy, clock …} */
#define VELUM_VERB_CREDENTIAL_ROTATE \
    33u /* body {name, overlap_hours?} → {name, token, old_until} */
#define VELUM_VERB_CONSENT_IMPORT \
    34u /* body {source, version?, dry_run?, notice?: {language, version, text}, rows: [{line,
           identifier, purpose, state, given?, evidence?}…]} → {rows:[{line, result:
           same|changed|rejected, reason?}…]}; at most 1000 rows */
#define VELUM_VERB_CONSENT_REPORT \
    35u /* body {min_grade, purpose?} → {min_grade, purposes:[{purpose, lost}…]}: how many would
           lose a purpose at that minimum; fewer than 5 are "<5" */
#define VELUM_VERB_REQUEST_LIST 50u /* body {state?, right?, due_within_days?, from?, limit?} */
#define VELUM_VERB_REQUEST_SHOW 51u /* ref: id */
#define VELUM_VERB_REQUEST_DECIDE \
    52u /* ref: id; body {act: verify|approve|deny|extend|fulfil|task, version, …} */
#define VELUM_VERB_SUBJECT_ERASE \
    53u /* ref; body {categories?, approval?, reason_code?, preview?} → {subject, state: erasing,
           certificate, destroys, keeps, …}; with preview neither state nor certificate */
#define VELUM_VERB_SUBJECT_HOLD 36u /* ref; body {hold: bool} → {holds} */
#define VELUM_VERB_SUBJECT_RESTRICTION \
    95u /* ref; body {lift: [processing|marketing…]} → {restrictions: what still stands} */
#define VELUM_VERB_CERTIFICATE \
    54u /* ref: certificate id → the file (docs/formats/certificate.md), or {state: erasing,
           certificate} while it is awaited */
#define VELUM_VERB_POLICY_PROPOSE \
    55u /* body {files, note?, shadow?} → {policy, approval?, changes} */
#define VELUM_VERB_POLICY_ACTIVATE 56u /* body {policy, at?, approval?} */
#define VELUM_VERB_POLICY_ROLLBACK \
    57u                             /* body {to?, approval?}: to an earlier bundle; else the last */
#define VELUM_VERB_POLICY_LIST 58u  /* → proposed, scheduled, active, earlier */
#define VELUM_VERB_POLICY_FILES 59u /* ref: a bundle's hash → {files}, for ever */
#define VELUM_VERB_AUDIT_WHO_SAW \
    60u /* body {identifier: {type, value} | subject, field?, since?, until?, from?, limit?} →
           {titles, disclosures:[…], next?, scanned} */
#define VELUM_VERB_AUDIT_EXPLAIN 61u /* body {index | id, from?, notice?: bool} */
#define VELUM_VERB_AUDIT_RESOLVE \
    62u /* body {token} → {actor, kind, revoked?}; {token, month: YYYYMM, domain?, from?} → {subject?,
           next?, scanned} */
#define VELUM_VERB_HOOK_LIST \
    90u /* administration → {hooks:[{id, hook, event, state, attempts, status, at, due}…]} */
#define VELUM_VERB_HOOK_SECRET 91u /* administration; body {hook} → {hook, number, secret} */
/* Places that hold a backup (docs/backup.md); one is made at a time. */
#define VELUM_VERB_BACKUP \
    92u /* administration; body {to: an absolute path, keep?: 1–1000} → {place, name}: begun */
#define VELUM_VERB_BACKUP_STATUS \
    93u /* → {state: none|running|done|failed, place?, name?, what?, done?, total?, reason?,
           places:[{place, behind: how many changes of keys it lacks, last?: time}…]} */
#define VELUM_VERB_BACKUP_FORGET 94u /* body {place}: it is not followed any more → {place} */

/* --- Making a folder ---------------------------------------------------------------------------- */
typedef struct velum_init_options {
    size_t size;
    velum_string folder;     /* made with mode 0700; must not exist or be empty */
    velum_string kit_folder; /* the recovery kit goes here; empty only with `sample` */
    bool sample;             /* root secret inside the folder, the sample policy applied */
    uint32_t person_uid;     /* registered as `officer` */
    uint64_t seed;           /* of the sample; ignored otherwise */
} velum_init_options;

/* Makes keyring, databases, log, the first policy and the officer. Writes the verifier key to
 * `verifier_key` (NUL-terminated, at least 256 bytes). Kit: `velum-root`, `verifier-key`,
 * `officer-token`. Nothing is left behind when it fails. */
velum_status velum_init(const velum_init_options *options, char *verifier_key,
                        size_t verifier_key_size, velum_error *err) VELUM_WARN_UNUSED;

/* --- The asynchronous half, of a gate in this process (VELUM_DOOR_PROCESS) ------------------------- */
typedef struct velum_pending velum_pending;
/* Runs on the writer, appender or watchdog thread and may only wake somebody. Called at most once
 * for each VELUM_PENDING returned by submit or take. */
typedef void (*velum_ready)(void *context);

/* Starts a request on this worker thread; strings are copied. VELUM_OK: velum_pending_take answers
 * at once and `ready` is not called. VELUM_PENDING: `ready` will be called. Negative: as
 * velum_gate_call, and *out is NULL. */
velum_status velum_gate_submit(velum_gate *gate, const velum_request *request, velum_ready ready,
                               void *context, velum_pending **out,
                               velum_error *err) VELUM_WARN_UNUSED;
/* On a worker, after `ready` (or VELUM_OK): VELUM_OK gives the answer; VELUM_PENDING when the world
 * moved on and the path was run again: `ready` will be called once more. */
velum_status velum_pending_take(velum_pending *pending, velum_answer **out) VELUM_WARN_UNUSED;
/* Gives the caller's hold back, whatever the state; `ready` is not called afterwards unless it is
 * running already in another thread. NULL is allowed. */
void velum_pending_free(velum_pending *pending);

/* Stops taking requests: all further ones are answered "unavailable"; those under way are answered
 * or time out within their limit. For a daemon's stop, before its HTTP server goes. */
void velum_gate_quiesce(velum_gate *gate);
/* Whether nothing is under way. */
bool velum_gate_is_idle(const velum_gate *gate);

/* A ready check without any subject: 0 ready, else a VELUM_E_* with its reason ("clock-behind",
 * "journal-unwritable", "no-policy", "stopping") in *out_reason, static. */
velum_status velum_gate_health(velum_gate *gate, const char **out_reason);

/* Makes a problem answer of our own for a request that never became one (401 without token, 400, 405,
 * 413 …); counted, not recorded. `problem` is a name from core's table. */
velum_status velum_answer_of_problem(velum_gate *gate, const char *problem,
                                     velum_answer **out) VELUM_WARN_UNUSED;
/* Extra header values: Retry-After in seconds, or 0. */
int32_t velum_answer_retry_after_s(const velum_answer *answer);
/* The version of the customer that a result shows (ETag, RFC 9110 §8.8.3), or 0. */
uint64_t velum_answer_version(const velum_answer *answer);
/* Hands the body's bytes to a callback owner: pointer, size and a function that wipes and frees. The
 * answer is empty afterwards. */
void velum_answer_take_body(velum_answer *answer, char **out_data, size_t *out_size);
void velum_body_free(void *data);

/* What a daemon warns of at each start: the next warning for people, a constant, or NULL when there is
 * no more. Begin with *position 0. */
const char *velum_gate_warning(const velum_gate *gate, uint32_t *position);

/* Counters for /metrics and tests, no labels: value by name ("http_unauthenticated"), or 0. */
uint64_t velum_gate_counter(const velum_gate *gate, const char *name);

/* The daemon listens on DIR/velum.sock while it holds the folder: frames of u32be length, u16be
 * verb, JSON {credential?, activity?, ref?, fields?, body?}; the answer is u32be length, u16be
 * status, JSON. The caller is the peer's uid, or a token. */
velum_status velum_gate_serve_socket(velum_gate *gate, velum_error *err) VELUM_WARN_UNUSED;

/* The command's connection: to the socket when a velumd holds the folder, else a gate in process.
 * Unlike velum_gate_open it waits for a velumd that starts, and changes over when one stops for good. */
typedef struct velum_client velum_client;
velum_status velum_client_open(velum_string folder, velum_client **out,
                               velum_error *err) VELUM_WARN_UNUSED;
velum_status velum_client_call(velum_client *client, const velum_request *request,
                               velum_answer **out, velum_error *err) VELUM_WARN_UNUSED;
bool velum_client_is_remote(const velum_client *client);
void velum_client_free(velum_client *client);

/* --- Policy and log without a gate ------------------------------------------------------------------ */
/* Compiles the bundle in a folder; every finding is told. VELUM_OK with its hash as 64 hex digits. */
typedef void (*velum_policy_finding)(void *context, bool is_error, const char *file, uint32_t line,
                                     const char *message);
velum_status velum_policy_check(velum_string folder, velum_policy_finding finding, void *context,
                                char out_hash[65], velum_error *err) VELUM_WARN_UNUSED;
/* Reads the folder's files as the JSON body of VELUM_VERB_POLICY_APPLY; free with velum_body_free. */
velum_status velum_policy_pack(velum_string folder, char **out_json, size_t *out_size,
                               velum_error *err) VELUM_WARN_UNUSED;

/* What coming from one packed policy ({"files":{…}}) to another changes, a line each; VELUM_E_INVALID
 * when one of them does not compile. */
typedef velum_status (*velum_policy_change)(void *context, bool widens, const char *section,
                                            const char *message);
velum_status velum_policy_diff(velum_string before, velum_string after, velum_policy_change tell,
                               void *context, velum_error *err) VELUM_WARN_UNUSED;

/* Verifies a log folder (DIR/audit or a copy); meaning of the members in audit/verify.h. */
typedef struct velum_log_report {
    size_t size;
    int32_t exit_code; /* 0, 3, 4, 5, 6 */
    uint64_t entries;
    uint64_t bad_index;
    uint64_t unanchored;
    bool unclean_tail;
    bool key_was_given;
    bool seen_was_given;
    char origin[160];
    char root[64];
    char reason[160];
    char checkpoint[1024];
} velum_log_report;
typedef struct velum_log_options {
    size_t size;
    velum_string folder;          /* holds origin, checkpoint, tail-* */
    velum_string verifier_key;    /* empty: the folder's own */
    velum_string seen_checkpoint; /* empty: none */
    bool live;                    /* its DIR/lock is held */
    void (*progress)(void *context, uint64_t done, uint64_t total); /* or NULL */
    void *context;
} velum_log_options;
velum_status velum_log_verify(const velum_log_options *options,
                              velum_log_report *report) VELUM_WARN_UNUSED;
/* The tlog-proof of an entry in a plain log folder, by index or by 32 hex digits of its event id.
 * Free with velum_body_free. */
velum_status velum_log_prove(velum_string folder, velum_string index_or_id, char **out_proof,
                             size_t *out_size, velum_error *err) VELUM_WARN_UNUSED;
/* The certificate of an erasure, as a file (docs/formats/certificate.md), checked offline. */
typedef struct velum_certificate_report {
    size_t size;
    int32_t exit_code; /* 0 holds, 3 does not, 5 unreadable, 6 no key to prove it */
    uint64_t index;    /* of its entry in the log */
    char origin[160];  /* of the log that it names; "" when unreadable */
    char reason[160];
} velum_certificate_report;
/* With an empty key 6 is the best answer. VELUM_E_INVALID for a key that is none. The certificate's own
 * text comes out where it could be read, believed only with 0; free with velum_body_free. */
velum_status velum_certificate_verify(velum_string file, velum_string verifier_key,
                                      velum_certificate_report *report, char **out_text,
                                      size_t *out_size) VELUM_WARN_UNUSED;
/* Whether some process holds DIR/lock (false when there is none). */
bool velum_folder_is_live(velum_string folder);

/* --- Configuration -----------------------------------------------------------------------------------
 * The settings of velumd: command line, environment, one file, defaults (docs/formats/config.md). */
#define VELUM_CONFIG_FROM_DEFAULT 0u
#define VELUM_CONFIG_FROM_FILE 1u
#define VELUM_CONFIG_FROM_ENVIRONMENT 2u
#define VELUM_CONFIG_FROM_COMMAND_LINE 3u
typedef struct velum_config velum_config; /* immutable; any thread */
/* `message` is a constant of ours and repeats nothing of the file. Line 0: of no line. */
typedef void (*velum_config_finding)(void *context, bool is_error, uint32_t line,
                                     const char *message);
/* One setting of the command line: {"listen", "127.0.0.1:8080"}. */
typedef struct velum_config_override {
    const char *name;
    const char *value;
} velum_config_override;
typedef struct velum_config_options {
    size_t size;
    const char *file; /* --config; NULL: sought */
    const velum_config_override *overrides;
    size_t override_count;
    velum_config_finding finding; /* told every finding; or NULL */
    void *context;
} velum_config_options;
/* VELUM_E_INVALID with the first finding in `err`; VELUM_E_NOTFOUND when a file that was named is not
 * there, VELUM_E_DENIED when others may write it; VELUM_E_NOMEM, VELUM_E_IO. */
velum_status velum_config_load(const velum_config_options *options, velum_config **out,
                               velum_error *err) VELUM_WARN_UNUSED;
void velum_config_free(velum_config *config);
/* The path of the file that would be read, into at least VELUM_CONFIG_PATH_BYTES; VELUM_E_NOTFOUND when
 * there is none. Looks at places, not into files. */
#define VELUM_CONFIG_PATH_BYTES 512
velum_status velum_config_find(const velum_config_options *options, char *out, size_t out_size,
                               velum_error *err) VELUM_WARN_UNUSED;
/* The path of the file that was read, or "". */
const char *velum_config_path(const velum_config *config);

typedef struct velum_config_setting {
    size_t size;
    const char *name;     /* "cache-mb", "root.file" */
    const char *value;    /* "" when it has none */
    const char *variable; /* of the environment, or "" */
    uint32_t origin;      /* VELUM_CONFIG_FROM_* */
    uint32_t line;        /* in the file, or 0 */
    bool is_number;
    bool is_flag;
} velum_config_setting;
/* Setting `index` in the order of the documentation; false behind the last. */
bool velum_config_at(const velum_config *config, uint32_t index, velum_config_setting *out);
/* By name; "" when it has no value. Numbers: 0. */
const char *velum_config_text(const velum_config *config, const char *name);
uint64_t velum_config_number(const velum_config *config, const char *name);
bool velum_config_flag(const velum_config *config, const char *name);

/* velum_gate_open with folder, cache, limits and root secret of the configuration. */
velum_status velum_config_open_gate(const velum_config *config, velum_gate **out,
                                    velum_error *err) VELUM_WARN_UNUSED;
/* Judges one file: VELUM_OK when no finding is an error. Of the root secret only who may read it. */
velum_status velum_config_check(const char *file, velum_config_finding finding, void *context,
                                velum_error *err) VELUM_WARN_UNUSED;

/* --- Upgrade ------------------------------------------------------------------------------------------
 * A gate opens a folder of exactly its own schemas (docs/formats/upgrade.md); this is how an older one
 * becomes that. */
#define VELUM_UPGRADE_PATH_BYTES 512
typedef struct velum_upgrade_report {
    size_t size;
    bool is_needed;
    bool is_unfinished;    /* an earlier upgrade was cut short: applying again completes it */
    bool is_live;          /* somebody holds the folder: velumd must be stopped first */
    uint32_t vault_schema; /* of vault.db as it is, and as this version writes it */
    uint32_t vault_schema_new;
    uint32_t keys_schema; /* of keys.db */
    uint32_t keys_schema_new;
    uint64_t vault_bytes; /* with what stands in the WAL */
    uint64_t keys_bytes;
    uint64_t needed_bytes; /* that must be free while it runs; backup included */
    uint64_t free_bytes;   /* in the data folder */
} velum_upgrade_report;
/* Looks, and changes nothing. Takes no lock. VELUM_E_NEWER, VELUM_E_NOTFOUND, VELUM_E_CRYPTO … */
velum_status velum_upgrade_check(velum_string folder, velum_upgrade_report *report,
                                 velum_error *err) VELUM_WARN_UNUSED;

typedef struct velum_upgrade_options {
    size_t size;
    velum_string folder;
    velum_string
        backup; /* an existing folder in which the backup is made; empty: the data folder */
    /* Told from the calling thread: `done` of `total` of `what`, a constant for people. Or NULL. */
    void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
    void *context;
} velum_upgrade_options;
typedef struct velum_upgrade_result {
    size_t size;
    uint32_t steps;      /* taken now, of both databases */
    bool keys_copy_kept; /* DIR/keys.db.upgrade is there: the upgrade did not end */
    char backup[VELUM_UPGRADE_PATH_BYTES]; /* path of the backup made now, or "" */
} velum_upgrade_result;
/* Takes the folder's lock, backs up, takes all steps. `result` is filled when it fails, too.
 * VELUM_E_LOCKED while somebody works in the folder; VELUM_E_NOSPACE with nothing changed when there is
 * no room; VELUM_E_TAMPERED when the log does not verify; VELUM_E_NEWER. */
velum_status velum_upgrade_apply(const velum_upgrade_options *options, velum_upgrade_result *result,
                                 velum_error *err) VELUM_WARN_UNUSED;

/* --- A new root secret ---------------------------------------------------------------------------------
 * What the root secret seals is the folder's keyring alone, 256 bytes (docs/formats/keyring.md): under a
 * new one every key, every pseudonym and the log's verifier key stay what they are. */
typedef struct velum_root_rotate_options {
    size_t size;
    velum_string folder;
    velum_string file; /* of the new secret, outside the folder: made, or used when it is there */
} velum_root_rotate_options;
typedef struct velum_root_rotation {
    size_t size;
    uint32_t version;     /* how often the folder's root secret was replaced */
    bool was_done;        /* `file` opened the folder already: an earlier run came so far */
    bool sample_key_gone; /* DIR/root.key, which opens nothing any more, was destroyed */
} velum_root_rotation;
/* Makes a secret in `file` (mode 0600) unless one is there, seals the keyring under it and records that.
 * Takes the folder's lock. After a failure, or a kill anywhere, the folder opens with the old secret or
 * with `file`, and running it again with the same file ends what was begun. VELUM_E_LOCKED while somebody
 * works in the folder; VELUM_E_INVALID when `file` holds no secret or lies in the folder; VELUM_E_DENIED
 * when others may read it; else as velum_gate_open. */
velum_status velum_root_rotate(const velum_root_rotate_options *options,
                               velum_root_rotation *result, velum_error *err) VELUM_WARN_UNUSED;

/* --- A data folder from a backup (docs/backup.md) ---------------------------------------------------------
 * Makes a new folder of an older vault.db, today's keys and the log, in which nothing that was taken back
 * since stands again (I-6, I-8). */
#define VELUM_RESTORE_NAME_BYTES 64
typedef struct velum_restore_options {
    size_t size;
    velum_string place;  /* that `backup` wrote to; nothing in it is changed */
    velum_string name;   /* of a vault-….db in it; empty: the newest */
    velum_string log;    /* a folder with a newer log than the place has; empty: the place's */
    velum_string folder; /* to be made; must not exist */
    /* Told from the calling thread: `done` of `total` of `what`, a constant for people. Or NULL. */
    void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
    void *context;
} velum_restore_options;
typedef struct velum_restore_result {
    size_t size;
    char name[VELUM_RESTORE_NAME_BYTES]; /* of the copy that was taken */
    uint64_t log_size;                   /* entries of the old log */
    uint64_t entries_since;              /* of them, writes that the copy does not have */
    uint64_t subjects;                   /* that are there now and not erased */
    uint64_t erased;                     /* were erased after the copy, and are again */
    uint64_t unreadable;  /* lost a category after the copy, and with it the key of the rest */
    uint64_t consents;    /* customers of whom a consent was taken back, as the log says */
    uint64_t restricted;  /* changed in a way that the log does not tell: all is forbidden */
    uint64_t messages;    /* customers written to after the copy: what waits for them does not go */
    uint64_t missing;     /* came after the copy: only their keys were there */
    uint64_t approvals;   /* that were asked for or agreed to, and end: some may have been used */
    uint64_t credentials; /* revoked, or whose tokens were ended */
    uint64_t policies;    /* changes of the policy after the copy: to be done again */
    uint64_t requests;    /* customers' requests with an entry after the copy */
    char origin[160];     /* of the new log, and its key */
    char verifier_key[300];
} velum_restore_result;
/* VELUM_E_EXISTS when `folder` is there; VELUM_E_NOTFOUND for a place, name or log that is not there;
 * VELUM_E_OLDER when the log ends before the copy, or the copy's schema is one to be upgraded;
 * VELUM_E_TAMPERED, VELUM_E_TRUNCATED when the log does not verify; VELUM_E_CRYPTO for a wrong root secret;
 * VELUM_E_NOSPACE, VELUM_E_IO. What fails, or is killed anywhere, leaves no `folder`. */
velum_status velum_restore(const velum_restore_options *options, velum_restore_result *result,
                           velum_error *err) VELUM_WARN_UNUSED;

/* --- The sample retailer --------------------------------------------------------------------------- */
/* Person `index` of the sample of `seed` as one row of VELUM_VERB_IMPORT ({line, identifiers, profile}),
 * deterministic: nobody is real. Free with velum_body_free. */
velum_status velum_sample_person(uint64_t seed, uint32_t index, char **out_json,
                                 size_t *out_size) VELUM_WARN_UNUSED;

#ifdef __cplusplus
}
#endif
#endif
