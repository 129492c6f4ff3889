/* The socket and the command's end of it, before a gate that only this test knows. */
#include "core/socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "core/frame.h"
#include "core/gate.h"
#include "core/problem.h"

#define VERB_ECHO 1
#define VERB_LONG 2
#define VERB_SLOW 3
#define VERB_INVALID 4
#define VERB_REFUSED 5
#define LONG_BYTES ((size_t)2500000)
#define SLOW_MS 400
#define WAIT_MS 5000

/* --- The gate that is only pretended ---------------------------------------------------------- */

static velum_gate fake;
static atomic_int opened;
static atomic_int running;

void gate_hold(velum_gate *gate)
{
}

void gate_release(velum_gate *gate)
{
}

velum_status gate_check(const velum_gate *gate)
{
    return VELUM_OK;
}

static void echo(const velum_request *request, const peer *peer, velum_answer *answer)
{
    json_writer json;

    json_writer_init(&json, &answer->body);
    json_begin_object(&json);
    json_member_integer(&json, "uid", peer->uid);
    json_member_integer(&json, "client", peer->client);
    json_member_integer(&json, "auth", request->auth);
    json_member_text(&json, "credential",
                     (text){request->credential.data, request->credential.size});
    json_member_text(&json, "ref", (text){request->ref.data, request->ref.size});
    json_member_text(&json, "caller_id", (text){request->caller_id.data, request->caller_id.size});
    if (request->body.size > 0) {
        json_name(&json, "body");
        json_write_raw(&json, (text){request->body.data, request->body.size});
    }
    json_end_object(&json);
}

static void fill_long(velum_answer *answer)
{
    (void)buffer_reserve(&answer->body, LONG_BYTES);
    for (size_t i = 0; i < LONG_BYTES; i++) {
        buffer_append_byte(&answer->body, (uint8_t)('a' + i % 23));
    }
}

velum_status gate_call_as(velum_gate *gate, const velum_request *request, const peer *peer,
                          velum_answer **out, velum_error *err)
{
    if (request->verb == VERB_INVALID) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(answer_create(gate, out));
    if (request->verb == VERB_LONG) {
        fill_long(*out);
        return VELUM_OK;
    }
    if (request->verb == VERB_REFUSED) {
        answer_set_problem(*out, REASON_CONSENT_MISSING, NULL);
        return VELUM_OK;
    }
    if (request->verb == VERB_SLOW) {
        atomic_fetch_add(&running, 1);
        usleep(SLOW_MS * 1000);
        atomic_fetch_sub(&running, 1);
    }
    echo(request, peer, *out);
    return VELUM_OK;
}

velum_status velum_gate_call(velum_gate *gate, const velum_request *request, velum_answer **out,
                             velum_error *err)
{
    return gate_call_as(gate, request, &(peer){CLIENT_IN_PROCESS, geteuid()}, out, err);
}

velum_status velum_gate_open(const velum_gate_options *options, velum_gate **out, velum_error *err)
{
    atomic_fetch_add(&opened, 1);
    *out = &fake;
    return VELUM_OK;
}

void velum_gate_free(velum_gate *gate)
{
    atomic_fetch_sub(&opened, gate == NULL ? 0 : 1);
}

/* --- The folder ------------------------------------------------------------------------------- */

typedef struct folder {
    char path[512];
    int lock_fd;
    socket_server *server;
} folder;

static int64_t now_ms(void)
{
    const velum_clock clock = clock_system();

    return clock_monotonic_ns(&clock) / NS_PER_MS;
}

static void serve(folder *self)
{
    velum_error err = {.text = ""};

    if (socket_start(&fake, &self->server, &err) != VELUM_OK) {
        fail_msg("socket_start: %s", err.text);
    }
}

static void stop(folder *self)
{
    socket_stop(self->server);
    self->server = NULL;
}

/* A path so long that it would not fit into an address. */
static int make_folder(void **state)
{
    static const char DEEP[] = "/a-name-of-a-folder-that-is-as-long-as-people-make-them-at-times"
                               "-and-then-somewhat-longer-than-that";
    const char *const base = getenv("TMPDIR");
    folder *const self = calloc(1, sizeof *self);

    snprintf(self->path, sizeof self->path, "%s/socket-XXXXXX", base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(self->path));
    strcat(self->path, DEEP);
    assert_int_equal(mkdir(self->path, 0700), 0);
    fake = (velum_gate){.clock = clock_system()};
    fake.dir_fd = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fake.dir_fd >= 0);
    assert_int_equal(file_open(fake.dir_fd, "lock", O_RDWR | O_CREAT, &self->lock_fd), VELUM_OK);
    assert_int_equal(file_lock(self->lock_fd), VELUM_OK);
    *state = self;
    return 0;
}

static int set_up(void **state)
{
    assert_int_equal(make_folder(state), 0);
    serve(*state);
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    return remove(path);
}

static int tear_down(void **state)
{
    folder *const self = *state;

    stop(self);
    file_close(&self->lock_fd);
    file_close(&fake.dir_fd);
    *strrchr(self->path, '/') = '\0';
    nftw(self->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(self);
    assert_int_equal(atomic_load(&opened), 0);
    return 0;
}

/* --- A peer by hand --------------------------------------------------------------------------- */

static frame_channel dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/velum.sock", fake.dir_fd);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return (frame_channel){-1, clock_system()};
    }
    return (frame_channel){fd, clock_system()};
}

static void hang_up(frame_channel *channel)
{
    file_close(&channel->fd);
}

static void say(const frame_channel *channel, uint16_t verb, const char *payload)
{
    assert_int_equal(frame_send(channel, verb, text_of(payload)), VELUM_OK);
}

/* The answer's frame; `buffer` is cleared by the caller. */
static uint16_t hear(const frame_channel *channel, buffer *payload)
{
    uint16_t code = 0;

    buffer_clear(payload);
    buffer_init(payload, FRAME_BYTES_MAX);
    assert_int_equal(frame_receive(channel, WAIT_MS, &code, payload), VELUM_OK);
    buffer_append_byte(payload, '\0');
    return code;
}

static bool is_closed(const frame_channel *channel)
{
    VELUM_AUTO_BUFFER payload = {0};
    uint16_t code = 0;

    buffer_init(&payload, FRAME_BYTES_MAX);
    return frame_receive(channel, WAIT_MS, &code, &payload) == VELUM_END;
}

static void assert_holds(const buffer *payload, const char *part)
{
    if (strstr((const char *)payload->data, part) == NULL) {
        fail_msg("%s is not in %s", part, (const char *)payload->data);
    }
}

/* --- Requests --------------------------------------------------------------------------------- */

static void the_kernel_says_who_calls(void **state)
{
    VELUM_AUTO_BUFFER payload = {0};
    frame_channel channel = dial();
    char uid[32];

    say(&channel, VERB_ECHO, "{\"ref\":\"p1\",\"caller_id\":\"c\",\"body\":{\"a\":[1,\"张\"]}}");
    assert_int_equal(hear(&channel, &payload), 200);
    snprintf(uid, sizeof uid, "\"uid\":%u,\"client\":2,\"auth\":2", geteuid());
    assert_holds(&payload, uid);
    assert_holds(&payload, "\"ref\":\"p1\"");
    assert_holds(&payload, "\"caller_id\":\"c\"");
    assert_holds(&payload, "\"body\":{\"a\":[1,\"张\"]}");
    hang_up(&channel);
}

/* I-3: an empty token is a wrong token, not the peer's own authority. */
static void a_token_alone_says_who_calls(void **state)
{
    VELUM_AUTO_BUFFER payload = {0};
    frame_channel channel = dial();

    say(&channel, VERB_ECHO, "{\"credential\":\"velum_x\"}");
    assert_int_equal(hear(&channel, &payload), 200);
    assert_holds(&payload, "\"auth\":1,\"credential\":\"velum_x\"");
    say(&channel, VERB_ECHO, "{\"credential\":\"\"}");
    assert_int_equal(hear(&channel, &payload), 200);
    assert_holds(&payload, "\"auth\":1,\"credential\":\"\"");
    hang_up(&channel);
}

static void a_long_answer_comes_in_parts(void **state)
{
    VELUM_AUTO_BUFFER payload = {0};
    frame_channel channel = dial();
    size_t bytes = 0;
    uint16_t code = FRAME_MORE;

    say(&channel, VERB_LONG, "{}");
    for (int part = 0; part < 3; part++) {
        assert_true((code & FRAME_MORE) != 0);
        buffer_clear(&payload);
        buffer_init(&payload, FRAME_BYTES_MAX);
        assert_int_equal(frame_receive(&channel, WAIT_MS, &code, &payload), VELUM_OK);
        assert_int_equal(code & ~FRAME_MORE, 200);
        assert_int_equal(payload.data[0], 'a' + bytes % 23);
        bytes += payload.size;
    }
    assert_int_equal(code, 200);
    assert_int_equal(bytes, LONG_BYTES);
    hang_up(&channel);
}

static void what_is_no_request_is_refused_and_the_connection_stays(void **state)
{
    static const char *const PAYLOADS[] = {
        "",
        "{",
        "[]",
        "\"x\"",
        "{\"ref\":1}",
        "{\"uid\":\"0\"}",
        "{\"ref\":\"a\",\"ref\":\"b\"}",
        "{\"ref\":\"\xff\"}",
        "{\"ref\":\"a\\u0000\"}",
        "{} {}",
    };
    VELUM_AUTO_BUFFER payload = {0};
    frame_channel channel = dial();

    for (size_t i = 0; i < sizeof PAYLOADS / sizeof PAYLOADS[0]; i++) {
        say(&channel, VERB_ECHO, PAYLOADS[i]);
        assert_int_equal(hear(&channel, &payload), 400);
        assert_holds(&payload, "urn:velum:problem:malformed-request");
    }
    say(&channel, VERB_INVALID, "{}");
    assert_int_equal(hear(&channel, &payload), 400);
    say(&channel, VERB_ECHO, "{}");
    assert_int_equal(hear(&channel, &payload), 200);
    assert_int_equal(atomic_load(&fake.counters.problems[PROBLEM_MALFORMED]),
                     sizeof PAYLOADS / sizeof PAYLOADS[0] + 1);
    hang_up(&channel);
}

static void a_huge_length_ends_the_connection(void **state)
{
    static const uint32_t LENGTHS[] = {FRAME_BYTES_MAX + 1, INT32_MAX, UINT32_MAX};
    VELUM_AUTO_BUFFER payload = {0};
    uint8_t head[FRAME_HEAD_BYTES];

    for (size_t i = 0; i < 3; i++) {
        frame_channel channel = dial();
        frame_write_head((frame_head){LENGTHS[i], VERB_ECHO}, head);
        assert_int_equal(send(channel.fd, head, sizeof head, MSG_NOSIGNAL), sizeof head);
        assert_int_equal(hear(&channel, &payload), 413);
        assert_holds(&payload, "payload-too-large");
        assert_true(is_closed(&channel));
        hang_up(&channel);
    }
}

static void the_largest_frame_is_read(void **state)
{
    VELUM_AUTO_BUFFER payload = {0};
    frame_channel channel = dial();
    char *const large = malloc(FRAME_BYTES_MAX + 1);

    memset(large, ' ', FRAME_BYTES_MAX);
    memcpy(large, "{\"ref\":\"p\"}", 11);
    large[FRAME_BYTES_MAX] = '\0';
    say(&channel, VERB_ECHO, large);
    free(large);
    assert_int_equal(hear(&channel, &payload), 200);
    assert_holds(&payload, "\"ref\":\"p\"");
    hang_up(&channel);
}

static void a_frame_that_is_cut_hurts_nobody(void **state)
{
    static const uint8_t WHOLE[] = {0, 0, 0, 2, 0, VERB_ECHO, '{', '}'};
    VELUM_AUTO_BUFFER payload = {0};

    for (size_t size = 0; size < sizeof WHOLE; size++) {
        frame_channel channel = dial();
        assert_int_equal(send(channel.fd, WHOLE, size, MSG_NOSIGNAL), size);
        hang_up(&channel);
    }
    frame_channel channel = dial();
    for (size_t i = 0; i < sizeof WHOLE; i++) { /* byte by byte it is whole all the same */
        assert_int_equal(send(channel.fd, WHOLE + i, 1, MSG_NOSIGNAL), 1);
        usleep(2000);
    }
    assert_int_equal(hear(&channel, &payload), 200);
    hang_up(&channel);
}

static void a_peer_that_goes_before_its_answer_hurts_nobody(void **state)
{
    VELUM_AUTO_BUFFER payload = {0};

    for (int i = 0; i < 20; i++) {
        frame_channel channel = dial();
        say(&channel, VERB_LONG, "{}");
        hang_up(&channel);
    }
    frame_channel channel = dial();
    say(&channel, VERB_ECHO, "{}");
    assert_int_equal(hear(&channel, &payload), 200);
    hang_up(&channel);
}

/* --- Time ------------------------------------------------------------------------------------- */

/* A clock that is nearly at the end of FRAME_TRANSFER_MS each time it is looked at. */
static int64_t hurried_ns(void *context)
{
    int64_t *const at = context;

    *at += (FRAME_TRANSFER_MS - 5) * NS_PER_MS;
    return *at;
}

static void a_frame_may_not_take_for_ever(void **state)
{
    VELUM_AUTO_BUFFER payload = {0};
    int64_t at = 0;
    int ends[2];
    uint16_t code = 0;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    frame_channel channel = {ends[0], clock_system()};
    channel.clock.monotonic_ns = hurried_ns;
    channel.clock.context = &at;
    buffer_init(&payload, FRAME_BYTES_MAX);
    assert_int_equal(send(ends[1], "\0\0\0\x09\0\x01{", 7, 0), 7);
    assert_int_equal(frame_receive(&channel, FRAME_TRANSFER_MS, &code, &payload),
                     VELUM_E_UNAVAILABLE);
    while (send(ends[0], "x", 1, MSG_DONTWAIT) == 1) { /* nobody reads */
    }
    assert_int_equal(frame_send(&channel, 1, TEXT_LITERAL("{}")), VELUM_E_UNAVAILABLE);
    close(ends[0]);
    close(ends[1]);
}

/* --- Many ------------------------------------------------------------------------------------- */

#define CROWD 40
#define REQUESTS 25

static void *call_often(void *context)
{
    intptr_t answered = 0;
    frame_channel channel = dial();

    for (int i = 0; channel.fd >= 0 && i < REQUESTS; i++) {
        VELUM_AUTO_BUFFER payload = {0};
        uint16_t code = 0;
        buffer_init(&payload, FRAME_BYTES_MAX);
        if (frame_send(&channel, VERB_ECHO, TEXT_LITERAL("{\"ref\":\"p\"}")) == VELUM_OK &&
            frame_receive(&channel, 20000, &code, &payload) == VELUM_OK && code == 200) {
            answered++;
        }
    }
    hang_up(&channel);
    return (void *)answered;
}

/* S-2: more than there are places for; those who wait are served as places become free. */
static void a_crowd_is_served(void **state)
{
    pthread_t threads[CROWD];
    intptr_t answered = 0;

    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, NULL), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        answered += (intptr_t)result;
    }
    assert_int_equal(answered, CROWD * REQUESTS);
}

/* --- Start and stop --------------------------------------------------------------------------- */

static void only_the_owner_may_connect(void **state)
{
    struct stat about;

    assert_int_equal(fstatat(fake.dir_fd, SOCKET_NAME, &about, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISSOCK(about.st_mode));
    assert_int_equal(about.st_mode & 07777, 0600);
}

static void a_socket_left_behind_is_replaced(void **state)
{
    folder *const self = *state;
    VELUM_AUTO_BUFFER payload = {0};
    char left[128];

    snprintf(left, sizeof left, "/proc/self/fd/%d/left", fake.dir_fd);
    assert_int_equal(linkat(fake.dir_fd, SOCKET_NAME, fake.dir_fd, "left", 0), 0);
    stop(self);
    assert_int_equal(faccessat(fake.dir_fd, SOCKET_NAME, F_OK, 0), -1);
    assert_int_equal(renameat(fake.dir_fd, "left", fake.dir_fd, SOCKET_NAME), 0);
    assert_int_equal(dial().fd, -1);
    serve(self);
    frame_channel channel = dial();
    say(&channel, VERB_ECHO, "{}");
    assert_int_equal(hear(&channel, &payload), 200);
    hang_up(&channel);
}

static void stopping_waits_for_no_idle_peer(void **state)
{
    frame_channel channels[SOCKET_CONNECTIONS_MAX + 4];
    const size_t count = sizeof channels / sizeof channels[0];

    for (size_t i = 0; i < count; i++) {
        channels[i] = dial();
        assert_true(channels[i].fd >= 0);
    }
    const int64_t before = now_ms();
    stop(*state);
    assert_true(now_ms() - before < 2000);
    for (size_t i = 0; i < count; i++) {
        assert_true(is_closed(&channels[i]));
        hang_up(&channels[i]);
    }
}

static void stopping_answers_what_is_under_way(void **state)
{
    VELUM_AUTO_BUFFER payload = {0};
    frame_channel channel = dial();

    say(&channel, VERB_SLOW, "{\"ref\":\"first\"}");
    say(&channel, VERB_ECHO, "{\"ref\":\"second\"}"); /* too late to be taken */
    for (int i = 0; i < 1000 && atomic_load(&running) == 0; i++) {
        usleep(1000);
    }
    stop(*state);
    assert_int_equal(hear(&channel, &payload), 200);
    assert_holds(&payload, "\"ref\":\"first\"");
    assert_true(is_closed(&channel));
    hang_up(&channel);
}

static void serving_twice_is_a_mistake(void **state)
{
    folder *const self = *state;

    stop(self);
    assert_int_equal(velum_gate_serve_socket(&fake, NULL), VELUM_OK);
    assert_int_equal(velum_gate_serve_socket(&fake, NULL), VELUM_E_EXISTS);
    socket_stop(fake.socket);
    fake.socket = NULL;
    socket_stop(NULL);
}

/* --- The command's end ------------------------------------------------------------------------ */

static velum_client *client_of(const folder *self)
{
    velum_client *client = NULL;
    velum_error err = {.text = ""};

    if (velum_client_open((velum_string){self->path, strlen(self->path)}, &client, &err) !=
        VELUM_OK) {
        fail_msg("velum_client_open: %s", err.text);
    }
    return client;
}

static velum_request request_of(uint32_t verb)
{
    return (velum_request){.size = sizeof(velum_request), .verb = verb, .auth = VELUM_AUTH_SELF};
}

static velum_answer *call(velum_client *client, const velum_request *request)
{
    velum_answer *answer = NULL;
    velum_error err = {.text = ""};

    if (velum_client_call(client, request, &answer, &err) != VELUM_OK) {
        fail_msg("velum_client_call: %s", err.text);
    }
    return answer;
}

static bool answer_holds(const velum_answer *answer, const char *part)
{
    const velum_string body = velum_answer_body(answer);

    return memmem(body.data, body.size, part, strlen(part)) != NULL;
}

static void a_client_of_a_held_folder_is_remote(void **state)
{
    velum_client *const client = client_of(*state);
    velum_request request = request_of(VERB_ECHO);

    request.auth = VELUM_AUTH_TOKEN;
    request.credential = (velum_string){"velum_y", 7};
    request.body = (velum_string){"{\"x\": 1}", 8};
    assert_true(velum_client_is_remote(client));
    velum_answer *const answer = call(client, &request);
    assert_int_equal(velum_answer_status(answer), 200);
    assert_string_equal(velum_answer_problem(answer), "");
    assert_true(answer_holds(answer, "\"client\":2,\"auth\":1,\"credential\":\"velum_y\""));
    assert_true(answer_holds(answer, "\"body\":{\"x\":1}"));
    assert_int_equal(velum_answer_retry_after_s(answer), 0);
    velum_answer_free(answer);
    velum_client_free(client);
}

static void a_problem_keeps_its_name_and_status(void **state)
{
    velum_client *const client = client_of(*state);
    const velum_request request = request_of(VERB_REFUSED);
    velum_answer *const answer = call(client, &request);

    assert_int_equal(velum_answer_status(answer), 403);
    assert_string_equal(velum_answer_problem(answer), "consent-missing");
    assert_true(answer_holds(answer, "urn:velum:problem:consent-missing"));
    velum_answer_free(answer);
    velum_client_free(client);
}

static void a_client_puts_parts_together(void **state)
{
    velum_client *const client = client_of(*state);
    const velum_request request = request_of(VERB_LONG);
    velum_answer *const answer = call(client, &request);
    const velum_string body = velum_answer_body(answer);

    assert_int_equal(body.size, LONG_BYTES);
    for (size_t i = 0; i < body.size; i += 997) {
        assert_int_equal(body.data[i], 'a' + i % 23);
    }
    velum_answer_free(answer);
    velum_client_free(client);
}

static void what_does_not_fit_into_a_frame_is_refused_here(void **state)
{
    velum_client *const client = client_of(*state);
    velum_request request = request_of(VERB_ECHO);
    char *const large = malloc(FRAME_BYTES_MAX);

    memset(large, 'a', FRAME_BYTES_MAX);
    large[0] = large[FRAME_BYTES_MAX - 1] = '"';
    request.body = (velum_string){large, FRAME_BYTES_MAX};
    velum_answer *answer = call(client, &request);
    assert_int_equal(velum_answer_status(answer), 413);
    velum_answer_free(answer);
    request.body = (velum_string){"1,\"ref\":\"stolen\"", 16};
    answer = call(client, &request);
    assert_int_equal(velum_answer_status(answer), 400);
    assert_string_equal(velum_answer_problem(answer), "malformed-request");
    velum_answer_free(answer);
    request = request_of(UINT16_MAX + 1);
    assert_int_equal(velum_client_call(client, &request, &answer, NULL), VELUM_E_INVALID);
    request = request_of(VERB_ECHO);
    request.auth = 9;
    assert_int_equal(velum_client_call(client, &request, &answer, NULL), VELUM_E_INVALID);
    free(large);
    velum_client_free(client);
}

static void a_client_outlives_a_restart(void **state)
{
    folder *const self = *state;
    velum_client *const client = client_of(self);
    const velum_request request = request_of(VERB_ECHO);

    velum_answer_free(call(client, &request));
    stop(self);
    serve(self);
    velum_answer_free(call(client, &request));
    assert_true(velum_client_is_remote(client));
    stop(self); /* and when velumd is gone for good, the folder is free */
    file_close(&self->lock_fd);
    velum_answer *const answer = call(client, &request);
    assert_false(velum_client_is_remote(client));
    assert_true(answer_holds(answer, "\"client\":3"));
    velum_answer_free(answer);
    velum_client_free(client);
}

static void *serve_late(void *context)
{
    usleep(300000);
    serve(context);
    return NULL;
}

static void a_velumd_that_is_starting_is_waited_for(void **state)
{
    folder *const self = *state;
    pthread_t thread;

    stop(self);
    assert_int_equal(pthread_create(&thread, NULL, serve_late, self), 0);
    velum_client *const client = client_of(self);
    pthread_join(thread, NULL);
    assert_true(velum_client_is_remote(client));
    velum_client_free(client);
}

static void who_does_not_answer_is_not_waited_for_long(void **state)
{
    folder *const self = *state;
    velum_client *client = NULL;
    velum_error err = {.status = VELUM_OK};
    const int64_t before = now_ms();

    stop(self);
    assert_int_equal(
        velum_client_open((velum_string){self->path, strlen(self->path)}, &client, &err),
        VELUM_E_LOCKED);
    assert_int_equal(err.status, VELUM_E_LOCKED);
    assert_null(client);
    assert_in_range(now_ms() - before, 2900, 4500);
}

static void a_client_of_a_free_folder_opens_it(void **state)
{
    folder *const self = *state;

    stop(self);
    file_close(&self->lock_fd);
    velum_client *const client = client_of(self);
    assert_false(velum_client_is_remote(client));
    assert_int_equal(atomic_load(&opened), 1);
    velum_client_free(client);
}

static void a_folder_that_is_none_is_told(void **state)
{
    velum_client *client = NULL;
    velum_error err = {.status = VELUM_OK};

    assert_int_equal(velum_client_open((velum_string){"/nowhere/at/all", 15}, &client, &err),
                     VELUM_E_NOTFOUND);
    assert_null(strstr(err.text, "nowhere"));
    assert_int_equal(velum_client_open((velum_string){"a\0b", 3}, &client, NULL), VELUM_E_INVALID);
    assert_int_equal(velum_client_open((velum_string){NULL, 0}, &client, NULL), VELUM_E_INVALID);
    velum_client_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_kernel_says_who_calls),
        TEST(a_token_alone_says_who_calls),
        TEST(a_long_answer_comes_in_parts),
        TEST(what_is_no_request_is_refused_and_the_connection_stays),
        TEST(a_huge_length_ends_the_connection),
        TEST(the_largest_frame_is_read),
        TEST(a_frame_that_is_cut_hurts_nobody),
        TEST(a_peer_that_goes_before_its_answer_hurts_nobody),
        cmocka_unit_test(a_frame_may_not_take_for_ever),
        TEST(a_crowd_is_served),
        TEST(only_the_owner_may_connect),
        TEST(a_socket_left_behind_is_replaced),
        TEST(stopping_waits_for_no_idle_peer),
        TEST(stopping_answers_what_is_under_way),
        TEST(serving_twice_is_a_mistake),
        TEST(a_client_of_a_held_folder_is_remote),
        TEST(a_problem_keeps_its_name_and_status),
        TEST(a_client_puts_parts_together),
        TEST(what_does_not_fit_into_a_frame_is_refused_here),
        TEST(a_client_outlives_a_restart),
        TEST(a_velumd_that_is_starting_is_waited_for),
        TEST(who_does_not_answer_is_not_waited_for_long),
        TEST(a_client_of_a_free_folder_opens_it),
        TEST(a_folder_that_is_none_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
