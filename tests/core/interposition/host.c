/* A program of a retailer: it has its own SQLite and OpenSSL, and opens a gate through libvelum.so.
 * Usage: host DIR TOKEN BODY PLAIN.DB */
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <velum/velum.h>

static int use_own_sqlite(const char *path)
{
    sqlite3 *db = NULL;

    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS t (x); INSERT INTO t VALUES ('plain')", NULL,
                     NULL, NULL) != SQLITE_OK) {
        return 1;
    }
    return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}

static int use_own_openssl(void)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;

    return EVP_Digest("abc", 3, digest, &size, EVP_sha256(), NULL) == 1 && size == 32 ? 0 : 1;
}

static velum_string string_of(const char *text)
{
    return (velum_string){text, strlen(text)};
}

static int upsert(velum_gate *gate, char **argv)
{
    const velum_request request = {.size = sizeof(request),
                                   .verb = VELUM_VERB_UPSERT,
                                   .auth = VELUM_AUTH_TOKEN,
                                   .credential = string_of(argv[2]),
                                   .body = string_of(argv[3])};
    velum_answer *answer = NULL;
    velum_error err;

    if (velum_gate_call(gate, &request, &answer, &err) < 0) {
        fprintf(stderr, "call: %s\n", err.text);
        return 1;
    }
    const int status = velum_answer_status(answer);
    printf("%d\n", status);
    velum_answer_free(answer);
    return status == 200 ? 0 : 1;
}

int main(int argc, char **argv)
{
    velum_gate *gate = NULL;
    velum_error err;

    if (argc != 5 || use_own_sqlite(argv[4]) != 0) {
        return 2;
    }
    const velum_gate_options options = {.size = sizeof(options), .folder = string_of(argv[1])};
    if (velum_gate_open(&options, &gate, &err) < 0) {
        fprintf(stderr, "open: %s\n", err.text);
        return 1;
    }
    const int failed = upsert(gate, argv);
    velum_gate_free(gate);
    return failed + use_own_openssl() + use_own_sqlite(argv[4]);
}
