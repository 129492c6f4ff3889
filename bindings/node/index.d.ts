// Velum in a Node.js program. What each call does stands beside its code in lib/.
import { Buffer } from 'node:buffer';

export type Text = string | Uint8Array;
export type Door = 'any' | 'process' | 'socket';

export interface GateOptions {
    door?: Door;
    timeoutMs?: number;
    cacheBytes?: number;
    workers?: number;
}

export interface Members {
    token?: Text;
    activity?: string;
    ref?: string;
    fields?: string | string[];
    body?: Text | object;
    callerId?: string;
    ifMatch?: string;
}

/** A call that has no answer; `code` is the status's name ("locked", "not-found", "forked"). */
export class VelumError extends Error {
    readonly code: string;
    readonly status: number;
    readonly osErrno: number;
}

/** The gate said no; the text is "problem (status)". */
export class Refused extends Error {
    readonly problem: string;
    readonly status: number;
}

export class Answer {
    private constructor();
    readonly status: number;
    readonly ok: boolean;
    readonly problem: string;
    readonly size: number;
    body(): Buffer;
    json(): any;
    result(): any;
    close(): void;
}

export class Gate {
    constructor(folder: Text, options?: GateOptions);
    readonly door: 'process' | 'socket';
    call(verb: string | number, members?: Members): Promise<Answer>;
    callSync(verb: string | number, members?: Members): Answer;
    read(ref: string, members?: Members): Promise<Answer>;
    lookup(type: string, value: string, members?: Members): Promise<Answer>;
    upsert(identifiers: Record<string, string>, profile: object, members?: Members): Promise<Answer>;
    close(): void;
}

export class Work {
    private constructor();
    readonly kind: 'timer' | 'event' | 'unknown';
    readonly name: string;
    readonly ref: string;
    readonly at: string;
    readonly attempts: number;
    done(): Promise<void>;
    again(afterMs?: number): Promise<void>;
    close(): void;
}

export class Module {
    constructor(gate: Gate, name: string, options?: { token?: Text; activity?: string; sha256?: string });
    next(waitMs?: number): Promise<Work | null>;
    works(waitMs?: number): AsyncGenerator<Work>;
    call(verb: string | number, members?: Omit<Members, 'token'>): Promise<Answer>;
    close(): void;
}

/** The value of a public constant by its name: constant('VELUM_VERB_READ'). */
export function constant(name: string): number;
/** The version of the library that was loaded. */
export function version(): string;
