import type { Clock } from '../base/clock.ts';
import type { Home } from '../base/paths.ts';
import { type AgentAccount, createAgentAccount, type SavedAgentAccount } from '../metrics/agent-account.ts';
import { readFigures } from '../metrics/agent-figures.ts';
import { type AppAccount, type AppProcess, createAppAccount, type SavedAppAccount } from '../metrics/app-account.ts';
import { readFamilies } from '../metrics/app-families.ts';
import type { FleetSource } from '../metrics/source.ts';
import { openCpuClock } from '../os/cpu-clock.ts';
import { createRunMarks } from '../os/run-mark.ts';
import type { FiguresKind } from './agent-link.ts';
import type { Agents, FiguresQuestion } from './agents.ts';
import type { Fleet } from './fleet.ts';
import { appKey, type Instance, type LiveProcess } from './instance.ts';
import type { DaemonLog } from './own-log.ts';
import { createRestWatch } from './rest-watch.ts';
import { createSharedPull } from './shared-pull.ts';
import { leftSnapshots, readSnapshot, removeSnapshot, snapshotPath } from './snapshots.ts';

/** What the agents tell: asked when someone looks, and kept over the deaths of their processes. */
export interface Telemetry {
  readonly source: FleetSource['agents'];
  /** Asks the processes of an app for its own metrics, within the budget. */
  pullApp(key: string): Promise<void>;
  /** The own metrics of an app; null when it never had an agent. */
  app(key: string): AppAccount | null;
  /** Keys of the apps that have metrics of their own. */
  appsWithMetrics(): Promise<readonly string[]>;
  /** A process has ended: what it left is taken in. */
  retire(instance: Instance, process: LiveProcess): void;
  /** Forgets an instance that is off the list. */
  forget(instance: Instance): void;
  /** What was counted and is to outlive the daemon. */
  saved(): SavedTelemetry;
  /** Goes on counting where another daemon was; only for instances that are there. */
  restore(saved: SavedTelemetry): void;
  /**
   * Takes in what processes have left whose end no daemon has counted, and what the living have told the last daemon, as
   * nothing that was shown may fall before they are connected again; removes the rest.
   */
  takeLeft(): void;
}

/** JSON. */
export interface SavedTelemetry {
  /** By id of the instance. */
  readonly instances: readonly (readonly [id: number, account: SavedAgentAccount])[];
  readonly apps: readonly {
    readonly key: string;
    readonly account: SavedAppAccount;
    readonly timeouts: number;
  }[];
}

export interface TelemetryOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly log: DaemonLog;
  readonly agents: Agents;
  readonly nativeCalls: boolean;
  readonly fleet: () => Fleet;
  /** Something has ended: resolves when what was counted so far outlives this daemon. */
  readonly settled: () => Promise<void>;
}

/** All questions of one scrape together. */
const BUDGET_MS = 500;
/** Scrapes that are nearer to each other than this share their answers. */
const FRESH_MS = 1_000;

const KNOWN = Promise.resolve();

interface AppTold {
  readonly account: AppAccount;
  readonly pull: () => Promise<void>;
  timeouts: number;
}

/** How a process has answered. */
interface Manner {
  up: boolean;
  /** True once its snapshot was read because it was mute; it writes none while it is. */
  looked: boolean;
  ownMetrics: boolean;
}

/**
 * Begins to keep what agents tell.
 * @param options the daemon's parts
 */
export function createTelemetry({
  home,
  clock,
  log,
  agents,
  nativeCalls,
  fleet,
  settled,
}: TelemetryOptions): Telemetry {
  const accounts = new Map<number, AgentAccount>();
  const apps = new Map<string, AppTold>();
  const manners = new WeakMap<LiveProcess, Manner>();
  const rest = createRestWatch({ clock, marks: createRunMarks(openCpuClock(nativeCalls)) });

  function accountOf({ id }: Instance): AgentAccount {
    const account = accounts.get(id) ?? createAgentAccount(clock.wallMs);
    accounts.set(id, account);
    return account;
  }

  function appOf(instance: Instance): AppTold {
    const key = appKey(instance.spec);
    const known = apps.get(key);
    if (known !== undefined) return known;
    const onFull = () =>
      log.warn({ app: instance.spec.name }, 'own metrics: too many series of ended processes, forgotten');
    const pull = () => askAll(fleet().ofApp(key), askMetrics);
    const made: AppTold = {
      account: createAppAccount(onFull),
      pull: createSharedPull({ clock, freshMs: FRESH_MS, pull }),
      timeouts: 0,
    };
    apps.set(key, made);
    return made;
  }

  function mannerOf(process: LiveProcess): Manner {
    const manner = manners.get(process) ?? { up: true, looked: false, ownMetrics: false };
    manners.set(process, manner);
    return manner;
  }

  type Ask = (instance: Instance, process: LiveProcess) => Promise<void> | null;

  async function askAll(instances: readonly Instance[], ask: Ask): Promise<void> {
    const questions: Promise<void>[] = [];
    for (const instance of instances) {
      for (const process of instance.processes.values()) {
        const question = process.exited ? null : ask(instance, process);
        if (question !== null) questions.push(question);
        else if (manners.has(process)) mannerOf(process).up = false;
      }
    }
    await Promise.all(questions);
  }

  /** True where an answer would be the one before: to ask would only wake the process, and be most of what it does. */
  function isKnown(process: LiveProcess): boolean {
    return manners.get(process)?.up === true && agents.connected(process) && rest.isAtRest(process);
  }

  const askTelemetry: Ask = (instance, process) => {
    if (isKnown(process)) return KNOWN;
    return ask(instance, process, {
      kind: 'telemetry',
      budgetMs: BUDGET_MS,
      take({ telemetry }) {
        const figures = readFigures(telemetry);
        if (figures === null || process.exited) return;
        accountOf(instance).take(process.generation, figures);
        Object.assign(mannerOf(process), { up: true, looked: false, ownMetrics: figures.ownMetrics });
        // The distribution of delays is that since the answer before: it is over by the next.
        if ((figures.runtime?.lag ?? null) === null) rest.answered(process);
      },
    });
  };

  const askMetrics: Ask = (instance, process) =>
    ask(instance, process, {
      kind: 'metrics',
      budgetMs: BUDGET_MS,
      take({ taken, families, problem }) {
        if (problem !== null) log.debug({ id: instance.id, problem }, 'own metrics not told');
        if (process.exited || families === null || typeof taken !== 'number') return;
        appOf(instance).account.take(appProcess(instance, process), taken, readFamilies(families));
      },
    });

  function ask<K extends FiguresKind>(
    instance: Instance,
    process: LiveProcess,
    question: FiguresQuestion<K>,
  ): Promise<void> | null {
    const answered = agents.ask(process, question);
    if (answered === null) return null;
    accountOf(instance);
    const app = appOf(instance);
    const manner = mannerOf(process);
    return answered.then((inTime) => {
      if (inTime || process.exited) return;
      app.timeouts++;
      manner.up = false;
      if (!manner.looked) takeSnapshot(instance, process.generation);
      manner.looked = true;
    });
  }

  function takeSnapshot(instance: Instance, generation: number): void {
    const snapshot = readSnapshot(snapshotPath(home.runDir, { id: instance.id, generation }));
    if (snapshot === null) return;
    const { taken, counters, families } = snapshot;
    const startedAtMs = instance.processes.get(generation)?.startedAtMs ?? 0;
    accountOf(instance).takeCounters(generation, taken, counters);
    appOf(instance).account.take(appProcess(instance, { generation, startedAtMs }), taken, families);
  }

  /** What a process has left is removed once its counts are where the next daemon finds them. */
  function end(instance: Instance, generation: number): void {
    takeSnapshot(instance, generation);
    accounts.get(instance.id)?.retire(generation);
    apps.get(appKey(instance.spec))?.account.retire(instance.id, generation);
    const base = snapshotPath(home.runDir, { id: instance.id, generation });
    void settled().then(() => removeSnapshot(base));
  }

  const pull = createSharedPull({ clock, freshMs: FRESH_MS, pull: () => askAll(fleet().all(), askTelemetry) });

  return {
    source: {
      pull,
      of(id) {
        const account = accounts.get(id);
        if (account === undefined) return null;
        const process = fleet().find(id)?.process ?? null;
        if (process === null || process.exited) return { up: null, figures: null, account };
        return { up: manners.get(process)?.up ?? null, figures: account.newest(process.generation), account };
      },
      timeouts: (spec) => apps.get(appKey(spec))?.timeouts ?? null,
    },
    async pullApp(key) {
      const [first] = fleet().ofApp(key);
      if (first !== undefined) await appOf(first).pull();
    },
    app: (key) => apps.get(key)?.account ?? null,
    async appsWithMetrics() {
      await pull();
      const has = new Set<string>();
      for (const instance of fleet().all()) {
        const told = [...instance.processes.values()].some((process) => manners.get(process)?.ownMetrics);
        const key = appKey(instance.spec);
        if (told || apps.get(key)?.account.isEmpty() === false) has.add(key);
      }
      return [...has];
    },
    retire: (instance, { generation }) => end(instance, generation),
    saved: () => ({
      instances: [...accounts].map(([id, account]) => [id, account.saved()] as const),
      apps: [...apps].map(([key, { account, timeouts }]) => ({ key, account: account.saved(), timeouts })),
    }),
    restore(saved) {
      for (const [id, account] of saved.instances) {
        const instance = fleet().find(id);
        if (instance !== undefined) accountOf(instance).restore(account);
      }
      for (const { key, account, timeouts } of saved.apps) {
        const [first] = fleet().ofApp(key);
        if (first === undefined) continue;
        const app = appOf(first);
        app.account.restore(account);
        app.timeouts = timeouts;
      }
    },
    takeLeft() {
      for (const left of leftSnapshots(home.runDir)) {
        const instance = fleet().find(left.id);
        const isAlive = instance?.processes.get(left.generation)?.exited === false;
        if (instance !== undefined && isAlive) takeSnapshot(instance, left.generation);
        else if (instance === undefined || accountOf(instance).hasRetired(left.generation)) removeSnapshot(left.base);
        else end(instance, left.generation);
      }
    },
    forget(instance) {
      const key = appKey(instance.spec);
      accounts.delete(instance.id);
      apps.get(key)?.account.remove(instance.id);
      if (fleet().ofApp(key).length === 0) apps.delete(key);
    },
  };
}

function appProcess(
  instance: Instance,
  { generation, startedAtMs }: Pick<LiveProcess, 'generation' | 'startedAtMs'>,
): AppProcess {
  return { instance: instance.id, slot: instance.slot, generation, startedAtMs };
}
