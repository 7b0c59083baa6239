import { performance } from 'node:perf_hooks';
import { messageOf } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import type { AppSpec } from '../core/spec.ts';
import { readProcStat, ticksPerSecond } from '../os/procfs.ts';
import { COLLECTORS, type Collector, MODES } from './contract.ts';
import { fleetMetrics } from './fleet-metrics.ts';
import { logMetrics } from './log-metrics.ts';
import { processMetrics } from './process-metrics.ts';
import { createReadyDurations } from './ready-durations.ts';
import { createSceneMaker, type Scene } from './scene.ts';
import type { FleetSource } from './source.ts';
import { createMetricsText, labelsText } from './text.ts';
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
  render(): Promise<{ readonly body: string; readonly contentType: string }>;
  /** Counts how long a process took to be ready. */
  observeReady(spec: AppSpec, readyMs: number): void;
}

interface Outcome {
  readonly collector: Collector;
  readonly text: string;
  readonly ok: boolean;
  readonly durationSeconds: number;
}

/**
 * Makes the exposition of a fleet.
 * @param options where the figures come from
 */
export function createExposition(options: ExpositionOptions): Exposition {
  const scenes = createSceneMaker();
  const durations = createReadyDurations();
  const failing = new Set<Collector>();
  let daemon: Promise<{ render(): Promise<string> }> | null = null;

  const collect: Readonly<Record<Collector, (scene: Scene) => string | Promise<string>>> = {
    fleet: (scene) => fleetMetrics(scene) + durations.render(scene),
    processes: async (scene) => processMetrics(scene, await options.sampler()),
    logs: logMetrics,
    daemon: async (scene) => {
      daemon ??= import('./daemon-metrics.ts').then((module) => module.createDaemonMetrics());
      return ownMetrics(scene) + (await (await daemon).render());
    },
  };

  async function run(collector: Collector, scene: () => Scene): Promise<Outcome> {
    const startMs = performance.now();
    const done = (text: string, ok: boolean): Outcome => {
      return { collector, text, ok, durationSeconds: (performance.now() - startMs) / MS_PER_SECOND };
    };
    try {
      const text = await collect[collector](scene());
      failing.delete(collector);
      return done(text, true);
    } catch (error) {
      if (!failing.has(collector)) options.onProblem(collector, messageOf(error));
      failing.add(collector);
      return done('', false);
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
      const body = outcomes.map(({ text }) => text).join('') + collectorMetrics(outcomes);
      return { body, contentType: CONTENT_TYPE };
    },
    observeReady: durations.observe,
  };
}

function ownMetrics({ source }: Scene): string {
  const text = createMetricsText();
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
  return text.toString();
}

function collectorMetrics(outcomes: readonly Outcome[]): string {
  const text = createMetricsText();
  text.family('promvisor_collector_success');
  for (const { collector, ok } of outcomes) text.add(ok ? 1 : 0, labelsText({ collector }));
  text.family('promvisor_collector_duration_seconds');
  for (const { collector, durationSeconds } of outcomes) text.add(durationSeconds, labelsText({ collector }));
  return text.toString();
}
