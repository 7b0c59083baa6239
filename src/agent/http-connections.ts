import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { guarded } from './guard.ts';

const REQUEST_CHANNEL = 'http.server.request.start';
/** Where http and https servers keep their connections, from Node 18.0 to 24. */
const CONNECTIONS_SYMBOL = 'http.server.connections';
const OWN_KEEP_ALIVE = /\r\nConnection: *keep-alive(?=\r\n)/i;
const KEEP_ALIVE_PARAMETERS = /\r\nKeep-Alive: [^\r\n]*/i;

/** A connection as its parser knows it: node/src/node_http_parser.cc, ConnectionsList. */
interface Connection {
  readonly socket: (Socket & { readonly _httpMessage?: ServerResponse | null }) | null;
  readonly incoming: IncomingMessage | null;
}

interface ConnectionsList {
  /** All that speak HTTP: an upgraded connection is none. */
  all(): readonly Connection[];
  /** Those that have had a request and wait for the next. */
  idle(): readonly Connection[];
}

/** What http.ServerResponse keeps to itself, the same from Node 20 to 24. */
interface ResponseInternals {
  _header: string | null;
  _last: boolean;
  _storeHeader(...args: readonly unknown[]): void;
}

/**
 * From now on each response asks its client to close the connection: those under way, and all to come.
 * @param servers whose requests under way are meant
 */
export function answerClose(servers: readonly Server[]): void {
  for (const { socket } of servers.flatMap((server) => connectionsOf(server)?.all() ?? [])) {
    const response = socket?._httpMessage;
    if (response && !response.headersSent) askToClose(response);
  }
  const onRequest = guarded(({ response }: { readonly response: ServerResponse }) => askToClose(response));
  const channels = process.getBuiltinModule('node:diagnostics_channel');
  channels.subscribe(REQUEST_CHANNEL, (message) => onRequest(message as { readonly response: ServerResponse }));
}

function askToClose(response: ServerResponse): void {
  response.shouldKeepAlive = false;
  const inside = response as unknown as ResponseInternals;
  const store = inside._storeHeader;
  // An app that writes `Connection: keep-alive` itself overrules shouldKeepAlive, and its client would come again.
  inside._storeHeader = function storeHeader(...args) {
    Reflect.apply(store, this, args);
    if (this._header === null || this._last || !OWN_KEEP_ALIVE.test(this._header)) return;
    this._header = this._header.replace(OWN_KEEP_ALIVE, '\r\nConnection: close').replace(KEEP_ALIVE_PARAMETERS, '');
    this._last = true;
  };
}

/** Closes HTTP connections on which nothing happens. */
export interface IdleCloser {
  /** Looks which connections are idle now. */
  note(servers: readonly Server[], atMs: number): void;
  /** Closes those that have been idle for the grace, and are so still. */
  close(atMs: number): void;
}

interface Idleness {
  readonly connection: Connection;
  readonly sinceMs: number;
  readonly bytesRead: number;
}

/**
 * Makes a closer that gives each connection its own grace: a client that has just got an answer to a request from
 * before the drain does not know yet that it should go, and may be sending the next.
 * @param graceMs how long a connection must have been idle
 * @returns the closer
 */
export function createIdleCloser(graceMs: number): IdleCloser {
  let known = new Map<Socket, Idleness>();
  return {
    note(servers, atMs) {
      const now = new Map<Socket, Idleness>();
      for (const connection of servers.flatMap(idleOf)) {
        const { socket } = connection;
        if (socket === null) continue;
        const before = known.get(socket);
        const isSame = before !== undefined && before.bytesRead === socket.bytesRead;
        now.set(socket, isSame ? before : { connection, sinceMs: atMs, bytesRead: socket.bytesRead });
      }
      known = now;
    },
    close(atMs) {
      for (const [socket, { connection, sinceMs, bytesRead }] of known) {
        if (atMs - sinceMs < graceMs || socket.bytesRead !== bytesRead || !isIdle(connection)) continue;
        socket.destroy();
      }
    },
  };
}

/** Idle too, though not to Node: a connection that was opened in advance and on which no request ever came. */
function idleOf(server: Server): readonly Connection[] {
  const list = connectionsOf(server);
  if (list === null) return [];
  const unused = list.all().filter((connection) => connection.socket?.bytesRead === 0);
  return [...list.idle(), ...unused].filter(isIdle);
}

function isIdle({ socket }: Connection): boolean {
  return !socket?._httpMessage;
}

/**
 * Counts connections that were HTTP and are something else now, as WebSocket.
 * @param servers of the app; those that never spoke HTTP/1 are left out
 * @returns how many are open
 */
export function upgradedConnections(servers: readonly Server[]): number {
  return servers.reduce((sum, server) => {
    const list = connectionsOf(server);
    const { _connections } = server as unknown as { readonly _connections: number };
    return list === null ? sum : sum + Math.max(0, _connections - list.all().length);
  }, 0);
}

function connectionsOf(server: Server): ConnectionsList | null {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === CONNECTIONS_SYMBOL);
  if (key === undefined) return null;
  return (server as unknown as Record<symbol, ConnectionsList | undefined>)[key] ?? null;
}
