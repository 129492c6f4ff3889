/* Reads a customer's profile, or says why not.
 *
 *     cc read_profile.c $(pkg-config --cflags --libs velum) -o read_profile
 *     VELUM_TOKEN=… ./read_profile DIR REF
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <velum/velum.h>

static velum_string string_of(const char *text)
{
    velum_string string = {text, strlen(text)};
    return string;
}

static int read_profile(velum_gate *gate, const char *token, const char *ref)
{
    velum_request request;
    velum_answer *answer = NULL;
    velum_error err;

    memset(&request, 0, sizeof(request)); /* members of later versions are 0 */
    request.size = sizeof(request);
    request.verb = VELUM_VERB_READ;
    request.auth = VELUM_AUTH_TOKEN;
    request.credential = string_of(token);
    request.ref = string_of(ref);
    if (velum_gate_call(gate, &request, &answer, &err) < 0) {
        fprintf(stderr, "the call failed: %s\n", err.text);
        return 2;
    }
    const int refused = velum_answer_status(answer) != 200;
    if (refused) {
        printf("refused: %s\n", velum_answer_problem(answer));
    } else {
        const velum_string body = velum_answer_body(answer);
        printf("%.*s\n", (int)body.size, body.data);
    }
    velum_answer_free(answer); /* wipes it */
    return refused;
}

int main(int argc, char **argv)
{
    const char *const token = getenv("VELUM_TOKEN");
    velum_gate_options options;
    velum_gate *gate = NULL;
    velum_error err;

    if (argc != 3 || token == NULL) {
        fprintf(stderr, "usage: VELUM_TOKEN=… %s DIR REF\n", argv[0]);
        return 2;
    }
    memset(&options, 0, sizeof(options));
    options.size = sizeof(options);
    options.folder = string_of(argv[1]);
    options.door = VELUM_DOOR_ANY; /* in process when the folder is free, else over the socket */
    if (velum_gate_open(&options, &gate, &err) < 0) {
        fprintf(stderr, "the gate does not open: %s\n", err.text);
        return 2;
    }
    const int result = read_profile(gate, token, argv[2]);
    velum_gate_free(gate);
    return result;
}
