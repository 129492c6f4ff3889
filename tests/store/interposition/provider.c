/* A foreign OpenSSL provider that does nothing but leave a mark where VELUM_TEST_MARK says. */
#include <openssl/core.h>
#include <stdio.h>
#include <stdlib.h>

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **context);

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **context)
{
    static const OSSL_DISPATCH nothing[] = {{0, NULL}};
    const char *const path = getenv("VELUM_TEST_MARK");
    FILE *const mark = path == NULL ? NULL : fopen(path, "w");

    (void)handle;
    (void)in;
    if (mark != NULL) {
        fputs("mapped\n", mark);
        fclose(mark);
    }
    *out = nothing;
    *context = NULL;
    return 1;
}
