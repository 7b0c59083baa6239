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
import { createRunMarks, type Run } from './runs.ts';
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
  write(writer: Writer, chunk: Buffer, lines: number, run?: Run | null): boolean;
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
  | { readonly is: 'shut' }
  | { readonly is: 'open'; readonly appender: Appender }
  | { readonly is: 'broken'; readonly retryAtMs: number };

/**
 * Makes a log file. It is opened with the first line; while it cannot be written, lines are dropped and counted, and
 * it is tried again with the first line a second later. From taking a chunk to its write there is no turn of the event
 * loop, not even where the file is opened or rolled for it: what a daemon has in hand when it is killed is lost.
 * @param options path, clock and rules
 * @returns the file, not yet opened
 */
export function createLogFile(options: LogFileOptions): LogFile {
  const { file, clock, defaults, calls = { openAppender, moveAway } } = options;
  const queue = createWriteQueue();
  const waits = createWaits(clock);
  const index = createLiveIndex(file);
  const runs = createRunMarks(file);
  const names = createNameWatch(file, clock);
  const watch = createRollWatch();
  const outage = createOutage(report);
  let phase: Phase = { is: 'shut' };
  let diskBytes = 0;
  /** Nothing is handed to the disk while the file is about to be another one. */
  let held: 'reopen' | 'roll' | null = null;
  /** True when the file ends in the middle of a line. */
  let torn = false;
  let latest: Writer | null = null;
  const rules = keptRules(defaults);

  function write(writer: Writer, chunk: Buffer, lines: number, run: Run | null = null): boolean {
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
    queue.add(chunk, lines, writer, run);
    if (phase.is === 'open') handOver(phase.appender);
    else start();
    return queue.pendingBytes() < HIGH_WATER_BYTES;
  }

  function start(): void {
    let appender: Appender;
    try {
      // A file that was let go says no more: its bytes were given up, and are counted as such.
      const isCurrent = () => phase.is === 'open' && phase.appender === appender;
      appender = calls.openAppender(file, {
        onWritten: (bytes) => isCurrent() && onWritten(bytes),
        onFailed: (error) => isCurrent() && breakOff(error),
      });
    } catch (error) {
      breakOff(error);
      return;
    }
    phase = { is: 'open', appender };
    opened(appender);
    if (torn) queue.addNewlineFirst();
    torn = false;
    handOver(appender);
  }

  function opened({ inode, sizeBytes, isRegular, mtimeMs }: Appender): void {
    if (isRegular) {
      index.opened({ inode, sizeBytes, leastBytes: diskBytes });
      runs.begin();
      watch.began(sizeBytes > 0 ? mtimeMs : clock.wallMs());
    }
    diskBytes = sizeBytes;
  }

  function handOver(appender: Appender): void {
    while (held === null && phase.is === 'open' && phase.appender === appender) {
      const entry = queue.peek();
      if (entry === null) return;
      const atBytes = diskBytes + queue.handedBytes();
      const wallMs = clock.wallMs();
      // What ends a torn line belongs to this file.
      const isNoted = appender.isRegular && entry.writer !== null;
      if (isNoted && isDue(atBytes, entry.chunk.length, wallMs)) {
        roll();
        return;
      }
      if (isNoted) runs.note({ seq: index.seq(), offset: atBytes }, entry.run);
      queue.handOver();
      appender.write(entry.chunk);
      // After the lines: nothing that takes time stands between reading and writing them.
      if (isNoted) index.note(atBytes, wallMs);
    }
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
    if (queue.handedBytes() > 0) return;
    if (held === 'reopen') swap();
    else if (held === 'roll' && phase.is === 'open') move(phase.appender);
  }

  function roll(): void {
    held = 'roll';
    whenIdle();
  }

  function move(appender: Appender): void {
    try {
      const seq = calls.moveAway({ live: file, inode: appender.inode, seq: index.seq() });
      if (seq !== null) {
        latest?.owner.onRolled();
        options.onRolled(seq);
      }
      swap();
    } catch (error) {
      watch.failed(clock.nowMs());
      latest?.owner.onWriteError();
      report(`expected to roll the log, got "${messageOf(error)}"; it is appended to meanwhile`);
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
    if (queue.pendingBytes() > 0) start();
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
      await emptyFile(file);
      torn = false;
      // How long it is now is read when it is opened again: lines may have come meanwhile.
      reopen();
    },
    async close() {
      await settled();
      if (queue.pendingBytes() > 0) breakOff(new Error('the disk took too long'));
      const ended = phase.is === 'open' ? letGo(phase.appender) : null;
      phase = { is: 'shut' };
      index.close();
      await ended;
    },
  };
}
