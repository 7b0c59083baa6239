import { messageOf } from '../base/errors.ts';
import { type Appender, openAppender } from './appender.ts';
import { emptyFile, sizeOf } from './file-size.ts';
import { createLiveIndex } from './live-index.ts';
import type { LogFileOptions } from './log-file-options.ts';
import { moveAway } from './move-away.ts';
import { createNameWatch } from './name-watch.ts';
import { createOutage } from './outage.ts';
import type { Position } from './read/position.ts';
import { createRollWatch } from './roll-watch.ts';
import { keptRules } from './rules.ts';
import { createWaits } from './waits.ts';
import { createWriteQueue, type Writer } from './write-queue.ts';

/**
 * Above this a file asks its writers to wait, where the disk is too slow to take lines at once: room for one chunk that
 * is written and one that is read meanwhile, and no more, as it is what a `kill -9` of the daemon costs then.
 */
const HIGH_WATER_BYTES = 128 * 1024;
/** Above this, lines of a writer that does not wait are dropped. */
const WRITER_LIMIT_BYTES = 1024 * 1024;
/** After a failure the file is left alone for this long. */
const RETRY_MS = 1000;

/** A file that lines are appended to, shared by its writers, and rolled between two lines. */
export interface LogFile {
  write(writer: Writer, chunk: Buffer, lines: number): boolean;
  onDrain(callback: () => void): void;
  truncate(): Promise<void>;
  reopen(): void;
  /** Rolls the file when its time has come, although nobody writes. */
  tick(): void;
  position(): Position;
  settled(): Promise<void>;
  close(): Promise<void>;
  /** Who wrote last, null before the first line. */
  latestWriter(): Writer | null;
}

type Phase =
  | { readonly is: 'shut' | 'opening' }
  | { readonly is: 'open'; readonly appender: Appender }
  | { readonly is: 'broken'; readonly retryAtMs: number };

/**
 * Makes a log file. It is opened with the first line; while it cannot be written, lines are dropped and counted, and
 * it is tried again with the first line a second later.
 * @param options path, clock and rules
 * @returns the file, not yet opened
 */
export function createLogFile(options: LogFileOptions): LogFile {
  const { file, clock, defaults, calls = { openAppender, moveAway } } = options;
  const queue = createWriteQueue();
  const waits = createWaits(clock);
  const index = createLiveIndex(file);
  const names = createNameWatch(file, clock);
  const watch = createRollWatch();
  const outage = createOutage(report);
  let phase: Phase = { is: 'shut' };
  let diskBytes = 0;
  /** Nothing is handed to the disk while the file is about to be another one. */
  let held: 'reopen' | 'roll' | null = null;
  let rolling: Promise<void> | null = null;
  /** True when the file ends in the middle of a line. */
  let torn = false;
  let latest: Writer | null = null;
  const rules = keptRules(defaults);

  function write(writer: Writer, chunk: Buffer, lines: number): boolean {
    latest = writer;
    if (phase.is === 'broken' && clock.nowMs() < phase.retryAtMs) {
      outage.lost(lines);
      writer.owner.onDropped(lines, 'disk_error');
      return true;
    }
    if (writer.pendingBytes + chunk.length > WRITER_LIMIT_BYTES) {
      writer.owner.onDropped(lines, 'buffer_full');
      return false;
    }
    queue.add(chunk, lines, writer);
    if (phase.is === 'open') handOver(phase.appender);
    else if (phase.is !== 'opening') void start();
    return queue.pendingBytes() < HIGH_WATER_BYTES;
  }

  async function start(): Promise<void> {
    const opening: Phase = { is: 'opening' };
    phase = opening;
    try {
      // A file that was let go says no more: its bytes were given up, and are counted as such.
      const isCurrent = () => phase.is === 'open' && phase.appender === appender;
      const appender = await calls.openAppender(file, {
        onWritten: (bytes) => isCurrent() && onWritten(bytes),
        onFailed: (error) => isCurrent() && breakOff(error),
      });
      if (phase !== opening) return letGo(appender);
      phase = { is: 'open', appender };
      opened(appender);
      if (torn) queue.addNewlineFirst();
      torn = false;
      handOver(appender);
    } catch (error) {
      if (phase === opening) breakOff(error);
    }
  }

  function opened({ inode, sizeBytes, isRegular, mtimeMs }: Appender): void {
    if (isRegular) {
      index.opened({ inode, sizeBytes, leastBytes: diskBytes });
      watch.began(sizeBytes > 0 ? mtimeMs : clock.wallMs());
    }
    diskBytes = sizeBytes;
  }

  function handOver(appender: Appender): void {
    while (held === null) {
      const entry = queue.peek();
      if (entry === null) return;
      // What ends a torn line belongs to this file.
      if (appender.isRegular && entry.writer !== null && !isReady(entry.chunk.length)) roll();
      else {
        queue.handOver();
        appender.write(entry.chunk);
      }
    }
  }

  /** False when the file is to be rolled before these bytes are written. */
  function isReady(bytes: number): boolean {
    const atBytes = diskBytes + queue.handedBytes();
    const wallMs = clock.wallMs();
    if (isDue(atBytes, bytes, wallMs)) return false;
    // Before the bytes, so that nobody sees lines without their time.
    index.note(atBytes, wallMs);
    return true;
  }

  function isDue(atBytes: number, bytes: number, wallMs: number): boolean {
    return (
      latest !== null && watch.isDue(rules(latest.owner.roll()), { atBytes, bytes }, { wallMs, nowMs: clock.nowMs() })
    );
  }

  function onWritten(bytes: number): void {
    diskBytes += bytes;
    queue.written(bytes);
    outage.over();
    if (held !== null) whenIdle();
    else look();
    release();
  }

  function release(): void {
    waits.advance(queue.settledBytes());
    if (queue.pendingBytes() < HIGH_WATER_BYTES) waits.drain();
  }

  /** Between two lines, with nothing on its way to the disk. */
  function whenIdle(): void {
    if (queue.handedBytes() > 0 || rolling !== null) return;
    if (held === 'reopen') swap();
    else if (held === 'roll' && phase.is === 'open') {
      rolling = move(phase.appender).finally(() => {
        rolling = null;
      });
    }
  }

  function roll(): void {
    held = 'roll';
    whenIdle();
  }

  async function move(appender: Appender): Promise<void> {
    try {
      const seq = await calls.moveAway({ live: file, inode: appender.inode, seq: index.seq() });
      if (seq !== null) {
        latest?.owner.onRolled();
        options.onRolled(seq);
      }
      swap();
    } catch (error) {
      watch.failed(clock.nowMs());
      latest?.owner.onWriteError();
      report(`expected to roll the log, got "${messageOf(error)}"; it is appended to meanwhile`);
      if (held === 'reopen') return swap();
      held = null;
      if (phase.is === 'open') handOver(phase.appender);
    }
  }

  /** The next line opens the file by its name. */
  function swap(): void {
    held = null;
    if (phase.is !== 'open') return;
    index.close();
    void letGo(phase.appender);
    phase = { is: 'shut' };
    if (queue.pendingBytes() > 0) void start();
  }

  async function letGo(appender: Appender): Promise<void> {
    try {
      await appender.end();
    } catch (error) {
      report(`expected to close the log, got "${messageOf(error)}"`);
    }
  }

  function look(): void {
    if (phase.is !== 'open') return;
    const { appender } = phase;
    names.look(appender, diskBytes, (isGone) => {
      if (phase.is !== 'open' || phase.appender !== appender || held !== null) return;
      if (isGone) report('was removed, it is made again');
      reopen();
    });
  }

  function breakOff(error: unknown): void {
    const { lines, byWriter, torn: tornNow } = queue.dropAll();
    if (phase.is === 'open') phase.appender.destroy();
    phase = { is: 'broken', retryAtMs: clock.nowMs() + RETRY_MS };
    index.close();
    held = null;
    torn ||= tornNow;
    outage.failed(error, lines);
    for (const [writer, lost] of byWriter) {
      writer.owner.onWriteError();
      writer.owner.onDropped(lost, 'disk_error');
    }
    release();
  }

  function report(problem: string): void {
    latest?.owner.onProblem(`${file}: ${problem}`);
  }

  function reopen(): void {
    if (phase.is !== 'open') return;
    held = 'reopen';
    whenIdle();
  }

  const settled = () => waits.until(queue.settledBytes() + queue.pendingBytes(), queue.settledBytes());
  const takenBytes = () => (phase.is === 'open' ? diskBytes : sizeOf(file)) + queue.pendingBytes();

  return {
    write,
    onDrain: waits.onDrain,
    reopen,
    settled,
    latestWriter: () => latest,
    tick() {
      const isOpen = phase.is === 'open' && phase.appender.isRegular && held === null;
      if (isOpen && isDue(diskBytes + queue.handedBytes(), 0, clock.wallMs())) roll();
    },
    position: () => ({ seq: index.seq(), offset: takenBytes() }),
    async truncate() {
      await settled();
      await rolling;
      await emptyFile(file);
      torn = false;
      // How long it is now is read when it is opened again: lines may have come meanwhile.
      reopen();
    },
    async close() {
      await settled();
      await rolling;
      if (queue.pendingBytes() > 0) breakOff(new Error('the disk took too long'));
      const ended = phase.is === 'open' ? letGo(phase.appender) : null;
      phase = { is: 'shut' };
      index.close();
      await ended;
    },
  };
}
