/* core/audit_write.h: an entry of the log as JSON: numbers as the registry's names, tokens as hex.
 * Nothing is written that the leaf does not hold, but for the names. */
#ifndef CORE_AUDIT_WRITE_H
#define CORE_AUDIT_WRITE_H

#include "audit/entry.h"
#include "base/json.h"
#include "core/world.h"

void audit_write_entry(const world *world, uint64_t index, const audit_entry *entry,
                       json_writer *out);

/* Members of an open object; nothing where the entry has nothing. */
void audit_member_name(const world *world, json_writer *out, const char *member, uint32_t kind,
                       uint32_t number);
void audit_member_hex(json_writer *out, const char *member, const uint8_t *bytes, size_t size);
void audit_member_fields(const world *world, json_writer *out, const char *member,
                         const uint32_t *fields, uint32_t count);
void audit_member_masked(const world *world, json_writer *out, const audit_entry *entry);
void audit_member_roles(const world *world, json_writer *out, const audit_entry *entry);
/* "actor_token", and "actor" where a credential of today has that token. */
void audit_member_actor(const world *world, json_writer *out, const audit_entry *entry);
void audit_member_consent(json_writer *out, const audit_entry *entry);
/* The parameters of the act, by name. */
void audit_members_of_inputs(const world *world, json_writer *out, const audit_entry *entry);
/* "index", "id", "at", "type", "stage". */
void audit_members_of_place(json_writer *out, uint64_t index, const audit_entry *entry);

/* 0 when the entry has no such input. */
uint64_t audit_input(const audit_entry *entry, uint32_t key);
/* The credential of today behind the entry; NULL for customers, the gate and who is gone. */
const credential *audit_credential(const world *world, const uint8_t token[ENTRY_TOKEN_BYTES]);

#endif
