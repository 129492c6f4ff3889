'use strict';
// The gate of a data folder, and the answers that come from it.
const { HANDLE, Handle, away, check, constant, koffi, native, stringOf, types } = require('./abi.js');

const DOORS = ['any', 'process', 'socket']; // VELUM_DOOR_*, which are for ever
const MEMBERS = { activity: 'activity', ref: 'ref', fields: 'fields', body: 'body', callerId: 'caller_id',
    ifMatch: 'if_match' };

/** The gate said no. Its text is the problem's name and status, nothing of the request or the person. */
class Refused extends Error {
    constructor(problem, status) {
        super(`${problem} (${status})`);
        this.name = 'Refused';
        this.problem = problem;
        this.status = status;
    }
}

/**
 * What a request came back with: a result, or a refusal. Its bytes stay in the library and are wiped by
 * `close` or by the collector. It may be closed before or after its gate.
 */
class Answer {
    #handle;

    constructor(pointer) {
        this.#handle = new Handle(this, pointer, 'velum_answer_free');
    }

    /** 200, or the HTTP status of the problem. */
    get status() {
        return native('velum_answer_status')(this.#handle.pointer);
    }

    /** Whether it is a result. */
    get ok() {
        return this.status === 200;
    }

    /** The problem's name ("consent-missing"), "" for a result. */
    get problem() {
        return native('velum_answer_problem')(this.#handle.pointer);
    }

    #string() {
        return native('velum_answer_body')(this.#handle.pointer);
    }

    /** The size of the body in bytes. */
    get size() {
        return Number(this.#string().size);
    }

    /** A copy of the body: JSON, the result or an RFC 9457 problem. `fill(0)` it when you are done. */
    body() {
        const { data, size } = this.#string();
        if (Number(size) === 0) {
            return Buffer.alloc(0);
        }
        const copy = koffi.decode(data, 'uint8_t', Number(size));
        return Buffer.from(copy.buffer, copy.byteOffset, copy.byteLength);
    }

    /** The body as objects; of a refusal it is the problem document. */
    json() {
        const body = this.body();
        try {
            return JSON.parse(body.toString('utf8'));
        } finally {
            body.fill(0);
        }
    }

    /** As `json`, but a refusal is thrown as Refused. */
    result() {
        if (!this.ok) {
            throw new Refused(this.problem, this.status);
        }
        return this.json();
    }

    /** Wipes and frees. Closing twice is allowed. */
    close() {
        this.#handle.close();
    }

    [Symbol.dispose ?? Symbol('dispose')]() {
        this.close();
    }

    [Symbol.for('nodejs.util.inspect.custom')]() {
        return this.#handle.isClosed ? 'Answer { closed }' : `Answer { ${`${this.status} ${this.problem}`.trim()} }`;
    }
}

function encode(name, value) {
    if (name === 'fields' && Array.isArray(value)) {
        return value.join(',');
    }
    if (name === 'body' && typeof value === 'object' && !(value instanceof Uint8Array)) {
        return JSON.stringify(value);
    }
    return value;
}

/** A velum_request; the strings in it live as long as it does. */
function makeRequest(verb, { token, ...members }) {
    const empty = stringOf('');
    const request = {
        size: types.request.size,
        verb: typeof verb === 'number' ? verb : constant(`VELUM_VERB_${verb.toUpperCase()}`),
        auth: constant(token === undefined ? 'VELUM_AUTH_SELF' : 'VELUM_AUTH_TOKEN'),
        credential: stringOf(token),
    };
    for (const name of Object.values(MEMBERS)) {
        request[name] = empty;
    }
    for (const [name, value] of Object.entries(members)) {
        if (!(name in MEMBERS)) {
            throw new TypeError('unknown member of a request');
        }
        request[MEMBERS[name]] = stringOf(encode(name, value ?? ''));
    }
    return request;
}

/** Calls `name` (velum_gate_call or velum_module_call) on another thread. */
async function ask(handle, name, verb, members) {
    const request = makeRequest(verb, members);
    const out = [null];
    const err = {};
    const status = await handle.use((pointer) => away(name, pointer, request, out, err));
    check(status, err);
    return new Answer(out[0]);
}

/** The gate of a data folder. */
class Gate {
    #handle;

    /**
     * `door`: "any" (in this process when the folder is free, else over the socket of the velumd that
     * holds it), "process" or "socket". Throws VelumError with `code` "locked", "not-found", "denied",
     * "unavailable" and so on.
     */
    constructor(folder, { door = 'any', timeoutMs = 0, cacheBytes = 0, workers = 0 } = {}) {
        if (!DOORS.includes(door)) {
            throw new RangeError('door is any, process or socket');
        }
        const options = { size: types.gateOptions.size, folder: stringOf(folder), cache_bytes: cacheBytes,
            timeout_ms: timeoutMs, workers, door: DOORS.indexOf(door), reserved: 0 };
        const out = [null];
        const err = {};
        check(native('velum_gate_open')(options, out, err), err);
        this.#handle = new Handle(this, out[0], 'velum_gate_free');
    }

    /** How this gate was come to: "process" or "socket". */
    get door() {
        return DOORS[native('velum_gate_door')(this.#handle.pointer)];
    }

    /**
     * Runs one request on another thread; its answer may be a refusal. `verb` is a verb's name ("READ":
     * VELUM_VERB_READ of velum.h) or number. Members: `token` (none: the person registered for this
     * process's uid), `activity`, `ref`, `fields` ("a,b" or an array), `body` (JSON, or what becomes it),
     * `callerId`, `ifMatch`. Rejects with VelumError for a mistake in the call itself.
     */
    call(verb, members = {}) {
        return ask(this.#handle, 'velum_gate_call', verb, members);
    }

    /** As `call`, waiting in place: for scripts, not for servers. */
    callSync(verb, members = {}) {
        const request = makeRequest(verb, members);
        const out = [null];
        const err = {};
        check(native('velum_gate_call')(this.#handle.pointer, request, out, err), err);
        return new Answer(out[0]);
    }

    /** A customer's profile, as far as the decision allows, masked: {fields: {…}, …}. */
    read(ref, members = {}) {
        return this.call('READ', { ...members, ref });
    }

    /** The pseudonym of whoever has an identifier, in the caller's domain: {subject}. */
    lookup(type, value, members = {}) {
        return this.call('LOOKUP', { ...members, body: { identifier: { type, value } } });
    }

    /** Puts a customer, found by any of the identifiers ({type: value}), and fields of the profile. */
    upsert(identifiers, profile, members = {}) {
        const list = Object.entries(identifiers).map(([type, value]) => ({ type, value }));
        return this.call('UPSERT', { ...members, body: { identifiers: list, profile } });
    }

    [HANDLE]() {
        return this.#handle;
    }

    /**
     * Calls under way still come back. The folder is let go when they have and the last answer is closed,
     * too. Closing twice is allowed.
     */
    close() {
        this.#handle.close();
    }

    [Symbol.dispose ?? Symbol('dispose')]() {
        this.close();
    }
}

module.exports = { Answer, Gate, Refused, ask };
