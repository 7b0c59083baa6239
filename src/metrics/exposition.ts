import { performance } from 'node:perf_hooks';
import { messageOf } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import type { AppSpec } from '../core/spec.ts';
import { readProcStat, ticksPerSecond } from '../os/procfs.ts';
import { createAppCounter } from './app-counter.ts';
import { createAppHistogram } from './app-histogram.ts';
import { COLLECTORS, type Collector, MODES, RELOAD_RESULTS, type ReloadResult } from './contract.ts';
import { fleetMetrics } from './fleet-metrics.ts';
import { STREAMS } from './log-contract.ts';
import { logMetrics } from './log-metrics.ts';
import { lokiMetrics } from './loki-metrics.ts';
import { lookAtProcesses, processMetrics } from './process-metrics.ts';
import { createSceneMaker, type Scene } from './scene.ts';
import type { FleetSource } from './source.ts';
import { createMetricsPage, labelsText, type MetricsText } from './text.ts';
import type { Sampler } from './vitals.ts';

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const MS_PER_SECOND = 1000;

export interface ExpositionOptions {
  readonly source: FleetSource;
  readonly sampler: () => Promise<Sampler>;
  /** Told once for each failure of a collector that the scrape before did not have. */
  onProblem(collector: Collector, message: string): void;
}

/** What `/metrics` answers. */
export interface Exposition {
  /** Renders everything as it is now. It never fails: a collector that does is reported and left out. */
  render(): Promise<{ readonly body: readonly Buffer[]; readonly contentType: string }>;
  /** Counts how long a process took to be ready. */
  observeReady(spec: AppSpec, readyMs: number): void;
  /** Counts a reload that is over. */
  observeReload(spec: AppSpec, result: ReloadResult, durationMs: number): void;
  /** Counts a log file that was rolled. */
  observeRoll(spec: AppSpec, stream: (typeof STREAMS)[number]): void;
}

interface Outcome {
  readonly collector: Collector;
  readonly body: readonly Buffer[];
  readonly ok: boolean;
  readonly durationSeconds: number;
}

/**
 * Makes the exposition of a fleet.
 * @param options where the figures come from
 */
export function createExposition(options: ExpositionOptions): Exposition {
  const scenes = createSceneMaker();
  const readyDurations = createAppHistogram('promvisor_instance_ready_duration_seconds');
  const reloadDurations = createAppHistogram('promvisor_reload_duration_seconds');
  const reloads = createAppCounter({ metric: 'promvisor_reloads_total', label: 'result', values: RELOAD_RESULTS });
  const rolls = createAppCounter({ metric: 'promvisor_log_rolls_total', label: 'stream', values: STREAMS });
  const failing = new Set<Collector>();
  let daemon: Promise<{ render(): Promise<string> }> | null = null;

  const pages = {
    fleet: createMetricsPage(),
    processes: createMetricsPage(),
    logs: createMetricsPage(),
    daemon: createMetricsPage(),
    collectors: createMetricsPage(),
  };

  const collect: Readonly<Record<Collector, (scene: Scene) => readonly Buffer[] | Promise<readonly Buffer[]>>> = {
    fleet: (scene) =>
      pages.fleet.render((text) => {
        fleetMetrics(text, scene);
        readyDurations.render(text, scene);
        reloads.render(text, scene);
        reloadDurations.render(text, scene);
      }),
    processes: async (scene) => {
      const rows = await lookAtProcesses(scene, await options.sampler());
      return pages.processes.render((text) => processMetrics(text, rows));
    },
    logs: (scene) =>
      pages.logs.render((text) => {
        logMetrics(text, scene);
        rolls.render(text, scene);
        lokiMetrics(text, scene.source.loki());
      }),
    daemon: async (scene) => {
      daemon ??= import('./daemon-metrics.ts').then((module) => module.createDaemonMetrics());
      const process = Buffer.from(await (await daemon).render());
      return [...pages.daemon.render((text) => ownMetrics(text, scene)), process];
    },
  };

  async function run(collector: Collector, scene: () => Scene): Promise<Outcome> {
    const startMs = performance.now();
    const done = (body: readonly Buffer[], ok: boolean): Outcome => {
      return { collector, body, ok, durationSeconds: (performance.now() - startMs) / MS_PER_SECOND };
    };
    try {
      const body = await collect[collector](scene());
      failing.delete(collector);
      return done(body, true);
    } catch (error) {
      if (!failing.has(collector)) options.onProblem(collector, messageOf(error));
      failing.add(collector);
      return done([], false);
    }
  }

  return {
    async render() {
      let made: Scene | null = null;
      const scene = () => {
        made ??= scenes.make(options.source);
        return made;
      };
      const outcomes: Outcome[] = [];
      for (const collector of COLLECTORS) outcomes.push(await run(collector, scene));
      const collectors = pages.collectors.render((text) => collectorMetrics(text, outcomes));
      return { body: [...outcomes.flatMap(({ body }) => body), ...collectors], contentType: CONTENT_TYPE };
    },
    observeReady: readyDurations.observe,
    observeRoll: rolls.observe,
    observeReload(spec, result, durationMs) {
      reloads.observe(spec, result);
      reloadDurations.observe(spec, durationMs);
    },
  };
}

function ownMetrics(text: MetricsText, { source }: Scene): void {
  text.family('promvisor_build_info');
  text.add(1, labelsText({ version: VERSION, node_version: process.version }));
  text.family('promvisor_http_listener_up');
  const { listen, address } = source.http();
  if (listen !== null) text.add(address === null ? 0 : 1, '');
  text.family('promvisor_children_cpu_seconds_total');
  const own = readProcStat(process.pid);
  if (own !== null) {
    const ticks = { user: own.childUserTicks, system: own.childSystemTicks };
    for (const mode of MODES) text.add(ticks[mode] / ticksPerSecond(), labelsText({ mode }));
  }
}

function collectorMetrics(text: MetricsText, outcomes: readonly Outcome[]): void {
  text.family('promvisor_collector_success');
  for (const { collector, ok } of outcomes) text.add(ok ? 1 : 0, labelsText({ collector }));
  text.family('promvisor_collector_duration_seconds');
  for (const { collector, durationSeconds } of outcomes) text.add(durationSeconds, labelsText({ collector }));
}
