'use strict';
// The work queue of a module behind the gate (docs/modules.md).
const { HANDLE, Handle, away, check, native, stringOf, types } = require('./abi.js');
const { ask } = require('./gate.js');

const KINDS = { 1: 'timer', 2: 'event' }; // VELUM_WORK_*, which are for ever
const DONE = 1;
const AGAIN = 2;

/**
 * One work: a timer that came due, or something that happened. It is answered once, by `done` or `again`;
 * without an answer it is given again when its lease (60 s) is over, so what is done may be repeated.
 */
class Work {
    #module;
    #handle;

    constructor(moduleHandle, pointer) {
        this.#module = moduleHandle;
        this.#handle = new Handle(this, pointer, 'velum_work_free');
    }

    /** "timer" or "event"; "unknown" is of a later version and is to be passed over. */
    get kind() {
        return KINDS[native('velum_work_kind')(this.#handle.pointer)] ?? 'unknown';
    }

    /** The timer's name, or the event's: "subject.erased", "consent.changed:PURPOSE". */
    get name() {
        return native('velum_work_name')(this.#handle.pointer);
    }

    /** The customer's pseudonym in the module's domain. */
    get ref() {
        return native('velum_work_ref')(this.#handle.pointer);
    }

    /** RFC 3339 in UTC: when it happened, or for when the timer was set. */
    get at() {
        return native('velum_work_at')(this.#handle.pointer);
    }

    /** How often it was given, this time included. */
    get attempts() {
        return native('velum_work_attempts')(this.#handle.pointer);
    }

    /** It is over. */
    done() {
        return this.#reply(DONE, 0);
    }

    /** It is to be given again, after `afterMs` (0: longer with each attempt). */
    again(afterMs = 0) {
        return this.#reply(AGAIN, afterMs);
    }

    async #reply(result, afterMs) {
        const pointer = this.#handle.pointer;
        const err = {};
        const status = await this.#module.use((module) => {
            this.#handle.release(); // the library takes it over, whatever comes back
            return away('velum_module_reply', module, pointer, result, afterMs, err);
        });
        check(status, err);
    }

    /** Without an answer. Closing twice is allowed, and after an answer. */
    close() {
        this.#handle.close();
    }
}

/** Who works for a module that the policy declares. It may be closed before or after its gate. */
class Module {
    #handle;
    #token;

    /**
     * `token` is of the module's domain (none: this process's own uid), `activity` one that has the action
     * `module`, `sha256` the hash of the declaration that the program was written for. Throws VelumError.
     */
    constructor(gate, name, { token = '', activity = '', sha256 = '' } = {}) {
        const options = { size: types.moduleOptions.size, name: stringOf(name), credential: stringOf(token),
            activity: stringOf(activity), sha256: stringOf(sha256) };
        const out = [null];
        const err = {};
        check(native('velum_module_open')(gate[HANDLE]().pointer, options, out, err), err);
        this.#handle = new Handle(this, out[0], 'velum_module_free');
        this.#token = token;
    }

    /** The next work, waiting on another thread at most `waitMs` (at most 60000); null when none came. */
    async next(waitMs = 0) {
        const out = [null];
        const err = {};
        const status = await this.#handle.use((pointer) => away('velum_module_next', pointer, waitMs, out, err));
        check(status, err);
        return out[0] === null ? null : new Work(this.#handle, out[0]);
    }

    /** Work after work, until none came for `waitMs`. */
    async *works(waitMs = 1000) {
        for (let work = await this.next(waitMs); work !== null; work = await this.next(waitMs)) {
            yield work;
        }
    }

    /** As Gate's `call`, with the module's credential and activity. */
    call(verb, members = {}) {
        const token = this.#token === '' ? undefined : this.#token;
        return ask(this.#handle, 'velum_module_call', verb, { ...members, token });
    }

    /** Works that were not answered are given again. Closing twice is allowed. */
    close() {
        this.#handle.close();
    }
}

module.exports = { Module, Work };
