import type { RollRules } from './rules.ts';
import type { Segment } from './segments.ts';

/** One log: its live file and what was rolled of it. */
export interface LogOnDisk {
  /** Absolute path of the live file. */
  readonly live: string;
  /** Namespace and name of the app; null when it is gone. */
  readonly app: string | null;
  readonly rules: RollRules;
  readonly liveBytes: number;
  /** Oldest first. */
  readonly rolled: readonly Segment[];
}

export interface RetentionOptions {
  readonly logs: readonly LogOnDisk[];
  /** All files of all apps; 0: any. */
  readonly maxTotalBytes: number;
  /** Unix time. */
  readonly nowMs: number;
  /** False while a rolled file has lines that are to be shipped and are not. */
  readonly mayDelete: (live: string, seq: number) => boolean;
}

/** A rolled file that has to go. */
export interface Doomed {
  readonly live: string;
  readonly segment: Segment;
  readonly why: 'retain' | 'max_age' | 'max_total';
  /** True when not all of it was shipped. */
  readonly isForced: boolean;
}

interface Candidate {
  readonly log: LogOnDisk;
  readonly segment: Segment;
  readonly isShipped: boolean;
}

/**
 * Decides which rolled files are deleted: those above the count of their stream, those that are too old, then the
 * oldest until an app, and all apps together, keep to their totals. What is not shipped is spared by the count, and by
 * a total as long as something shipped is left to delete.
 * @param options what is on disk, and the limits
 * @returns files in the order in which they are deleted, each once
 */
export function planRetention({ logs, maxTotalBytes, nowMs, mayDelete }: RetentionOptions): readonly Doomed[] {
  const doomed: Doomed[] = [];
  const left = new Set<Candidate>();
  for (const log of logs) {
    for (const segment of log.rolled) left.add({ log, segment, isShipped: mayDelete(log.live, segment.seq) });
  }

  function condemn(candidate: Candidate, why: Doomed['why']): void {
    left.delete(candidate);
    const { log, segment, isShipped } = candidate;
    doomed.push({ live: log.live, segment, why, isForced: !isShipped });
  }

  /** The oldest that were shipped, then the oldest. */
  function shrink(candidates: readonly Candidate[], bytes: number, maxBytes: number): void {
    let total = bytes;
    const inOrder = [...candidates].sort(byAge);
    for (const candidate of [...inOrder.filter(isShipped), ...inOrder.filter((one) => !isShipped(one))]) {
      if (total <= maxBytes) return;
      total -= candidate.segment.bytes;
      condemn(candidate, 'max_total');
    }
  }

  for (const candidate of [...left]) {
    const { log, segment } = candidate;
    if (log.rules.maxAgeMs > 0 && segment.mtimeMs < nowMs - log.rules.maxAgeMs) condemn(candidate, 'max_age');
  }
  for (const log of logs) {
    const ofLog = [...left].filter((candidate) => candidate.log === log);
    for (const candidate of ofLog.slice(0, Math.max(0, ofLog.length - log.rules.retain))) {
      if (candidate.isShipped) condemn(candidate, 'retain');
    }
  }
  for (const [app, ofApp] of byApp(logs)) {
    const maxBytes = Math.max(...ofApp.map(({ rules }) => rules.maxTotalBytes));
    const candidates = [...left].filter(({ log }) => log.app === app);
    if (maxBytes > 0) shrink(candidates, bytesOf(ofApp, candidates), maxBytes);
  }
  if (maxTotalBytes > 0) shrink([...left], bytesOf(logs, [...left]), maxTotalBytes);
  return doomed;
}

function isShipped(candidate: Candidate): boolean {
  return candidate.isShipped;
}

function byAge(a: Candidate, b: Candidate): number {
  return a.segment.mtimeMs - b.segment.mtimeMs || a.segment.seq - b.segment.seq;
}

function byApp(logs: readonly LogOnDisk[]): ReadonlyMap<string, readonly LogOnDisk[]> {
  const apps = new Map<string, LogOnDisk[]>();
  for (const log of logs) {
    if (log.app === null) continue;
    const ofApp = apps.get(log.app) ?? [];
    ofApp.push(log);
    apps.set(log.app, ofApp);
  }
  return apps;
}

function bytesOf(logs: readonly LogOnDisk[], rolled: readonly Candidate[]): number {
  let bytes = 0;
  for (const { liveBytes } of logs) bytes += liveBytes;
  for (const { segment } of rolled) bytes += segment.bytes;
  return bytes;
}
