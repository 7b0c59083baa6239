import { performance } from 'node:perf_hooks';
import { messageOf } from '../base/errors.ts';
import type { AppSpec } from '../core/spec.ts';
import { type AgentRow, agentMetrics, runtimeMetrics } from './agent-metrics.ts';
import { createAppCounter, type SavedCounter } from './app-counter.ts';
import { createAppHistogram, type SavedHistogram } from './app-histogram.ts';
import { COLLECTORS, type Collector, RELOAD_RESULTS, type ReloadResult } from './contract.ts';
import { createCronSkips, type SavedCronSkips } from './cron-skips.ts';
import type { OwnMetric } from './daemon-metrics.ts';
import { fleetMetrics } from './fleet-metrics.ts';
import { CONTENT_TYPES, END_OF_PAGE, labelsText, type TextFormat } from './format.ts';
import { STREAMS } from './log-contract.ts';
import { logMetrics } from './log-metrics.ts';
import { lokiMetrics } from './loki-metrics.ts';
import { ownMetrics, ownProcess, ownSeries } from './own-metrics.ts';
import { lookAtProcesses, processMetrics } from './process-metrics.ts';
import { createSceneMaker, type Scene } from './scene.ts';
import { createScrapeCounts, type ScrapeCounts } from './scrape-metrics.ts';
import type { FleetSource } from './source.ts';
import { createMetricsPage, type MetricsPage, type MetricsText, type Rendered } from './text.ts';
import type { Sampler } from './vitals.ts';

const MS_PER_SECOND = 1000;

export interface ExpositionOptions {
  readonly source: FleetSource;
  readonly sampler: () => Promise<Sampler>;
  /** Unix milliseconds. */
  readonly wallMs: () => number;
  /** Told once for each failure of a collector that the scrape before did not have. */
  onProblem(collector: Collector, message: string): void;
}

/** What `/metrics` answers. */
export interface Exposition {
  /** Renders everything as it is now. It never fails: a collector that does is reported and left out. */
  render(format: TextFormat): Promise<{ readonly body: readonly Buffer[]; readonly contentType: string }>;
  /** The scrapes of the other pages are counted here too. */
  readonly scrapes: Pick<ScrapeCounts, 'observe' | 'forget'>;
  /** Counts how long a process took to be ready. */
  observeReady(spec: AppSpec, readyMs: number, process: Readonly<Record<string, string>>): void;
  /** Counts a reload that is over. */
  observeReload(spec: AppSpec, result: ReloadResult, durationMs: number): void;
  /** Counts a scheduled restart that was due and not begun. */
  observeCronSkipped(spec: AppSpec): void;
  /** Counts a log file that was rolled. */
  observeRoll(spec: AppSpec, stream: (typeof STREAMS)[number]): void;
  /** What is counted by app and is to outlive the daemon. */
  saved(): SavedAppCounts;
  restore(saved: SavedAppCounts): void;
}

/** JSON. */
export interface SavedAppCounts {
  readonly ready: SavedHistogram;
  readonly reloadDurations: SavedHistogram;
  readonly reloads: SavedCounter;
  readonly rolls: SavedCounter;
  readonly cronSkips: SavedCronSkips;
}

interface Outcome {
  readonly collector: Collector;
  readonly rendered: Rendered;
  readonly ok: boolean;
  readonly durationSeconds: number;
}

/** The pages of one format. */
type Pages = Readonly<Record<Collector | 'collectors', MetricsPage>>;

/**
 * Makes the exposition of a fleet.
 * @param options where the figures come from
 */
export function createExposition(options: ExpositionOptions): Exposition {
  const { source, wallMs } = options;
  const scenes = createSceneMaker();
  const readyDurations = createAppHistogram('promvisor_instance_ready_duration_seconds', wallMs);
  const reloadDurations = createAppHistogram('promvisor_reload_duration_seconds', wallMs);
  const reloads = createAppCounter({ metric: 'promvisor_reloads_total', label: 'result', values: RELOAD_RESULTS });
  const rolls = createAppCounter({ metric: 'promvisor_log_rolls_total', label: 'stream', values: STREAMS });
  const cronSkips = createCronSkips();
  const scrapes = createScrapeCounts(wallMs);
  const failing = new Set<Collector>();
  const pages: Partial<Record<TextFormat, Pages>> = {};
  const daemon = ownProcess();

  type Collect = (page: MetricsPage, scene: Scene, shared: Shared) => Rendered | Promise<Rendered>;
  const collect: Readonly<Record<Collector, Collect>> = {
    fleet: (page, scene) =>
      page.render((text) => {
        fleetMetrics(text, scene);
        readyDurations.render(text, scene);
        reloads.render(text, scene);
        reloadDurations.render(text, scene);
        cronSkips.render(text, scene);
      }),
    processes: async (page, scene) => {
      const rows = await lookAtProcesses(scene, await options.sampler());
      return page.render((text) => processMetrics(text, rows));
    },
    logs: (page, scene) =>
      page.render((text) => {
        logMetrics(text, scene);
        rolls.render(text, scene);
        lokiMetrics(text, scene.source.loki());
      }),
    daemon: async (page, scene, shared) => {
      shared.own = await daemon();
      return page.render((text) => {
        ownMetrics(text, scene, shared.own);
        scrapes.render(text);
      });
    },
    agents: async (page, scene, shared) => {
      await shared.pulled;
      const rows = agentRows(scene);
      return page.render((text) => {
        agentMetrics(text, rows, timeoutsOf(scene));
        runtimeMetrics(text, rows, (name) => ownSeries(text, name, shared.own));
      });
    },
  };

  async function run(collector: Collector, page: MetricsPage, look: Look): Promise<Outcome> {
    const startMs = performance.now();
    const done = (rendered: Rendered, ok: boolean): Outcome => {
      return { collector, rendered, ok, durationSeconds: (performance.now() - startMs) / MS_PER_SECOND };
    };
    try {
      const rendered = await collect[collector](page, look.scene(), look.shared);
      failing.delete(collector);
      return done(rendered, true);
    } catch (error) {
      if (!failing.has(collector)) options.onProblem(collector, messageOf(error));
      failing.add(collector);
      return done({ pieces: [], series: 0 }, false);
    }
  }

  return {
    scrapes,
    async render(format) {
      const startMs = performance.now();
      const own = pages[format] ?? newPages(format);
      pages[format] = own;
      let made: Scene | null = null;
      const scene = () => {
        made ??= scenes.make(source);
        return made;
      };
      // The agents think while the rest is collected; a failure is that of their collector.
      const pulled = source.agents.pull();
      pulled.catch(() => {});
      const look: Look = { scene, shared: { pulled, own: [] } };
      const outcomes: Outcome[] = [];
      for (const collector of COLLECTORS) outcomes.push(await run(collector, own[collector], look));
      const last = own.collectors.render((text) => collectorMetrics(text, outcomes));
      const all = [...outcomes.map(({ rendered }) => rendered), last];
      const body = [...all.flatMap(({ pieces }) => pieces), ...(format === 'openmetrics' ? [END_OF_PAGE] : [])];
      scrapes.observe({
        page: 'metrics',
        durationMs: performance.now() - startMs,
        bytes: body.reduce((sum, { length }) => sum + length, 0),
        series: all.reduce((sum, { series }) => sum + series, 0),
        example: { slowest: slowestOf(outcomes) },
      });
      return { body, contentType: CONTENT_TYPES[format] };
    },
    saved: () => ({
      ready: readyDurations.saved(),
      reloadDurations: reloadDurations.saved(),
      reloads: reloads.saved(),
      rolls: rolls.saved(),
      cronSkips: cronSkips.saved(),
    }),
    restore(saved) {
      readyDurations.restore(saved.ready);
      reloadDurations.restore(saved.reloadDurations);
      reloads.restore(saved.reloads);
      rolls.restore(saved.rolls);
      cronSkips.restore(saved.cronSkips);
    },
    observeReady: readyDurations.observe,
    observeCronSkipped: cronSkips.observe,
    observeRoll: rolls.observe,
    observeReload(spec, result, durationMs) {
      reloads.observe(spec, result);
      reloadDurations.observe(spec, durationMs, { result });
    },
  };
}

/** What the collectors of one scrape have in common. */
interface Look {
  readonly scene: () => Scene;
  readonly shared: Shared;
}

interface Shared {
  readonly pulled: Promise<void>;
  /** The daemon's own process, once its collector has run. */
  own: readonly OwnMetric[];
}

function newPages(format: TextFormat): Pages {
  const page = () => createMetricsPage(format);
  return { fleet: page(), processes: page(), logs: page(), daemon: page(), agents: page(), collectors: page() };
}

function agentRows({ instances, source }: Scene): AgentRow[] {
  return instances.flatMap(({ instance, labels }) => {
    const agent = source.agents.of(instance.id);
    return agent === null ? [] : [{ labels, agent, totals: agent.account.totals() }];
  });
}

function timeoutsOf({ apps, source }: Scene): { readonly labels: string; readonly count: number }[] {
  return apps.flatMap(({ labels, spec }) => {
    const count = source.agents.timeouts(spec);
    return count === null ? [] : [{ labels, count }];
  });
}

function slowestOf(outcomes: readonly Outcome[]): string {
  return outcomes.reduce((slowest, one) => (one.durationSeconds > slowest.durationSeconds ? one : slowest)).collector;
}

function collectorMetrics(text: MetricsText, outcomes: readonly Outcome[]): void {
  text.family('promvisor_collector_success');
  for (const { collector, ok } of outcomes) text.add(ok ? 1 : 0, labelsText({ collector }));
  text.family('promvisor_collector_duration_seconds');
  for (const { collector, durationSeconds } of outcomes) text.add(durationSeconds, labelsText({ collector }));
}
