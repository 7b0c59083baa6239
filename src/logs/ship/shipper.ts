import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { lookAtLane } from './backlog.ts';
import { type BackoffOptions, createRateLimit, DEFAULT_BACKOFF, wait } from './backoff.ts';
import { type BatchMemory, newBatchMemory } from './batch.ts';
import { openCheckpoints, type ShipSource } from './checkpoint.ts';
import { createDeliver } from './deliver.ts';
import { newShipFigures, type ShipFigures } from './figures.ts';
import { type Lane, runTurn, type TurnOptions } from './lane.ts';
import { createLanes } from './lanes.ts';
import { createRetention } from './retention.ts';
import type { Sender } from './sender.ts';

export interface ShipperOptions {
  readonly clock: Clock;
  readonly sender: Sender;
  /** Folder of the checkpoints. */
  readonly folder: string;
  /** Labels of every stream beside app, namespace and stream; `host` among them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes of lines a second over all streams, 0 for no limit. */
  readonly bytesPerSecond: number;
  /** Older lines are not sent: Loki refuses them. */
  readonly maxAgeMs: number;
  /** True sends instance, id and level as structured metadata. */
  readonly metadata: boolean;
  /** True makes the slot of an instance a label too. */
  readonly instanceLabel: boolean;
  /** The files to ship, as of now. */
  readonly sources: () => readonly ShipSource[];
  /** True for apps whose left files are shipped too, when their app is not there. */
  readonly wants: (app: string) => boolean;
  onProblem(message: string): void;
  readonly backoff?: BackoffOptions;
  readonly random?: () => number;
  /** How long lines wait for more of them. */
  readonly fillMs?: number;
}

export interface Shipper {
  readonly figures: ShipFigures;
  /** Every stream and what it has on disk that is not shipped; looks anew. */
  backlog(): readonly Lane[];
  /** Seconds that the oldest line has waited that is not shipped, 0 when there is none; as of the last `backlog`. */
  lagSeconds(): number;
  /** True when a rolled file may go: it is shipped to its end, or is none that is shipped. */
  isShipped(live: string, seq: number): boolean;
  /**
   * A rolled file is about to be deleted, shipped or not: what is left of it is counted as dropped (`retention`).
   * Never throws.
   * @returns how many lines
   */
  giveUp(live: string, seq: number): Promise<number>;
  /**
   * Ships what is there, for a bounded time, then ends; the rest stays on disk.
   * @param limitMs the most it may take
   */
  close(limitMs: number): Promise<void>;
}

const FILL_MS = 1000;
/** Pushes at once, over all streams; each has memory for one batch. */
const MOST_ACTIVE = 4;
/** The same problem is told again after this long. */
const QUIET_MS = 60_000;

/**
 * Starts to ship log files to Loki. The files are the queue: what is not shipped yet stays where it is.
 * @param options files, the way to Loki, limits
 */
export function startShipper(options: ShipperOptions): Shipper {
  const { clock } = options;
  const figures = newShipFigures();
  const checkpoints = openCheckpoints(options.folder);
  const lanes = createLanes(options, checkpoints.load());
  const spare: BatchMemory[] = [];
  const running = new Map<Lane, Promise<void>>();
  const closing = new AbortController();
  const fillMs = options.fillMs ?? FILL_MS;
  /** True while more streams wait than may push at once. */
  let crowded = false;
  const onProblem = createQuiet(options);
  const deliver = createDeliver({
    sender: options.sender,
    clock,
    figures,
    backoff: options.backoff ?? DEFAULT_BACKOFF,
    random: options.random ?? Math.random,
    hurry: closing.signal,
    onProblem,
  });
  const turnOptions: TurnOptions = {
    deliver,
    rate: createRateLimit(clock, options.bytesPerSecond),
    figures,
    metadata: options.metadata,
    maxAgeMs: options.maxAgeMs,
    wallMs: clock.wallMs,
    nowMs: clock.nowMs,
    save: ({ source, position }) => checkpoints.save({ source, position }),
    onProblem,
  };
  const retention = createRetention({
    find: (live) => lanes.fileOf(live),
    figures,
    save: turnOptions.save,
    onProblem,
  });

  async function turn(lane: Lane, signal: AbortSignal): Promise<void> {
    const memory = spare.pop() ?? newBatchMemory();
    let done = false;
    try {
      done = await runTurn({ lane, memory, signal }, turnOptions);
    } catch (error) {
      figures.lastError = { atMs: clock.wallMs(), message: messageOf(error) };
      onProblem(`${lane.name.app}: its log cannot be read: ${messageOf(error)}`);
    }
    if (!done) lane.restUntilMs = clock.nowMs() + fillMs;
    spare.push(memory);
  }

  function begin(lane: Lane): void {
    const controller = new AbortController();
    const ended = turn(lane, controller.signal).then(() => {
      lane.turn = null;
      running.delete(lane);
      // Another stream may wait for the place.
      if (crowded) tryLook();
    });
    lane.turn = { abort: () => controller.abort(), ended };
    running.set(lane, ended);
  }

  /** Gives waiting streams their turn, those first that waited longest. */
  function look(): void {
    if (!closing.signal.aborted) lanes.follow(options.sources());
    const nowMs = clock.nowMs();
    const waiting = lanes.all().filter((lane) => {
      return lookAtLane(lane, clock.wallMs()) && lane.turn === null && lane.restUntilMs <= nowMs;
    });
    waiting.sort((a, b) => (a.oldestMs ?? 0) - (b.oldestMs ?? 0));
    const room = MOST_ACTIVE - running.size;
    crowded = waiting.length > room;
    for (const lane of waiting.slice(0, room)) begin(lane);
    if (running.size === 0) spare.length = 0;
  }

  function tryLook(): void {
    try {
      look();
    } catch (error) {
      onProblem(`a look at the logs failed: ${messageOf(error)}`);
    }
  }

  async function loop(): Promise<void> {
    while (!closing.signal.aborted) {
      tryLook();
      await wait(clock, fillMs, closing.signal);
    }
  }

  const allEnded = async () => {
    while (running.size > 0) await Promise.all(running.values());
  };
  const looping = loop();
  return {
    figures,
    backlog() {
      for (const lane of lanes.all()) lookAtLane(lane, clock.wallMs());
      return lanes.all();
    },
    lagSeconds() {
      const oldest = lanes.all().flatMap(({ oldestMs }) => (oldestMs === null ? [] : [oldestMs]));
      return oldest.length === 0 ? 0 : Math.max(0, (clock.wallMs() - Math.min(...oldest)) / 1000);
    },
    isShipped: retention.isShipped,
    giveUp: retention.giveUp,
    async close(limitMs) {
      lanes.follow(options.sources());
      closing.abort();
      await looping;
      let late = false;
      const cancel = clock.after(limitMs, () => {
        late = true;
        crowded = false;
        for (const { turn: going } of lanes.all()) going?.abort();
      });
      await allEnded();
      // What came since; a Loki that takes nothing is not asked again, as its streams rest.
      if (!late) tryLook();
      await allEnded();
      cancel();
      await options.sender.close();
    },
  };
}

/** Tells a problem, and the same one again only after a while. */
function createQuiet({ clock, onProblem }: ShipperOptions): (message: string) => void {
  const told = new Map<string, number>();
  return (message) => {
    const key = message.slice(0, 80);
    const nowMs = clock.nowMs();
    if (nowMs - (told.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    if (told.size >= 100) told.clear();
    told.set(key, nowMs);
    onProblem(message);
  };
}
