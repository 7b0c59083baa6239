import { setMaxListeners } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf, PromvisorError } from '../base/errors.ts';
import { problemOf } from './problem.ts';

export interface Reply {
  readonly contentType: string;
  /** Text, or bytes in pieces. */
  readonly body: string | readonly Buffer[];
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes one JSON value a line; nothing is written to a client that is gone. */
export type WriteLine = (value: unknown) => void;

export interface StreamContext {
  readonly write: WriteLine;
  /** What the client has not taken yet. */
  readonly pendingBytes: () => number;
  /** Aborted when the client goes. */
  readonly gone: AbortSignal;
}

export interface RequestContext {
  readonly query: URLSearchParams;
  /** The parsed JSON body of a POST, else null. */
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  /** What stands in the path for the `*` of the route, decoded; else empty. */
  readonly rest: string;
}

export type Route =
  | { readonly method: 'GET' | 'POST'; readonly reply: (request: RequestContext) => Reply | Promise<Reply> }
  | {
      readonly method: 'GET' | 'POST';
      readonly stream: (request: RequestContext, stream: StreamContext) => Promise<void>;
    };

/** By path; one that ends in `*` is for everything below it. */
export type Routes = Readonly<Record<string, Route>>;

/** A body above this is refused: 100 apps with a large environment are about 1 MB. */
const MAX_BODY_BYTES = 32 * 1_048_576;
/** Smaller answers do not gain from gzip. */
const MIN_GZIP_BYTES = 1_024;
const GZIP_LEVEL = 1;
const MAX_CONNECTIONS = 1_024;
const compress = promisify(gzip);

export function json(value: unknown): Reply {
  return { contentType: 'application/json; charset=utf-8', body: JSON.stringify(value) };
}

/**
 * An HTTP server over a table of routes: JSON bodies in, problems out.
 * @param routes path to route
 * @param onDefect told of a handler that failed in a way it should not
 * @param ending aborted when streams are to end, with the error that they end with
 * @returns the server, not listening yet
 */
export function createApiServer(
  routes: Routes,
  onDefect: (error: unknown, path: string) => void,
  ending?: AbortSignal,
): Server {
  // Each stream that is open listens.
  if (ending !== undefined) setMaxListeners(0, ending);
  const listener: RequestListener = (request, response) => {
    // A client that goes while it is written to is no news.
    response.on('error', () => {});
    handle({ routes, ending }, request, response).catch((error: unknown) => {
      if (!(error instanceof PromvisorError)) onDefect(error, request.url ?? '');
      sendProblem(response, error);
    });
  };
  const server = createServer({ keepAliveTimeout: 5_000 }, listener);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

interface Serving {
  readonly routes: Routes;
  readonly ending: AbortSignal | undefined;
}

async function handle({ routes, ending }: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = parseUrl(request.url ?? '/');
  const { route, rest } = routeFor(routes, url.pathname);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== route.method) {
    throw new PromvisorError('REQUEST_INVALID', `${url.pathname}: expected ${route.method}, got ${request.method}`);
  }
  const body = route.method === 'POST' ? await readJson(request, url.pathname) : null;
  const context = { query: url.searchParams, body, headers: request.headers, rest };
  if ('stream' in route) {
    return await answerStream(response, (stream) => before(ending, route.stream(context, stream)));
  }
  await sendReply(request, response, await route.reply(context));
}

function routeFor(routes: Routes, pathname: string): { readonly route: Route; readonly rest: string } {
  const exact = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (exact !== undefined) return { route: exact, rest: '' };
  for (const [path, route] of Object.entries(routes)) {
    const start = path.slice(0, -1);
    if (path.endsWith('*') && pathname.startsWith(start) && pathname !== start) {
      return { route, rest: decode(pathname.slice(start.length)) };
    }
  }
  throw new PromvisorError('NOT_FOUND', `no such route: ${pathname}`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PromvisorError('REQUEST_INVALID', `expected a path in UTF-8 with %-escapes, got ${JSON.stringify(text)}`);
  }
}

function parseUrl(text: string): URL {
  try {
    return new URL(text, 'http://localhost');
  } catch {
    throw new PromvisorError('REQUEST_INVALID', `expected a path and a query, got ${JSON.stringify(text)}`);
  }
}

async function readJson(request: IncomingMessage, path: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new PromvisorError('REQUEST_INVALID', `${path}: expected a body of at most ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new PromvisorError('REQUEST_INVALID', `${path}: expected a JSON body: ${messageOf(error)}`);
  }
}

async function sendReply(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  let pieces = typeof reply.body === 'string' ? [Buffer.from(reply.body)] : reply.body;
  const headers: Record<string, string> = {
    ...reply.headers,
    'Content-Type': reply.contentType,
    'Cache-Control': 'no-store',
  };
  const wantsGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (wantsGzip && lengthOf(pieces) >= MIN_GZIP_BYTES) {
    pieces = [await compress(Buffer.concat(pieces), { level: GZIP_LEVEL })];
    headers['Content-Encoding'] = 'gzip';
  }
  response.writeHead(reply.status ?? 200, { ...headers, 'Content-Length': lengthOf(pieces) });
  // Node gathers what is written in one go: the pieces leave in one call of the system.
  if (request.method !== 'HEAD') for (const piece of pieces) response.write(piece);
  response.end();
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Does the work until it is done, or everything ends: then what it does goes on unheard. */
async function before(ending: AbortSignal | undefined, work: Promise<void>): Promise<void> {
  if (ending === undefined) return work;
  let end = () => {};
  const ended = new Promise<never>((_resolve, reject) => {
    end = () => reject(ending.reason);
  });
  if (ending.aborted) end();
  ending.addEventListener('abort', end, { once: true });
  await Promise.race([work, ended]).finally(() => ending.removeEventListener('abort', end));
}

/** The first line decides: an error before it is a problem with a status, one after it ends the stream as a line. */
async function answerStream(response: ServerResponse, run: (stream: StreamContext) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  const write: WriteLine = (value) => {
    if (response.destroyed || response.writableEnded) return;
    if (!response.headersSent)
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
    response.write(`${JSON.stringify(value)}\n`);
  };
  try {
    await run({ write, pendingBytes: () => response.writableLength, gone: abort.signal });
  } catch (error) {
    if (!response.headersSent) throw error;
    write({ type: 'problem', problem: problemOf(error) });
  }
  response.end();
}

function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  response.writeHead(problem.status, { 'Content-Type': 'application/problem+json', Connection: 'close' });
  response.end(body);
}
