import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Problem } from '../../src/api/contract.ts';
import { makeHome } from '../../src/base/home.ts';
import { type Home, homeOf } from '../../src/base/paths.ts';

/** A home of its own for a test, removed with it. */
export function privateHome(): Home {
  const root = mkdtempSync(path.join(tmpdir(), 'pmv-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const home = homeOf({ PROMVISOR_HOME: path.join(root, 'h') });
  makeHome(home);
  return home;
}

/**
 * A daemon that says the bytes it is told to say, whatever is asked.
 * @param home whose socket it serves
 * @param say called with each connection after its first bytes came
 */
export async function rawDaemon(home: Home, say: (socket: Socket) => void): Promise<void> {
  const server = createRawServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => say(socket));
  });
  await serve(server, home);
}

/** What came in. */
export interface Asked {
  readonly method: string;
  /** Path with query, decoded. */
  readonly path: string;
  readonly body: unknown;
}

/** A status and a body (JSON), or lines of NDJSON. */
export type Reply = { readonly status?: number; readonly json: unknown } | { readonly lines: readonly unknown[] };

/**
 * A daemon in name only: it notes what it is asked and gives prepared answers.
 * @param home whose socket it serves
 * @param reply the answer to a request
 * @returns everything that was asked so far
 */
export async function fakeDaemon(home: Home, reply: (asked: Asked) => Reply): Promise<Asked[]> {
  const log: Asked[] = [];
  const server = createServer((request, response) => {
    void answer(request, response, (asked) => {
      log.push(asked);
      return reply(asked);
    });
  });
  await serve(server, home);
  return log;
}

async function answer(request: IncomingMessage, response: ServerResponse, reply: (asked: Asked) => Reply) {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const asked = {
    method: request.method ?? '',
    path: decodeURIComponent(request.url ?? ''),
    body: text === '' ? null : JSON.parse(text),
  };
  const what = reply(asked);
  if ('lines' in what) {
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    response.end(what.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return;
  }
  const body = JSON.stringify(what.json);
  response.writeHead(what.status ?? 200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

/**
 * A refusal as the daemon words it.
 * @param code of the table of errors
 * @param detail the message
 */
export function problem(code: Problem['code'], detail: string): Reply {
  const json: Problem = { type: 'about:blank', title: code, status: 400, detail, code, details: { some: 'thing' } };
  return { status: 400, json };
}

async function serve(server: Server, home: Home): Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(home.socket, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}
