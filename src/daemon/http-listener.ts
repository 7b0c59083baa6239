import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpView } from '../api/contract.ts';
import type { Clock } from '../base/clock.ts';
import { errnoOf, messageOf } from '../base/errors.ts';
import type { DaemonLog } from './own-log.ts';

const RETRY_MS = 2_000;

export interface HttpListener {
  view(): HttpView;
  close(): void;
  /** Lets answers that are under way out and takes no more. */
  leave(): void;
}

export interface HttpListenerOptions {
  readonly listen: { readonly host: string; readonly port: number } | null;
  readonly server: () => Server;
  readonly clock: Clock;
  readonly log: DaemonLog;
}

/**
 * Keeps the read-only TCP listener bound. A port in use is reported and tried again; supervision never waits for it.
 * @param options address, what serves there
 * @returns its present state
 */
export function openHttpListener(options: HttpListenerOptions): HttpListener {
  const { listen, clock, log } = options;
  if (listen === null)
    return { view: () => ({ listen: null, address: null, error: null }), close: () => {}, leave: () => {} };
  const wanted = joinAddress(listen.host, listen.port);
  let server: Server | null = null;
  let address: string | null = null;
  let error: string | null = null;
  let cancelRetry = () => {};

  function bind(): void {
    server = options.server();
    server.on('error', (reason) => {
      const text = errnoOf(reason) === 'EADDRINUSE' ? `${wanted} is in use by another program` : messageOf(reason);
      // Once in the log, not at every try.
      if (text !== error) log.error({ listen: wanted, problem: text }, 'http listener not bound, trying again');
      error = text;
      address = null;
      cancelRetry = clock.after(RETRY_MS, bind);
    });
    server.listen({ host: listen?.host, port: listen?.port }, () => {
      const bound = server?.address() as AddressInfo | null; // a TCP server has no other kind of address
      address = bound === null ? null : joinAddress(bound.address, bound.port);
      error = null;
      log.info({ address }, 'http listener bound');
    });
  }

  bind();
  return {
    view: () => ({ listen: wanted, address, error }),
    leave() {
      cancelRetry();
      server?.close();
      server?.closeIdleConnections();
    },
    close() {
      cancelRetry();
      server?.close();
      server?.closeAllConnections();
    },
  };
}

function joinAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
