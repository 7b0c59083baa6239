import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../base/errors.ts';
import {
  type FromHost,
  HOST_LINE_BYTES,
  HOST_PROTOCOL,
  type HostFact,
  type ToHost,
  type WorkerKey,
} from '../base/host-protocol.ts';
import { createJsonLineReader } from '../base/json-lines.ts';
import { withResolvers } from '../base/with-resolvers.ts';
import type { ProcessIdentity } from './identity.ts';
import { signalTree } from './process-tree.ts';

export type HostForkRequest = Omit<Extract<ToHost, { type: 'fork' }>, 'type'>;
export type HostHello = Extract<FromHost, { type: 'hello' }>;

/** How a host ended, or why it cannot be reached, in which case it may live. */
export type HostLoss =
  | { readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly message: string };

export interface HostHandlers {
  /** The fact is taken when this returns. */
  onFact(fact: HostFact): void;
  /** A worker has sent something. */
  onMessage?(key: WorkerKey, message: unknown): void;
  /** Exactly once, after the last fact, also for a host that was told to end; not after `close`. */
  onLost(loss: HostLoss): void;
  /** What the facts so far have changed outlives this process: until then the host keeps them. At once without it. */
  safe?(): Promise<void>;
}

export interface HostClient {
  readonly identity: ProcessIdentity;
  /** What the host said when it was connected. */
  readonly hello: HostHello;
  /** Resolves when the facts were taken that the host had kept for whoever comes. */
  readonly caughtUp: Promise<void>;
  fork(request: HostForkRequest): void;
  send(key: WorkerKey, message: unknown): void;
  /** Whether the host is to tell what workers send. */
  listen(on: boolean): void;
  /** The host exits with code 0 as soon as it has no worker. */
  end(): void;
  /** SIGKILL to the host alone; its workers then lose their channel and end, as node:cluster has it. */
  kill(): void;
  /** Leaves the host alone: it goes on and keeps its facts for who connects next. Nothing is told any more. */
  close(): void;
}

export interface HostAddress {
  /** Absolute path of the host's socket. */
  readonly socket: string;
  readonly identity: ProcessIdentity;
  /** Settles when the host has ended; left out where nobody can know (it is no child). */
  readonly ended?: Promise<HostLoss>;
}

/** Time for Node to start on a machine that is busy with starting everything else too. */
const ANSWER_MS = 10_000;
const TRY_EVERY_MS = 10;
/** A dying host closes its socket a moment before its parent hears of the end. */
const END_AFTER_CLOSE_MS = 1_000;
/** Not there yet, or a file left by a host that was killed. */
const NOT_YET = ['ENOENT', 'ECONNREFUSED'];

/**
 * Connects to a cluster host, waiting until it listens. Who was connected before is dropped by the host.
 * @param address where, and which process must answer there
 * @param handlers told of facts and of the loss; not before the caller has the client
 * @returns the client
 * @throws Error when the host ends or gives no answer within 10 s, or something else answers
 */
export async function connectHost(address: HostAddress, handlers: HostHandlers): Promise<HostClient> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
  void address.ended?.then((loss) => giveUp.abort(new Error(`${lossText(loss)} before it answered`)));
  try {
    const socket = await reach(address.socket, giveUp.signal);
    return await greet({ socket, address, signal: giveUp.signal }, handlers);
  } finally {
    clearTimeout(timer);
  }
}

async function reach(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await connectOnce(path);
    } catch (error) {
      if (!NOT_YET.includes(errnoOf(error) ?? '')) throw error;
    }
    await delay(TRY_EVERY_MS);
  }
}

function connectOnce(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

interface Greeting {
  readonly socket: Socket;
  readonly address: HostAddress;
  readonly signal: AbortSignal;
}

/** Waits for hello, which must come first and from the right process, then goes on as the client. */
function greet({ socket, address, signal }: Greeting, handlers: HostHandlers): Promise<HostClient> {
  return new Promise((resolve, reject) => {
    const read = createJsonLineReader(HOST_LINE_BYTES);
    let client: HostClient | null = null;
    let closed = false;
    let taken = 0;
    let acked = 0;
    let problem = 'its connection was closed';
    const caughtUp = withResolvers();
    let left = 0;

    function ack(seq: number): void {
      if (seq > acked) say(socket, { type: 'ack', seq });
      acked = Math.max(acked, seq);
    }
    function ackTaken(): void {
      const seq = taken;
      if (seq === acked) return;
      if (handlers.safe === undefined) ack(seq);
      else void handlers.safe().then(() => ack(seq));
    }
    function close(): void {
      closed = true;
      ack(taken);
      socket.destroySoon();
    }
    function abort(): void {
      reject(signal.reason);
      close();
    }
    function takeHello(hello: FromHost | null, rest: readonly unknown[]): void {
      if (hello?.type !== 'hello' || hello.protocol !== HOST_PROTOCOL || hello.pid !== address.identity.pid) {
        reject(new Error(`another process answers on ${address.socket}`));
        close();
        return;
      }
      signal.removeEventListener('abort', abort);
      // A host of before does not say how many there are.
      left = hello.pending ?? 0;
      client = createClient({ socket, identity: address.identity, hello, caughtUp: caughtUp.promise, close });
      resolve(client);
      // The caller gets the client before the first fact.
      socket.pause();
      setImmediate(() => {
        takeFacts(rest);
        socket.resume();
      });
    }
    function takeFacts(values: readonly unknown[]): void {
      for (const value of values) {
        if (closed) return;
        const message = readMessage(value);
        if (message?.type === 'message') handlers.onMessage?.(message, message.message);
        if (message?.type !== 'fact') continue;
        handlers.onFact(message.fact);
        taken = message.seq;
        left--;
      }
      if (left <= 0) caughtUp.resolve();
      ackTaken();
    }
    async function tellLost(): Promise<void> {
      caughtUp.resolve();
      const unknown: HostLoss = { message: problem };
      const { ended } = address;
      const loss = await (ended ? Promise.race([ended, delay(END_AFTER_CLOSE_MS, unknown, { ref: false })]) : unknown);
      if (!closed) handlers.onLost(loss);
    }

    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.on('data', (chunk) => {
      const { values, broken } = read(chunk);
      if (client !== null) takeFacts(values);
      else if (values.length > 0) takeHello(readMessage(values[0]), values.slice(1));
      if (broken === null) return;
      problem = `it sent ${broken}`;
      socket.destroy();
    });
    socket.on('error', (error) => {
      problem = error.message;
    });
    socket.on('close', () => {
      // Nothing but a rejection that comes late, where there is a client.
      reject(new Error(problem));
      if (client !== null) void tellLost();
    });
  });
}

interface ClientParts {
  readonly socket: Socket;
  readonly identity: ProcessIdentity;
  readonly hello: HostHello;
  readonly caughtUp: Promise<void>;
  close(): void;
}

function createClient({ socket, identity, hello, caughtUp, close }: ClientParts): HostClient {
  return {
    identity,
    hello,
    caughtUp,
    fork: (request) => say(socket, { type: 'fork', ...request }),
    send: ({ id, generation }, message) => say(socket, { type: 'send', id, generation, message }),
    listen: (on) => say(socket, { type: 'listen', on }),
    end: () => say(socket, { type: 'end' }),
    kill() {
      signalTree({ root: identity, signal: 'SIGKILL', treekill: false });
    },
    close,
  };
}

function say(socket: Socket, message: ToHost): void {
  // What is meant for a host that is lost goes nowhere: `onLost` tells.
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

const KNOWN: ReadonlySet<unknown> = new Set(['hello', 'fact', 'message']);

/** Types that this client does not know are passed over: the host may be the newer one. */
function readMessage(value: unknown): FromHost | null {
  if (typeof value !== 'object' || value === null || !('type' in value)) return null;
  // Only the host can write here, and its parts are of one version of the protocol, which hello gave.
  return KNOWN.has(value.type) ? (value as FromHost) : null;
}

export function lossText(loss: HostLoss): string {
  if ('message' in loss) return loss.message;
  return loss.signal === null ? `it ended with code ${loss.code}` : `it was ended by ${loss.signal}`;
}
