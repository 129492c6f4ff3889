'use strict';
// One scenario of Velum in a Node.js program: node scenarios.js NAME FOLDER REF, with the tokens of the shop in
// the environment. test_node.py runs each by both doors; what it finds wrong it throws.
const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const crypto = require('node:crypto');
const { once } = require('node:events');
const path = require('node:path');
const { inspect } = require('node:util');
const { Worker, isMainThread, workerData, parentPort } = require('node:worker_threads');

const { NODE, DOOR, TOKEN_READ, TOKEN_WRITE, TOKEN_SEND, CANARY, MOBILE } = process.env;
const velum = require(NODE);
const koffi = require('koffi');

const [name, folder, ref] = isMainThread ? process.argv.slice(2) : workerData;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const collect = async () => {
    global.gc();
    await pause(5);
};

const scenarios = {
    async reads_a_masked_profile() {
        const gate = new velum.Gate(folder);
        assert.equal(gate.door, DOOR);
        const answer = await gate.read(ref, { token: TOKEN_READ });
        assert.deepEqual([answer.ok, answer.status, answer.problem], [true, 200, '']);
        const body = answer.body();
        assert.equal(body.length, answer.size);
        assert.ok(!body.includes(MOBILE));
        assert.match(answer.json().fields.mobile, /\*/);
        assert.deepEqual(answer.result(), JSON.parse(body.toString()));
        const some = await gate.read(ref, { token: TOKEN_READ, fields: ['city'] });
        assert.deepEqual(Object.keys(some.json().fields), ['city']);
        const found = await gate.lookup('mobile', MOBILE, { token: TOKEN_WRITE });
        assert.equal(found.result().subject, ref);
        const sync = gate.callSync('READ', { ref, token: TOKEN_READ });
        assert.deepEqual(sync.json().fields, answer.json().fields);
        for (const each of [answer, some, found, sync]) {
            each.close();
        }
        gate.close();
    },

    async is_refused_by_name() {
        const gate = new velum.Gate(folder);
        const refusals = [[TOKEN_SEND, /^(consent-missing|not-found)$/], ['velum_wrong', /^unauthenticated$/],
            ['', /^unauthenticated$/]];
        for (const [token, wanted] of refusals) {
            const answer = await gate.read(ref, { token });
            assert.match(answer.problem, wanted);
            assert.equal(answer.ok, false);
            assert.equal(answer.json().status, answer.status);
            assert.throws(() => answer.result(), (error) => error instanceof velum.Refused &&
                error.message === `${answer.problem} (${answer.status})`);
            await pause(1100); // the same refusal within a second is 429
        }
        gate.close();
    },

    async tells_nothing_in_an_error() {
        const gate = new velum.Gate(folder);
        const mistakes = [() => gate.call('READ', { ref: CANARY, [CANARY]: 1 }), () => gate.call(999, { ref: CANARY }),
            () => gate.call(CANARY), () => gate.call('READ', { ref: CANARY.repeat(1000) }),
            async () => (await gate.call('LOOKUP', { body: `{"${CANARY}` })).result(),
            async () => new velum.Gate(`/nowhere/${CANARY}`)];
        for (const mistake of mistakes) {
            await assert.rejects(mistake, (error) => !`${error.name} ${error.message} ${error.code}`.includes(CANARY));
        }
        await assert.rejects(gate.call(999), { code: 'invalid', status: velum.constant('VELUM_E_INVALID') });
        assert.throws(() => new velum.Gate(folder, { door: 'window' }), RangeError);
        assert.throws(() => new velum.Gate(`/nowhere/${CANARY}`), { code: 'not-found' });
        gate.close();
        gate.close();
        await assert.rejects(gate.read(ref, { token: TOKEN_READ }), /closed/);
    },

    async outlives_in_any_order() {
        for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
            const gate = new velum.Gate(folder);
            const held = [gate, await gate.read(ref, { token: TOKEN_READ }), await gate.read(ref, { token: TOKEN_READ })];
            for (const at of order) {
                held[at].close();
                held[at].close();
                for (const answer of held.slice(1).filter((each) => inspect(each) !== 'Answer { closed }')) {
                    assert.ok(answer.json().fields);
                }
            }
        }
        await (async () => { // and without a word, by the collector
            const gate = new velum.Gate(folder);
            await gate.read(ref, { token: TOKEN_READ });
        })();
        for (let i = 0; i < 200; i++) {
            await collect();
            try {
                new velum.Gate(folder).close();
                return;
            } catch (error) {
                assert.equal(error.code, 'locked');
            }
        }
        assert.fail('the collector did not let the folder go');
    },

    async calls_many_at_once() {
        const gate = new velum.Gate(folder, { workers: 16, timeoutMs: 30000 });
        const read = async () => {
            const answer = await gate.read(ref, { token: TOKEN_READ });
            assert.equal(answer.status, 200);
            assert.match(answer.json().fields.mobile, /\*/);
            answer.close();
        };
        await Promise.all(Array.from({ length: 100 }, async (_, i) => {
            await read();
            if (i % 10 === 0) {
                await collect(); // nothing that a call needs is taken from it
            }
        }));
        gate.close();
    },

    async closes_under_calls() {
        const gate = new velum.Gate(folder);
        const calls = Array.from({ length: 20 }, () => gate.read(ref, { token: TOKEN_READ }));
        gate.close();
        for (const call of calls) {
            const answer = await call;
            assert.ok([200, 503].includes(answer.status));
            assert.ok(answer.size > 0);
            answer.close();
        }
        new velum.Gate(folder).close(); // the last one let it go
    },

    async ends_without_a_word() {
        const gate = new velum.Gate(folder);
        global.kept = [gate, await gate.read(ref, { token: TOKEN_READ })];
        void gate.read(ref, { token: TOKEN_READ });
        process.exit(0);
    },

    async serves_worker_threads() {
        const count = DOOR === 'socket' ? 4 : 1; // one gate a folder; velumd has that one
        const ask = async () => {
            const worker = new Worker(__filename, { workerData: [name, folder, ref] });
            const said = once(worker, 'message');
            await once(worker, 'exit'); // which frees what it left
            return (await said)[0];
        };
        for (const statuses of await Promise.all(Array.from({ length: count }, ask))) {
            assert.deepEqual(statuses, Array(10).fill(200));
        }
        const gate = new velum.Gate(folder);
        assert.equal(gate.callSync('READ', { ref, token: TOKEN_READ }).status, 200);
        gate.close();
    },

    /** Node.js itself does not survive a bare fork; its child processes are programs of their own. */
    async has_children() {
        const gate = new velum.Gate(folder);
        const child = fork(__filename, ['is_a_child', folder, ref]);
        const [said] = await once(child, 'message');
        assert.equal(said, DOOR === 'socket' ? 200 : 'locked');
        assert.equal((await gate.read(ref, { token: TOKEN_READ })).status, 200);
        gate.close();
    },

    async is_a_child() {
        try {
            process.send(new velum.Gate(folder).callSync('READ', { ref, token: TOKEN_READ }).status);
        } catch (error) {
            process.send(error.code);
        }
        process.disconnect();
    },

    /** The host's own OpenSSL (Node's) and SQLite, loaded and used before, meanwhile and after. */
    async lives_beside_sqlite_and_openssl() {
        const sqlite = koffi.load('libsqlite3.so.0');
        const open = sqlite.func('int sqlite3_open(const char *path, _Out_ void **db)');
        const exec = sqlite.func('int sqlite3_exec(void *db, const char *sql, void *a, void *b, void *c)');
        const close = sqlite.func('int sqlite3_close(void *db)');
        const useOwn = () => {
            const db = [null];
            assert.equal(open(path.join(folder, '..', 'node-host.db'), db), 0);
            const sql = "CREATE TABLE IF NOT EXISTS t (x); INSERT INTO t VALUES ('plain')";
            assert.equal(exec(db[0], sql, null, null, null), 0);
            assert.equal(close(db[0]), 0);
            assert.ok(crypto.createHash('sha256').update('abc').digest('hex').startsWith('ba7816bf'));
            const key = crypto.randomBytes(32);
            const cipher = crypto.createCipheriv('aes-256-gcm', key, key.subarray(0, 12));
            assert.equal(cipher.update('abc').length, 3);
            require('node:tls').createSecureContext();
        };
        useOwn();
        const gate = new velum.Gate(folder);
        useOwn();
        const answer = await gate.upsert({ mobile: '13800000003' }, { name: CANARY }, { token: TOKEN_WRITE });
        answer.result();
        answer.close();
        useOwn();
        gate.close();
        useOwn();
        const again = new velum.Gate(folder);
        (await again.lookup('mobile', '13800000003', { token: TOKEN_WRITE })).result();
        again.close();
    },
};

if (isMainThread) {
    scenarios[name]();
} else {
    (async () => {
        const gate = new velum.Gate(folder);
        const answers = await Promise.all(Array.from({ length: 10 }, () => gate.read(ref, { token: TOKEN_READ })));
        parentPort.postMessage(answers.map((answer) => answer.status));
    })();
}
