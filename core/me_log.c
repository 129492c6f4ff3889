/* core/me_log.c: what customers see of an entry, and how many of them look at a time. */
#include "core/me_log.h"

#include "core/locate.h"

#include <stdio.h>

#define AUTH_CUSTOMER 3 /* as in leaves */
#define AUTH_NONE 4
#define DAY_SECONDS 86400
#define NS_PER_DAY (INT64_C(86400) * NS_PER_SECOND)

/* Delayed entries are whole once their days have passed, and are not spoken of before. */
static uint32_t visible_now(const passage *passage, const bundle_activity *activity, int64_t at_ns)
{
    if (activity->visible != VISIBLE_DELAYED) {
        return activity->visible == 0 ? VISIBLE_ROLE : activity->visible;
    }
    const int64_t age_ns = passage->clock.now_ns - at_ns;
    return age_ns >= (int64_t)activity->visible_days * NS_PER_DAY ? VISIBLE_FULL : 0;
}

bool own_entry_judge(audit_scan *scan, const audit_entry *entry, own_entry *out)
{
    const passage *const passage = scan->passage;
    const bundle *const bundle = passage->world->bundle;

    if (!passage->has_subject || !audit_scan_is_of_subject(scan, entry)) {
        return false;
    }
    *out = (own_entry){
        .is_self = entry->auth_method == AUTH_CUSTOMER,
        .is_bulk = entry->subject_count > 0,
        .visible = VISIBLE_ROLE, /* L-2 */
        .activity = bundle_find_number(bundle, REGISTRY_ACTIVITY, (uint16_t)entry->activity),
    };
    if (out->is_self) {
        out->visible = VISIBLE_FULL;
    } else if (out->activity != BUNDLE_NONE) {
        out->visible = visible_now(passage, &bundle->activities[out->activity], entry->at_ns);
    }
    return true;
}

/* --- in brief ----------------------------------------------------------------------------------- */

static uint64_t own_store(const passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find(bundle, REGISTRY_ATTRIBUTE, TEXT_LITERAL("store"));

    for (uint32_t i = 0; index != BUNDLE_NONE && i < passage->state.attribute_count; i++) {
        if (passage->state.attributes[i].number == bundle->attributes[index].number) {
            return passage->state.attributes[i].value;
        }
    }
    return 0;
}

/* A store's name is kept as a hash alone, so only the customer's own can be told. */
static bool is_of_own_store(const passage *passage, const audit_entry *entry)
{
    const world *const world = passage->world;
    const uint64_t store = own_store(passage);

    for (uint32_t i = 0; store != 0 && i < world->credential_count; i++) {
        const credential *const held = &world->credentials[i];
        if (held->store == store &&
            memcmp(held->actor_token, entry->actor_token, ENTRY_TOKEN_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

void own_brief_of(const passage *passage, const audit_entry *entry, own_brief *out)
{
    const int64_t local_s = entry->at_ns / NS_PER_SECOND + passage->world->bundle->day_offset_s;

    *out = (own_brief){
        .day = (int32_t)(local_s / DAY_SECONDS),
        .purpose = entry->purpose,
        .auth_method = entry->auth_method,
        .role_count = entry->role_count,
        .is_own_store = is_of_own_store(passage, entry),
    };
    memcpy(out->roles, entry->roles, sizeof(out->roles));
}

bool own_brief_equals(const own_brief *a, const own_brief *b)
{
    return a->day == b->day && a->purpose == b->purpose && a->auth_method == b->auth_method &&
           a->is_own_store == b->is_own_store && a->role_count == b->role_count &&
           memcmp(a->roles, b->roles, a->role_count * sizeof(a->roles[0])) == 0;
}

void own_brief_write_day(const own_brief *self, json_writer *out)
{
    char day[CIVIL_DATE_TEXT_BYTES];

    civil_date_format(civil_date_from_days(self->day), day);
    json_member_string(out, "day", day);
}

/* All roles of whoever looked, with commas; names of the policy. */
static void write_roles(const world *world, const own_brief *self, json_writer *out)
{
    char roles[ENTRY_ROLES_MAX * (ENTRY_NAME_BYTES_MAX + 1)] = "";
    size_t size = 0;

    if (self->auth_method == AUTH_CUSTOMER || self->auth_method == AUTH_NONE) {
        json_member_string(out, "role", self->auth_method == AUTH_CUSTOMER ? "customer" : "velum");
        return;
    }
    for (uint32_t i = 0; i < self->role_count; i++) {
        const char *const name = world_name(world, REGISTRY_ROLE, self->roles[i]);
        if (name != NULL) {
            size += (size_t)snprintf(roles + size, sizeof(roles) - size, "%s%s",
                                     size == 0 ? "" : ",", name);
        }
    }
    json_member_string(out, "role", roles);
}

void own_brief_write_who(const world *world, const own_brief *self, json_writer *out)
{
    const char *const purpose = world_name(world, REGISTRY_PURPOSE, self->purpose);

    json_member_string(out, "purpose", purpose == NULL ? "" : purpose);
    write_roles(world, self, out);
    if (self->is_own_store) {
        json_member_string(out, "store", "own");
    }
}

/* --- walks -------------------------------------------------------------------------------------- */

velum_status own_scan_run(passage *passage, own_walk walk, void *context)
{
    atomic_uint *const running = &passage->gate->own_scans;

    if (atomic_fetch_add(running, 1) >= OWN_SCANS_MAX) {
        (void)atomic_fetch_sub(running, 1);
        return VELUM_E_BUSY;
    }
    locate_release_snapshot(passage);
    const velum_status status = walk(context);
    (void)atomic_fetch_sub(running, 1);
    return status;
}
