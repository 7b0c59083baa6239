import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

const MB = 1024 * 1024;
const MOST_LABELS = 15;
const MOST_LINE_BYTES = 256 * 1024;
const MOST_PUSH_BYTES = 4 * MB;
const RATE_BYTES = 4 * MB;
const BURST_BYTES = 6 * MB;
const WEEK_MS = 7 * 24 * 3600_000;
const FUTURE_MS = 10 * 60_000;

export interface StoredEntry {
  readonly ns: string;
  readonly line: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface StoredStream {
  readonly labels: Readonly<Record<string, string>>;
  readonly entries: StoredEntry[];
}

export interface Pushed {
  readonly headers: IncomingMessage['headers'];
  readonly url: string;
  readonly jsonBytes: number;
  readonly status: number | null;
  readonly lines: readonly string[];
}

/** What a push gets instead of the truth: a status, silence, or an end of the connection after it was taken. */
export type Mood =
  | { readonly status: number; readonly headers?: Record<string, string> }
  | 'hang'
  | 'take and cut'
  | null;

/** Loki's push API as it was measured on 3.4: what it takes, what it refuses, and how it says so. */
export interface LokiDouble {
  readonly url: string;
  readonly streams: ReadonlyMap<string, StoredStream>;
  /** The newest pushes, at most 10,000. */
  readonly pushes: readonly Pushed[];
  /** Entries that were there already, at the same time with the same line, in the same stream. */
  duplicates(): number;
  /** Most pushes of one stream that were under way at once. */
  readonly mostAtOnce: () => number;
  lines(): string[];
  /** Asked at each push. */
  mood(next: (push: { readonly lines: readonly string[] }) => Mood): void;
  ready(isReady: boolean): void;
  limitRate(on: boolean): void;
  /** Ends as by kill -9: connections break off, what was taken stays. */
  kill(): Promise<void>;
  /** Comes back on the same port. */
  restart(): Promise<void>;
}

interface Stream {
  readonly stream: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [string, string, Record<string, string>?])[];
}

/** Paths of PEM files. Who comes without a certificate of the authority is not let in. */
export interface LokiTls {
  readonly key: string;
  readonly cert: string;
  readonly clientCa: string;
}

/**
 * Starts a double of Loki on a free port.
 * @param port 0 for a free one
 * @param tls for HTTPS
 */
export async function startLoki(port = 0, tls?: LokiTls): Promise<LokiDouble> {
  const streams = new Map<string, StoredStream & { readonly seen: Set<string> }>();
  const pushes: Pushed[] = [];
  const sockets = new Set<Socket>();
  const underWay = new Map<string, number>();
  let duplicates = 0;
  let mostAtOnce = 0;
  let moodOf: (push: { readonly lines: readonly string[] }) => Mood = () => null;
  let isReady = true;
  let limited = false;
  let tokens = BURST_BYTES;
  let filledAtMs = performance.now();
  let server: Server;
  let bound = port;

  async function listen(): Promise<void> {
    server = newServer((request, response) => void answer(request, response), tls);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(bound, '127.0.0.1', resolve));
    bound = (server.address() as AddressInfo).port;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const path = request.url ?? '';
      if (path === '/ready') return void response.writeHead(isReady ? 200 : 503).end('ready\n');
      if (path.endsWith('/loki/api/v1/push')) push(request, Buffer.concat(chunks), response);
      else response.writeHead(404).end('404 page not found\n');
    } catch {
      response.destroy();
    }
  }

  function push(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const json = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    const parsed = parse(json);
    const lines = (parsed ?? []).flatMap(({ values }) => values.map(([, line]) => line));
    const reply = (status: number, text = '', headers: Record<string, string> = {}) => {
      note(status);
      response.writeHead(status, headers).end(text);
    };
    const note = (status: number | null) => {
      pushes.push({ headers: request.headers, url: request.url ?? '', jsonBytes: json.length, status, lines });
      if (pushes.length > 10_000) pushes.shift();
    };
    const keys = (parsed ?? []).map(({ stream }) => JSON.stringify(stream));
    for (const key of keys) underWay.set(key, (underWay.get(key) ?? 0) + 1);
    mostAtOnce = Math.max(mostAtOnce, ...keys.map((key) => underWay.get(key) ?? 0));
    response.on('close', () => {
      for (const key of keys) underWay.set(key, (underWay.get(key) ?? 0) - 1);
    });

    const mood = moodOf({ lines });
    if (mood === 'hang') note(null);
    else if (mood === 'take and cut') {
      take(parsed ?? []);
      note(null);
      response.destroy();
    } else if (mood !== null) reply(mood.status, `status ${mood.status} was asked for\n`, mood.headers);
    else if (!isReady) reply(503, 'Ingester not ready\n');
    else if (json.length > MOST_PUSH_BYTES)
      reply(500, 'rpc error: code = ResourceExhausted desc = message larger than max\n');
    else if (parsed === null) reply(400, 'loghttp.PushRequest.Streams: decode error\n');
    else if (limited && !spend(lines)) reply(429, 'Ingestion rate limit exceeded for user fake\n');
    else {
      const problems = take(parsed);
      if (problems.length === 0) reply(204);
      else reply(400, `${problems.length > 1 ? `${problems.length} errors like: ` : ''}${problems[0]}\n`);
    }
  }

  function spend(lines: readonly string[]): boolean {
    const nowMs = performance.now();
    tokens = Math.min(BURST_BYTES, tokens + ((nowMs - filledAtMs) / 1000) * RATE_BYTES);
    filledAtMs = nowMs;
    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
    if (bytes > tokens) return false;
    tokens -= bytes;
    return true;
  }

  /** Takes what is right and says what is wrong with the others. */
  function take(parsed: readonly Stream[]): string[] {
    const problems: string[] = [];
    const nowMs = Date.now();
    for (const { stream, values } of parsed) {
      const names = Object.keys(stream);
      if (names.length === 0 || names.length > MOST_LABELS || names.some((name) => !/^[a-zA-Z_]\w*$/.test(name))) {
        problems.push(...values.map(() => `entry for stream '${JSON.stringify(stream)}' has wrong labels`));
        continue;
      }
      const key = JSON.stringify(stream);
      const stored = streams.get(key) ?? { labels: stream, entries: [], seen: new Set<string>() };
      streams.set(key, stored);
      for (const [ns, line, metadata = {}] of values) {
        const atMs = Number(BigInt(ns) / 1_000_000n);
        const bytes = Buffer.byteLength(line);
        if (bytes > MOST_LINE_BYTES) {
          problems.push(
            `Max entry size '${MOST_LINE_BYTES}' bytes exceeded for stream '${key}' with length '${bytes}' bytes`,
          );
        } else if (atMs < nowMs - WEEK_MS) problems.push(`entry for stream '${key}' has timestamp too old: ${ns}`);
        else if (atMs > nowMs + FUTURE_MS) problems.push(`entry for stream '${key}' has timestamp too new: ${ns}`);
        else if (stored.seen.has(`${ns} ${line}`)) duplicates++;
        else {
          stored.seen.add(`${ns} ${line}`);
          stored.entries.push({ ns, line, metadata });
        }
      }
    }
    return problems;
  }

  await listen();
  return {
    get url() {
      return `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${bound}`;
    },
    streams,
    pushes,
    duplicates: () => duplicates,
    mostAtOnce: () => mostAtOnce,
    lines: () => [...streams.values()].flatMap(({ entries }) => entries.map(({ line }) => line)),
    mood(next) {
      moodOf = next;
    },
    ready(now) {
      isReady = now;
    },
    limitRate(on) {
      limited = on;
    },
    async kill() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    restart: listen,
  };
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function newServer(listener: Listener, tls: LokiTls | undefined): Server {
  if (tls === undefined) return createServer(listener);
  const [key, cert, ca] = [tls.key, tls.cert, tls.clientCa].map((file) => readFileSync(file));
  return https.createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, listener);
}

function parse(json: Buffer): readonly Stream[] | null {
  try {
    const { streams } = JSON.parse(json.toString('utf8')) as { streams: Stream[] };
    return Array.isArray(streams) ? streams : null;
  } catch {
    return null;
  }
}
