/* cli/sample_files.c: customers.csv and what belongs to it.
 *
 * A mistake is a function that writes one row, and the words for planted.csv. Rows without one follow
 * in between, so that every mistake stands on a line of its own, PLANT_EVERY rows apart.
 */
#include "cli/sample_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/place.h"
#include "cli/progress.h"
#include "cli/sample_orders.h"
#include "cli/say.h"
#include "cli/session.h"

#include <velum/admin.h>

#define PLANT_EVERY 7 /* the first mistake stands in row 7, the next in row 14 … */
#define FILE_BYTES_MAX ((size_t)512 << 20)
#define PERSON_BYTES_MAX 8192
#define CELLS 8

static const char customers_map[] =
    "# Made by `velum sample --csv`. Nobody in customers.csv is real.\n"
    "source: sample-file\n"
    "key: {type: \"ext:shop\", column: customer_no}\n"
    "identifiers:\n"
    "  - {type: mobile, column: mobile}\n"
    "fields:\n"
    "  name: {from: name}\n"
    "  mobile: {from: mobile}\n"
    "  email: {from: email}\n"
    "  birthday: {from: birthday, format: YYYY-MM-DD}\n"
    "  city: {from: city}\n"
    "  address: {from: address}\n"
    "  member_level: {from: level}\n";

static const char consents_map[] =
    "# Made by `velum sample --csv`. Consents from before, for `velum consent import`.\n"
    "source: sample-file\n"
    "key: {type: \"ext:shop\", column: customer_no}\n"
    "fields:\n"
    "  purpose: {from: purpose}\n"
    "  state: {from: answer}\n"
    "  given: {from: signed, format: YYYY-MM-DD}\n"
    "  evidence: {from: form}\n";

static const char notice_text[] =
    "# 会员告知书（样本）\n\n我们经您同意，向您发送商品与活动信息。您可随时撤回同意。\n";

/* One person, read back from the row of the sample. */
typedef struct person {
    json *document;
    text number; /* customer_no */
    text name;
    text mobile;
    text email;
    text birthday; /* may be empty */
    text city;
    text address;
    text level;
    text store;
    text region;
} person;

static text member(const json_value *object, const char *name)
{
    const json_value *const value = json_member(object, name);

    return value == NULL || json_kind_of(value) != JSON_TEXT ? TEXT_EMPTY : json_text(value);
}

static velum_status person_read(uint64_t seed, uint32_t index, person *out)
{
    char *made = NULL;
    size_t size = 0;

    VELUM_TRY(velum_sample_person(seed, index, &made, &size));
    const velum_status status =
        json_parse((text){made, size}, PERSON_BYTES_MAX, &out->document, NULL);
    velum_body_free(made);
    VELUM_TRY(status);
    const json_value *const root = json_root(out->document);
    const json_value *const profile = json_member(root, "profile");
    out->number = member(json_at(json_member(root, "identifiers"), 0), "value");
    out->name = member(profile, "name");
    out->mobile = member(profile, "mobile");
    out->email = member(profile, "email");
    out->birthday = member(profile, "birthday");
    out->city = member(profile, "city");
    out->address = member(profile, "address");
    out->level = member(profile, "member_level");
    out->store = member(profile, "store");
    out->region = member(profile, "region");
    return VELUM_OK;
}

static void person_clear(person *self)
{
    json_free(self->document);
}
#define AUTO_PERSON __attribute__((cleanup(person_clear))) person

static void write_cells(buffer *out, const text *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        csv_append_field(out, cells[i], i + 1 == count);
    }
}

static void write_person(buffer *out, const person *who)
{
    const text cells[CELLS] = {who->number,   who->name, who->mobile,  who->email,
                               who->birthday, who->city, who->address, who->level};

    write_cells(out, cells, CELLS);
}

/* --- mistakes --------------------------------------------------------------------------------------- */

static void no_such_day(buffer *out, const person *who)
{
    person changed = *who;

    changed.birthday = TEXT_LITERAL("1990-02-30");
    write_person(out, &changed);
}

static void other_form_of_date(buffer *out, const person *who)
{
    person changed = *who;

    changed.birthday = TEXT_LITERAL("3.2.1990");
    write_person(out, &changed);
}

static void short_number(buffer *out, const person *who)
{
    person changed = *who;

    changed.mobile = (text){who->mobile.data, who->mobile.size < 5 ? who->mobile.size : 5};
    write_person(out, &changed);
}

static void no_key(buffer *out, const person *who)
{
    person changed = *who;

    changed.number = TEXT_EMPTY;
    write_person(out, &changed);
}

static void a_column_too_many(buffer *out, const person *who)
{
    const text cells[CELLS + 1] = {who->number,  who->name,     who->mobile,
                                   who->email,   who->birthday, who->city,
                                   who->address, who->level,    TEXT_LITERAL("?")};

    write_cells(out, cells, CELLS + 1);
}

static void other_encoding(buffer *out, const person *who) /* GB 18030, as old tills write it */
{
    csv_append_field(out, who->number, false);
    buffer_append_text(out, "\xd5\xc5\xc8\xfd,,,,,,standard\r\n");
}

static void a_nul_byte(buffer *out, const person *who)
{
    csv_append_field(out, who->number, false);
    buffer_append(out, "A\0B,,,,,,standard\r\n", 19);
}

static void blanks_around(buffer *out, const person *who)
{
    csv_append_field(out, who->number, false);
    buffer_append_text(out, "  ");
    buffer_append(out, who->name.data, who->name.size);
    buffer_append_text(out, "\xe3\x80\x80,");
    buffer_append(out, who->mobile.data, who->mobile.size);
    buffer_append_text(out, " ,,,,,standard\r\n");
}

static void with_country_code(buffer *out, const person *who)
{
    csv_append_field(out, who->number, false);
    csv_append_field(out, who->name, false);
    buffer_append_text(out, "+86 ");
    buffer_append(out, who->mobile.data, who->mobile.size);
    buffer_append_text(out, ",,,,,standard\r\n");
}

static void the_same_person_again(buffer *out, const person *who)
{
    person again = *who;
    char number[32];

    (void)snprintf(number, sizeof(number), "%.*s-2", (int)who->number.size, who->number.data);
    again.number = text_of(number);
    write_person(out, who);
    write_person(out, &again);
}

typedef struct mistake {
    void (*write)(buffer *out, const person *who);
    uint32_t lines; /* that it writes; the mistake stands in the last */
    bool is_rejected;
    const char *what;
    const char *comes_of_it; /* the reason in FILE.rejected.csv, or what happens instead */
} mistake;

static const mistake mistakes[] = {
    {no_such_day, 1, true, "a day that no calendar knows", "date-impossible"},
    {other_form_of_date, 1, true, "a date of another form", "date-form"},
    {short_number, 1, true, "a mobile number that is cut off", "invalid-value"},
    {no_key, 1, true, "no customer number", "key-missing"},
    {a_column_too_many, 1, true, "a column too many", "column-count"},
    {other_encoding, 1, true, "a name in GB 18030", "bad-utf8"},
    {a_nul_byte, 1, true, "a NUL byte", "nul-byte"},
    {blanks_around, 1, false, "blanks around values", "goes in without them"},
    {with_country_code, 1, false, "a number with +86 and a blank", "goes in as the same number"},
    {the_same_person_again, 2, false, "the same number under two customers",
     "one customer: the second number is not attached"},
};
#define MISTAKES (sizeof(mistakes) / sizeof(mistakes[0]))

/* --- files ------------------------------------------------------------------------------------------ */

static velum_status write_file(int folder, const char *name, text bytes)
{
    VELUM_AUTO_FD fd = -1;

    VELUM_TRY(file_open(folder, name, O_WRONLY | O_CREAT | O_EXCL, &fd));
    VELUM_TRY(file_write_at(fd, 0, bytes.data, bytes.size));
    return file_sync(fd);
}

typedef struct writing {
    uint64_t seed;
    buffer customers;
    buffer planted;
    buffer consents;
    buffer orders;
    uint32_t line;       /* of customers.csv, last written */
    uint32_t order_line; /* of orders.csv */
    sample_files_report report;
} writing;

static void writing_clear(writing *self)
{
    buffer_clear(&self->customers);
    buffer_clear(&self->planted);
    buffer_clear(&self->consents);
    buffer_clear(&self->orders);
}

static void writing_init(writing *self, uint64_t seed)
{
    *self = (writing){.seed = seed, .line = 1, .order_line = 1};
    buffer_init(&self->customers, FILE_BYTES_MAX);
    buffer_init(&self->planted, FILE_BYTES_MAX);
    buffer_init(&self->consents, FILE_BYTES_MAX);
    buffer_init(&self->orders, FILE_BYTES_MAX);
    buffer_append_text(&self->customers,
                       "customer_no,name,mobile,email,birthday,city,address,level\r\n");
    buffer_append_text(&self->planted, "file,line,mistake,what comes of it\r\n");
    buffer_append_text(&self->consents, "customer_no,purpose,answer,signed,form\r\n");
    buffer_append_text(&self->orders, sample_orders_titles);
}

static void plant(writing *self, const mistake *one, const person *who)
{
    one->write(&self->customers, who);
    self->line += one->lines;
    self->report.rows += one->lines;
    self->report.planted++;
    self->report.rejected += one->is_rejected;
    buffer_append_format(&self->planted, "customers.csv,%u,%s,%s\r\n", self->line, one->what,
                         one->comes_of_it);
}

/* Two of three answered the form about offers, one of five with no; three of four agreed to be counted. */
static void write_consents(writing *self, uint32_t index, const person *who)
{
    if (index % 3 != 2) {
        csv_append_field(&self->consents, who->number, false);
        buffer_append_format(&self->consents, "direct-marketing,%s,2025-%02u-%02u,F-%06u\r\n",
                             index % 5 == 4 ? "withdrawn" : "given", index % 12 + 1, index % 28 + 1,
                             index);
    }
    if (index % 4 != 3) {
        csv_append_field(&self->consents, who->number, false);
        buffer_append_format(&self->consents, "analytics,given,2025-%02u-%02u,F-%06u\r\n",
                             index % 12 + 1, index % 28 + 1, index);
    }
}

static velum_status write_row(writing *self, uint32_t index)
{
    const uint32_t place = index / PLANT_EVERY;
    AUTO_PERSON who = {.document = NULL};

    VELUM_TRY(person_read(self->seed, index, &who));
    if (index % PLANT_EVERY == PLANT_EVERY - 1 && place < MISTAKES) {
        plant(self, &mistakes[place], &who);
        return VELUM_OK;
    }
    write_person(&self->customers, &who);
    self->line++;
    self->report.rows++;
    write_consents(self, index, &who);
    self->order_line += sample_orders_write(
        &(sample_shopper){self->seed, index, who.number, who.store, who.region}, &self->orders);
    return VELUM_OK;
}

/* What a till's file has beside orders, each in an order of its own. */
static void plant_orders(writing *self)
{
    static const struct {
        const char *line;
        const char *what;
        const char *comes_of_it;
    } wrong[] = {
        {"X-1,0,2026-06-01T10:00:00,s01,east,?,1,12.345\r\n", "a tenth of a fen", "no-amount"},
        {"X-2,0,2026-06-31T10:00:00,s01,east,?,1,1.00\r\n", "a day that no calendar knows",
         "no-time"},
        {"X-3,nobody,2026-06-01T10:00:00,s01,east,?,1,1.00\r\n", "a customer who is not there",
         "not-found"},
        {"X-4,0,2026-06-01T10:00:00,s01,east,?,one,1.00\r\n", "a quantity in words",
         "no-whole-number"},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        buffer_append_text(&self->orders, wrong[i].line);
        self->order_line++;
        buffer_append_format(&self->planted, "orders.csv,%u,%s,%s\r\n", self->order_line,
                             wrong[i].what, wrong[i].comes_of_it);
    }
}

static velum_status write_rows(writing *self, uint32_t count)
{
    progress progress;
    velum_status status = VELUM_OK;

    progress_begin(&progress, "customers written");
    for (uint32_t i = 0; i < count && status == VELUM_OK; i++) {
        status = write_row(self, i);
        progress_show(&progress, i + 1, i + 1, count);
    }
    progress_end(&progress);
    /* Somebody who is nowhere in customers.csv. */
    buffer_append_text(&self->consents, "nobody,analytics,given,2025-01-01,F-0\r\n");
    buffer_append_text(&self->planted,
                       "consents.csv,last,a customer who is not there,unknown-subject\r\n");
    plant_orders(self);
    return status;
}

static text text_of_buffer(const buffer *bytes)
{
    return (text){(const char *)bytes->data, bytes->size};
}

static velum_status write_all(int folder, const writing *self)
{
    VELUM_TRY(buffer_status(&self->customers));
    VELUM_TRY(buffer_status(&self->planted));
    VELUM_TRY(buffer_status(&self->consents));
    VELUM_TRY(buffer_status(&self->orders));
    VELUM_TRY(write_file(folder, "customers.csv", text_of_buffer(&self->customers)));
    VELUM_TRY(write_file(folder, "customers.yaml", TEXT_LITERAL(customers_map)));
    VELUM_TRY(write_file(folder, "consents.csv", text_of_buffer(&self->consents)));
    VELUM_TRY(write_file(folder, "consents.yaml", TEXT_LITERAL(consents_map)));
    VELUM_TRY(write_file(folder, "notice.zh.md", TEXT_LITERAL(notice_text)));
    VELUM_TRY(write_file(folder, "orders.csv", text_of_buffer(&self->orders)));
    VELUM_TRY(write_file(folder, "orders.yaml", text_of(sample_orders_map)));
    return write_file(folder, "planted.csv", text_of_buffer(&self->planted));
}

velum_status sample_files_write(const char *folder, uint64_t seed, uint32_t count,
                                sample_files_report *out)
{
    __attribute__((cleanup(writing_clear))) writing self;
    VELUM_AUTO_FD fd = -1;

    writing_init(&self, seed);
    if (mkdir(folder, S_IRWXU) != 0 && access(folder, W_OK) != 0) {
        say("the folder cannot be made");
        return VELUM_E_IO;
    }
    velum_status status = directory_open(folder, &fd);
    if (status == VELUM_OK) {
        status = write_rows(&self, count);
    }
    if (status == VELUM_OK) {
        status = write_all(fd, &self);
    }
    if (status == VELUM_E_EXISTS) {
        say("the folder has files of these names already; they are not written over");
    } else if (status < 0) {
        session_say_error("the files cannot be written", status, NULL);
    }
    *out = self.report;
    return status;
}
