import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { HostFact, WorkerKey } from '../base/host-protocol.ts';
import type { Home } from '../base/paths.ts';
import type { AppSpec } from '../core/spec.ts';
import {
  type HostClient,
  type HostForkRequest,
  type HostHandlers,
  type HostLoss,
  lossText,
} from '../os/host-client.ts';
import { startHost } from '../os/host-start.ts';
import { born } from './births.ts';
import type { Deaths } from './deaths.ts';
import { appKey, type Instance, specOf } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

/** The bundles stand side by side. */
const HOST_FILE = path.join(import.meta.dirname, 'host.cjs');
/** Failures of a fork that pass by themselves: fork(2), open(2). */
const PASSING = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);

export interface WorkerOrder {
  readonly generation: number;
  readonly spec: AppSpec;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
}

/** The cluster hosts: one process for each app in cluster mode, the parent of its workers. */
export interface Hosts {
  /** Makes a worker: the machine hears `spawned` or `spawn_failed`. */
  fork(instance: Instance, order: WorkerOrder): void;
  /** Process id of the host of an app, null without one. */
  pidOf(key: string): number | null;
  /** Ends the host of an app that has no workers any more, and waits for it. */
  release(key: string): Promise<void>;
}

export interface HostsOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly deaths: Deaths;
  readonly log: DaemonLog;
  readonly ofApp: (key: string) => readonly Instance[];
}

interface Host {
  /** The settings it was made with. */
  readonly made: string;
  readonly starting: Promise<HostClient>;
  client: HostClient | null;
  /** Orders without an answer yet, by worker: each is told when none can come any more. */
  readonly asked: Map<string, (message: string) => void>;
  /** Resolves when the process is gone, or could not be started. */
  readonly gone: Promise<void>;
  /** True once it was told to end. */
  leaving: boolean;
}

export function createHosts(options: HostsOptions): Hosts {
  const { ofApp, log } = options;
  const hosts = new Map<string, Host>();

  /** The host of an app; another one where its settings changed and no worker holds on to the old one. */
  function hostOf(spec: AppSpec): Host {
    const key = appKey(spec);
    const made = JSON.stringify([spec.process.interpreter, spec.process.schedule]);
    const present = hosts.get(key);
    const serves = present?.made === made || hasWorkers(ofApp(key));
    if (present !== undefined && !present.leaving && serves) return present;
    const host = create(spec, made, present === undefined ? Promise.resolve() : end(present));
    hosts.set(key, host);
    return host;
  }

  function create(spec: AppSpec, made: string, mayStart: Promise<void>): Host {
    const key = appKey(spec);
    const forget = () => {
      if (hosts.get(key) === host) hosts.delete(key);
    };
    let lost: (loss: HostLoss) => void = () => {};
    const ended = new Promise<HostLoss>((resolve) => {
      lost = resolve;
    });
    const handlers: HostHandlers = {
      onFact(fact) {
        const instance = ofApp(key).find(({ id }) => id === fact.id);
        if (instance !== undefined) take(instance, fact, host);
      },
      onLost: lost,
    };
    const starting = mayStart.then(() => start(spec, handlers));
    const gone = starting.then(
      async (client) => {
        host.client = client;
        log.info({ app: key, pid: client.identity.pid }, 'cluster host started');
        const loss = await ended;
        forget();
        for (const fail of [...host.asked.values()]) fail(`its cluster host is gone: ${lossText(loss)}`);
        if (host.leaving) return;
        log.error({ app: key, problem: lossText(loss) }, 'cluster host lost');
        // One that only cannot be reached must not go on without us.
        client.kill();
        for (const instance of ofApp(key)) loseWorkers(instance, options.deaths);
      },
      // Each order that waited for it reports the failure.
      forget,
    );
    const host: Host = { made, starting, client: null, asked: new Map(), gone, leaving: false };
    return host;
  }

  async function end(host: Host): Promise<void> {
    host.leaving = true;
    const client = await host.starting.catch(() => null);
    client?.end();
    await host.gone;
  }

  function take(instance: Instance, fact: HostFact, host: Host): void {
    const { generation } = fact;
    const process = instance.processes.get(generation);
    host.asked.delete(workerKey(fact));
    switch (fact.type) {
      case 'forked':
        welcome(instance, fact, host);
        break;
      case 'fork_failed': {
        instance.logs.drain(generation);
        const permanent = fact.code !== null && !PASSING.has(fact.code);
        instance.post({ type: 'spawn_failed', generation, message: fact.message, permanent });
        break;
      }
      case 'listening':
        if (process !== undefined) process.listening = true;
        if (!specOf(instance, generation).policy.waitReady) instance.post({ type: 'ready', generation });
        break;
      case 'ready':
        instance.post({ type: 'ready', generation });
        break;
      case 'exited':
        if (process !== undefined)
          options.deaths.onRootExit(instance, process, { code: fact.code, signal: fact.signal });
        break;
      default:
        fact satisfies never;
    }
  }

  function welcome(instance: Instance, fact: WorkerKey & { pid: number }, host: Host): void {
    const { id, generation, pid } = fact;
    const send = (message: string) => host.client?.send({ id, generation }, message);
    const replaced = instance.process;
    const process = born(instance, { generation, pid, send, kill: null }, options.clock);
    const beside = process !== null && instance.state.beside?.generation === generation;
    // What replaces an app that never listened (a queue worker) need not listen either.
    if (beside && replaced?.listening !== true && !specOf(instance, generation).policy.waitReady) {
      instance.post({ type: 'ready', generation });
    }
  }

  function start(spec: AppSpec, handlers: HostHandlers): Promise<HostClient> {
    const stem = path.join(options.home.runDir, `host-${shortHash(appKey(spec))}`);
    // What a host says before it dies is all that is known of its death.
    const logFd = openSync(`${stem}.log`, 'w', 0o600);
    const setup = { socket: `${stem}.sock`, schedule: spec.process.schedule };
    const { interpreter, env } = spec.process;
    const own = env['PATH'] === undefined ? {} : { PATH: env['PATH'] };
    return startHost(
      { interpreter, program: HOST_FILE, setup, cwd: options.home.root, env: own, logFd },
      handlers,
    ).finally(() => closeSync(logFd));
  }

  return {
    fork(instance, order) {
      const { generation, spec } = order;
      const key = workerKey({ id: instance.id, generation });
      const fail = (message: string) => {
        host?.asked.delete(key);
        instance.logs.drain(generation);
        instance.post({ type: 'spawn_failed', generation, message, permanent: false });
      };
      let request: HostForkRequest;
      let host: Host | null = null;
      try {
        request = forkRequest(instance, order);
      } catch (error) {
        return fail(`cannot open the output pipes: ${messageOf(error)}`);
      }
      host = hostOf(spec);
      host.asked.set(key, fail);
      host.starting.then(
        (client) => client.fork(request),
        (error: unknown) => fail(messageOf(error)),
      );
    },
    pidOf: (key) => hosts.get(key)?.client?.identity.pid ?? null,
    async release(key) {
      const host = hosts.get(key);
      if (host !== undefined) await end(host);
    },
  };
}

function workerKey({ id, generation }: WorkerKey): string {
  return `${id}:${generation}`;
}

function hasWorkers(instances: readonly Instance[]): boolean {
  return instances.some(({ processes }) => [...processes.values()].some(({ exited }) => !exited));
}

function forkRequest({ id, logs }: Instance, { generation, spec, env, execArgv }: WorkerOrder): HostForkRequest {
  const { script, args, cwd, uid, gid } = spec.process;
  const { out: stdout, error: stderr } = logs.pipesFor(generation);
  return { id, generation, script, args, execArgv, cwd, env, stdout, stderr, uid, gid };
}

/** Its workers end without the host; whatever of them does not is ended before new ones are made. */
function loseWorkers(instance: Instance, deaths: Deaths): void {
  for (const process of [...instance.processes.values()]) {
    if (!process.exited) deaths.onRootExit(instance, process, { code: null, signal: null, hint: 'host_lost' });
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
