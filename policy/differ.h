/* policy/differ.h: what the parts of bundle_diff share. Private to policy/.
 *
 * A part compares one thing of two bundles and tells each difference in a line. A difference widens
 * when it lets somebody see or do more, or be seen less by the person concerned; where that cannot
 * be said it widens (I-3).
 */
#ifndef POLICY_DIFFER_H
#define POLICY_DIFFER_H

#include "policy/bundle.h"

typedef struct differ {
    const bundle *before;
    const bundle *after;
    bundle_change tell;
    void *context;
    const char *section; /* that is compared now */
    char who[144];       /* "role analyst" */
    velum_status status; /* the first negative one of `tell` ends it all */
} differ;

/* Which direction of a number widens. */
typedef enum number_sense { MORE_WIDENS, LESS_WIDENS, NEVER_WIDENS } number_sense;

/* "<who>: <message>" */
void differ_tell(differ *self, bool widens, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "<what> from 3 to 4", when they differ. */
void differ_number(differ *self, const char *what, uint32_t before, uint32_t after,
                   number_sense sense);
/* "<what> from x to y", when they differ; an empty text shows as none. */
void differ_text(differ *self, bool widens, const char *what, text before, text after);
/* "<what> yes, was no", when they differ. */
void differ_flag(differ *self, const char *what, bool before, bool after, number_sense sense);
/* "<what> x is new" (widens) and "is gone", for two sets of bits of things of a registry kind. */
void differ_set(differ *self, uint32_t kind, const char *what, uint64_t before, uint64_t after);
/* The same of the fields of a table that both bundles may have, by its indexes in them; BUNDLE_NONE where
 * one has not. "<what> orders.amount is new" */
void differ_columns(differ *self, const char *what, const bundle_resource *old, uint64_t before,
                    const bundle_resource *new, uint64_t after);
/* Bits with words: what is set after and was not before is new, and widens. */
void differ_bits(differ *self, const char *what, uint32_t before, uint32_t after,
                 const char *(*word)(uint32_t bit));
/* What fields of people and of tables have in common: type, class and mask. */
typedef struct field_look {
    uint32_t type;
    uint32_t class;
    uint32_t mask; /* index in its bundle */
} field_look;
void differ_traits(differ *self, const field_look *old, const field_look *new);
/* The bit set of `before`, of things of a kind, in the indexes of `after`; what is gone drops out. */
uint64_t differ_translate(const differ *self, uint32_t kind, uint64_t before);

/* Each compares one thing that both bundles have, by its indexes in them. */
void differ_purpose(differ *self, uint32_t before, uint32_t after);
void differ_category(differ *self, uint32_t before, uint32_t after);
void differ_field(differ *self, uint32_t before, uint32_t after);
void differ_mask(differ *self, uint32_t before, uint32_t after);
void differ_activity(differ *self, uint32_t before, uint32_t after);
void differ_role(differ *self, uint32_t before, uint32_t after);
void differ_pack(differ *self, uint32_t before, uint32_t after);
void differ_channel(differ *self, uint32_t before, uint32_t after);
void differ_hook(differ *self, uint32_t before, uint32_t after);
void differ_module(differ *self, uint32_t before, uint32_t after);
void differ_table(differ *self, uint32_t before, uint32_t after);
void differ_count(differ *self, uint32_t before, uint32_t after);
void differ_template(differ *self, uint32_t before, uint32_t after);
/* These compare what a bundle has one of. */
void differ_approvals(differ *self);
void differ_erasure(differ *self);
void differ_searchable(differ *self);

#endif
