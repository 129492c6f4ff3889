/* core/registry.h: names that leaves call by number. Append-only: the transaction that adds a name
 * writes a `registry` leaf with it, so that a copied log can be read. */
#ifndef CORE_REGISTRY_H
#define CORE_REGISTRY_H

#include "core/passage.h"

/* The number of a name, added with its leaf when it is new. */
velum_status registry_add(write_batch *batch, uint32_t kind, text name, int64_t at_ns,
                          uint16_t *out_number) VELUM_WARN_UNUSED;
/* Adds every name of the bundle and of our own tables. */
velum_status registry_add_bundle(write_batch *batch, const bundle *bundle,
                                 int64_t at_ns) VELUM_WARN_UNUSED;
velum_status registry_add_own(write_batch *batch, int64_t at_ns) VELUM_WARN_UNUSED;

/* Fills what leaves of our own acts have: event id, time, boot, tenant. */
void own_entry(velum_gate *gate, uint32_t type, int64_t at_ns, audit_entry *out);

#endif
