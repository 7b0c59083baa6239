import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createLastBytes, type LastBytes } from './last-bytes.ts';
import { createLineCutter, type LineCutter, type LineHandlers } from './lines.ts';
import { createPump, type Pump, type PumpOptions } from './pump.ts';
import type { StreamAccount } from './record.ts';

/** One named pipe of a stream: its own reader, its own unfinished line, the last words of those who wrote to it. */
export interface Inlet {
  readonly pump: Pump;
  /** Null until something was said: most of 300 idle instances never say anything. */
  cutter: LineCutter | null;
  newest: Words;
  /** Of the last one before that said something: its death is recorded when the next one has the pipe already. */
  older: Words | null;
  /** The pipe that the same process has for its other stream: read first, so that lines keep their order. */
  sibling: Inlet | null;
}

interface Words {
  readonly generation: number;
  bytes: LastBytes | null;
}

/** What the inlets of one stream share. */
export interface InletOptions {
  readonly openForReading: PumpOptions['openForReading'];
  readonly lines: LineHandlers;
  /** Counts what is read. */
  readonly account: StreamAccount;
  readonly onProblem: (message: string) => void;
  readonly rhythm?: PumpOptions['rhythm'];
}

/**
 * Makes the inlet of one pipe.
 * @param path absolute path of the named pipe
 * @param options who takes its lines
 * @returns the inlet, not started; what is read before the first `begin` belongs to generation 0
 */
export function createInlet(path: string, options: InletOptions): Inlet {
  const pump = createPump({
    path,
    openForReading: options.openForReading,
    onProblem: options.onProblem,
    rhythm: options.rhythm,
    beforeBytes: () => inlet.sibling?.pump.catchUp(),
    onBytes(piece) {
      options.account.bytes += piece.length;
      inlet.newest.bytes ??= createLastBytes();
      inlet.newest.bytes.append(piece);
      inlet.cutter ??= createLineCutter(options.lines);
      inlet.cutter.push(piece);
    },
    onEnd: () => inlet.cutter?.finish(),
  });
  const inlet: Inlet = { pump, cutter: null, newest: { generation: 0, bytes: null }, older: null, sibling: null };
  return inlet;
}

/**
 * Gives the pipe to a process: an unfinished line of the last one ends, what is read from now on are its words.
 * @param inlet that no living process has
 * @param generation of the process
 */
export function begin(inlet: Inlet, generation: number): void {
  // Its end may not have been seen, as a child that the last process left behind has the pipe open too.
  inlet.cutter?.finish();
  if (inlet.newest.bytes !== null) inlet.older = inlet.newest;
  inlet.newest = { generation, bytes: null };
}

/**
 * Gives the pipe to a process that had it under another daemon: what was read before is its own.
 * @param inlet that nobody was given
 * @param generation of the process
 */
export function goOn(inlet: Inlet, generation: number): void {
  inlet.newest = { ...inlet.newest, generation };
}

/**
 * Leaves the pipe to the next daemon, and the line that is half read in a file beside it.
 * @param inlet that is read
 * @param path of the pipe
 */
export function leaveRest(inlet: Inlet, path: string): void {
  inlet.pump.hold();
  const rest = inlet.cutter?.rest() ?? null;
  if (rest !== null) writeFileSync(restOf(path), rest, { mode: 0o600 });
}

/**
 * Takes the half line that the last daemon left.
 * @param inlet not started
 * @param path of the pipe
 * @param lines who takes its lines
 */
export function takeRest(inlet: Inlet, path: string, lines: LineHandlers): void {
  let rest: Buffer;
  try {
    rest = readFileSync(restOf(path));
    rmSync(restOf(path));
  } catch {
    // There is none but where a daemon left in the middle of a line.
    return;
  }
  inlet.cutter ??= createLineCutter(lines);
  inlet.cutter.push(rest);
}

function restOf(path: string): string {
  return `${path}.rest`;
}

/**
 * Finds what a process said last.
 * @param inlet the pipe
 * @param generation of the process
 * @returns null when it said nothing here, or when two others have spoken here since
 */
export function lastWords({ newest, older }: Inlet, generation: number): LastBytes | null {
  if (newest.generation === generation) return newest.bytes;
  return older?.generation === generation ? older.bytes : null;
}
