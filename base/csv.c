/* csv.c: rows of comma-separated values (RFC 4180) from a file of any size.
 *
 * A row is taken in two steps. First a table-driven scan finds where it ends and whether its quotes
 * hold; nothing is changed by it, so that after bad quoting the reader can go back to the second
 * line of what looked like a row. Then the row is split in place, quotes removed. Rows live in a
 * window of fixed size; what is longer passes through it unseen and is reported.
 *
 * A line that opens a quote without closing it has an odd number of quotes, and the scan that it
 * causes ends at the next such line. So going back reads each byte twice at most.
 */
#include "base/csv.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#define WINDOW_BYTES (CSV_ROW_BYTES_MAX + 65536)
#define NOT_KNOWN UINT64_MAX

typedef enum state {
    AT_START, /* of a field */
    IN_PLAIN,
    IN_QUOTED,
    AFTER_QUOTE, /* the end of the field, or the first of two quotes */
    AFTER_CR,    /* behind a quoted field */
    ROW_END,
    ROW_BAD
} state;

typedef enum symbol { SYM_OTHER, SYM_QUOTE, SYM_COMMA, SYM_CR, SYM_LF, SYM_EOF } symbol;

/* RFC 4180 §2. A CR that no LF follows is an ordinary byte of a plain field. */
static const uint8_t next_state[AFTER_CR + 1][SYM_EOF + 1] = {
    [AT_START] = {IN_PLAIN, IN_QUOTED, AT_START, IN_PLAIN, ROW_END, ROW_END},
    [IN_PLAIN] = {IN_PLAIN, ROW_BAD, AT_START, IN_PLAIN, ROW_END, ROW_END},
    [IN_QUOTED] = {IN_QUOTED, AFTER_QUOTE, IN_QUOTED, IN_QUOTED, IN_QUOTED, ROW_BAD},
    [AFTER_QUOTE] = {ROW_BAD, IN_QUOTED, AT_START, AFTER_CR, ROW_END, ROW_END},
    [AFTER_CR] = {ROW_BAD, ROW_BAD, ROW_BAD, ROW_BAD, ROW_END, ROW_END},
};

static const uint8_t symbols[256] = {
    ['"'] = SYM_QUOTE,
    [','] = SYM_COMMA,
    ['\r'] = SYM_CR,
    ['\n'] = SYM_LF,
};

struct csv {
    int fd;
    off_t fd_start; /* where the descriptor stood; -1 when it cannot seek */
    bool at_eof;
    uint64_t line;          /* of the byte at `cursor` */
    uint64_t window_offset; /* of window[0], from fd_start */
    size_t begin;           /* of the row, in the window */
    size_t cursor;
    size_t end;
    text fields[CSV_FIELDS_MAX];
    uint8_t window[WINDOW_BYTES];
};

/* What the scan learned of one row. */
typedef struct row {
    uint64_t line;        /* on which it begins */
    uint64_t second_line; /* offset of the line below the first, or NOT_KNOWN */
    uint64_t bytes;       /* without its line end */
    size_t fields;
    uint64_t field_bytes;
    uint64_t field_bytes_longest;
    bool has_nul;
    state ended; /* ROW_END or ROW_BAD */
} row;

/* Why a row is skipped. */
typedef struct defect {
    const char *code;
    velum_status status;
} defect;

static const defect bad_quoting = {"bad-quoting", VELUM_E_INVALID};
static const defect nul_byte = {"nul-byte", VELUM_E_INVALID};
static const defect bad_utf8 = {"bad-utf8", VELUM_E_INVALID};
static const defect field_too_long = {"field-too-long", VELUM_E_LIMIT};
static const defect too_many_fields = {"too-many-fields", VELUM_E_LIMIT};
static const defect row_too_long = {"row-too-long", VELUM_E_LIMIT};

static velum_status scan_row(csv *self, row *out);
static velum_status recover(csv *self, const row *bad);
static const defect *defect_of(const csv *self, const row *found);
static size_t split_row(csv *self, size_t size);
static velum_status peek(csv *self, bool *out_eof);

velum_status csv_open(int fd, csv **out)
{
    csv *const self = mem_alloc(sizeof(*self));

    *out = self;
    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    self->fd = fd;
    self->fd_start = lseek(fd, 0, SEEK_CUR);
    self->line = 1;
    return VELUM_OK;
}

void csv_free(csv *self)
{
    mem_free(self);
}

uint64_t csv_offset(const csv *self)
{
    return self->window_offset + self->cursor;
}

/* Steps over the byte order mark at the very start. */
static velum_status skip_mark(csv *self)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    bool eof = false;

    if (csv_offset(self) != 0) {
        return VELUM_OK;
    }
    for (size_t i = 0; i < sizeof(mark); i++) {
        VELUM_TRY(peek(self, &eof));
        if (eof || self->window[self->cursor] != mark[i]) {
            self->cursor = 0;
            return VELUM_OK;
        }
        self->cursor++;
    }
    return VELUM_OK;
}

velum_status csv_next(csv *self, const text **out_fields, size_t *out_count, uint64_t *out_line,
                      const char **out_reason)
{
    row found = {.bytes = 0};
    bool eof = false;

    *out_fields = NULL;
    *out_count = 0;
    *out_reason = NULL;
    *out_line = self->line;
    VELUM_TRY(skip_mark(self));
    do {
        *out_line = self->line;
        VELUM_TRY(peek(self, &eof));
        if (eof) {
            return VELUM_END;
        }
        VELUM_TRY(scan_row(self, &found));
    } while (found.ended == ROW_END && found.bytes == 0);

    const defect *const why = defect_of(self, &found);
    if (found.ended == ROW_BAD) {
        VELUM_TRY(recover(self, &found));
    }
    if (why != NULL) {
        *out_reason = why->code;
        return why->status;
    }
    *out_count = split_row(self, (size_t)found.bytes);
    *out_fields = self->fields;
    return VELUM_OK;
}

/* Reads on behind `end`. Bytes before `begin` are done with and make room; a row that fills the
 * window loses its bytes, which its length will show. */
static velum_status fill(csv *self)
{
    if (self->begin > 0) {
        memmove(self->window, self->window + self->begin, self->end - self->begin);
        self->window_offset += self->begin;
        self->cursor -= self->begin;
        self->end -= self->begin;
        self->begin = 0;
    }
    if (self->end == WINDOW_BYTES) {
        assert(self->cursor == self->end);
        self->window_offset += self->end;
        self->cursor = 0;
        self->end = 0;
    }
    ssize_t got = -1;
    do {
        got = read(self->fd, self->window + self->end, WINDOW_BYTES - self->end);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return VELUM_E_IO;
    }
    self->at_eof = got == 0;
    self->end += (size_t)got;
    return VELUM_OK;
}

/* Makes sure that there is a byte at `cursor`, unless the file has ended. */
static velum_status peek(csv *self, bool *out_eof)
{
    if (self->cursor == self->end && !self->at_eof) {
        VELUM_TRY(fill(self));
    }
    *out_eof = self->cursor == self->end;
    return VELUM_OK;
}

static void end_field(row *self)
{
    if (self->field_bytes > self->field_bytes_longest) {
        self->field_bytes_longest = self->field_bytes;
    }
    self->field_bytes = 0;
}

static void count_byte(row *self, state before, state after, uint8_t byte)
{
    self->bytes++;
    self->has_nul = self->has_nul || byte == 0;
    if (after == AT_START) {
        self->fields++;
        end_field(self);
        return;
    }
    /* The quotes around a field do not count, of two quotes inside it the second does. */
    const bool is_quote_mark = after == AFTER_QUOTE || (before == AT_START && after == IN_QUOTED);
    if (!is_quote_mark && after != AFTER_CR) {
        self->field_bytes++;
    }
}

/* The CR of a line end was counted before it was known to be one. */
static void end_row(row *self, state before, bool after_cr)
{
    if (before == AFTER_CR) {
        self->bytes--;
    }
    if (before == IN_PLAIN && after_cr) {
        self->bytes--;
        self->field_bytes--;
    }
    end_field(self);
}

/* Moves the cursor behind the row that begins there, or to the byte that makes it bad. */
static velum_status scan_row(csv *self, row *out)
{
    row found = {.line = self->line, .second_line = NOT_KNOWN, .fields = 1};
    state now = AT_START;
    bool after_cr = false;
    bool eof = false;

    self->begin = self->cursor;
    while (now < ROW_END) {
        VELUM_TRY(peek(self, &eof));
        const uint8_t byte = eof ? 0 : self->window[self->cursor];
        const state before = now;
        now = next_state[before][eof ? SYM_EOF : symbols[byte]];
        if (now == ROW_BAD) {
            break;
        }
        self->cursor += !eof;
        if (byte == '\n') {
            self->line++;
            found.second_line =
                found.second_line == NOT_KNOWN ? csv_offset(self) : found.second_line;
        }
        if (now == ROW_END) {
            end_row(&found, before, !eof && after_cr);
        } else {
            count_byte(&found, before, now, byte);
        }
        after_cr = byte == '\r';
    }
    found.ended = now;
    *out = found;
    return VELUM_OK;
}

/* Moves the cursor behind the end of the line that it is on. */
static velum_status skip_line(csv *self)
{
    for (bool eof = false;;) {
        self->begin = self->cursor; /* nothing here is wanted any more */
        VELUM_TRY(peek(self, &eof));
        if (eof) {
            return VELUM_OK;
        }
        const uint8_t byte = self->window[self->cursor++];
        if (byte == '\n') {
            self->line++;
            return VELUM_OK;
        }
    }
}

/* After bad quoting: on to the line below the one on which the row began. */
static velum_status recover(csv *self, const row *bad)
{
    if (bad->second_line == NOT_KNOWN) {
        return skip_line(self);
    }
    if (bad->second_line >= self->window_offset) {
        self->cursor = (size_t)(bad->second_line - self->window_offset);
        self->begin = self->cursor;
        self->line = bad->line + 1;
        return VELUM_OK;
    }
    if (self->fd_start < 0) {
        return skip_line(self); /* a pipe does not go back */
    }
    if (lseek(self->fd, self->fd_start + (off_t)bad->second_line, SEEK_SET) < 0) {
        return VELUM_E_IO;
    }
    self->window_offset = bad->second_line;
    self->begin = 0;
    self->cursor = 0;
    self->end = 0;
    self->at_eof = false;
    self->line = bad->line + 1;
    return VELUM_OK;
}

/* NULL when the row is good. */
static const defect *defect_of(const csv *self, const row *found)
{
    if (found->ended == ROW_BAD) {
        return &bad_quoting;
    }
    if (found->has_nul) {
        return &nul_byte;
    }
    if (found->field_bytes_longest > CSV_FIELD_BYTES_MAX) {
        return &field_too_long;
    }
    if (found->fields > CSV_FIELDS_MAX) {
        return &too_many_fields;
    }
    if (found->bytes > CSV_ROW_BYTES_MAX) {
        return &row_too_long;
    }
    const text whole = {(const char *)self->window + self->begin, (size_t)found->bytes};
    return utf8_is_valid(whole) ? NULL : &bad_utf8;
}

/* Takes one field from `*at` and moves behind its comma. Quoted text is drawn together in place. */
static text split_field(uint8_t *window, size_t *at, size_t end)
{
    const bool is_quoted = *at < end && window[*at] == '"';
    size_t from = *at + is_quoted;
    const size_t begin = from;
    size_t to = from;
    bool in_quotes = is_quoted;

    while (from < end && (in_quotes || window[from] != ',')) {
        if (is_quoted && window[from] == '"') {
            in_quotes = !in_quotes;
            if (in_quotes) {
                window[to++] = '"';
            }
            from++;
            continue;
        }
        window[to++] = window[from++];
    }
    *at = from + 1;
    return (text){(const char *)window + begin, to - begin};
}

static size_t split_row(csv *self, size_t size)
{
    const size_t end = self->begin + size;
    size_t count = 0;

    for (size_t at = self->begin; at <= end; count++) {
        assert(count < CSV_FIELDS_MAX);
        self->fields[count] = split_field(self->window, &at, end);
    }
    return count;
}

static bool needs_quotes(text field)
{
    for (size_t i = 0; i < field.size; i++) {
        if (symbols[(uint8_t)field.data[i]] != SYM_OTHER) {
            return true;
        }
    }
    return false;
}

static void append_quoted(buffer *out, text field)
{
    for (size_t i = 0; i < field.size; i++) {
        if (field.data[i] == '"') {
            buffer_append_byte(out, '"');
        }
        buffer_append_byte(out, (uint8_t)field.data[i]);
    }
}

void csv_append_field(buffer *out, text field, bool last)
{
    const bool is_formula = field.size > 0 && memchr("=+-@\t\r", field.data[0], 6) != NULL;
    const bool is_row_begin = out->size == 0 || out->data[out->size - 1] == '\n';
    /* A row of one empty field would be a line with nothing on it. */
    const bool is_quoted = needs_quotes(field) || (last && field.size == 0 && is_row_begin);

    if (is_quoted) {
        buffer_append_byte(out, '"');
    }
    if (is_formula) {
        buffer_append_byte(out, '\'');
    }
    append_quoted(out, field);
    if (is_quoted) {
        buffer_append_byte(out, '"');
    }
    buffer_append_text(out, last ? "\r\n" : ",");
}
