'use strict';
// libvelum as koffi sees it: structs, functions, errors and the lives of handles.
const koffi = require('koffi');

const LIBRARY = 'libvelum.so.0';
const ERROR_TEXT_BYTES = 240;
const UNKNOWN_CONSTANT = -(2 ** 31);

// Calls that wait run on stacks of koffi's; its own default is smaller than a thread's.
const STACK_BYTES = 1024 * 1024;
try {
    koffi.config({ async_stack_size: STACK_BYTES, async_heap_size: STACK_BYTES / 4 });
} catch {
    // The host has made calls already and keeps what it chose.
}

// Names of koffi's types are one process's; a second copy of this package must not declare them again.
const types = declareTypes();

function declareTypes() {
    const string = koffi.struct({ data: koffi.pointer('uint8_t'), size: 'size_t' });
    const error = koffi.struct({ status: 'int32_t', os_errno: 'int32_t',
        text: koffi.array('char', ERROR_TEXT_BYTES) });
    const gateOptions = koffi.struct({ size: 'size_t', folder: string, cache_bytes: 'uint64_t',
        timeout_ms: 'uint32_t', workers: 'uint32_t', door: 'uint32_t', reserved: 'uint32_t' });
    const request = koffi.struct({ size: 'size_t', verb: 'uint32_t', auth: 'uint32_t', credential: string,
        activity: string, ref: string, fields: string, body: string, caller_id: string, if_match: string });
    const moduleOptions = koffi.struct({ size: 'size_t', name: string, credential: string, activity: string,
        sha256: string });
    return { string, error, gateOptions, request, moduleOptions };
}

const P = 'void *';
const OUT = koffi.out(koffi.pointer('void *'));
const ERR = koffi.out(koffi.pointer(types.error));
const REQUEST = koffi.pointer(types.request);

// name: [result, arguments]
const FUNCTIONS = {
    velum_version: ['str', []],
    velum_constant: ['int32_t', ['str']],
    velum_status_name: ['str', ['int32_t']],
    velum_gate_open: ['int32_t', [koffi.pointer(types.gateOptions), OUT, ERR]],
    velum_gate_door: ['uint32_t', [P]],
    velum_gate_free: ['void', [P]],
    velum_gate_call: ['int32_t', [P, REQUEST, OUT, ERR]],
    velum_answer_status: ['int32_t', [P]],
    velum_answer_problem: ['str', [P]],
    velum_answer_body: [types.string, [P]],
    velum_answer_free: ['void', [P]],
    velum_module_open: ['int32_t', [P, koffi.pointer(types.moduleOptions), OUT, ERR]],
    velum_module_free: ['void', [P]],
    velum_module_next: ['int32_t', [P, 'uint32_t', OUT, ERR]],
    velum_module_reply: ['int32_t', [P, P, 'uint32_t', 'uint32_t', ERR]],
    velum_module_call: ['int32_t', [P, REQUEST, OUT, ERR]],
    velum_work_kind: ['uint32_t', [P]],
    velum_work_name: ['str', [P]],
    velum_work_ref: ['str', [P]],
    velum_work_at: ['str', [P]],
    velum_work_attempts: ['uint32_t', [P]],
    velum_work_free: ['void', [P]],
};

let loaded = null;
const declared = new Map();

/** A function of libvelum, which $VELUM_LIBRARY names or the loader finds. */
function native(name) {
    let found = declared.get(name);
    if (found === undefined) {
        loaded ??= koffi.load(process.env.VELUM_LIBRARY || LIBRARY);
        try {
            found = loaded.func(name, ...FUNCTIONS[name]);
        } catch {
            throw new Error(`this libvelum has no ${name}`);
        }
        declared.set(name, found);
    }
    return found;
}

/** A call that has no answer. Its text is the library's and never holds personal data. */
class VelumError extends Error {
    constructor(status, text, osErrno) {
        super(text);
        this.name = 'VelumError';
        /** The status's name: "locked". */
        this.code = native('velum_status_name')(status);
        this.status = status;
        this.osErrno = osErrno;
    }
}

function check(status, err) {
    if (status < 0) {
        throw new VelumError(status, err.text, err.os_errno);
    }
}

/** The value of a public constant by its name. */
function constant(name) {
    const value = native('velum_constant')(name);
    if (value === UNKNOWN_CONSTANT) {
        throw new RangeError('libvelum has no such constant');
    }
    return value;
}

/** The version of the library that was loaded. */
function version() {
    return native('velum_version')();
}

/** A velum_string of a text or of bytes, which live as long as it does. */
function stringOf(value) {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value ?? Buffer.alloc(0);
    if (!(bytes instanceof Uint8Array)) {
        throw new TypeError('a member is neither text nor bytes');
    }
    return { data: bytes.length === 0 ? null : bytes, size: bytes.length };
}

/** Runs a function of the library on another thread. The collector leaves the arguments until it is back. */
function away(name, ...args) {
    return new Promise((resolve, reject) => {
        native(name).async(...args, (error, result) => {
            args.length = 0;
            if (error) {
                reject(error);
            } else {
                resolve(result);
            }
        });
    });
}

const HANDLE = Symbol('handle'); // a gate's, for the modules behind it

const open = new Set(); // what the end of the process has to free
const forgotten = new FinalizationRegistry((handle) => handle.close());

process.on('exit', () => {
    for (const handle of open) {
        handle.close();
    }
});

/**
 * A pointer of the library that is freed once: by hand, by the collector, or at the end; and not before
 * the calls that use it are back.
 */
class Handle {
    #pointer;
    #free;
    #users = 0;
    #closed = false;

    constructor(owner, pointer, free) {
        this.#pointer = pointer;
        this.#free = native(free);
        open.add(this);
        forgotten.register(owner, this, this);
    }

    get pointer() {
        if (this.#closed) {
            throw new Error('it is closed');
        }
        return this.#pointer;
    }

    get isClosed() {
        return this.#closed;
    }

    async use(work) {
        const pointer = this.pointer;
        this.#users++;
        try {
            return await work(pointer);
        } finally {
            this.#users--;
            this.#freeUnused();
        }
    }

    /** The library took the pointer over. */
    release() {
        this.#pointer = null;
        this.close();
    }

    close() {
        if (!this.#closed) {
            this.#closed = true;
            open.delete(this);
            forgotten.unregister(this);
            this.#freeUnused();
        }
    }

    #freeUnused() {
        if (this.#closed && this.#users === 0 && this.#pointer !== null) {
            const pointer = this.#pointer;
            this.#pointer = null;
            this.#free(pointer);
        }
    }
}

module.exports = { HANDLE, Handle, VelumError, away, check, constant, koffi, native, stringOf, types, version };
