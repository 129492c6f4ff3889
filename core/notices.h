/* core/notices.h: every notice that a customer was ever shown, by registry number, for ever.
 *
 * Those of bundles come in with the bundle, those of imported consents with the import. A decision
 * names the consent's notice by its full hash, whether the active bundle still has it or not.
 */
#ifndef CORE_NOTICES_H
#define CORE_NOTICES_H

#include "core/passage.h"

/* Stores a notice, gives it its registry number with its leaf when it is new. `id` is that of the
 * bundle, or `legacy` for an imported one. */
velum_status notice_put(write_batch *batch, text id, text language, uint32_t version, text body,
                        uint16_t *out_number) VELUM_WARN_UNUSED;
/* All notices of a bundle. */
velum_status notices_put_bundle(write_batch *batch, const bundle *bundle) VELUM_WARN_UNUSED;

#endif
