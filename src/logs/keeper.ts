import { rm } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { errnoOf, messageOf } from '../base/errors.ts';
import { compressSegment } from './compress.ts';
import { countLines } from './count-lines.ts';
import { removeLeftovers } from './leftovers.ts';
import { type Doomed, type LogOnDisk, planRetention } from './retention.ts';
import type { RollRules } from './rules.ts';
import { listRolled, listSegments, type Segment } from './segments.ts';

/** How often everything is looked at: ages pass, and others delete files. */
const SWEEP_MS = 5 * 60_000;
/** After its start a daemon has better things to do. */
const FIRST_SWEEP_MS = 3000;
/** A file is compressed this long after it was rolled: a burst is over by then, and followers have read it. */
const COMPRESS_AFTER_MS = 10_000;
/** Logs that are listed without a break. */
const SLICE = 16;

/** A log that is looked after. */
export interface KeptLog {
  /** Absolute path of the live file. */
  readonly live: string;
  /** Namespace and name of the app; null when it is gone. */
  readonly app: string | null;
  readonly rules: RollRules;
}

/** What a shipper has to say about rolled files. */
export interface ShipGuard {
  /** False while the file has lines that are to be shipped and are not. */
  mayDelete(live: string, seq: number): boolean;
  /** Bytes of the file, as it was before compression, that are shipped. */
  shippedBytes(live: string, seq: number): number;
  /** Passes over a file that has to go: counts what is left of it, and says how many lines. */
  giveUp?(live: string, seq: number): Promise<number>;
}

/** Nothing is shipped. */
export const NO_SHIPPING: ShipGuard = { mayDelete: () => true, shippedBytes: () => 0 };

export interface KeeperOptions {
  readonly clock: Clock;
  /** Every log there is, now. */
  readonly logs: () => readonly KeptLog[];
  /** All files of all apps; 0: any. */
  readonly maxTotalBytes: number;
  readonly guard: () => ShipGuard;
  /** Lines that were deleted before they were shipped. */
  readonly onUnshipped: (live: string, lines: number) => void;
  readonly onProblem: (message: string) => void;
  readonly compressAfterMs?: number;
}

/** Looks after rolled files in the background: deletes by count, age and size, and compresses. */
export interface Keeper {
  /** A file was rolled. */
  rolled(live: string): void;
  /** Looks at everything now. */
  sweep(): Promise<void>;
  /** Deletes all rolled files of a log. */
  purge(live: string): Promise<void>;
  /** Bytes of the rolled files of a log, as of the last look. */
  rolledBytes(live: string): number;
  close(): Promise<void>;
}

/**
 * Makes the keeper of a daemon.
 * @param options the logs and the limits
 * @returns the keeper; it looks for the first time a few seconds later
 */
export function createKeeper(options: KeeperOptions): Keeper {
  const { clock, onProblem, compressAfterMs = COMPRESS_AFTER_MS } = options;
  /** What was found at the last look. */
  const known = new Map<string, LogOnDisk>();
  const aborted = new AbortController();
  /** Files that could not be compressed: not again before the next sweep. */
  const failed = new Set<string>();
  let compressing: { readonly live: string; readonly seq: number; readonly done: Promise<void> } | null = null;
  let turn: Promise<void> = Promise.resolve();
  let cancelSweep = clock.after(FIRST_SWEEP_MS, sweepAndAgain);
  let cancelCompress = () => {};

  function sweepAndAgain(): void {
    void sweep();
    cancelSweep = clock.after(SWEEP_MS, sweepAndAgain);
  }

  /** One thing after the other; nothing of it fails. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    turn = turn.then(work).catch((error: unknown) => onProblem(messageOf(error)));
    return turn;
  }

  function look({ live, app, rules }: KeptLog): void {
    const segments = listSegments(live);
    const liveBytes = segments.find(({ kind }) => kind === 'live')?.bytes ?? 0;
    known.set(live, { live, app, rules, liveBytes, rolled: segments.filter(({ kind }) => kind !== 'live') });
  }

  function sweep(): Promise<void> {
    return inTurn(async () => {
      failed.clear();
      const logs = options.logs();
      const present = new Set(logs.map(({ live }) => live));
      for (const live of known.keys()) if (!present.has(live)) known.delete(live);
      for (const [at, log] of logs.entries()) {
        if (aborted.signal.aborted) return;
        const busy = compressing?.live === log.live ? compressing.seq : null;
        await removeLeftovers(log.live, busy);
        look(log);
        if (at % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
      }
      await retain();
      compressLater();
    });
  }

  async function retain(): Promise<void> {
    const { mayDelete } = options.guard();
    const nowMs = clock.wallMs();
    const logs = [...known.values()];
    for (const doomed of planRetention({ logs, maxTotalBytes: options.maxTotalBytes, nowMs, mayDelete })) {
      await remove(doomed);
    }
  }

  async function remove({ live, segment, isForced }: Doomed): Promise<void> {
    const lines = isForced ? await unshippedLines(live, segment) : 0;
    await removeFiles(segment);
    if (lines > 0) options.onUnshipped(live, lines);
    const log = known.get(live);
    if (log !== undefined) known.set(live, { ...log, rolled: log.rolled.filter(({ seq }) => seq !== segment.seq) });
  }

  async function unshippedLines(live: string, segment: Segment): Promise<number> {
    try {
      const guard = options.guard();
      if (guard.giveUp !== undefined) return await guard.giveUp(live, segment.seq);
      return await countLines(segment, guard.shippedBytes(live, segment.seq));
    } catch (error) {
      onProblem(`${segment.path}: expected to count its lines, got "${messageOf(error)}"`);
      return 0;
    }
  }

  /**
   * The next plain file that is old enough, one at a time; else when the next one will be. The youngest of a log stays
   * plain, so that who wants the last lines right after a roll has nothing to unpack.
   */
  function compressLater(): void {
    cancelCompress();
    if (compressing !== null || aborted.signal.aborted) return;
    const next = [...known.values()]
      .filter(({ rules }) => rules.compress !== 'none')
      .flatMap(({ live, rules, rolled }) => rolled.slice(0, -1).map((segment) => ({ live, rules, segment })))
      .filter(({ segment }) => segment.kind === 'plain' && !failed.has(segment.path))
      .sort((a, b) => a.segment.mtimeMs - b.segment.mtimeMs)[0];
    if (next === undefined) return;
    const { live, rules, segment } = next;
    const waitMs = segment.mtimeMs + compressAfterMs - clock.wallMs();
    if (waitMs > 0) {
      cancelCompress = clock.after(Math.min(waitMs, compressAfterMs), compressLater);
      return;
    }
    const compression = rules.compress === 'zstd' ? 'zstd' : 'gzip';
    const done = compress(segment, compression).then(() => {
      compressing = null;
      const log = known.get(live);
      if (log !== undefined) known.set(live, { ...log, rolled: listRolled(live) });
      compressLater();
    });
    compressing = { live, seq: segment.seq, done };
  }

  async function compress(segment: Segment, compression: 'gzip' | 'zstd'): Promise<void> {
    try {
      await compressSegment(segment, { clock, signal: aborted.signal, compression });
    } catch (error) {
      failed.add(segment.path);
      if (aborted.signal.aborted || errnoOf(error) === 'ENOENT') return;
      onProblem(`${segment.path}: expected to compress it, got "${messageOf(error)}"`);
    }
  }

  return {
    rolled(live) {
      void inTurn(async () => {
        const log = options.logs().find((one) => one.live === live);
        if (log === undefined || aborted.signal.aborted) return;
        look(log);
        await retain();
        compressLater();
      });
    },
    sweep,
    purge(live) {
      return inTurn(async () => {
        for (const segment of listRolled(live)) {
          // Thrown away by whoever asked for it: the shipper counts it.
          await options.guard().giveUp?.(live, segment.seq);
          await removeFiles(segment);
        }
        known.delete(live);
      });
    },
    rolledBytes: (live) => known.get(live)?.rolled.reduce((bytes, segment) => bytes + segment.bytes, 0) ?? 0,
    async close() {
      cancelSweep();
      cancelCompress();
      aborted.abort();
      await turn;
      await compressing?.done;
    },
  };
}

/** The index last: a file without its times is better than the other way round. */
async function removeFiles({ path: file, indexPath }: Segment): Promise<void> {
  await rm(file, { force: true });
  await rm(indexPath, { force: true });
}
