/* core/world.h: what decisions stand on: the active bundle, the credentials, the registry.
 *
 * A world is immutable and counted. The writer loads a new one inside the transaction that changes
 * the policy or a credential and swaps it in after COMMIT and before the write's body is queued; the
 * appender sends back every read that was decided in an older one.
 */
#ifndef CORE_WORLD_H
#define CORE_WORLD_H

#include "core/credential.h"
#include "policy/decide.h"
#include "store/store.h"

#include <stdatomic.h>
#include <velum/velum.h>

typedef struct registry_name {
    uint16_t kind;
    uint16_t number;
    char name[129];
} registry_name;

typedef struct world {
    atomic_int holds;
    uint64_t epoch;
    uint64_t seq; /* of the write that made it, behind which its decisions stand in the log */
    bundle *bundle;
    bundle *shadow;                         /* proposed with --shadow; NULL: none */
    uint8_t (*notice_hashes)[SHA256_BYTES]; /* by registry number; zeros: none */
    uint32_t notice_hash_count;
    bool is_bootstrap; /* no retailer's policy was applied yet */
    credential *credentials;
    uint32_t credential_count;
    uint32_t *by_token;     /* open addressing over token hashes; 1 + index, 0 empty */
    uint32_t by_token_size; /* a power of two */
    registry_name *names;   /* sorted by kind, number */
    uint32_t name_count;
    uint16_t reasons[128]; /* registry numbers of PROBLEM_* and REASON_* */
    uint16_t actions[ACTION_COUNT];
    uint16_t bases[BASIS_COUNT];
} world;

/* Loads the world as `conn` sees it. */
velum_status world_load(velum_gate *gate, store_conn *conn, world **out,
                        velum_error *err) VELUM_WARN_UNUSED;
void world_free(world *self); /* gives one hold back */
VELUM_DEFINE_AUTO(world);
world *world_hold(world *self);

/* The full hash of a notice that was ever shown, or NULL. */
const uint8_t *world_notice_hash(const world *self, uint16_t number);
/* The name of a number, or NULL. */
const char *world_name(const world *self, uint32_t kind, uint32_t number);
/* The number of a name, or 0. */
uint16_t world_number(const world *self, uint32_t kind, text name);
/* The credential that a token names, its own or the one before the last rotation, in constant time of
 * its hash; NULL when none. */
const credential *world_credential_by_token(const world *self, const uint8_t token_hash[32]);
const credential *world_credential_by_uid(const world *self, uint32_t uid);
const credential *world_credential_by_name(const world *self, text name);

#endif
