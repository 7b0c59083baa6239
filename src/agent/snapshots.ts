import { guarded } from './guard.ts';

/** Between two snapshots while there is something to write. */
const SOONEST_MS = 250;
const LATEST_MS = 30_000;
/** One that costs more than a hundredth of this is not made for each answer. */
const TELLS_WITHIN_MS = 2_000;
/** Each costs at most this share of the time. */
const COST_RATIO = 0.01;
/** After a write that failed: the disk is full, the folder gone. */
const AFTER_FAILURE_MS = 10_000;
const ENDINGS = ['a', 'b'] as const;

/** Files with what the process has counted, for the case that it is killed. */
export interface Snapshots {
  /** Something was counted: it will be in a file soon. */
  touch(): void;
  /** Figures were told: a daemon that dies with this process must not forget what it has shown. */
  told(): void;
  /** Writes now. */
  save(): void;
}

export interface SnapshotsOptions {
  /** Absolute path of the files without their ending. */
  readonly path: string;
  /** What is to be written now. */
  take(): { readonly taken: number; readonly text: string };
}

/**
 * Makes a writer that writes nothing as long as it is not touched. One of the two files is whole at any time.
 * @param options where, and what
 * @returns the writer
 */
export function createSnapshots({ path, take }: SnapshotsOptions): Snapshots {
  // Kept: the app may replace them for its tests.
  const { openSync, writeSync, ftruncateSync, closeSync, constants } = process.getBuiltinModule('node:fs');
  // ext4 writes a file out when it is closed after it was opened with O_TRUNC: milliseconds in which the app would stand.
  const flags = constants.O_WRONLY | constants.O_CREAT;
  const lengths = ENDINGS.map(() => Number.POSITIVE_INFINITY);
  let isArmed = false;
  let waitMs = SOONEST_MS;
  let written = 0;
  const flush = guarded(() => {
    isArmed = false;
    save();
  });

  function touch(): void {
    if (isArmed) return;
    isArmed = true;
    setTimeout(flush, waitMs).unref();
  }

  return {
    touch,
    told() {
      // Behind the answer, which somebody waits for.
      if (waitMs > TELLS_WITHIN_MS) touch();
      else setImmediate(guarded(save)).unref();
    },
    save,
  };

  function save(): void {
    const beginMs = performance.now();
    waitMs = AFTER_FAILURE_MS;
    const { taken, text } = take();
    write(written % ENDINGS.length, Buffer.from(`${taken} ${Buffer.byteLength(text)}\n${text}`));
    written += 1;
    waitMs = Math.min(LATEST_MS, Math.max(SOONEST_MS, (performance.now() - beginMs) / COST_RATIO));
  }

  function write(turn: number, bytes: Buffer): void {
    const fd = openSync(`${path}.${ENDINGS[turn]}`, flags, 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
      if ((lengths[turn] ?? 0) > bytes.length) ftruncateSync(fd, bytes.length);
      lengths[turn] = bytes.length;
    } finally {
      closeSync(fd);
    }
  }
}
