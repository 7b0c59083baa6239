import type { HttpView } from '../api/contract.ts';
import type { Reply, RequestContext } from '../api/server.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { StreamName } from '../logs/record.ts';
import type { ReloadResult } from '../metrics/contract.ts';
import { createExposition, type SavedAppCounts } from '../metrics/exposition.ts';
import { formatFor } from '../metrics/format.ts';
import type { LokiSource } from '../metrics/loki-metrics.ts';
import { createMemoryWatch } from '../metrics/memory-watch.ts';
import { createSampler } from '../metrics/sampler.ts';
import type { ScrapeSeen } from '../metrics/scrape-metrics.ts';
import type { FleetSource } from '../metrics/source.ts';
import type { Sampler, SavedTree } from '../metrics/vitals.ts';
import { openCgroup } from '../os/cgroup.ts';
import { openCpuClock } from '../os/cpu-clock.ts';
import { openReaped } from '../os/reaped.ts';
import type { Bus } from './bus.ts';
import type { Fleet } from './fleet.ts';
import { appKey, type Instance, type LiveProcess } from './instance.ts';
import type { DaemonLog } from './own-log.ts';
import type { Triggers } from './triggers.ts';

/** What is measured: of processes when someone looks, of limits all the time. */
export interface Figures {
  /** Takes fresh figures of instances. */
  look(instances: readonly Instance[]): Promise<void>;
  /** The text of /metrics. */
  render(request: RequestContext): Promise<Reply>;
  /** Counts a scrape of another page. */
  countScrape(seen: ScrapeSeen): void;
  /** Counts a reload of an app that is over. */
  countReload(app: Instance, result: ReloadResult, durationMs: number): void;
  /** Counts what a process used until its end; `waiter` is the process that waited for it, null when nobody knows. */
  countEnd(ended: LiveProcess, waiter: number | null): void;
  /** Counts a scheduled restart of an app that was due and not begun. */
  countCronSkipped(app: Instance): void;
  /** Counts a log file of an instance that was rolled. */
  countRoll(app: Instance, stream: StreamName): void;
  /** Forgets an instance that was deleted. */
  forget(instance: Instance): void;
  /** What was counted and is to outlive the daemon. */
  saved(): SavedFigures;
  restore(saved: SavedFigures): Promise<void>;
  close(): Promise<void>;
}

/** JSON. */
export interface SavedFigures {
  readonly apps: SavedAppCounts;
  /** By id of the instance. */
  readonly trees: readonly (readonly [id: number, tree: SavedTree])[];
}

export interface FiguresOptions {
  readonly fleet: Fleet;
  readonly triggers: Triggers;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly settings: Pick<Settings, 'metrics' | 'nativeCalls'>;
  readonly log: DaemonLog;
  readonly http: () => HttpView;
  readonly logBytes: (files: readonly string[]) => { readonly live: number; readonly rolled: number };
  readonly loki: () => LokiSource | null;
  readonly agents: FleetSource['agents'];
  /** Counters are about to be shown: none of them may fall from now on. */
  readonly onShown: () => Promise<void>;
  readonly journalDropped: () => number;
  readonly onMemoryExceeded: (instance: Instance, generation: number, rssBytes: number) => void;
}

export function createFigures(options: FiguresOptions): Figures {
  const { fleet, triggers, clock, bus, log, settings } = options;
  let making: Promise<Sampler> | null = null;
  let made: Sampler | null = null;
  const sampler = () => {
    const cpuClock = openCpuClock(settings.nativeCalls);
    making ??= createSampler(clock, { pss: settings.metrics.pss, cpuClock }).then((ready) => {
      made = ready;
      return ready;
    });
    return making;
  };
  const cgroup = openCgroup();
  const reaped = openReaped((ended, used) => {
    const count = async () => (await sampler()).ended(ended, used);
    count().catch((error: unknown) => log.warn({ problem: messageOf(error) }, 'figures of ended processes'));
  });
  const exposition = createExposition({
    source: {
      loki: options.loki,
      instances: () => fleet.all(),
      nextCronMs: (spec) => triggers.nextCronMs(appKey(spec)),
      cgroup: cgroup.read,
      logBytes: options.logBytes,
      http: options.http,
      agents: options.agents,
      journalDropped: options.journalDropped,
    },
    sampler,
    wallMs: clock.wallMs,
    onProblem: (collector, problem) => log.warn({ collector, problem }, 'collector failed'),
  });
  const watch = createMemoryWatch({
    clock,
    sampler,
    onProblem: (error) => log.warn({ problem: messageOf(error) }, 'memory watch'),
    list: () => limited(fleet.all()),
    onExceeded: (id, generation, rssBytes) => {
      const instance = fleet.all().find((candidate) => candidate.id === id);
      if (instance === undefined) return;
      log.warn({ id, app: instance.spec.name, rssBytes }, 'memory limit passed');
      options.onMemoryExceeded(instance, generation, rssBytes);
    },
  });
  bus.subscribe((instance, transition) => {
    if (transition.readyMs !== null) {
      const process = { instance_id: String(instance.slot), generation: String(transition.generation) };
      exposition.observeReady(instance.spec, transition.readyMs, process);
    }
    // Not for every start of a hundred: it looks through all instances.
    if (transition.to === 'running' && instance.spec.limits.maxMemoryBytes !== null) watch.wake();
  });

  return {
    async look(instances) {
      const living = instances.flatMap(({ id, process }) =>
        process === null || process.exited ? [] : [{ id, identity: process.identity }],
      );
      const seen = await (await sampler()).sample(living, 'basic');
      for (const instance of instances) instance.vitals = seen.get(instance.id) ?? instance.vitals;
    },
    countReload: ({ spec }, result, durationMs) => exposition.observeReload(spec, result, durationMs),
    countEnd({ id, identity: { pid, startTicks } }, waiter) {
      if (waiter !== null) reaped.ended({ id, pid, startTicks }, waiter);
    },
    countCronSkipped: ({ spec }) => exposition.observeCronSkipped(spec),
    countRoll: ({ spec }, stream) => exposition.observeRoll(spec, stream),
    countScrape: exposition.scrapes.observe,
    async render({ headers }) {
      const page = await exposition.render(formatFor(headers.accept));
      await options.onShown();
      return page;
    },
    forget(instance) {
      void making?.then((made) => made.forget(instance.id));
      const key = appKey(instance.spec);
      if (fleet.ofApp(key).length === 0) exposition.scrapes.forget(key);
    },
    saved() {
      const trees = fleet.all().flatMap(({ id }) => {
        const tree = made?.saved(id) ?? null;
        return tree === null ? [] : [[id, tree] as const];
      });
      return { apps: exposition.saved(), trees };
    },
    async restore({ apps, trees }) {
      exposition.restore(apps);
      if (trees.length === 0) return;
      const ready = await sampler();
      for (const [id, tree] of trees) if (fleet.find(id) !== undefined) ready.restore(id, tree);
    },
    async close() {
      reaped.close();
      watch.close();
      (await making)?.close();
    },
  };
}

/** The living instances that have a memory limit. */
function limited(instances: readonly Instance[]) {
  return instances.flatMap(({ id, process, spec }) => {
    const limitBytes = spec.limits.maxMemoryBytes;
    if (limitBytes === null || process === null || process.exited) return [];
    return [{ id, generation: process.generation, identity: process.identity, limitBytes }];
  });
}
