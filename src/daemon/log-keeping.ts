import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { FlushView } from '../api/daemon-views.ts';
import type { Clock } from '../base/clock.ts';
import type { Home } from '../base/paths.ts';
import type { Settings } from '../config/settings.ts';
import { createKeeper, type Keeper, type KeptLog, NO_SHIPPING, type ShipGuard } from '../logs/keeper.ts';
import { type RollRules, rulesOf } from '../logs/rules.ts';
import { listSegments } from '../logs/segments.ts';
import { createSinkRegistry, type SinkRegistry } from '../logs/sink-registry.ts';
import { appKey, type Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

export interface LogKeepingOptions {
  readonly home: Home;
  readonly settings: Settings['logs'];
  readonly clock: Clock;
  readonly log: DaemonLog;
  readonly instances: () => readonly Instance[];
  /** What the shipper says about rolled files; by default nothing is shipped. */
  readonly guard?: () => ShipGuard;
}

/** The log files of all apps: written, rolled, kept within limits. */
export interface LogKeeping {
  readonly sinks: SinkRegistry;
  readonly keeper: Keeper;
  /** Opens all files by their names, for those who rotate them from outside. */
  reopen(): readonly string[];
  /** Empties the files of instances, deletes what was rolled of them, and tells what that gave. */
  flush(instances: readonly Instance[]): Promise<FlushView>;
  /** Bytes on disk of log files, live and rolled. */
  bytes(files: readonly string[]): { readonly live: number; readonly rolled: number };
}

export function createLogKeeping(options: LogKeepingOptions): LogKeeping {
  const { home, settings, clock, log, instances, guard = () => NO_SHIPPING } = options;
  const { maxTotalBytes, ...rules } = settings;
  const defaults: RollRules = { ...rules, maxTotalBytes: 0 };
  const sinks = createSinkRegistry(clock, { defaults, onRolled: (file) => keeper.rolled(file) });
  const keeper = createKeeper({
    clock,
    logs: () => keptLogs(instances(), defaults, home),
    maxTotalBytes,
    guard,
    onUnshipped: (file, lines) => {
      log.warn({ file, lines }, 'lines were deleted before they were shipped');
      sinks.lostUnshipped(file, lines);
    },
    onProblem: (problem) => log.warn({ problem }, 'log files'),
  });

  return {
    sinks,
    keeper,
    reopen() {
      for (const { logs } of instances()) logs.reopen();
      return filesOf(instances());
    },
    async flush(chosen) {
      const files = filesOf(chosen);
      const bytesBefore = bytesOnDisk(files);
      await Promise.all(chosen.map(({ logs }) => logs.flush()));
      await Promise.all(files.map((file) => keeper.purge(file)));
      return { files, freedBytes: Math.max(0, bytesBefore - bytesOnDisk(files)) };
    },
    bytes(files) {
      let live = 0;
      let rolled = 0;
      for (const file of files) {
        live += sinks.bytes(file);
        rolled += keeper.rolledBytes(file);
      }
      return { live, rolled };
    },
  };
}

function filesOf(instances: readonly Instance[]): readonly string[] {
  const files = instances.flatMap(({ logs }) => Object.values(logs.files()) as (string | null)[]);
  return [...new Set(files.filter((file) => file !== null))];
}

function bytesOnDisk(files: readonly string[]): number {
  return files.flatMap(listSegments).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The logs of the apps, and those that apps which are gone left in the home. */
function keptLogs(instances: readonly Instance[], defaults: RollRules, home: Home): readonly KeptLog[] {
  const kept = new Map<string, KeptLog>();
  for (const instance of instances) {
    const rules = rulesOf(instance.spec.logs.roll, defaults);
    for (const live of filesOf([instance])) kept.set(live, { live, app: appKey(instance.spec), rules });
  }
  for (const live of leftIn(home.logsDir)) {
    if (!kept.has(live)) kept.set(live, { live, app: null, rules: defaults });
  }
  return [...kept.values()];
}

function leftIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.d'));
    return names.map((name) => path.join(folder, name.slice(0, -'.d'.length)));
  } catch {
    return [];
  }
}
