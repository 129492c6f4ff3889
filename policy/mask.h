/* policy/mask.h: showing part of a value, never all of it by accident.
 *
 * On code points, not bytes. Where a rule does not fit the value, everything is masked (spec:
 * "never fail open"). The masked form of a non-empty value is never the value itself.
 */
#ifndef POLICY_MASK_H
#define POLICY_MASK_H

#include "policy/bundle.h"

#define MASK_ALL 1       /* every code point, or `fixed_length` of them */
#define MASK_KEEP 2      /* keep_first, keep_last of text */
#define MASK_NAME 3      /* 张** ; Western: first letter of each word */
#define MASK_PHONE 4     /* 138****5678; +86 and other country codes understood */
#define MASK_ID_CARD 5   /* keep_first 6, keep_last 2 by default */
#define MASK_BANK_CARD 6 /* BIN (6) and last 4 at most (PCI DSS 3.4.1) */
#define MASK_EMAIL 7     /* d****@126.com */
#define MASK_ADDRESS 8   /* the last 8 code points hidden, at least half */
#define MASK_PLATE 9     /* 苏D4***0 */
#define MASK_YEAR 10     /* a date: 1990-**-** */
#define MASK_IP 11       /* 203.0.113.*, 2001:db8:: */
#define MASK_WAYBILL 12  /* at least 6 digits of a phone hidden, unit and room of an address */
#define MASK_NUMBER 13   /* a number: digits become 0 but the first, as its type */
#define MASK_PROFILES 14
const char *mask_profile_name(uint32_t profile);

/* What a profile takes: its own numbers, and the greatest that a policy may set; 0 where a policy may
 * not set one. NULL for an unknown profile. */
typedef struct mask_profile {
    const char *name; /* "id-card" */
    uint32_t keep_first;
    uint32_t keep_last;
    uint32_t fixed_length;
    uint32_t keep_first_max;
    uint32_t keep_last_max;
    uint32_t fixed_length_max;
    uint32_t types; /* bits 1 << FIELD_* */
} mask_profile;
const mask_profile *mask_profile_of(uint32_t profile);

/* Bytes that a masked value may need for a value of `size` bytes. */
size_t mask_bound(const bundle_mask *mask, size_t size);

/* Writes the masked form of valid UTF-8 `value` (of FIELD_* `type`) to `out`, not NUL-terminated.
 * VELUM_E_LIMIT when out_max is below mask_bound. An empty value stays empty. */
velum_status mask_apply(const bundle_mask *mask, uint32_t type, text value, char *out,
                        size_t out_max, size_t *out_size) VELUM_WARN_UNUSED;

/* Whether `value` is of the field's type: printable UTF-8 of 1–2048 bytes; a real date; a decimal. */
bool field_value_is_valid(uint32_t type, text value);

#endif
