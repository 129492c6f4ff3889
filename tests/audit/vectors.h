/* tests/audit/vectors.h: published test vectors, read where VELUM_SHARED points. */
#ifndef TESTS_AUDIT_VECTORS_H
#define TESTS_AUDIT_VECTORS_H

#include "base/json.h"

/* The whole file below $VELUM_SHARED; skips the test when the variable is not set. Free with
 * mem_free. */
char *vectors_read(const char *name, size_t *out_size);
/* Calls `each` with every line of a JSON lines file; the number of lines. */
size_t vectors_each_line(const char *name, void (*each)(const json_value *line));

#endif
