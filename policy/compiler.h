/* policy/compiler.h: what the parts of the compiler share. Private to policy/.
 *
 * A part reads one section of policy.yaml into the bundle. It tells what is wrong and goes on, so
 * that an officer sees all errors at once; only the count of errors decides in the end. A part may
 * therefore meet names that did not resolve, and skips them.
 */
#ifndef POLICY_COMPILER_H
#define POLICY_COMPILER_H

#include "policy/bundle_source.h"

#define COMPILER_ERRORS_MAX 50
#define COMPILER_NAME_BYTES_MAX 63
#define COMPILER_TITLE_BYTES_MAX 200

typedef struct compiler {
    bundle *out;
    const yaml_node *root;
    bundle_finding tell; /* or NULL */
    void *context;
    velum_error *err;
    const char *file; /* whose nodes are read, for findings */
    uint32_t error_count;
    uint32_t purpose_lines[BUNDLE_PURPOSES_MAX];
    uint32_t field_lines[BUNDLE_FIELDS_MAX];
    uint32_t reason_code_lines[BUNDLE_REASON_CODES_MAX];
    text notice_ids[BUNDLE_PURPOSES_MAX];         /* of each purpose; empty: none */
    const yaml_node *modules[BUNDLE_MODULES_MAX]; /* their files' roots; NULL: unreadable, told */
    uint32_t resource_lines[BUNDLE_RESOURCES_MAX];
    bool has_marketing;    /* an activity that sends has a purpose that markets */
    bool is_out_of_memory; /* keep_name had none; there is no bundle */
} compiler;

/* One key that a map may have. */
typedef struct key_rule {
    const char *name;
    yaml_kind kind;
    bool is_required;
    bool or_scalar; /* a plain value will do as well, such as `fields: all` */
} key_rule;

/* A word with its value, for closed sets; a table ends with NULL. */
typedef struct word_value {
    const char *word;
    uint32_t value;
} word_value;

/* --- compile_finding.c: telling --- */
void tell_error(compiler *self, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tell_error_in(compiler *self, const char *file, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void tell_warning(compiler *self, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tell_warning_in(compiler *self, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What yaml_parse says is wrong: "line 3, column 1: …" becomes a finding in line 3. */
void tell_yaml_error(compiler *self, text why);

/* A name from the policy, made fit for one line: at most 63 bytes, no control characters. */
typedef struct quoted {
    char text[64];
} quoted;
quoted quote(text name);

/* --- compile_read.c: reading nodes. `who` names the thing in messages: "activity customer-care" --- */

/* Tells every unknown, missing and ill-shaped key of a map; rules end with a NULL name. */
void check_keys(compiler *self, const yaml_node *map, const key_rule *rules, const char *who);
/* The member when it is there and of that kind, else NULL. */
const yaml_node *member_of(const yaml_node *map, const char *name, yaml_kind kind);
/* Its scalar's text, or the empty text. */
text scalar_of(const yaml_node *map, const char *name);
/* Whether `map` may be read as a map at all; tells when not. */
bool is_map(compiler *self, const yaml_node *node, uint32_t line, const char *who);
/* "packs/cn-pipl.yaml" to cn-pipl, for the folder "packs/"; false for other names. */
bool file_stem(text file, const char *folder, text *out);
bool name_is_valid(text name);
/* Tells when the name is not one. */
bool check_name(compiler *self, text name, uint32_t line, const char *kind);
/* Tells when a section is longer than `max`; gives what may be read of it. */
size_t bounded_count(compiler *self, const yaml_node *section, size_t max, const char *what);

/* The element when it is a plain value; NULL after telling. */
const yaml_node *scalar_at(compiler *self, const yaml_node *list, size_t index, const char *what);
/* A name that the policy does not hold in one piece, owned by the bundle from now on; empty, and noted,
 * where there is no memory. */
text keep_name(compiler *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool read_boolean(compiler *self, const yaml_node *map, const char *name, const char *who);
uint32_t read_number(compiler *self, const yaml_node *scalar, const uint32_t range[2],
                     const char *what);
/* 0 when it is none of the words, after telling. */
uint32_t read_word(compiler *self, const yaml_node *scalar, const word_value *words,
                   const char *what);
uint32_t read_word_set(compiler *self, const yaml_node *list, const word_value *words,
                       const char *what);
/* One line of 1 to COMPILER_TITLE_BYTES_MAX bytes; empty after telling, and for NULL. */
text read_line(compiler *self, const yaml_node *scalar, const char *what);
/* The map {zh, en} in `title`, and that in the member `title` of a map. */
void read_title_of(compiler *self, const yaml_node *title, text out_titles[2], const char *who);
void read_title(compiler *self, const yaml_node *map, text out_titles[2], const char *who);
/* An entry of a section: a valid name and a map. Writes "<kind> <name>" to `who`; false after telling. */
#define COMPILER_WHO_BYTES 144 /* "field ", a table, a dot and a field */
typedef struct section_entry {
    text name;
    const yaml_node *value;
    uint32_t line;
    char who[COMPILER_WHO_BYTES];
} section_entry;
bool read_entry(compiler *self, const yaml_node *section, size_t index, const char *kind,
                section_entry *out);
/* The bits of the things of a registry kind that a list names. */
uint32_t read_named_set(compiler *self, const yaml_node *list, uint32_t kind, const char *who);

/* --- compile_fields.c: what a field is, of people and of tables --- */
typedef struct field_traits {
    text titles[2];
    uint32_t type; /* 0 after telling */
    uint32_t class;
    uint32_t mask;
} field_traits;
field_traits read_traits(compiler *self, const section_entry *entry, const word_value *types);

/* --- compile_cells.c: sets of fields by name --- */
/* The field bits of a list of names, or `*all` for the scalar "all"; NULL: "all" is not allowed. */
uint64_t read_fields(compiler *self, const yaml_node *node, const uint64_t *all, const char *who);
/* All fields of a table, and those of a list of names or of the scalar "all". */
uint64_t resource_all(const bundle_resource *resource);
uint64_t read_columns(compiler *self, const bundle_resource *resource, const yaml_node *node,
                      const char *who);
/* The map of tables with such lists; NULL: none. */
void read_resources(compiler *self, const yaml_node *map, const char *who,
                    uint64_t out[BUNDLE_RESOURCES_MAX]);
/* A list of names of people's fields, "orders.amount" and "orders.*". */
typedef struct cell_set {
    uint64_t fields;
    uint64_t resources[BUNDLE_RESOURCES_MAX];
} cell_set;
cell_set read_cell_set(compiler *self, const yaml_node *list, const char *who);

/* --- the parts, in the order in which they run --- */
void compile_header(compiler *self);
void compile_masks(compiler *self);
void compile_categories(compiler *self);
void compile_retention(compiler *self);
void compile_channels(compiler *self);
void compile_tables(compiler *self); /* of the modules */
void compile_purposes(compiler *self);
void compile_reason_codes(compiler *self);
void compile_activities(compiler *self);
void compile_roles(compiler *self);
void compile_counts(compiler *self);
void compile_messages(compiler *self);
void compile_interests(compiler *self); /* what modules are told */
void compile_approvals(compiler *self);
void compile_erasure(compiler *self);
void compile_uses(compiler *self); /* warnings over the whole */

/* What may not go together in an activity (I-7, P-3); compile_activity_rules.c. */
void check_activity_rules(compiler *self, const bundle_activity *activity, uint32_t line);

/* --- modules/<name>.yaml --- */
bool module_file_name(text file, text *out_module);
/* Reads the files as far as their heads; the rest of them is read by the parts above. */
velum_status compile_modules(compiler *self, const bundle_file *files, size_t count);
/* Begins to read a module's file: its root, and findings are told in its name. NULL: it has none. */
#define MODULE_NAME_BYTES_MAX 32
typedef struct module_page {
    char file[sizeof("modules/.yaml") + MODULE_NAME_BYTES_MAX];
    const char *before;
} module_page;
const yaml_node *module_open(compiler *self, uint32_t module, module_page *page);
void module_close(compiler *self, const module_page *page);

/* The words of the member `events`, as HOOK_* bits; compile_channels.c. */
uint32_t read_events(compiler *self, const yaml_node *map);
/* What a law keeps: {days, basis, law}; compile_erasure.c. */
void read_retention(compiler *self, const yaml_node *map, const char *who, bundle_category *out);

/* The packs that the header named, from the folder or from Velum; runs behind the header. */
velum_status compile_packs(compiler *self, const bundle_file *files, size_t count);
/* Reads one pack file, telling in its name, into `out`, whose name is set. */
velum_status compile_pack(compiler *self, const bundle_file *file, jurisdiction_pack *out);
bool pack_file_name(text file, text *out_pack); /* "packs/cn-pipl.yaml" to cn-pipl */

/* Copies and sorts the notices of the files; runs before the parts. */
velum_status compile_notices(compiler *self, const bundle_file *files, size_t count);
/* Index of the mask or profile of that name, adding a profile's own mask; BUNDLE_NONE after telling. */
uint32_t mask_named(compiler *self, text name, uint32_t line, const char *who);

#endif
