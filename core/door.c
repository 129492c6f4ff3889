/* core/door.c: which way a program comes to a gate: in its own process, or over the socket of the
 * velumd that holds the folder. */
#include "core/gate.h"
#include "core/remote.h"

#include "base/file.h"

#include <errno.h>

/* Size of velum_gate_options of version 0.1: it knew no door, so any is meant. */
#define OPTIONS_SIZE_MIN offsetof(velum_gate_options, door)

typedef velum_status (*door_function)(const velum_gate_options *options, velum_gate **out,
                                      velum_error *err);

static velum_status open_in_process(const velum_gate_options *options, velum_gate **out,
                                    velum_error *err)
{
    const gate_opening how = {.root = NULL};

    return gate_open_as(options, &how, out, err);
}

static velum_status connect_gate(velum_gate *gate, velum_error *err)
{
    int dir_fd = -1;

    if (directory_open(gate->folder, &dir_fd) < 0) {
        return error_set_errno(err, VELUM_E_NOTFOUND, errno, "there is no such data folder");
    }
    if (remote_create(dir_fd, &gate->remote) < 0) {
        return error_set(err, VELUM_E_NOMEM, "no memory for a connection");
    }
    return remote_reach(gate->remote, err);
}

static velum_status open_by_socket(const velum_gate_options *options, velum_gate **out,
                                   velum_error *err)
{
    velum_gate *gate = NULL;

    if (gate_create(options, &gate) < 0) {
        return error_set(err, VELUM_E_NOMEM, "no memory for a gate");
    }
    const velum_status status = connect_gate(gate, err);
    if (status < 0) {
        gate_release(gate);
        return status;
    }
    *out = gate;
    return VELUM_OK;
}

/* Taking the lock is what tells whether the folder is free: looking first would leave a gap. */
static velum_status open_by_any(const velum_gate_options *options, velum_gate **out,
                                velum_error *err)
{
    velum_error of_lock = {.status = VELUM_OK};
    velum_error of_socket = {.status = VELUM_OK};
    velum_status status = open_in_process(options, out, &of_lock);

    if (status != VELUM_E_LOCKED) {
        return status < 0 ? error_set_errno(err, status, of_lock.os_errno, "%s", of_lock.text)
                          : VELUM_OK;
    }
    status = open_by_socket(options, out, &of_socket);
    if (status == VELUM_E_UNAVAILABLE) {
        return error_set(err, VELUM_E_LOCKED, "%s", of_lock.text);
    }
    return status < 0 ? error_set_errno(err, status, of_socket.os_errno, "%s", of_socket.text)
                      : VELUM_OK;
}

static const door_function DOORS[] = {
    [VELUM_DOOR_ANY] = open_by_any,
    [VELUM_DOOR_PROCESS] = open_in_process,
    [VELUM_DOOR_SOCKET] = open_by_socket,
};
#define DOOR_COUNT (sizeof(DOORS) / sizeof(DOORS[0]))

/* The members that the caller's version of the struct has; the others are 0. */
static bool take_options(const velum_gate_options *from, velum_gate_options *out)
{
    *out = (velum_gate_options){.size = sizeof(*out)};
    if (from == NULL || from->size < OPTIONS_SIZE_MIN) {
        return false;
    }
    memcpy(out, from, from->size < sizeof(*out) ? from->size : sizeof(*out));
    out->size = sizeof(*out);
    return out->folder.data != NULL && out->folder.size > 0;
}

velum_status velum_gate_open(const velum_gate_options *options, velum_gate **out, velum_error *err)
{
    velum_gate_options taken;

    if (out == NULL) {
        return error_set(err, VELUM_E_INVALID, "there is no place for the gate");
    }
    *out = NULL;
    if (!take_options(options, &taken)) {
        return error_set(err, VELUM_E_INVALID, "the options name no folder or no size");
    }
    if (taken.door >= DOOR_COUNT || taken.reserved != 0 || taken.workers > GATE_WORKERS_MAX) {
        return error_set(err, VELUM_E_INVALID,
                         "door, workers or a reserved member is out of range");
    }
    return DOORS[taken.door](&taken, out, err);
}

uint32_t velum_gate_door(const velum_gate *gate)
{
    return gate->remote == NULL ? VELUM_DOOR_PROCESS : VELUM_DOOR_SOCKET;
}
