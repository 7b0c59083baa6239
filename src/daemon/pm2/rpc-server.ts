import net from 'node:net';
import { messageOf } from '../../base/errors.ts';
import { createFrameReader, type Frame, frameOf, jsonArgument, jsonOf } from './frames.ts';

/**
 * What a method gives back: the JSON text of its one value; null for a value that is not there; `silence` where PM2's
 * clients do not wait for an answer, and stumble over one.
 */
export type Answer = string | null | typeof SILENCE;
export const SILENCE = Symbol('no answer');

/** A method of the socket: its arguments are whatever the client has sent. */
export type Method = (...args: readonly unknown[]) => Promise<Answer> | Answer;

export interface RpcServer {
  readonly server: net.Server;
  /** Listens no more, and cuts everybody off. */
  close(): void;
}

export interface RpcServerOptions {
  readonly methods: Readonly<Record<string, Method>>;
  /** Told of a client that does not speak PM2's language. */
  readonly onNonsense: (problem: string) => void;
}

/** The environment of a start and messages to apps are what is long. */
const MESSAGE_LIMIT_BYTES = 16 * 1_048_576;
/** A client that takes no answers is cut off. */
const MAX_PENDING_BYTES = 64 * 1_048_576;
/** Answered at once, for one client; it may ask on when one is out. */
const MAX_OPEN_CALLS = 1_000;

/**
 * The server of rpc.sock: a call is [{type: 'call', method, args}, id], its answer [{args: [value]} or {error, stack}, id].
 * @param options methods by name
 * @returns not listening yet
 */
export function createRpcServer({ methods, onNonsense }: RpcServerOptions): RpcServer {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const reader = createFrameReader(MESSAGE_LIMIT_BYTES);
    let open = 0;
    const answer = async (frame: Frame) => {
      const said = await answerTo(frame, methods);
      const [, id] = frame;
      if (said === null || id === undefined || !socket.writable) return;
      socket.write(frameOf([jsonArgument(said), id]));
      if (socket.writableLength > MAX_PENDING_BYTES) socket.destroy();
    };
    socket.on('error', () => {
      // It closes as well.
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.read(chunk)) {
          if (++open > MAX_OPEN_CALLS) throw new RangeError(`expected at most ${MAX_OPEN_CALLS} open calls, got more`);
          void answer(frame).finally(() => open--);
        }
      } catch (error) {
        onNonsense(messageOf(error));
        socket.destroy();
      }
    });
  });
  return {
    server,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** JSON text of the answer; null for none. Never rejects. */
async function answerTo([call]: Frame, methods: RpcServerOptions['methods']): Promise<string | null> {
  const asked = jsonOf(call);
  if (!isObject(asked)) return JSON.stringify({ error: 'expected a call as JSON' });
  if (asked['type'] === 'methods') {
    const known = Object.keys(methods).map((name) => [name, { name, params: [] }] as const);
    return JSON.stringify({ methods: Object.fromEntries(known) });
  }
  const { method, args } = asked;
  const run = typeof method === 'string' && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (run === undefined) return JSON.stringify({ error: `method "${String(method)}" does not exist` });
  try {
    const value = await run(...(Array.isArray(args) ? args : []));
    if (value === SILENCE) return null;
    return value === null ? '{"args":[]}' : `{"args":[${value}]}`;
  } catch (error) {
    const message = messageOf(error);
    return JSON.stringify({ error: message, stack: `Error: ${message}` });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
