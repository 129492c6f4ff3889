/* courier/transfer.c: libcurl, held short. The one file that includes it. */
#include "courier/transfer.h"

#include "base/clock.h"
#include "base/fault.h"
#include "courier/address.h"

#include <curl/curl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define BRACKETS_BYTES 3
#define USER_AGENT "velum-courier"
#define SMTP_DATA_ACCEPTED 354
#define HTTP_SERVER_ERROR 500
#define HTTP_REDIRECT 300
#define HTTP_OK 200

/* Of a callback whose form is curl's. */
#define UNUSED __attribute__((unused))

/* One transfer as its callbacks see it. */
typedef struct transfer {
    CURL *handle;
    const place *place;
    text body;
    size_t sent;          /* of the body */
    size_t received;      /* of the answer's body */
    bool began;           /* the connection stands, and the request begins */
    bool refused_address; /* T-1 */
    bool is_mail;
    int64_t deadline_ns;     /* monotonic */
    struct curl_slist *list; /* headers, or recipients */
} transfer;

static void transfer_clear(transfer *self)
{
    curl_easy_cleanup(self->handle);
    curl_slist_free_all(self->list);
}

/* --- callbacks ----------------------------------------------------------------------------------- */

/* T-1: curl has resolved the name once, and asks for a socket to exactly this address. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *const self = context;
    const bool is_allowed = self->place->is_plain
                                ? address_is_loopback(&address->addr)
                                : address_is_public(&address->addr) || self->place->is_private;

    if (purpose != CURLSOCKTYPE_IPCXN || !is_allowed) {
        self->refused_address = true;
        return CURL_SOCKET_BAD;
    }
    if (fault_at(FAULT_CONNECT) != 0) {
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int request_begins(void *context, UNUSED char *remote, UNUSED char *local,
                          UNUSED int remote_port, UNUSED int local_port)
{
    transfer *const self = context;

    self->began = true;
    return fault_at(FAULT_WRITE) == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t give_body(char *out, size_t size, size_t count, void *context)
{
    transfer *const self = context;
    const size_t room = size * count;
    const size_t left = self->body.size - self->sent;
    const size_t given = left < room ? left : room;

    if (fault_at(FAULT_WRITE) != 0) {
        return CURL_READFUNC_ABORT;
    }
    memcpy(out, self->body.data + self->sent, given);
    self->sent += given;
    return given;
}

/* T-4: behind the ceiling the transfer is ended by us. */
static size_t drop_answer(UNUSED char *data, size_t size, size_t count, void *context)
{
    transfer *const self = context;

    self->received += size * count;
    return self->received <= TRANSFER_ANSWER_BYTES_MAX ? size * count : 0;
}

static size_t drop_header(UNUSED char *data, size_t size, size_t count, UNUSED void *context)
{
    return size * count;
}

/* T-4: curl's own limit does not bound its good-bye to a mail server that says nothing. Asked at least
 * once a second. */
static int look_at_clock(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                         curl_off_t up)
{
    const transfer *const self = context;
    const velum_clock clock = clock_system();

    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return clock_monotonic_ns(&clock) > self->deadline_ns;
}

/* --- options ------------------------------------------------------------------------------------- */

typedef struct number_option {
    CURLoption option;
    long value;
} number_option;

/* T-2, T-3 */
static const number_option NUMBERS[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_NOPROGRESS, 0},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_MAXREDIRS, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_FRESH_CONNECT, 1},
    {CURLOPT_FORBID_REUSE, 1},
    {CURLOPT_DNS_CACHE_TIMEOUT, 0},
};

typedef struct text_option {
    CURLoption option;
    const char *value;
} text_option;

static const text_option TEXTS[] = {
    {CURLOPT_PROXY, ""},
    {CURLOPT_NOPROXY, "*"},
    {CURLOPT_REDIR_PROTOCOLS_STR, "https"}, /* none is followed */
    {CURLOPT_USERAGENT, USER_AGENT},
};

typedef void (*any_function)(void);

typedef struct function_option {
    CURLoption option;
    any_function function;
    CURLoption data;
} function_option;

static const function_option FUNCTIONS[] = {
    {CURLOPT_OPENSOCKETFUNCTION, (any_function)open_socket, CURLOPT_OPENSOCKETDATA},
    {CURLOPT_PREREQFUNCTION, (any_function)request_begins, CURLOPT_PREREQDATA},
    {CURLOPT_READFUNCTION, (any_function)give_body, CURLOPT_READDATA},
    {CURLOPT_WRITEFUNCTION, (any_function)drop_answer, CURLOPT_WRITEDATA},
    {CURLOPT_HEADERFUNCTION, (any_function)drop_header, CURLOPT_HEADERDATA},
    {CURLOPT_XFERINFOFUNCTION, (any_function)look_at_clock, CURLOPT_XFERINFODATA},
};

static CURLcode set_all(transfer *self)
{
    CURLcode code = CURLE_OK;

    for (size_t i = 0; code == CURLE_OK && i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
        code = curl_easy_setopt(self->handle, NUMBERS[i].option, NUMBERS[i].value);
    }
    for (size_t i = 0; code == CURLE_OK && i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        code = curl_easy_setopt(self->handle, TEXTS[i].option, TEXTS[i].value);
    }
    for (size_t i = 0; code == CURLE_OK && i < sizeof(FUNCTIONS) / sizeof(FUNCTIONS[0]); i++) {
        code = curl_easy_setopt(self->handle, FUNCTIONS[i].option, FUNCTIONS[i].function);
        if (code == CURLE_OK) {
            code = curl_easy_setopt(self->handle, FUNCTIONS[i].data, self);
        }
    }
    return code;
}

static CURLcode set_target(transfer *self, const courier_config *config)
{
    static const char *const protocols[URL_SCHEMES] = {
        [URL_HTTP] = "http", [URL_HTTPS] = "https", [URL_SMTP] = "smtp", [URL_SMTPS] = "smtps"};
    const place *const place = self->place;
    const velum_clock clock = clock_system();
    CURLcode code = curl_easy_setopt(self->handle, CURLOPT_URL, place->source);

    self->deadline_ns = clock_monotonic_ns(&clock) + config->total_ms * NS_PER_MS;

    if (code == CURLE_OK) {
        code = curl_easy_setopt(self->handle, CURLOPT_PROTOCOLS_STR, protocols[place->url.scheme]);
    }
    if (code == CURLE_OK && place->ca_file[0] != '\0') {
        code = curl_easy_setopt(self->handle, CURLOPT_CAINFO, place->ca_file);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(self->handle, CURLOPT_CONNECTTIMEOUT_MS, (long)config->connect_ms);
    }
    return code == CURLE_OK
               ? curl_easy_setopt(self->handle, CURLOPT_TIMEOUT_MS, (long)config->total_ms)
               : code;
}

static bool add_to_list(transfer *self, const char *line)
{
    struct curl_slist *const longer = curl_slist_append(self->list, line);

    if (longer == NULL) {
        return false;
    }
    self->list = longer;
    return true;
}

/* --- what became of it --------------------------------------------------------------------------- */

static outcome failed(const char *note)
{
    return (outcome){.kind = OUTCOME_FAILED, .note = note};
}

/* A word for what went wrong; nothing that the other side said. */
static const char *note_of(const transfer *self, CURLcode code)
{
    if (self->refused_address) {
        return "address";
    }
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "resolve";
    case CURLE_COULDNT_CONNECT:
        return "connect";
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK:
        return "timeout";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_USE_SSL_FAILED:
        return "tls";
    case CURLE_LOGIN_DENIED:
        return "login";
    default:
        return "answer";
    }
}

/* T-5. An answer that came whole, or that we ended ourselves, says it by its status; 5xx leaves open
 * what had been done. */
static outcome judge_http(const transfer *self, CURLcode code, long status)
{
    const bool is_answered = status != 0 && (code == CURLE_OK || code == CURLE_WRITE_ERROR);

    if (!self->began) {
        return failed(note_of(self, code));
    }
    if (!is_answered) {
        return (outcome){
            .kind = OUTCOME_UNKNOWN, .note = note_of(self, code), .http_status = (int32_t)status};
    }
    if (status >= HTTP_OK && status < HTTP_REDIRECT) {
        return (outcome){.kind = OUTCOME_SENT, .note = "", .http_status = (int32_t)status};
    }
    return (outcome){.kind = status >= HTTP_SERVER_ERROR || status < HTTP_OK ? OUTCOME_UNKNOWN
                                                                             : OUTCOME_FAILED,
                     .note = "status",
                     .http_status = (int32_t)status};
}

/* T-5. Before the last byte of the letter was handed over, the server cannot have taken it (RFC 5321
 * §4.1.1.4); behind it, only a reply of its own says that it has not. */
static outcome judge_mail(const transfer *self, CURLcode code, long reply)
{
    if (code == CURLE_OK) {
        return (outcome){.kind = OUTCOME_SENT, .note = ""};
    }
    if (!self->began || self->sent < self->body.size) {
        return failed(note_of(self, code));
    }
    if (code == CURLE_WEIRD_SERVER_REPLY && reply > SMTP_DATA_ACCEPTED) {
        return failed("refused");
    }
    return (outcome){.kind = OUTCOME_UNKNOWN, .note = note_of(self, code)};
}

static outcome run(transfer *self)
{
    long answer = 0;
    const CURLcode code = curl_easy_perform(self->handle);

    if (curl_easy_getinfo(self->handle, CURLINFO_RESPONSE_CODE, &answer) != CURLE_OK) {
        answer = 0;
    }
    return self->is_mail ? judge_mail(self, code, answer) : judge_http(self, code, answer);
}

/* --- the two kinds ------------------------------------------------------------------------------- */

static CURLcode set_post(transfer *self)
{
    CURLcode code = curl_easy_setopt(self->handle, CURLOPT_POST, 1L);

    if (code == CURLE_OK) {
        code = curl_easy_setopt(self->handle, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t)self->body.size);
    }
    return code == CURLE_OK ? curl_easy_setopt(self->handle, CURLOPT_HTTPHEADER, self->list) : code;
}

outcome transfer_post(const courier_config *config, const place *place, const char *const *headers,
                      text body)
{
    __attribute__((cleanup(transfer_clear)))
    transfer self = {.place = place, .body = body, .handle = curl_easy_init()};

    if (self.handle == NULL || !add_to_list(&self, "Content-Type: application/json") ||
        !add_to_list(&self, "Expect:")) {
        return failed("memory");
    }
    for (size_t i = 0; headers[i] != NULL; i++) {
        if (!add_to_list(&self, headers[i])) {
            return failed("memory");
        }
    }
    if (set_all(&self) != CURLE_OK || set_target(&self, config) != CURLE_OK ||
        set_post(&self) != CURLE_OK) {
        return failed("library");
    }
    return run(&self);
}

/* A password goes over TLS only. */
static CURLcode set_mail(transfer *self)
{
    const place *const place = self->place;
    char from[CONFIG_ADDRESS_BYTES + BRACKETS_BYTES];
    const long ssl = place->is_plain ? CURLUSESSL_NONE : CURLUSESSL_ALL;
    CURLcode code = curl_easy_setopt(self->handle, CURLOPT_USE_SSL, ssl);

    (void)snprintf(from, sizeof(from), "<%s>", place->from);
    if (code == CURLE_OK) {
        code = curl_easy_setopt(self->handle, CURLOPT_MAIL_FROM, from);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(self->handle, CURLOPT_MAIL_RCPT, self->list);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(self->handle, CURLOPT_UPLOAD, 1L);
    }
    if (code == CURLE_OK) {
        code =
            curl_easy_setopt(self->handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)self->body.size);
    }
    if (code == CURLE_OK && place->username[0] != '\0' && !place->is_plain) {
        code = curl_easy_setopt(self->handle, CURLOPT_USERNAME, place->username);
    }
    if (code == CURLE_OK && place->secret_size > 0 && !place->is_plain) {
        code = curl_easy_setopt(self->handle, CURLOPT_PASSWORD, place->secret);
    }
    return code;
}

outcome transfer_mail(const courier_config *config, const place *place, const char *to, text letter)
{
    __attribute__((cleanup(transfer_clear)))
    transfer self = {.place = place, .body = letter, .is_mail = true, .handle = curl_easy_init()};
    char recipient[CONFIG_ADDRESS_BYTES + BRACKETS_BYTES];
    const int size = snprintf(recipient, sizeof(recipient), "<%s>", to);

    if (size < 0 || (size_t)size >= sizeof(recipient)) {
        return failed("address");
    }
    if (self.handle == NULL || !add_to_list(&self, recipient)) {
        return failed("memory");
    }
    if (set_all(&self) != CURLE_OK || set_target(&self, config) != CURLE_OK ||
        set_mail(&self) != CURLE_OK) {
        return failed("library");
    }
    return run(&self);
}

/* --- the library --------------------------------------------------------------------------------- */

velum_status transfer_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? VELUM_OK : VELUM_E_INTERNAL;
}

void transfer_end(void)
{
    curl_global_cleanup();
}
