import { connect, type Socket } from 'node:net';
import { ERROR_CODES, type ErrorCode, errnoOf, messageOf, PromvisorError } from '../base/errors.ts';

/**
 * HTTP on the daemon's unix socket, as little of it as is needed: requests are HTTP/1.0, so an answer is a head, then
 * a body that ends with the connection. `node:http` and its parser would cost every `promvisor list` a fifth more CPU.
 */
export interface Call {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  /** Path with query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Longest silence that is waited out, before the answer and within it; 0 for no bound. */
  readonly silenceMs: number;
  /** Ends the call; what is awaited then fails. */
  readonly signal?: AbortSignal | undefined;
  /** Asked once when nobody listens: true when somebody does now. */
  readonly onAbsent?: (() => Promise<boolean>) | undefined;
}

/** A good answer whose body is still to be read, once. */
export interface Answer {
  readonly socket: Socket;
  /** Bytes of the body, null when it goes on until the end of the connection. */
  readonly length: number | null;
}

interface Head {
  readonly status: number;
  readonly length: number | null;
}

const HEAD_LIMIT_BYTES = 64 * 1024;
const ANSWER_LIMIT_BYTES = 256 * 1024 * 1024;
const PROBLEM_LIMIT_BYTES = 1024 * 1024;

/**
 * Makes a call and waits for the head of a good answer.
 * @param call what to ask
 * @returns the answer, its body not yet read
 * @throws PromvisorError the daemon's own error; NO_DAEMON when nobody listens; TIMED_OUT; PROTOCOL
 */
export async function openCall(call: Call): Promise<Answer> {
  try {
    return await openOnce(call);
  } catch (error) {
    const isAbsent = error instanceof PromvisorError && error.code === 'NO_DAEMON';
    if (!isAbsent || call.onAbsent === undefined || !(await call.onAbsent())) throw error;
    return await openOnce(call);
  }
}

async function openOnce(call: Call): Promise<Answer> {
  const socket = send(call);
  const { status, length } = await readHead(socket);
  if (status >= 200 && status < 300) return { socket, length };
  throw problemOf(await readAll({ socket, length }, PROBLEM_LIMIT_BYTES), `${call.method} ${call.path}`, status);
}

/**
 * Makes a call and reads the whole answer as text.
 * @param call what to ask
 * @returns the body
 * @throws PromvisorError as `openCall`
 */
export async function callText(call: Call): Promise<string> {
  return (await readAll(await openCall(call), ANSWER_LIMIT_BYTES)).toString('utf8');
}

/**
 * Reads the chunks of an answer and names what goes wrong on the way; leaving early ends the connection.
 * @param answer a good answer
 * @returns its chunks
 * @throws PromvisorError PROTOCOL when the daemon goes away midway, TIMED_OUT when it falls silent
 */
export async function* chunksOf({ socket, length }: Answer): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw connectionError(error);
  } finally {
    socket.destroy();
  }
  if (length !== null && bytes !== length) throw cutOff();
}

function send({ socketPath, method, path, body, silenceMs, signal }: Call): Socket {
  const content = body === undefined ? '' : JSON.stringify(body);
  const head = [
    `${method} ${path} HTTP/1.0`,
    'Host: promvisor',
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(content)}`]),
  ];
  const socket = connect(socketPath);
  // An error between two readers is found by the next one; without a listener it would end the process.
  socket.on('error', () => {});
  socket.write(`${head.join('\r\n')}\r\n\r\n${content}`);
  if (silenceMs > 0) {
    socket.setTimeout(silenceMs, () => {
      const message = `${method} ${path}: the daemon was silent for ${silenceMs / 1000} s`;
      socket.destroy(new PromvisorError('TIMED_OUT', message));
    });
  }
  if (signal !== undefined) {
    const end = () => socket.destroy();
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', end));
  }
  return socket;
}

/** Reads until the empty line; what follows it stays in the socket. */
function readHead(socket: Socket): Promise<Head> {
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    const settle = () => {
      socket.off('data', onData);
      socket.off('error', onError);
      socket.off('close', onClose);
    };
    const refuse = (error: unknown) => {
      settle();
      socket.destroy();
      reject(connectionError(error));
    };
    const onError = (error: Error) => refuse(error);
    const onClose = () => refuse(cutOff());
    const onData = (chunk: Buffer) => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end === -1 && seen.length <= HEAD_LIMIT_BYTES) return;
      const head = end === -1 ? null : parseHead(seen.toString('latin1', 0, end));
      if (head === null) return refuse(notHttp(seen));
      settle();
      socket.pause();
      if (seen.length > end + 4) socket.unshift(seen.subarray(end + 4));
      resolve(head);
    };
    socket.on('data', onData);
    socket.on('error', onError);
    socket.on('close', onClose);
  });
}

/** The first line and the two headers that matter for a body; null when it is no answer that we can read. */
function parseHead(text: string): Head | null {
  const [first = ''] = text.split('\r\n', 1);
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? [];
  if (status === undefined || /^transfer-encoding:/im.test(text)) return null;
  const [, length] = /^content-length:[ \t]*(\d{1,15})[ \t]*\r?$/im.exec(text) ?? [];
  return { status: Number(status), length: length === undefined ? null : Number(length) };
}

/** By events, as iterating costs a short command more than all else that it does here. */
function readAll({ socket, length }: Answer, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > limitBytes) {
        socket.destroy(new PromvisorError('PROTOCOL', `the daemon's answer is longer than ${limitBytes} bytes`));
      }
    });
    socket.on('end', () => {
      if (length !== null && bytes !== length) reject(cutOff());
      else resolve(Buffer.concat(chunks));
    });
    socket.on('error', (error) => reject(connectionError(error)));
    // After the end or an error this changes nothing.
    socket.on('close', () => reject(cutOff()));
    socket.resume();
    if (socket.destroyed) reject(socket.errored === null ? cutOff() : connectionError(socket.errored));
  });
}

function cutOff(): PromvisorError {
  return new PromvisorError('PROTOCOL', 'the daemon closed the connection before the end of its answer');
}

function notHttp(seen: Buffer): PromvisorError {
  const start = JSON.stringify(seen.toString('latin1', 0, 60));
  return new PromvisorError('PROTOCOL', `expected an HTTP answer from the daemon, got ${start}`);
}

function connectionError(error: unknown): PromvisorError {
  if (error instanceof PromvisorError) return error;
  const errno = errnoOf(error);
  switch (errno) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTDIR':
      return new PromvisorError('NO_DAEMON', 'no daemon runs', { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new PromvisorError('HOME_UNUSABLE', `the daemon's socket belongs to someone else (${errno})`, {
        cause: error,
      });
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return cutOff();
    default:
      return new PromvisorError('PROTOCOL', `the daemon's answer could not be read: ${messageOf(error)}`, {
        cause: error,
      });
  }
}

/** Turns application/problem+json into the error that the daemon threw. */
function problemOf(body: Buffer, what: string, status: number): PromvisorError {
  const text = body.toString('utf8').trim();
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: reported below with what came.
  }
  const problem = problemIn(value);
  if (problem !== null) return problem;
  const start = text.slice(0, 120);
  return new PromvisorError(
    'PROTOCOL',
    `${what}: expected a problem with a known code, got status ${status}: ${start}`,
  );
}

/**
 * Reads the daemon's error out of its JSON form.
 * @param value a Problem, or anything else
 * @returns the error that it tells of, null when it is no problem with a known code
 */
export function problemIn(value: unknown): PromvisorError | null {
  if (!isRecord(value)) return null;
  const { code, detail, details } = value;
  if (!isErrorCode(code) || typeof detail !== 'string') return null;
  return new PromvisorError(code, detail, { details: isRecord(details) ? details : {} });
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

function isRecord(value: unknown): value is Record<'code' | 'detail' | 'details', unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
