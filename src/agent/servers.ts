import type { Server } from 'node:net';
import { guarded } from './guard.ts';

/** Published by net.Server when it accepts connections, of whatever kind it is and wherever its handle comes from. */
const LISTENING_CHANNEL = 'tracing:net.server.listen:asyncEnd';

/** What net.Server keeps to itself, the same from Node 20 to 24. */
interface ServerInternals {
  readonly _handle: object | null;
  readonly _connections: number;
}

/** The servers of the app. */
export interface Servers {
  /** Those that accept connections. */
  listening(): readonly Server[];
  /** Those that accept connections or still have some. */
  all(): readonly Server[];
  /** Connections of all of them. */
  openConnections(): number;
}

/**
 * Learns of each server without touching it: no listener of ours is on it, no method is replaced.
 * @param onListening called for each server that begins to accept
 * @returns the servers
 */
export function watchServers(onListening: (server: Server) => void): Servers {
  const known = new Set<Server>();
  const inside = (server: Server) => server as unknown as ServerInternals;
  const listening = () => [...known].filter((server) => inside(server)._handle !== null);
  const all = () => [...known].filter((server) => inside(server)._handle !== null || inside(server)._connections > 0);
  const onServer = guarded((server: Server) => {
    const living = all();
    known.clear();
    for (const one of living) known.add(one);
    known.add(server);
    onListening(server);
  });
  const channels = process.getBuiltinModule('node:diagnostics_channel');
  channels.subscribe(LISTENING_CHANNEL, (message) => onServer((message as { readonly server: Server }).server));
  return {
    listening,
    all,
    openConnections: () => all().reduce((sum, server) => sum + inside(server)._connections, 0),
  };
}

/**
 * Where a server listens.
 * @param server that listens
 * @returns `host:port`, `[host]:port` or a path; empty where it has none
 */
export function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return address ?? '';
  const host = address.address.includes(':') ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}
