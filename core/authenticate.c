/* core/authenticate.c: who is asking, and under which activity.
 *
 * A token is looked up by its keyed hash; a person at the command line by the peer's uid; a
 * customer's token names one subject. A plain header proves nothing. Ends are judged by the later of
 * the clock and the newest recorded time, so that a clock set back revives nothing (I-3).
 */
#include "core/authenticate.h"

#include "core/parse.h"

#define AUTH_TOKEN 1 /* as in leaves */
#define AUTH_UID 2
#define AUTH_CUSTOMER 3
#define AUTH_NONE 4

static velum_status take_credential(passage *passage, const credential *credential,
                                    uint32_t auth_method)
{
    actor *const actor = &passage->actor;

    if (credential == NULL) {
        return refuse(passage, PROBLEM_UNAUTHENTICATED);
    }
    passage->is_known = true;
    actor->credential = credential;
    actor->kind = credential->kind;
    actor->auth_method = auth_method;
    actor->activities = credential->activities;
    actor->roles = credential->roles;
    memcpy(actor->token, credential->actor_token, ENTRY_TOKEN_BYTES);
    if (credential->revoked_ns != 0) {
        return refuse(passage, REASON_CREDENTIAL_REVOKED);
    }
    if (credential->expires_ns != 0 && passage->clock.later_ns >= credential->expires_ns) {
        return refuse(passage, REASON_CREDENTIAL_EXPIRED);
    }
    return VELUM_OK;
}

static velum_status take_customer(passage *passage)
{
    const bundle *bundle = passage->world->bundle;
    actor *const actor = &passage->actor;
    int64_t expires_ns = 0;

    if (customer_token_open(passage->gate->keys, passage->request->credential, &actor->own,
                            &expires_ns) < 0 ||
        passage->clock.later_ns >= expires_ns) {
        return refuse(passage, PROBLEM_UNAUTHENTICATED);
    }
    passage->is_known = true;
    actor->kind = ACTOR_CUSTOMER;
    actor->auth_method = AUTH_CUSTOMER;
    for (uint32_t i = 0; i < bundle->activity_count; i++) {
        if ((bundle->activities[i].actors & ACTOR_CUSTOMER) != 0) {
            actor->activities |= UINT64_C(1) << i;
        }
    }
    const uint32_t role = bundle_find(bundle, REGISTRY_ROLE, TEXT_LITERAL("customer"));
    if (role != BUNDLE_NONE) {
        actor->roles = 1U << role;
    }
    return VELUM_OK;
}

static velum_status take_token(passage *passage)
{
    const text token = passage->request->credential;
    uint8_t hash[32];

    if (customer_token_is_one(token)) {
        return take_customer(passage);
    }
    if (credential_token_hash(passage->gate->keys, token, hash) < 0) {
        return refuse(passage, PROBLEM_UNAUTHENTICATED);
    }
    const credential *named = world_credential_by_token(passage->world, hash);
    VELUM_TRY(take_credential(passage, named, AUTH_TOKEN));
    return credential_token_has_ended(named, hash, passage->clock.later_ns)
               ? refuse(passage, REASON_CREDENTIAL_EXPIRED)
               : VELUM_OK;
}

/* Named in the target, in the body, or in both alike: two activities for one act are none. */
static velum_status find_named(passage *passage, text *out)
{
    text in_body = TEXT_EMPTY;

    *out = passage->verb->activity != NULL ? text_of(passage->verb->activity)
                                           : passage->request->activity;
    if (!passage->verb->names_activity) {
        return VELUM_OK;
    }
    VELUM_TRY(parse_request(passage));
    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "activity", &in_body));
    if (in_body.size > 0 && out->size > 0 && !text_equal(in_body, *out)) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "Two different activities are named.");
    }
    *out = in_body.size > 0 ? in_body : *out;
    return VELUM_OK;
}

/* The named activity, the verb's fixed one, or the only one that the caller holds. */
static velum_status choose_activity(passage *passage)
{
    const bundle *bundle = passage->world->bundle;
    text named = TEXT_EMPTY;

    VELUM_TRY(find_named(passage, &named));
    if (named.size > 0) {
        passage->activity = bundle_find(bundle, REGISTRY_ACTIVITY, named);
        return passage->activity == BUNDLE_NONE ? refuse(passage, REASON_UNKNOWN_ACTIVITY)
                                                : VELUM_OK;
    }
    const uint64_t held = passage->actor.activities;
    if (held == 0) {
        return refuse(passage, REASON_ACTIVITY_NOT_REGISTERED);
    }
    if ((held & (held - 1)) != 0) {
        return refuse(passage, PROBLEM_ACTIVITY_NEEDED);
    }
    passage->activity = (uint32_t)__builtin_ctzll(held);
    return VELUM_OK;
}

/* Before anything of a subject is looked at: the credential must hold the activity (I-7). */
static velum_status check_registered(passage *passage)
{
    if ((passage->actor.activities >> passage->activity & 1) == 0) {
        return refuse(passage, REASON_ACTIVITY_NOT_REGISTERED);
    }
    if (passage->verb->is_people && passage->actor.kind != ACTOR_HUMAN) {
        return refuse(passage, REASON_ACTOR_KIND);
    }
    if (passage->verb->is_customer != (passage->actor.kind == ACTOR_CUSTOMER)) {
        return refuse(passage, REASON_ACTOR_KIND);
    }
    return VELUM_OK;
}

/* The gate's own act: nobody asks, and no rule of the policy gives or takes it. */
static velum_status take_ourselves(passage *passage)
{
    passage->is_known = true;
    passage->actor.auth_method = AUTH_NONE;
    passage->activity =
        bundle_find(passage->world->bundle, REGISTRY_ACTIVITY, TEXT_LITERAL("administration"));
    return VELUM_OK;
}

velum_status authenticate(passage *passage)
{
    if (passage->verb->is_own) {
        return take_ourselves(passage);
    }
    if (passage->request->auth == VELUM_AUTH_TOKEN) {
        VELUM_TRY(take_token(passage));
    } else {
        VELUM_TRY(take_credential(
            passage, world_credential_by_uid(passage->world, passage->request->uid), AUTH_UID));
    }
    VELUM_TRY(choose_activity(passage));
    return check_registered(passage);
}
