/* audit/entry_members.h: the table that entry.c writes by and entry_reader.c reads by; private to
 * the two.
 */
#ifndef AUDIT_ENTRY_MEMBERS_H
#define AUDIT_ENTRY_MEMBERS_H

#include "audit/entry.h"

typedef enum member_kind {
    MEMBER_U32,
    MEMBER_U64,
    MEMBER_TIME,     /* int64 */
    MEMBER_BYTES,    /* fixed size, all-zero is absent */
    MEMBER_LIST,     /* u32 in an array */
    MEMBER_MASKS,    /* map u32 → u32 */
    MEMBER_INPUTS,   /* map u32 → u64 */
    MEMBER_NAME,     /* printable ASCII */
    MEMBER_SUBJECTS, /* tokens in one byte string, borrowed */
} member_kind;

typedef struct entry_member {
    uint8_t key;
    uint8_t kind;
    uint16_t limit;        /* bytes of BYTES, items of the others */
    uint16_t offset;       /* in audit_entry */
    uint16_t count_offset; /* of lists and maps */
} entry_member;

/* docs/formats/leaf.md, "Body". Ascending keys (RFC 8949 §4.2.1). */
#define ENTRY_MEMBER_COUNT 50
extern const entry_member entry_members[ENTRY_MEMBER_COUNT];

bool entry_bytes_are_zero(const uint8_t *bytes, size_t size);
/* A name may hold what a policy author may type: printable ASCII. */
bool entry_name_is_valid(text name);

#endif
