import { messageOf } from '../../base/errors.ts';
import { exitId, type Run } from '../runs.ts';
import type { RateLimit } from './backoff.ts';
import { type Batch, type BatchMemory, createBatch, type LineView, type Position } from './batch.ts';
import { type ShipSource, stampOf } from './checkpoint.ts';
import type { Deliver } from './deliver.ts';
import { encodeTail } from './encode.ts';
import { type AppName, countDropped, type ShipFigures } from './figures.ts';
import { levelOf } from './level.ts';
import { createLogReader, type LogReader } from './reader.ts';

/** A log file of a stream, and how far it is. */
export interface ShipFile {
  source: ShipSource;
  position: Position;
  /** False once nothing more is written to it: its app has gone, the rest is still shipped. */
  present: boolean;
  /** Bytes on disk that are not shipped yet, when it was looked at last. */
  pendingBytes: number;
  /** What the live file looked like before it was last read to its end. */
  quiet: string;
}

/** The files that make one stream of Loki: there is one push of it at a time, in the order of the lines' times. */
export interface Lane {
  readonly labels: Readonly<Record<string, string>>;
  readonly name: AppName;
  readonly stream: string;
  files: ShipFile[];
  /** The turn that it has now, or whoever else has its files. */
  turn: { readonly abort: () => void; readonly ended: Promise<void> } | null;
  /** Left alone until then after a failure, in the clock's milliseconds. */
  restUntilMs: number;
  /** Unix milliseconds of the oldest line that is not shipped; null when nothing is pending. */
  oldestMs: number | null;
}

export interface TurnOptions {
  readonly deliver: Deliver;
  readonly rate: RateLimit;
  readonly figures: ShipFigures;
  readonly metadata: boolean;
  readonly maxAgeMs: number;
  readonly wallMs: () => number;
  readonly nowMs: () => number;
  /** Keeps the position of a file. */
  save(file: ShipFile): void;
  onProblem(message: string): void;
}

export interface Turn {
  readonly lane: Lane;
  readonly memory: BatchMemory;
  readonly signal: AbortSignal;
}

/** After this long another stream has its turn. */
const TURN_MS = 10_000;
/** Lines too old are passed over in pieces of about this many. */
const MOST_SKIPPED = 50_000;
/** Slots, in nanoseconds: within the millisecond that the clock tells. */
const SPREAD_NS = 8191n;
const SPREADS = 122;

interface Hand {
  readonly file: ShipFile;
  readonly reader: LogReader;
  /** By level, of one process. */
  readonly tails: Map<string | null, Buffer>;
  tailsOf: Run | null;
  /** After the last line that is in the batch or was passed over. */
  done: Position;
  ended: boolean;
}

/**
 * Ships what a stream has, up to the end of its files or of its turn.
 * @param turn the stream
 * @param options how
 * @returns false when Loki did not take all of it
 * @throws Error of the system when a file cannot be read
 */
export async function runTurn({ lane, memory, signal }: Turn, options: TurnOptions): Promise<boolean> {
  const hands = lane.files.map((file) => handOf(file, lane, options));
  const batch = createBatch(memory, lane.labels);
  const startedAtMs = options.nowMs();
  try {
    for (let full = true; full && !signal.aborted && options.nowMs() - startedAtMs < TURN_MS; ) {
      batch.clear();
      for (const hand of hands) hand.ended = false;
      const stamps = hands.map(({ file }) => stampOf(file.source.live));
      full = await gather({ hands, batch, lane, options });
      if (batch.entries() > 0) {
        lane.oldestMs = batch.timeMs(0);
        await options.rate.take(batch.lineBytes(0, batch.entries()), signal);
        const onSettled = (from: number, to: number) => settle({ hands, batch, from, to, options });
        if (!(await options.deliver({ batch, name: lane.name, signal, onSettled }))) return false;
        lane.oldestMs = null;
      }
      for (const [at, hand] of hands.entries()) {
        move(hand, hand.done, options);
        if (full || !hand.reader.atEnd()) continue;
        hand.file.quiet = stamps[at] ?? '';
        hand.file.pendingBytes = 0;
      }
    }
    return true;
  } finally {
    await Promise.all(hands.map(({ reader }) => reader.close()));
  }
}

function handOf(file: ShipFile, lane: Lane, options: TurnOptions): Hand {
  const { live, instance } = file.source;
  const reader = createLogReader({
    live,
    position: file.position,
    spreadNs: BigInt((instance?.slot ?? 0) % SPREADS) * SPREAD_NS,
    onGap(from, to) {
      // Emptied by whoever wanted to, or removed when it was shipped: no news.
      if (to.seq === from.seq + 1) return;
      const gone = `files ${from.seq} to ${to.seq - 1} were removed before they were shipped to their end`;
      options.onProblem(`${lane.name.app}: ${live}: ${gone}`);
    },
  });
  return { file, reader, tails: new Map(), tailsOf: null, done: file.position, ended: false };
}

interface Gathering {
  readonly hands: readonly Hand[];
  readonly batch: Batch;
  readonly lane: Lane;
  readonly options: TurnOptions;
}

/** Fills the batch with the oldest lines; true when there was more than it could take. */
async function gather({ hands, batch, lane, options }: Gathering): Promise<boolean> {
  const oldestNs = BigInt(Math.round(options.wallMs() - options.maxAgeMs)) * 1_000_000n;
  let skipped = 0;
  for (;;) {
    for (const hand of hands) if (hand.reader.line() === null && !hand.ended) await advance(hand);
    const at = oldest(hands);
    const hand = hands[at];
    const line = hand?.reader.line() ?? null;
    if (hand === undefined || line === null) return false;
    if (line.unixNs < oldestNs) {
      countDropped(options.figures, lane.name, { reason: 'too_old', entries: 1, bytes: line.end - line.start });
      if (++skipped >= MOST_SKIPPED) return await takeOver(hand, line, true);
    } else if (!batch.add(line, at, tailOf(hand, line, options.metadata))) {
      return true;
    }
    await takeOver(hand, line, false);
  }
}

async function takeOver(hand: Hand, line: LineView, full: boolean): Promise<boolean> {
  hand.done = { seq: line.seq, offset: line.endOffset };
  // Most lines are in memory already: no promise for them.
  if (!hand.reader.next()) await advance(hand);
  return full;
}

async function advance(hand: Hand): Promise<void> {
  if (await hand.reader.fill()) return;
  hand.ended = true;
  hand.done = hand.reader.position();
}

function oldest(hands: readonly Hand[]): number {
  if (hands.length === 1) return 0;
  let found = -1;
  let least: bigint | null = null;
  for (const [at, { reader }] of hands.entries()) {
    const line = reader.line();
    if (line === null || (least !== null && line.unixNs >= least)) continue;
    found = at;
    least = line.unixNs;
  }
  return found;
}

/** Structured metadata of a line; the few kinds that a file has are made once. */
function tailOf(hand: Hand, { bytes, start, end, run }: LineView, metadata: boolean): Buffer {
  if (hand.tailsOf !== run) {
    hand.tailsOf = run;
    hand.tails.clear();
  }
  const level = metadata ? levelOf(bytes, start, end) : null;
  const known = hand.tails.get(level);
  if (known !== undefined) return known;
  const { instance } = hand.file.source;
  const own = instance === null ? {} : { instance: String(instance.slot), id: String(instance.id) };
  const exit = run === null ? {} : { exit_id: exitId(run) };
  const tail = encodeTail(metadata ? { ...own, ...exit, ...(level === null ? {} : { level }) } : {});
  hand.tails.set(level, tail);
  return tail;
}

interface Settling {
  readonly hands: readonly Hand[];
  readonly batch: Batch;
  readonly from: number;
  readonly to: number;
  readonly options: TurnOptions;
}

function settle({ hands, batch, from, to, options }: Settling): void {
  for (const [at, position] of batch.positions(from, to)) {
    const hand = hands[at];
    if (hand !== undefined) move(hand, position, options);
  }
}

function move({ file }: Hand, position: Position, options: TurnOptions): void {
  if (file.position.seq === position.seq && file.position.offset === position.offset) return;
  file.position = position;
  try {
    options.save(file);
  } catch (error) {
    // Kept in memory: a crash now means lines that are sent twice.
    options.onProblem(`checkpoint of ${file.source.live} cannot be written: ${messageOf(error)}`);
  }
}
