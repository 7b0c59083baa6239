import { type IncomingMessage, request } from 'node:http';
import { ERROR_CODES, type ErrorCode, errnoOf, messageOf, PromvisorError } from '../base/errors.ts';

/** One HTTP call on the unix socket of the daemon. */
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
}

const ANSWER_LIMIT_BYTES = 256 * 1024 * 1024;
const PROBLEM_LIMIT_BYTES = 1024 * 1024;

/**
 * Makes a call and waits for the head of a good answer.
 * @param call what to ask
 * @returns the response, its body not yet read
 * @throws PromvisorError the daemon's own error; NO_DAEMON when nobody listens; TIMED_OUT; PROTOCOL
 */
export async function openCall(call: Call): Promise<IncomingMessage> {
  const response = await send(call);
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  throw problemOf(await readAll(response, PROBLEM_LIMIT_BYTES), `${call.method} ${call.path}`, status);
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
 * Reads the chunks of a streamed answer and names what goes wrong on the way.
 * @param response an open answer
 * @returns its chunks
 * @throws PromvisorError PROTOCOL when the daemon goes away midway, TIMED_OUT when it falls silent
 */
export async function* chunksOf(response: IncomingMessage): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    throw connectionError(error);
  }
}

function send(call: Call): Promise<IncomingMessage> {
  const body = call.body === undefined ? null : Buffer.from(JSON.stringify(call.body));
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: call.socketPath,
      method: call.method,
      path: call.path,
      agent: false,
      headers: {
        Host: 'promvisor',
        Connection: 'close',
        ...(body === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': body.length }),
      },
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    let response: IncomingMessage | null = null;
    if (call.silenceMs > 0) {
      outgoing.setTimeout(call.silenceMs, () => {
        const error = new PromvisorError(
          'TIMED_OUT',
          `${call.method} ${call.path}: the daemon was silent for ${call.silenceMs / 1000} s`,
        );
        // The reader of a half-read answer must see the reason too.
        response?.destroy(error);
        outgoing.destroy(error);
      });
    }
    outgoing.on('response', (incoming) => {
      response = incoming;
      resolve(incoming);
    });
    outgoing.on('error', (error) => reject(connectionError(error)));
    outgoing.end(body ?? undefined);
  });
}

async function readAll(response: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(response)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > limitBytes) {
      response.destroy();
      throw new PromvisorError('PROTOCOL', `the daemon's answer is longer than ${limitBytes} bytes`);
    }
  }
  return Buffer.concat(chunks);
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
      return new PromvisorError('PROTOCOL', 'the daemon closed the connection before the end of its answer', {
        cause: error,
      });
    default:
      return new PromvisorError('PROTOCOL', `the daemon's answer could not be read: ${messageOf(error)}`, {
        cause: error,
      });
  }
}

/** Turns application/problem+json into the error that the daemon threw. */
function problemOf(body: Buffer, what: string, status: number): PromvisorError {
  let value: unknown = null;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    // Not JSON: reported below with what came.
  }
  if (typeof value === 'object' && value !== null) {
    const { code, detail, details } = value as { code?: unknown; detail?: unknown; details?: unknown };
    if (isErrorCode(code) && typeof detail === 'string') {
      return new PromvisorError(code, detail, { details: isRecord(details) ? details : {} });
    }
  }
  const text = body.toString('utf8').trim().slice(0, 120);
  return new PromvisorError('PROTOCOL', `${what}: expected a problem with a known code, got status ${status}: ${text}`);
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
