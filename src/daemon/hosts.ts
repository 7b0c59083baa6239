import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { HostFact, WorkerKey } from '../base/host-protocol.ts';
import type { Home } from '../base/paths.ts';
import { VERSION } from '../base/version.ts';
import type { AppSpec } from '../core/spec.ts';
import type { ExitWatch } from '../os/exit-watch.ts';
import {
  connectHost,
  type HostClient,
  type HostForkRequest,
  type HostHandlers,
  type HostHello,
  type HostLoss,
  lossText,
} from '../os/host-client.ts';
import { identityOf, type ProcessIdentity } from '../os/identity.ts';
import { signalTree } from '../os/process-tree.ts';
import type { AppMessages } from './app-messages.ts';
import { born } from './births.ts';
import type { Deaths } from './deaths.ts';
import { forkRequest, type HostPlan, hostPlan, launchHost, type WorkerOrder } from './host-launch.ts';
import { appKey, type Instance, specOf } from './instance.ts';
import type { Marks } from './marks.ts';
import type { DaemonLog } from './own-log.ts';
import type { SavedHost } from './state/saved.ts';

/** Failures of a fork that pass by themselves: fork(2), open(2). */
const PASSING = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);

/** The cluster hosts: one process for each app in cluster mode, the parent of its workers. */
export interface Hosts {
  /** Makes a worker: the machine hears `spawned` or `spawn_failed`. */
  fork(instance: Instance, order: WorkerOrder): void;
  /** Process id of the host of an app, null without one. */
  pidOf(key: string): number | null;
  /** Version of the program that it runs, null without one. */
  versionOf(key: string): string | null;
  /** Ends the host of an app that has no workers any more, and waits for it. */
  release(key: string): Promise<void>;
  /**
   * Takes over the host of another daemon: its facts come, the kept ones first.
   * @returns the workers that it has, once the kept facts were taken; null when it cannot be reached
   */
  adopt(saved: SavedHost): Promise<HostHello['workers'] | null>;
  /** Sends an IPC message to a worker, as far as its host can be reached. */
  send(key: string, worker: WorkerKey, message: unknown): void;
  /** Whether hosts are to tell what workers send. */
  listen(on: boolean): void;
  /** What a later daemon needs to take them over. */
  saved(): readonly SavedHost[];
}

export interface HostsOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly deaths: Deaths;
  readonly log: DaemonLog;
  readonly ofApp: (key: string) => readonly Instance[];
  readonly marks: Marks;
  readonly exits: ExitWatch;
  readonly messages: AppMessages;
  /** A host has come or gone. */
  readonly onChanged: () => void;
  /** Resolves when the present state of everything outlives this daemon. */
  readonly settled: () => Promise<void>;
}

interface Host {
  readonly socket: string;
  /** The settings it was made with. */
  readonly made: string;
  readonly starting: Promise<HostClient>;
  client: HostClient | null;
  /** Known before there is a client where another daemon had it. */
  identity: ProcessIdentity | null;
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

  /** The host of an app; another one where its settings or the program changed and no worker holds on to the old one. */
  function hostOf(spec: AppSpec): Host {
    const key = appKey(spec);
    const plan = hostPlan(spec, options.home);
    const present = hosts.get(key);
    const isCurrent = present?.made === plan.made && (present.client === null || versionOf(present.client) === VERSION);
    const serves = isCurrent || hasStayingWorkers(ofApp(key));
    if (present !== undefined && !present.leaving && serves) return present;
    const mayStart = present === undefined ? Promise.resolve() : end(present);
    return create(key, plan, (handlers) => mayStart.then(() => launchHost(spec, options, handlers)));
  }

  function create(key: string, plan: HostPlan, reach: (handlers: HostHandlers) => Promise<HostClient>): Host {
    const forget = () => {
      if (hosts.get(key) === host) hosts.delete(key);
      options.onChanged();
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
      onMessage({ id, generation }, message) {
        const instance = ofApp(key).find((one) => one.id === id);
        if (instance?.processes.has(generation) === true) options.messages.take(instance, message);
      },
      onLost: lost,
      safe: options.settled,
    };
    const starting = reach(handlers);
    const gone = starting.then(
      async (client) => {
        host.client = client;
        if (options.messages.wanted()) client.listen(true);
        host.identity = client.identity;
        options.onChanged();
        log.info({ app: key, pid: client.identity.pid }, 'cluster host connected');
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
    const host: Host = { ...plan, starting, client: null, identity: null, asked: new Map(), gone, leaving: false };
    hosts.set(key, host);
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
    const { state } = instance;
    if (generation !== state.generation && generation !== state.beside?.generation) {
      // Nobody waits for it any more, and nobody would ever stop it.
      const stray = identityOf(pid);
      if (stray !== null) signalTree({ root: stray, signal: 'SIGKILL', treekill: true });
      return;
    }
    const send = (message: unknown) => host.client?.send({ id, generation }, message);
    // Another daemon had it made, and its environment told of it.
    if (instance.processes.get(generation)?.pid === pid) {
      instance.post({ type: 'spawned', generation, pid });
      return;
    }
    const replaced = instance.process;
    const process = born(instance, { generation, pid, send, kill: null }, options.clock);
    const beside = process !== null && instance.state.beside?.generation === generation;
    // What replaces an app that never listened (a queue worker) need not listen either.
    if (beside && replaced?.listening !== true && !specOf(instance, generation).policy.waitReady) {
      instance.post({ type: 'ready', generation });
    }
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
    versionOf(key) {
      const client = hosts.get(key)?.client ?? null;
      return client === null ? null : versionOf(client);
    },
    pidOf: (key) => hosts.get(key)?.client?.identity.pid ?? null,
    async release(key) {
      const host = hosts.get(key);
      if (host !== undefined) await end(host);
    },
    async adopt({ key, socket, made, identity }) {
      const ended = new Promise<HostLoss>((resolve) => {
        options.exits.watch(identity, () => resolve({ message: 'it ended' }));
      });
      const host = create(key, { socket, made }, (handlers) => connectHost({ socket, identity, ended }, handlers));
      host.identity = identity;
      try {
        const client = await host.starting;
        await client.caughtUp;
        return client.hello.workers;
      } catch (error) {
        log.error({ app: key, problem: messageOf(error) }, 'the cluster host of an earlier daemon cannot be reached');
        return null;
      }
    },
    send: (key, worker, message) => hosts.get(key)?.client?.send(worker, message),
    listen(on) {
      for (const { client } of hosts.values()) client?.listen(on);
    },
    saved: () =>
      [...hosts].flatMap(([key, { identity, socket, made }]) =>
        identity === null ? [] : [{ key, socket, made, identity }],
      ),
  };
}

function workerKey({ id, generation }: WorkerKey): string {
  return `${id}:${generation}`;
}

function versionOf({ hello }: HostClient): string {
  return hello.version ?? 'unknown';
}

/** Those that are being stopped or restarted hold on to nothing: their host ends with the last of them. */
function hasStayingWorkers(instances: readonly Instance[]): boolean {
  return instances.some(
    ({ processes, state }) =>
      state.phase.status !== 'stopping' && [...processes.values()].some(({ exited }) => !exited),
  );
}

/** Its workers end without the host; whatever of them does not is ended before new ones are made. */
function loseWorkers(instance: Instance, deaths: Deaths): void {
  for (const process of [...instance.processes.values()]) {
    if (!process.exited) deaths.onRootExit(instance, process, { code: null, signal: null, hint: 'host_lost' });
  }
}
