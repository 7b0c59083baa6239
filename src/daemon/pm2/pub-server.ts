import net from 'node:net';
import { frameOf, jsonArgument, textArgument } from './frames.ts';

/** pub.sock: whoever connects hears everything that is published. */
export interface PubServer {
  readonly server: net.Server;
  /** True while somebody listens: nothing need be made otherwise. */
  isHeard(): boolean;
  /**
   * Tells everybody.
   * @param event its name
   * @param json the payload as JSON text
   */
  publish(event: string, json: string): void;
  /** Listens no more, and cuts everybody off. */
  close(): void;
}

/** A client that lags this far behind is cut off: it would otherwise cost the daemon its memory. */
const MAX_PENDING_BYTES = 8 * 1_048_576;

/**
 * Makes the server of pub.sock.
 * @param onHeard told whenever the first one comes, and when the last one has gone
 * @returns not listening yet
 */
export function createPubServer(onHeard: (isHeard: boolean) => void): PubServer {
  const listeners = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    listeners.add(socket);
    if (listeners.size === 1) onHeard(true);
    socket.on('error', () => {
      // It closes as well.
    });
    socket.on('close', () => {
      listeners.delete(socket);
      if (listeners.size === 0) onHeard(false);
    });
    // Nothing is asked here; what comes all the same is let through.
    socket.resume();
  });
  return {
    server,
    isHeard: () => listeners.size > 0,
    publish(event, json) {
      if (listeners.size === 0) return;
      const frame = frameOf([textArgument(event), jsonArgument(json)]);
      for (const socket of listeners) {
        socket.write(frame);
        if (socket.writableLength > MAX_PENDING_BYTES) socket.destroy();
      }
    },
    close() {
      server.close();
      for (const socket of listeners) socket.destroy();
    },
  };
}
