import { messageOf } from '../../base/errors.ts';
import { listRolled } from '../segments.ts';
import { openByteSource } from './byte-source.ts';
import { countDropped, type ShipFigures } from './figures.ts';
import type { Lane, ShipFile } from './lane.ts';

const NEWLINE = 10;

export interface RetentionOptions {
  readonly find: (live: string) => { readonly file: ShipFile; readonly lane: Lane } | null;
  readonly figures: ShipFigures;
  save(file: ShipFile): void;
  onProblem(message: string): void;
}

/** What the keeper of rolled files asks and tells. */
export interface Retention {
  isShipped(live: string, seq: number): boolean;
  /** How many lines are given up. */
  giveUp(live: string, seq: number): Promise<number>;
}

/** Makes the side of the shipper that retention talks to. */
export function createRetention(options: RetentionOptions): Retention {
  const isShipped = (live: string, seq: number) => {
    const found = options.find(live);
    return found === null || found.file.position.seq > seq;
  };
  return {
    isShipped,
    async giveUp(live, seq) {
      const found = options.find(live);
      if (found === null || isShipped(live, seq)) return 0;
      const { file, lane } = found;
      const release = await hold(lane);
      try {
        // What was under way may have been taken.
        if (isShipped(live, seq)) return 0;
        const offset = file.position.seq === seq ? file.position.offset : 0;
        const { entries, bytes } = await countFrom(live, seq, offset);
        if (entries > 0) countDropped(options.figures, file.source, { reason: 'retention', entries, bytes });
        file.position = { seq: seq + 1, offset: 0 };
        options.save(file);
        return entries;
      } catch (error) {
        options.onProblem(`${live}: what retention removes of it cannot be counted: ${messageOf(error)}`);
        return 0;
      } finally {
        release();
      }
    },
  };
}

/** Ends the turn of a stream, so that its files stand still. */
async function hold(lane: Lane): Promise<() => void> {
  while (lane.turn !== null) {
    lane.turn.abort();
    await lane.turn.ended;
  }
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  lane.turn = { abort: () => {}, ended };
  return () => {
    lane.turn = null;
    end();
  };
}

/** Lines of a rolled file from a byte on. */
async function countFrom(live: string, seq: number, offset: number): Promise<{ entries: number; bytes: number }> {
  const segment = listRolled(live).find((candidate) => candidate.seq === seq);
  if (segment === undefined) return { entries: 0, bytes: 0 };
  const source = await openByteSource(segment, offset);
  try {
    const buffer = Buffer.allocUnsafe(64 * 1024);
    let entries = 0;
    let bytes = 0;
    for (let read = await source.read(buffer, 0); read > 0; read = await source.read(buffer, 0)) {
      const view = buffer.subarray(0, read);
      for (let at = view.indexOf(NEWLINE); at !== -1; at = view.indexOf(NEWLINE, at + 1)) entries++;
      bytes += read;
    }
    return { entries, bytes: Math.max(0, bytes - entries) };
  } finally {
    await source.close();
  }
}
