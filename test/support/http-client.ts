import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

/** What came of one request. */
export interface Reply {
  readonly status: number;
  readonly connection: string | undefined;
  readonly body: string;
}

/** A client with one connection that it keeps as long as the server lets it. */
export interface KeptConnection {
  get(route: string): Promise<Reply>;
  /** Waits for the head of a reply, and gives its body to read. */
  open(route: string): Promise<Readable>;
  close(): void;
}

/**
 * Makes a client of a server on this machine. Its connection ends with the test.
 * @param port of the server
 * @param options secure for TLS, whoever the server is
 * @returns the client, which is not connected yet
 */
export function keptConnection(port: number | string, options: { readonly secure?: boolean } = {}): KeptConnection {
  const kept = { keepAlive: true, maxSockets: 1 };
  const agent = options.secure ? new https.Agent({ ...kept, rejectUnauthorized: false }) : new http.Agent(kept);
  const { request } = options.secure ? https : http;
  onTestFinished(() => agent.destroy());
  const ask = (route: string) =>
    new Promise<http.IncomingMessage>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: route, agent }, resolve).on('error', reject).end();
    });
  return {
    open: ask,
    async get(route) {
      const reply = await ask(route);
      let body = '';
      for await (const part of reply.setEncoding('utf8')) body += part;
      return { status: reply.statusCode ?? 0, connection: reply.headers.connection, body };
    },
    close: () => agent.destroy(),
  };
}

/**
 * Tells whether a port of this machine accepts a connection.
 * @param port to try
 */
export async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/**
 * Waits until a port accepts no connection.
 * @param port to try
 */
export async function untilRefused(port: number): Promise<void> {
  await until(async () => !(await accepts(port)), { what: `no new connection on ${port}` });
}
