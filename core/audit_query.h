/* core/audit_query.h: which entries an officer asks for. Every filter given must hold. */
#ifndef CORE_AUDIT_QUERY_H
#define CORE_AUDIT_QUERY_H

#include "audit/entry.h"
#include "core/passage.h"

/* Numbers are of the registry; 0: not asked for. */
typedef struct audit_query {
    const world *world;
    bool break_glass;
    bool shadow; /* the bundle in shadow would have decided otherwise */
    uint32_t type;
    uint32_t decision;
    uint32_t activity;
    uint32_t purpose;
    uint32_t field;       /* asked or released */
    uint32_t reason;      /* of a refusal … */
    uint32_t reason_code; /* … or why somebody looked; a name may be of both */
    uint32_t auth_method; /* of an actor that is no credential: customers, the gate itself */
    bool has_actor;
    uint8_t actor[ENTRY_TOKEN_BYTES];
    uint64_t store; /* attribute_value_hash: by whoever is bound to it today */
} audit_query;

/* Members of a body that audit_query_parse reads, for parse_known_members. */
#define AUDIT_QUERY_MEMBERS                                                                   \
    "denied", "decision", "type", "actor", "activity", "purpose", "field", "reason", "store", \
        "break_glass", "shadow"

/* Refuses names that are not known: a question with a slip in it must not look answered. */
velum_status audit_query_parse(passage *passage, audit_query *out) VELUM_WARN_UNUSED;
bool audit_query_matches(const audit_query *self, const audit_entry *entry);

#endif
