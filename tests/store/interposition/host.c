/* A host that has its own SQLite and OpenSSL: host MODE FOLDER [LIBRARY].
 *   linked   the door comes by the linker, after libsqlite3
 *   loaded   the door comes by dlopen, as in Python or Node
 *   lazy     the same with lazy binding; prints the status of the door and ends
 *   config   lets the door's own OpenSSL read the host's configuration (the control)
 */
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define CANARY "canary-41d7-interposed"

typedef int door_fn(const char *folder, const char *value);
typedef int config_fn(void);

#ifdef HOST_LINKED
door_fn door_open;
config_fn door_load_config;
#endif

static int fail_with(const char *what)
{
    fprintf(stderr, "host: %s\n", what);
    return 1;
}

/* The host's own database, in the clear, through the host's own library. */
static int keep_plain(const char *folder, const char *name)
{
    char path[4096];
    sqlite3 *db = NULL;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    const int failed =
        sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('" CANARY "')", NULL, NULL,
                     NULL) != SQLITE_OK;
    sqlite3_close(db);
    return failed;
}

static void *find(void *library, const char *name)
{
#ifdef HOST_LINKED
    return strcmp(name, "door_open") == 0 ? (void *)door_open : (void *)door_load_config;
#else
    return dlsym(library, name);
#endif
}

static int run(const char *mode, const char *folder, void *library)
{
    door_fn *const door = (door_fn *)find(library, "door_open");
    config_fn *const config = (config_fn *)find(library, "door_load_config");

    if (door == NULL || config == NULL) {
        return fail_with("the door has no handle");
    }
    if (strcmp(mode, "config") == 0) {
        return config();
    }
    if (strcmp(mode, "lazy") == 0) {
        printf("%d\n", door(folder, CANARY));
        return 0;
    }
    if (keep_plain(folder, "before.db") || door(folder, CANARY) != 0 ||
        keep_plain(folder, "after.db") || door(folder, CANARY) != 0) {
        return fail_with("a database did not open");
    }
    return sqlite3_compileoption_used("HAS_CODEC") ? fail_with("the host's SQLite encrypts") : 0;
}

int main(int argc, char **argv)
{
    void *library = NULL;

    if (argc < 3) {
        return fail_with("MODE FOLDER [LIBRARY]");
    }
    if (argc > 3) {
        const int when = strcmp(argv[1], "lazy") == 0 ? RTLD_LAZY : RTLD_NOW;
        library = dlopen(argv[3], when | RTLD_GLOBAL);
        if (library == NULL) {
            return fail_with(dlerror());
        }
    }
    return run(argv[1], argv[2], library);
}
