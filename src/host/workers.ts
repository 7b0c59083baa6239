import childProcess from 'node:child_process';
import type { Address, Cluster, Worker } from 'node:cluster';
import { closeSync, constants, openSync, statSync } from 'node:fs';
import type { HostFact, HostSchedule, WorkerKey } from '../base/host-protocol.ts';
import type { ForkRequest } from './requests.ts';

/** A worker that listens on ever new ports does not fill the host: its further addresses are not told. */
const ADDRESSES_TOLD = 64;

export interface Workers {
  /** Starts a worker; exactly one fact says `forked` or `fork_failed`. */
  fork(request: ForkRequest): void;
  /** Passes a message on; nothing happens when the worker cannot be reached any more. */
  send(key: WorkerKey, message: unknown): void;
  /** Whether `onMessage` is told of what workers send. */
  listen(on: boolean): void;
  /** Workers that have not exited. */
  living(): readonly (WorkerKey & { readonly pid: number; readonly listening: boolean })[];
  /** No new workers from now on. */
  end(): void;
}

export interface WorkersOptions {
  readonly schedule: HostSchedule;
  onFact(fact: HostFact): void;
  /** A worker has sent something, 'ready' included. */
  onMessage(key: WorkerKey, message: unknown): void;
  /** After `end`: no worker is left. */
  onEmpty(): void;
}

interface Living {
  readonly key: WorkerKey;
  readonly worker: Worker;
  readonly pid: number;
  readonly addresses: Set<string>;
}

/**
 * Makes the cluster primary of this process.
 * @param options how connections reach workers, and who is told
 * @returns its workers, none yet
 * @see https://nodejs.org/docs/latest-v20.x/api/cluster.html
 */
export function createWorkers({ schedule, onFact, onMessage, onEmpty }: WorkersOptions): Workers {
  const cluster = loadCluster();
  cluster.schedulingPolicy = schedule === 'shared' ? cluster.SCHED_NONE : cluster.SCHED_RR;
  const living = new Map<string, Living>();
  let ending = false;
  let listening = false;

  function emptied(): void {
    if (ending && living.size === 0) onEmpty();
  }

  function failed(request: ForkRequest, error: unknown): void {
    onFact({ type: 'fork_failed', ...keyOf(request), ...failureOf(request, error) });
  }

  function adopt(key: WorkerKey, worker: Worker, pid: number): void {
    const entry: Living = { key, worker, pid, addresses: new Set() };
    living.set(nameOf(key), entry);
    onFact({ type: 'forked', ...key, pid });
    worker.on('listening', (address) => {
      const text = addressText(address);
      if (entry.addresses.has(text) || entry.addresses.size === ADDRESSES_TOLD) return;
      entry.addresses.add(text);
      onFact({ type: 'listening', ...key, address: text });
    });
    let isReady = false;
    worker.on('message', (message: unknown) => {
      if (message === 'ready' && !isReady) onFact({ type: 'ready', ...key });
      isReady ||= message === 'ready';
      if (listening) onMessage(key, message);
    });
    worker.process.once('exit', (code, signal) => {
      living.delete(nameOf(key));
      onFact({ type: 'exited', ...key, code, signal });
      emptied();
    });
  }

  return {
    fork(request) {
      if (ending) return failed(request, new Error('its cluster host is ending'));
      if (living.has(nameOf(request))) return failed(request, new Error('this worker is running already'));
      let worker: Worker;
      try {
        worker = forkWorker(cluster, request);
      } catch (error) {
        return failed(request, error);
      }
      const { pid } = worker.process;
      // A signal or a message that could not be delivered comes here too: only without a pid was it the fork.
      worker.on('error', (error) => {
        if (pid !== undefined) return;
        delete cluster.workers?.[worker.id];
        failed(request, error);
      });
      if (pid !== undefined) adopt(keyOf(request), worker, pid);
    },
    send(key, message) {
      const target = living.get(nameOf(key))?.worker.process;
      // The callback takes the error of a channel that closes at this moment.
      if (target?.connected === true) target.send(message as object, () => {});
    },
    listen(on) {
      listening = on;
    },
    living: () =>
      [...living.values()].map(({ key, pid, addresses }) => ({ ...key, pid, listening: addresses.size > 0 })),
    end() {
      ending = true;
      emptied();
    },
  };
}

/**
 * Makes each worker the leader of a session of its own, so that its process tree can be found by it (setsid(2)).
 * `cluster.fork` cannot be asked for it; but the cluster module takes `fork` from `child_process` when it is loaded,
 * which net does too when it listens first: so this must have run before either.
 */
function loadCluster(): Cluster {
  const { fork } = childProcess;
  const forkDetached = (file: string, args: readonly string[], options: object) =>
    fork(file, args, { ...options, detached: true });
  Object.assign(childProcess, { fork: forkDetached });
  // What `require` gives is the cluster itself, which has no `default` of its own.
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  Object.assign(childProcess, { fork });
  return cluster;
}

function forkWorker(cluster: Cluster, request: ForkRequest): Worker {
  const fds: number[] = [];
  try {
    // Readable too: see os/pipes.ts of the daemon.
    for (const pipe of [request.stdout, request.stderr]) fds.push(openSync(pipe, constants.O_RDWR));
    cluster.setupPrimary({
      exec: request.script,
      args: [...request.args],
      execArgv: [...request.execArgv],
      cwd: request.cwd,
      stdio: ['ignore', ...fds, 'ipc'],
      // Settings stay from one fork to the next unless they are given again.
      uid: request.uid ?? undefined,
      gid: request.gid ?? undefined,
    });
    return cluster.fork(request.env);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

function failureOf({ script, cwd }: ForkRequest, error: unknown): { code: string | null; message: string } {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  const why = error instanceof Error ? error.message : String(error);
  const noFolder = code === 'ENOENT' && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true;
  return { code, message: `cannot run "${script}": ${noFolder ? `its working directory ${cwd} does not exist` : why}` };
}

function addressText({ address, port, addressType, ...rest }: Address & { fd?: unknown }): string {
  if (addressType === -1) return address;
  if (typeof rest.fd === 'number' && rest.fd >= 0) return `fd ${rest.fd}`;
  // Without a host it listens on every address.
  const host = address ?? '*';
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function keyOf({ id, generation }: WorkerKey): WorkerKey {
  return { id, generation };
}

function nameOf({ id, generation }: WorkerKey): string {
  return `${id} ${generation}`;
}
