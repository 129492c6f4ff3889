/* fuzz-driver.c: runs a libFuzzer target as an ordinary test, with any compiler.
 *
 * First every file of tests/fuzz/corpus/<name>/ is replayed, then a bounded number of mutations of
 * them, the same ones each time. A child does the work and keeps the input at hand in shared memory;
 * when it dies, the parent saves that input beside the program as <program>.crash, ready for the
 * corpus. Prints TAP.
 *
 *   VELUM_FUZZ_RUNS  mutations (20000)      VELUM_FUZZ_SEED  another sequence (1)
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define INPUT_BYTES_MAX 65536
#define GROWN_BYTES_MAX 4096 /* how far mutation alone lets an input grow */
#define CORPUS_FILES_MAX 4096
#define EDITS_MAX 8
#define MUTATION_SECONDS_MAX 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

typedef struct input {
    size_t size;
    uint8_t bytes[INPUT_BYTES_MAX];
} input;

typedef struct corpus {
    size_t count;
    char *paths[CORPUS_FILES_MAX];
} corpus;

/* splitmix64 (Steele, Lea, Flood 2014): small, and any seed will do. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t limit)
{
    return limit == 0 ? 0 : (size_t)(next_random(state) % limit);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *const value = getenv(name);
    return value == NULL ? otherwise : strtoul(value, NULL, 10);
}

/* The target sees a copy of exactly `size` bytes, so that a sanitiser notices one byte too many. */
static void run_once(const input *now)
{
    uint8_t *const copy = malloc(now->size == 0 ? 1 : now->size);
    if (copy == NULL) {
        _exit(1);
    }
    memcpy(copy, now->bytes, now->size);
    (void)LLVMFuzzerTestOneInput(copy, now->size);
    free(copy);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Sorted, since the order of a folder differs between file systems. */
static void corpus_list(corpus *all, const char *folder)
{
    DIR *const dir = opendir(folder);
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL && all->count < CORPUS_FILES_MAX;
         entry = readdir(dir)) {
        if (entry->d_name[0] != '.' &&
            asprintf(&all->paths[all->count], "%s/%s", folder, entry->d_name) > 0) {
            all->count++;
        }
    }
    closedir(dir);
    qsort(all->paths, all->count, sizeof(all->paths[0]), by_name);
}

static void load(input *now, const char *path)
{
    FILE *const file = fopen(path, "rb");
    now->size = 0;
    if (file != NULL) {
        now->size = fread(now->bytes, 1, sizeof(now->bytes), file);
        fclose(file);
    }
}

static void flip_bit(input *now, uint64_t *state)
{
    if (now->size > 0) {
        now->bytes[below(state, now->size)] ^= (uint8_t)(1U << below(state, 8));
    }
}

static void set_byte(input *now, uint64_t *state)
{
    static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff, '"', '\\', '\n', '{', '[', ':', '-'};
    if (now->size > 0) {
        now->bytes[below(state, now->size)] = telling[below(state, sizeof(telling))];
    }
}

static void cut(input *now, uint64_t *state)
{
    now->size = below(state, now->size + 1);
}

static void insert(input *now, uint64_t *state)
{
    const size_t at = below(state, now->size + 1);
    const size_t more = 1 + below(state, 16);
    if (now->size + more > GROWN_BYTES_MAX) {
        return;
    }
    memmove(now->bytes + at + more, now->bytes + at, now->size - at);
    for (size_t i = 0; i < more; i++) {
        now->bytes[at + i] = (uint8_t)next_random(state);
    }
    now->size += more;
}

static void repeat(input *now, uint64_t *state)
{
    const size_t from = below(state, now->size);
    const size_t span = below(state, now->size - from + 1);
    if (now->size + span > GROWN_BYTES_MAX) {
        return;
    }
    memmove(now->bytes + from + span, now->bytes + from, now->size - from);
    now->size += span;
}

static void mutate(input *now, uint64_t *state)
{
    static void (*const edits[])(input *, uint64_t *) = {flip_bit, set_byte, cut, insert, repeat};
    const size_t count = 1 + below(state, EDITS_MAX);
    for (size_t i = 0; i < count; i++) {
        edits[below(state, sizeof(edits) / sizeof(edits[0]))](now, state);
    }
}

static void replay_all(input *now, const corpus *all)
{
    now->size = 0;
    run_once(now);
    for (size_t i = 0; i < all->count; i++) {
        load(now, all->paths[i]);
        run_once(now);
    }
}

static void mutate_all(input *now, const corpus *all)
{
    const unsigned long runs = setting("VELUM_FUZZ_RUNS", 20000);
    const time_t end = time(NULL) + MUTATION_SECONDS_MAX;
    uint64_t state = setting("VELUM_FUZZ_SEED", 1);
    for (unsigned long run = 0; run < runs && time(NULL) < end; run++) {
        now->size = 0;
        if (all->count > 0) {
            load(now, all->paths[below(&state, all->count)]);
        }
        mutate(now, &state);
        run_once(now);
    }
}

static void save_crash(const input *now, const char *program)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s.crash", program);
    FILE *const file = fopen(path, "wb");
    if (file == NULL) {
        return;
    }
    (void)fwrite(now->bytes, 1, now->size, file);
    fclose(file);
    printf("# the input is in %s (%zu bytes): add it to the corpus\n", path, now->size);
}

/* One phase in a child; true when the child came through it. */
static int survives(void (*phase)(input *, const corpus *), input *now, const corpus *all)
{
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        phase(now, all);
        exit(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(int argc, char **argv)
{
    static corpus all;
    const char *const slash = strrchr(argv[0], '/');
    const char *const name = (slash == NULL ? argv[0] : slash + 1) + strlen("fuzz_");
    char folder[4096];

    (void)snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name);
    corpus_list(&all, folder);
    input *const now =
        mmap(NULL, sizeof(*now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (now == MAP_FAILED) {
        return 1;
    }
    if (LLVMFuzzerInitialize != NULL) {
        (void)LLVMFuzzerInitialize(&argc, &argv);
    }

    const int replayed = survives(replay_all, now, &all);
    printf("1..2\n%sok 1 - %zu files of the corpus\n", replayed ? "" : "not ", all.count);
    if (!replayed) {
        save_crash(now, argv[0]);
    }
    const int mutated = replayed && survives(mutate_all, now, &all);
    printf("%sok 2 - mutations, seed %lu\n", mutated ? "" : "not ", setting("VELUM_FUZZ_SEED", 1));
    if (replayed && !mutated) {
        save_crash(now, argv[0]);
    }
    return replayed && mutated ? 0 : 1;
}
