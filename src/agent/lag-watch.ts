import type { IntervalHistogram } from 'node:perf_hooks';
import type { AgentRuntime } from '../base/agent-telemetry.ts';
import { guarded } from './guard.ts';

/** The watch wakes the process this often: a loop that is busier than BUSY_RATIO does not notice. */
const RESOLUTION_MS = 20;
const BUSY_RATIO = 0.02;
const LOOK_EVERY_MS = 1_000;
/** Nobody asks any more. */
const FORGOTTEN_MS = 120_000;
const NANOSECONDS = 1e9;

type Lag = AgentRuntime['lag'];

/** Delays of the event loop, watched while it is busy and someone asks for them. */
export interface LagWatch {
  /** A question is there: what the loop has done until now was the app's, what follows is the answer. */
  look(): void;
  /** Their distribution since the previous call. */
  take(): Lag;
  /** The answer is given. */
  answered(): void;
}

/**
 * Makes a watch that is off.
 * @returns the watch
 */
export function createLagWatch(): LagWatch {
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks');
  let histogram: IntervalHistogram | null = null;
  let timer: NodeJS.Timeout | null = null;
  let askedMs = 0;
  /** By the app: an answer may take long where the machine has no free moment, and would keep the watch on. */
  let wasBusy = false;
  let before = performance.eventLoopUtilization();

  return {
    look() {
      wasBusy = isBusy();
    },
    take() {
      askedMs = performance.now();
      const lag = histogram === null || histogram.count === 0 ? null : distributionOf(histogram);
      histogram?.reset();
      if (timer === null && wasBusy) turnOn();
      return lag;
    },
    answered() {
      before = performance.eventLoopUtilization();
    },
  };

  function isBusy(): boolean {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization > BUSY_RATIO;
  }

  function turnOn(): void {
    histogram ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    histogram.enable();
    timer = setInterval(guarded(look), LOOK_EVERY_MS).unref();
  }

  function look(): void {
    const isWanted = performance.now() - askedMs < FORGOTTEN_MS;
    if ((isBusy() && isWanted) || timer === null) return;
    histogram?.disable();
    clearInterval(timer);
    timer = null;
  }
}

/** What Node records is the time between two wakings, the wait between them included. */
function distributionOf(histogram: IntervalHistogram): Lag {
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1_000);
  return {
    minSeconds: seconds(histogram.min),
    maxSeconds: seconds(histogram.max),
    meanSeconds: seconds(histogram.mean),
    stddevSeconds: histogram.stddev / NANOSECONDS,
    p50Seconds: seconds(histogram.percentile(50)),
    p90Seconds: seconds(histogram.percentile(90)),
    p95Seconds: seconds(histogram.percentile(95)),
    p99Seconds: seconds(histogram.percentile(99)),
  };
}
