/* policy/embedded.h: the policies that come inside the library.
 *
 * The C file is made at build time by tools/embed-policy from policy/sample, policy/bootstrap and
 * policy/packs, so that the folders a retailer reads are the ones that run. The bytes live as long as the program.
 */
#ifndef POLICY_EMBEDDED_H
#define POLICY_EMBEDDED_H

#include "policy/bundle.h"

/* A retailer's policy to start from, with roles, purposes and notices. */
const bundle_file *embedded_sample(size_t *out_count);

/* Only audit and administration: what a gate runs on until an officer applies a policy. */
const bundle_file *embedded_bootstrap(size_t *out_count);

/* The jurisdiction packs that Velum brings, "<name>.v<version>.yaml", in byte order of names. A file
 * is never changed and never goes: the hash of a bundle stands for what it decides (D-3). */
const bundle_file *embedded_packs(size_t *out_count);

#endif
