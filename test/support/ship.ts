import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { liveIndexPath, rolledPath, sideFolder } from '../../src/logs/segments.ts';
import type { ShipSource } from '../../src/logs/ship/checkpoint.ts';
import { createSender, type Target } from '../../src/logs/ship/sender.ts';
import { type Shipper, type ShipperOptions, startShipper } from '../../src/logs/ship/shipper.ts';
import { createTimeIndexWriter, type TimeIndexWriter } from '../../src/logs/time-index.ts';

/** A folder that goes with the test. */
export function shipFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pmv-ship-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A log written with the layout of the product: a live file, its index, and rolled files beside it. */
export interface WrittenLog {
  readonly live: string;
  readonly seq: () => number;
  /** Appends whole lines as one chunk of this time. */
  append(lines: readonly string[], atMs?: number): void;
  /** Closes the live file under its number; the next lines make a new one. */
  roll(how?: 'plain' | 'gzip'): void;
  /** Empties the live file. */
  empty(): void;
}

/**
 * Makes a log.
 * @param folder where
 * @param name of the live file
 */
export function writeLog(folder: string, name = 'api-out.log'): WrittenLog {
  const live = path.join(folder, name);
  let seq = 1;
  let bytes = 0;
  let index: TimeIndexWriter | null = null;
  mkdirSync(sideFolder(live), { recursive: true });
  return {
    live,
    seq: () => seq,
    append(lines, atMs = Date.now()) {
      index ??= createTimeIndexWriter(liveIndexPath(live), seq);
      const text = lines.map((line) => `${line}\n`).join('');
      index.note(bytes, BigInt(Math.round(atMs)) * 1_000_000n);
      appendFileSync(live, text);
      bytes += Buffer.byteLength(text);
    },
    roll(how = 'plain') {
      index?.close();
      index = null;
      renameSync(live, rolledPath(live, seq, '.log'));
      renameSync(liveIndexPath(live), rolledPath(live, seq, '.idx'));
      if (how === 'gzip') compressRolled(live, seq);
      seq++;
      bytes = 0;
    },
    empty() {
      writeFileSync(live, '');
      // Its number is not used again.
      index?.close();
      index = null;
      rmSync(liveIndexPath(live), { force: true });
      seq++;
      bytes = 0;
    },
  };
}

function compressRolled(live: string, seq: number): void {
  const plain = rolledPath(live, seq, '.log');
  const packed = rolledPath(live, seq, '.log.gz');
  writeFileSync(`${packed}.tmp`, gzipSync(readFileSync(plain)));
  renameSync(`${packed}.tmp`, packed);
  rmSync(plain);
}

/** A source whose lines are those of instance 0 of the app. */
export function sourceOf(live: string, changes: Partial<ShipSource> = {}): ShipSource {
  return {
    live,
    app: 'api',
    namespace: 'default',
    stream: 'out',
    instance: { slot: 0, id: 3 },
    labels: {},
    ...changes,
  };
}

/** A way to Loki without anything special. */
function targetOf(url: string, changes: Partial<Target> = {}): Target {
  return {
    url,
    tenant: null,
    basic: null,
    bearer: null,
    headers: {},
    tls: { ca: null, cert: null, key: null, insecureSkipVerify: false },
    timeoutMs: 1000,
    ...changes,
  };
}

export interface ShipSetup {
  readonly url: string;
  readonly folder: string;
  readonly sources: () => readonly ShipSource[];
  readonly target?: Partial<Target>;
  readonly options?: Partial<ShipperOptions>;
}

/** Starts a shipper that ends with the test; waits and tries are short. */
export async function startShip({ url, folder, sources, target, options }: ShipSetup): Promise<Shipper> {
  const sender = await createSender(targetOf(url, target));
  const shipper = startShipper({
    clock: systemClock,
    sender,
    folder: path.join(folder, 'loki'),
    labels: { host: 'h1' },
    bytesPerSecond: 0,
    maxAgeMs: 7 * 24 * 3600_000,
    metadata: true,
    instanceLabel: false,
    sources,
    wants: () => true,
    onProblem: () => {},
    backoff: { baseMs: 10, mostMs: 100 },
    fillMs: 20,
    ...options,
  });
  onTestFinished(() => shipper.close(0));
  return shipper;
}
