/* fuzz_certificate.c: the file of a certificate from any bytes: without a key nothing holds, the same
 * bytes are judged the same twice, and no more comes out than was in the file. */
#include <stdlib.h>
#include <string.h>
#include <velum/admin.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static int32_t judge(const uint8_t *data, size_t size)
{
    velum_certificate_report found = {.size = sizeof found};
    char *said = NULL;
    size_t said_size = 0;

    require(velum_certificate_verify((velum_string){(const char *)data, size},
                                     (velum_string){NULL, 0}, &found, &said,
                                     &said_size) == VELUM_OK);
    require(found.exit_code == 3 || found.exit_code == 5 || found.exit_code == 6);
    require((said == NULL) == (found.exit_code == 5));
    require(said == NULL || said_size < size);
    require(memchr(found.origin, 0, sizeof found.origin) != NULL);
    require(memchr(found.reason, 0, sizeof found.reason) != NULL);
    velum_body_free(said);
    return found.exit_code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    require(judge(data, size) == judge(data, size));
    return 0;
}
