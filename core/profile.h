/* core/profile.h: what a caller wants written of a subject: fields and declared attributes. */
#ifndef CORE_PROFILE_H
#define CORE_PROFILE_H

#include "core/passage.h"

typedef struct profile {
    text values[BUNDLE_FIELDS_MAX];             /* by field index; borrowed from the request */
    uint64_t set;                               /* field bits */
    uint64_t removed;                           /* field bits: JSON null */
    uint64_t attributes[BUNDLE_ATTRIBUTES_MAX]; /* attribute_value_hash by index; 0: JSON null */
    uint32_t attributes_set;                    /* bits */
} profile;

/* Reads `profile: {name: text|null …}`; absent is empty. Names that the policy does not know are
 * counted in passage->unknown_fields; fields asked are passage->asked. A value that does not fit its
 * field is REASON_INVALID_VALUE. */
velum_status profile_parse(passage *passage, const json_value *object,
                           profile *out) VELUM_WARN_UNUSED;

/* A new subject of passage->identifiers with that profile; it becomes the passage's subject. */
velum_status profile_create(passage *passage, const profile *profile) VELUM_WARN_UNUSED;
/* Merges into the located subject; *out_changed false when all of it stood there already. */
velum_status profile_merge(passage *passage, const profile *profile,
                           bool *out_changed) VELUM_WARN_UNUSED;

/* Seals the passage's state as it stands now. */
velum_status state_seal(passage *passage) VELUM_WARN_UNUSED;
/* The same for a consent event or a restriction: no state sealed before opens again (V-5). */
velum_status state_seal_final(passage *passage) VELUM_WARN_UNUSED;

#endif
