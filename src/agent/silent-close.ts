import type { Server } from 'node:net';

/** The part of a libuv listening handle that net.Server and node:cluster use. */
interface ListenHandle {
  close(): void;
  ref?(): void;
  unref?(): void;
  getsockname?(out: object): number;
}

interface ServerInternals {
  _handle: ListenHandle | null;
  readonly _unref: boolean;
}

/** The longest a timer may be: it stands for a handle and never runs. */
const FOREVER_MS = 2 ** 31 - 1;

/** Handles that stand for a closed one. */
const standIns = new WeakSet<ListenHandle>();

/**
 * Makes a server stop accepting without a word to the app: its handle is closed and another put in its place that does
 * nothing but keep the process alive as the real one did. To the app the server listens on. What it does about that
 * later (close it, ask its address, disconnect from the cluster) goes as ever: server.close() calls back without error.
 * Not http.Server.close(): from Node 19 on it resets idle connections, on some of which a request is under way.
 * @param server that listens; one that is closed already is left alone
 * @see node/lib/internal/cluster/child.js, rr(): Node's own handle that is none
 */
export function closeSilently(server: Server): void {
  const inside = server as unknown as ServerInternals;
  const real = inside._handle;
  if (real === null || standIns.has(real)) return;
  const standIn = makeStandIn(real);
  standIns.add(standIn);
  inside._handle = standIn;
  if (!inside._unref) standIn.ref?.();
  real.close();
}

function makeStandIn(real: ListenHandle): ListenHandle {
  const name = {};
  const hasName = real.getsockname?.(name) === 0;
  let hold: NodeJS.Timeout | null = null;
  const unref = () => {
    if (hold !== null) clearInterval(hold);
    hold = null;
  };
  const ref = () => {
    hold ??= setInterval(() => {}, FOREVER_MS);
  };
  const getsockname = (out: object) => {
    Object.assign(out, name);
    return 0;
  };
  // A server on a path has no such method: net.Server.address() tells by it.
  return { close: unref, ref, unref, ...(hasName ? { getsockname } : {}) };
}
