/* tests/policy/shop.h: a policy with one module that uses every section. */
#ifndef TESTS_POLICY_SHOP_H
#define TESTS_POLICY_SHOP_H

#include "tests/policy/fixture.h"

/* policy.yaml and modules/shop.yaml; they compile without a finding. Lines are counted by tests. */
extern const char shop_policy[];
extern const char shop_module[];

/* Compiles a policy with modules; names are those of files: "modules/shop.yaml". */
typedef struct module_file {
    const char *name;
    const char *text;
} module_file;
velum_status compile_shop(const char *policy, const module_file *modules, size_t count,
                          findings *caught, bundle **out);
/* Those of above with one piece of the policy, of the module, or of neither replaced; they compile. */
bundle *shop_with(const char *policy_from, const char *policy_to);
bundle *shop_with_module(const char *from, const char *to);

/* Compiling the shop, with one piece of the module replaced, fails with these words in that line. */
void assert_module_error(const char *from, const char *to, uint32_t line, const char *words);
/* The same of the policy's file. */
void assert_policy_error(const char *from, const char *to, uint32_t line, const char *words);
bool finding_told(const findings *caught, const char *file, uint32_t line, const char *words);

#endif
