/* core/credential.h: who may come, for what (I-7).
 *
 * A credential is registered for activities; an activity fixes purpose, basis, fields and actions. A
 * token is 32 random bytes as `velum_…`; only its keyed hash is stored. A person is a credential of
 * kind human, known by uid at the command line. A customer's token is not stored: it is sealed by us
 * and names one subject and an end.
 */
#ifndef CORE_CREDENTIAL_H
#define CORE_CREDENTIAL_H

#include "audit/entry.h"
#include "base/clock.h"
#include "policy/bundle.h"
#include "store/store.h"
#include "vault/keyring.h"
#include "vault/pseudonym.h"

#define CREDENTIAL_NAME_BYTES_MAX 64
#define CREDENTIAL_TOKEN_BYTES 64 /* text with NUL fits */
#define CUSTOMER_TOKEN_BYTES 160
#define CUSTOMER_TOKEN_SECONDS 900
#define DOMAIN_NAME_BYTES_MAX 32
#define DOMAIN_ALL "*"     /* an officer may resolve every domain */
#define DOMAIN_SELF "self" /* in which customers see themselves */

typedef struct credential {
    char name[CREDENTIAL_NAME_BYTES_MAX + 1];
    uint32_t kind;       /* ACTOR_SERVICE or ACTOR_HUMAN */
    uint32_t roles;      /* bits of the active bundle's indexes */
    uint64_t activities; /* bits of the active bundle's indexes */
    char domain[DOMAIN_NAME_BYTES_MAX + 1];
    uint16_t domain_number; /* 0 for DOMAIN_ALL */
    uint64_t store;         /* attribute_value_hash, 0: none */
    bool has_uid;
    uint32_t uid;
    int64_t expires_ns; /* 0: does not */
    int64_t revoked_ns; /* 0: was not */
    uint8_t token_hash[32];
    bool has_previous; /* a rotated credential: its token from before */
    uint8_t previous_hash[32];
    int64_t previous_until_ns; /* from then on that one has ended */
    uint8_t actor_token[ENTRY_TOKEN_BYTES];
} credential;

/* What `credential add` asks for; texts are borrowed. Lists are comma-separated names. */
typedef struct credential_request {
    text name;
    uint32_t kind;
    text roles;
    text activities;
    text domain;
    text store;
    bool has_uid;
    uint32_t uid;
    int64_t expires_ns;
} credential_request;

/* 1–64 of [a-z0-9._-], beginning with a letter or digit. */
bool credential_name_is_valid(text name);

/* Checks the request against the bundle: unknown names, wrong actor kinds, and I-7: no credential
 * may both record a consent and live on it. VELUM_E_INVALID with the reason in `err`. */
velum_status credential_check(const credential_request *request, const bundle *bundle,
                              velum_error *err) VELUM_WARN_UNUSED;
/* I-7: whether the activities both record a consent and live on one. */
bool credential_records_and_lives_on_consent(const bundle *bundle, uint64_t activities);
/* Makes a token (text in `out_token`) and inserts the row. VELUM_E_EXISTS for a known name or uid. */
velum_status credential_insert(store_conn *conn, const keyring *keys, const velum_random *random,
                               const credential_request *request,
                               char out_token[CREDENTIAL_TOKEN_BYTES]) VELUM_WARN_UNUSED;
/* A random token and its keyed hash. */
void credential_token_make(const keyring *keys, const velum_random *random,
                           char out_token[CREDENTIAL_TOKEN_BYTES], uint8_t out_hash[32]);
/* A new token for a known name; the one so far serves until `until_ns`, an older one no more. A
 * revoked credential stays revoked. VELUM_E_NOTFOUND for an unknown name. */
velum_status credential_rotate(store_conn *conn, text name, int64_t until_ns,
                               const uint8_t new_hash[32]) VELUM_WARN_UNUSED;
/* Whether the hash is that of a token which a rotation has ended by `now_ns`. */
bool credential_token_has_ended(const credential *self, const uint8_t hash[32], int64_t now_ns);
/* VELUM_E_NOTFOUND for an unknown name; revoking twice keeps the first time. */
velum_status credential_revoke(store_conn *conn, text name, int64_t at_ns) VELUM_WARN_UNUSED;

/* Reads all rows; names that the bundle lacks are dropped (I-8). Free with mem_free. */
velum_status credential_load_all(store_conn *conn, const keyring *keys, const bundle *bundle,
                                 credential **out, uint32_t *out_count) VELUM_WARN_UNUSED;

/* The keyed hash of a presented token; VELUM_E_UNAUTHENTICATED when it cannot be one of ours. */
velum_status credential_token_hash(const keyring *keys, text token,
                                   uint8_t out[32]) VELUM_WARN_UNUSED;
/* First 16 bytes of an HMAC of the name: how the actor stands in leaves. */
void credential_actor_token(const keyring *keys, text name, uint8_t out[ENTRY_TOKEN_BYTES]);

/* A customer's token: 15 minutes of that one subject. */
velum_status customer_token_make(const keyring *keys, const velum_random *random,
                                 const subject_id *subject, int64_t expires_ns,
                                 char out[CUSTOMER_TOKEN_BYTES]) VELUM_WARN_UNUSED;
bool customer_token_is_one(text token);
velum_status customer_token_open(const keyring *keys, text token, subject_id *out_subject,
                                 int64_t *out_expires_ns) VELUM_WARN_UNUSED;

#endif
