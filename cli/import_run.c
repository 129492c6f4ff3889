/* cli/import_run.c: rows of a file, one after another.
 *
 * A row that cannot go in is named by line and reason in FILE.rejected.csv, never by its values; the
 * rest goes in. Keys of the chunk under way are remembered only while references are asked for.
 */
#include "cli/import_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "cli/import_row.h"
#include "cli/place.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/side_file.h"

#define REASON_BYTES_MAX 64
#define LINE_BYTES 24
#define KEYS_BYTES_MAX (CSV_FIELD_BYTES_MAX * (size_t)IMPORT_CHUNK_ROWS_MAX)

typedef struct key_place {
    uint64_t line;
    size_t offset;
    size_t size;
} key_place;

typedef struct run {
    const import_kind *kind; /* NULL: customers */
    buffer source;           /* of the map */
    import_map *map;
    csv *rows;
    int fd;
    uint64_t file_bytes;
    import_chunk chunk;
    side_file rejected;
    side_file refs;
    char rejected_path[PLACE_BYTES_MAX];
    buffer row;
    buffer keys;
    key_place key_places[IMPORT_CHUNK_ROWS_MAX];
    uint32_t key_count;
    uint64_t read;
    uint64_t rejected_here;
    progress progress;
} run;

static void run_init(run *self)
{
    *self = (run){.fd = -1, .rejected = SIDE_FILE_NONE, .refs = SIDE_FILE_NONE};
    buffer_init(&self->source, IMPORT_MAP_BYTES_MAX);
    buffer_init(&self->row, IMPORT_ROW_BYTES_MAX);
    buffer_init(&self->keys, KEYS_BYTES_MAX);
}

static void run_clear(run *self)
{
    import_map_free(self->map);
    buffer_clear(&self->source);
    csv_free(self->rows);
    file_close(&self->fd);
    import_chunk_clear(&self->chunk);
    side_file_close(&self->rejected);
    side_file_close(&self->refs);
    buffer_clear(&self->row);
    buffer_clear(&self->keys);
}

/* A map of something else than customers names only what that has. */
static velum_status check_fields(const run *self)
{
    for (uint32_t i = 0; self->kind != NULL && i < self->map->field_count; i++) {
        bool is_known = false;
        for (size_t j = 0; self->kind->fields[j] != NULL; j++) {
            is_known =
                is_known || text_equal_literal(self->map->fields[i].name, self->kind->fields[j]);
        }
        if (!is_known) {
            say("field %u of the map is none that can be imported here", i + 1);
            return VELUM_E_INVALID;
        }
    }
    return VELUM_OK;
}

static velum_status compile_map(run *self)
{
    velum_error err = {0};

    const velum_status status = import_map_compile(
        (text){(const char *)self->source.data, self->source.size}, &self->map, &err);
    if (status < 0) {
        say("%s", err.text);
        say_more("docs/cli.md says what a map holds; docs/examples/import/ has three.");
        return status;
    }
    return check_fields(self);
}

static velum_status read_map(run *self, const char *path)
{
    if (path == NULL) {
        return VELUM_OK; /* made from the first row */
    }
    const velum_status status = place_read_path(path, &self->source);
    if (status < 0) {
        session_say_error("the map cannot be read", status, NULL);
        return status;
    }
    return compile_map(self);
}

static velum_status make_map(run *self, const text *header, size_t count)
{
    if (self->map != NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(self->kind->make_map(self->kind->context, header, count, &self->source));
    return compile_map(self);
}

static velum_status open_rows(run *self, const char *path)
{
    velum_status status = VELUM_OK;

    self->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (self->fd < 0) {
        say("the file to import cannot be opened");
        return VELUM_E_IO;
    }
    if (file_size(self->fd, &self->file_bytes) < 0) {
        self->file_bytes = 0; /* a pipe: progress without percents */
    }
    status = csv_open(self->fd, &self->rows);
    if (status < 0) {
        session_say_error("the file to import cannot be read", status, NULL);
    }
    return status;
}

static velum_status read_header(run *self)
{
    const text *header = NULL;
    const char *reason = NULL;
    size_t count = 0;
    uint64_t line = 0;
    velum_error err = {0};

    velum_status status = csv_next(self->rows, &header, &count, &line, &reason);
    if (status != VELUM_OK) {
        say("the first row, which names the columns, cannot be read%s%s",
            reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
        return status < 0 ? status : VELUM_E_INVALID;
    }
    VELUM_TRY(make_map(self, header, count));
    status = import_map_bind(self->map, header, count, &err);
    if (status < 0) {
        say("%s", err.text);
        say_more("Nothing was imported.");
    }
    return status;
}

static velum_status open_side_files(run *self, const import_paths *paths)
{
    const int size =
        snprintf(self->rejected_path, sizeof(self->rejected_path), "%s.rejected.csv", paths->file);

    if (size < 0 || (size_t)size >= sizeof(self->rejected_path)) {
        say("the file's path is too long");
        return VELUM_E_LIMIT;
    }
    velum_status status =
        side_file_open(&self->rejected, self->rejected_path, true, "line,reason\r\n");
    if (status < 0) {
        session_say_error("FILE.rejected.csv cannot be written beside the file", status, NULL);
        return status;
    }
    if (paths->refs == NULL) {
        return VELUM_OK;
    }
    status = side_file_open(&self->refs, paths->refs, false, "key,ref\r\n");
    if (status == VELUM_E_EXISTS) {
        say("--refs-out names a file that is there already; it is not written over");
    } else if (status < 0) {
        session_say_error("the file of --refs-out cannot be written", status, NULL);
    }
    return status;
}

/* A reason is a short code of ours, letters and hyphens with a digit or two ("bad-utf8"); anything
 * else might be a value and is not repeated. */
static text clean_reason(text reason)
{
    uint32_t digits = 0;

    for (size_t i = 0; i < reason.size; i++) {
        const char c = reason.data[i];
        const bool is_digit = c >= '0' && c <= '9';
        digits += is_digit;
        if (c != '-' && !is_digit && !(c >= 'a' && c <= 'z')) {
            return TEXT_LITERAL("rejected");
        }
    }
    const bool is_code = reason.size > 0 && reason.size <= REASON_BYTES_MAX && digits <= 2;
    return is_code ? reason : TEXT_LITERAL("rejected");
}

static velum_status reject(run *self, uint64_t line, text reason)
{
    char number[LINE_BYTES];

    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)line);
    return side_file_add(&self->rejected, text_of(number), clean_reason(reason));
}

static text key_of(const run *self, uint64_t line)
{
    for (uint32_t i = 0; i < self->key_count; i++) {
        if (self->key_places[i].line == line) {
            return (text){(const char *)self->keys.data + self->key_places[i].offset,
                          self->key_places[i].size};
        }
    }
    return TEXT_EMPTY;
}

/* What the gate said of one row. */
static velum_status take_result(void *context, uint64_t line, text reason, text ref)
{
    run *self = context;

    if (reason.size > 0) {
        return reject(self, line, reason);
    }
    const text key = key_of(self, line);
    if (self->refs.fd < 0 || key.size == 0 || ref.size == 0) {
        return VELUM_OK;
    }
    return side_file_add(&self->refs, key, ref);
}

/* After a row went into the chunk: its key, in a chunk's first row instead of all older ones. */
static velum_status remember_key(run *self, uint64_t line, text key)
{
    if (self->refs.fd < 0) {
        return VELUM_OK;
    }
    if (self->chunk.rows == 1) {
        buffer_reset(&self->keys);
        self->key_count = 0;
    }
    self->key_places[self->key_count++] = (key_place){line, self->keys.size, key.size};
    buffer_append(&self->keys, key.data, key.size);
    return buffer_status(&self->keys);
}

static velum_status reject_here(run *self, uint64_t line, const char *reason)
{
    self->rejected_here++;
    self->chunk.counts.rejected++;
    return reject(self, line, text_of(reason));
}

static velum_status take_row(run *self, const import_cells *cells)
{
    const char *reason = NULL;

    buffer_reset(&self->row);
    const import_row_writer write = self->kind == NULL ? import_row_write : self->kind->write_row;
    const velum_status status = write(self->map, cells, &self->row, &reason);
    if (status == VELUM_E_INVALID) {
        return reject_here(self, cells->line, reason == NULL ? "bad-utf8" : reason);
    }
    VELUM_TRY(status);
    VELUM_TRY(import_chunk_add(&self->chunk, (text){(const char *)self->row.data, self->row.size}));
    return remember_key(self, cells->line, import_row_key(self->map, cells->fields));
}

/* Takes the next row; VELUM_END behind the last. */
static velum_status next_row(run *self)
{
    const text *fields = NULL;
    const char *reason = NULL;
    size_t count = 0;
    uint64_t line = 0;
    const velum_status status = csv_next(self->rows, &fields, &count, &line, &reason);

    if (status == VELUM_END) {
        return VELUM_END;
    }
    self->read++;
    if (status < 0 && reason == NULL) {
        session_say_error("the file to import cannot be read on", status, NULL);
        return status;
    }
    if (status < 0) {
        return reject_here(self, line, reason);
    }
    return take_row(self, &(import_cells){fields, count, line});
}

static velum_status take_all(run *self)
{
    velum_status status = VELUM_OK;

    progress_begin(&self->progress, "rows read");
    while (status == VELUM_OK) {
        status = next_row(self);
        progress_show(&self->progress, self->read, csv_offset(self->rows), self->file_bytes);
    }
    if (status == VELUM_END) {
        status = import_chunk_end(&self->chunk);
    }
    progress_end(&self->progress);
    return status;
}

static velum_status finish(run *self)
{
    velum_status status = side_file_flush(&self->rejected);

    if (status == VELUM_OK) {
        status = side_file_flush(&self->refs);
    }
    if (status < 0) {
        session_say_error("the rows are in, but a file beside the input cannot be written", status,
                          NULL);
        return status;
    }
    if (self->refs.fd >= 0 && self->refs.rows == 0 && self->read > self->chunk.counts.rejected) {
        say("no references were given: name a domain with --domain");
    }
    if (self->rejected.rows == 0) {
        (void)unlink(self->rejected_path); /* nothing to tell, and none left of an earlier run */
    }
    return VELUM_OK;
}

static velum_status run_with(run *self, const import_paths *paths, velum_client *client)
{
    import_chunk_init(&self->chunk, client, self->map->source);
    self->chunk.rejects_known = self->map->rejects_known;
    self->chunk.domain = text_of(paths->domain);
    if (self->kind != NULL) {
        self->chunk.verb = self->kind->verb;
        self->chunk.members = self->kind->members;
    }
    self->chunk.result = take_result;
    self->chunk.context = self;
    const velum_status status = take_all(self);
    const velum_status finished = finish(self);
    if (status < 0) {
        say("the import stopped; what went in stays, and the same call again goes on");
        return status;
    }
    return finished;
}

velum_status import_run(const import_paths *paths, const invocation *invocation,
                        import_summary *out)
{
    VELUM_AUTO(velum_client) *client = NULL;
    __attribute__((cleanup(run_clear))) run self;

    run_init(&self);
    self.kind = paths->kind;
    VELUM_TRY(read_map(&self, paths->map));
    VELUM_TRY(open_rows(&self, paths->file));
    VELUM_TRY(read_header(&self));
    VELUM_TRY(session_open(invocation, &client));
    VELUM_TRY(open_side_files(&self, paths));
    VELUM_TRY(run_with(&self, paths, client));
    out->counts = self.chunk.counts;
    out->rejected_here = self.rejected_here;
    return VELUM_OK;
}
